"""Tests of `registry.training.verdicts`: a slow machine is not a slow program."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.declare.params import Budgets, Envelope, EnvelopeOptions
from registry.training.results import Quality, Repeat, Results
from registry.training.verdicts import judge

DECLARED = Envelope(
    options=EnvelopeOptions(max_epochs=2, batch_size=4, seed=42, repeats=3),
    budgets=Budgets(
        train_target_s=25,
        train_limit_s=45,
        train_spread_percent=10,
        peak_rss_mb=2000,
        artifacts_mb=100,
    ),
    calibration_s=0.5,
    runs={},
)
REPEAT = Repeat(
    train_s=10.0,
    infer_s=5.0,
    calibration_s=0.5,
    train_phases_s={"imports": 4.0, "fit": 5.0, "rest": 1.0},
    infer_phases_s={"imports": 4.0, "rest": 1.0},
    train_peak_rss_bytes=500_000_000,
    infer_peak_rss_bytes=500_000_000,
    artifact_bytes=2_000_000,
)
QUALITY = Quality(
    first_loss=0.4, last_loss=0.2, amplitude_error=0.04, amplitude_error_ratio=0.6,
    stitched_r_factor=0.3, amplitude_correlation=0.8, phase_error_rad=0.2, resolution_px=2.0,
)  # fmt: skip


def judged(*times: tuple[float, float], identical: bool = True, **other):
    """Verdicts by name on repeats with these seconds of training and of calibration."""
    repeats = tuple(
        replace(REPEAT, train_s=train, calibration_s=calibration, **other)
        for train, calibration in times or ((10.0, 0.5),)
    )
    found = Results(
        settings={}, quality=QUALITY, repeats_identical=identical, machine="", repeats=repeats
    )
    return {verdict.what: verdict for verdict in judge("scan_v1_g1", found, DECLARED)}


def missed(verdicts) -> list[str]:
    """Names of the budgets that were missed."""
    return [what for what, verdict in verdicts.items() if verdict.error]


def test_everything_within_budget():
    """No error and no note; each budget of params.yaml has its figure."""
    verdicts = judged((9.5, 0.5), (10.0, 0.5), (10.9, 0.5))
    assert {what: (item.measured, item.budget) for what, item in verdicts.items()} == {
        "train_target_s": ("10.0 s", "25 s"),
        "train_limit_s": ("10.0 s", "45 s"),
        "train_spread_percent": ("9 %", "10 %"),
        "peak_rss_mb": ("500.0 MB", "2000 MB"),
        "artifacts_mb": ("2.0 MB", "100 MB"),
        "repeats": ("identical", "identical"),
    }, "another figure, or another budget"
    assert not any(item.error or item.note for item in verdicts.values()), "something said"


def test_a_slow_program():
    """Over the target on a machine that is as fast as the reference: the message says so."""
    verdicts = judged((30.0, 0.5))
    assert missed(verdicts) == ["train_target_s"], "not the target alone"
    assert str(verdicts["train_target_s"].error) == (
        "scan_v1_g1: train_target_s\n"
        "  expected: at most 25 s for the training, imports included\n"
        "  found:    30.0 s; the calibration took 0.50 s, and 0.5 s on the reference machine, "
        "where this would take 30.0 s\n"
        "  to mend:  make the program faster: most of the time, 5.0 s, is its fit"
    ), "another message"


def test_a_slow_machine():
    """Over the target where the calibration took twice as long, too: no error, but said."""
    verdicts = judged((30.0, 1.0))
    assert missed(verdicts) == [], "the machine's slowness was blamed on the program"
    assert verdicts["train_target_s"].note == (
        "a slow machine: the calibration took 1.00 s, and 0.5 s on the reference machine, where "
        "this would take 15.0 s"
    ), "not said"


def test_a_slow_program_on_a_slow_machine():
    """Twice as slow a machine does not excuse a program that is four times as slow."""
    assert missed(judged((60.0, 1.0))) == ["train_target_s", "train_limit_s"]


def test_the_limit_is_one_of_seconds():
    """Over the limit is over the limit; on a slow machine the remedy is another machine."""
    verdicts = judged((50.0, 2.0))
    assert missed(verdicts) == ["train_limit_s"], "not the limit alone"
    assert verdicts["train_limit_s"].error.remedy == (
        "measure on a faster machine, or when less runs on this one: fixtures envelope scan_v1_g1"
    ), "the program is blamed"


def test_a_fast_machine_hides_nothing():
    """Within the target on a fast machine alone: within it, and the note says how long else."""
    verdicts = judged((20.0, 0.25))
    assert missed(verdicts) == [], "within the target, and yet missed"
    assert verdicts["train_target_s"].note.endswith("where this would take 40.0 s"), "not said"
    assert verdicts["train_limit_s"].note == "", "40 s are within the limit"


def test_an_unsteady_machine():
    """Times that scatter as the calibration does are the machine's, and that is said."""
    verdicts = judged((10.0, 0.5), (10.0, 0.5), (16.0, 0.8))
    assert missed(verdicts) == [], "the machine's scatter was blamed on the program"
    assert verdicts["train_spread_percent"].note == (
        "an unsteady machine: relative to the calibration 0 %, and the calibration itself 60 %"
    ), "not said"


def test_an_unsteady_program():
    """Times that scatter on a steady machine are the program's."""
    verdicts = judged((10.0, 0.5), (10.0, 0.5), (11.5, 0.5))
    assert missed(verdicts) == ["train_spread_percent"], "15 % are more than 10 %"
    error = verdicts["train_spread_percent"].error
    assert error.found == (
        "15 %; relative to the calibration 15 %, and the calibration itself 0 %"
    ), "another figure"
    assert error.remedy.startswith("the machine was steady: "), "the machine is blamed"


def test_a_machine_too_unsteady_to_tell():
    """Where both scatter, apart from each other, the remedy is a quiet machine."""
    verdicts = judged((10.0, 0.5), (13.0, 0.5), (10.0, 0.8))
    assert missed(verdicts) == ["train_spread_percent"], "nothing was shown, and yet passed"
    assert verdicts["train_spread_percent"].error.remedy == (
        "measure again when nothing else runs: fixtures envelope scan_v1_g1"
    ), "the program is blamed"


@pytest.mark.parametrize(
    ("what", "other", "found"),
    [
        ("peak_rss_mb", {"train_peak_rss_bytes": 2_000_100_000}, "2000.1 MB"),
        ("peak_rss_mb", {"infer_peak_rss_bytes": 2_100_000_000}, "2100.0 MB"),
        ("artifacts_mb", {"artifact_bytes": 100_100_000}, "100.1 MB"),
    ],
)
def test_too_much_memory_or_too_many_files(what, other, found):
    """The budget and the figure are in the message, in the budget's unit."""
    verdicts = judged(**other)
    assert missed(verdicts) == [what], "another budget"
    assert verdicts[what].error.found == found, "another figure"


def test_a_budget_that_is_just_reached():
    """Exactly the budget is within it."""
    verdicts = judged((25.0, 0.5), train_peak_rss_bytes=2_000_000_000, artifact_bytes=100_000_000)
    assert not any(item.error or item.note for item in verdicts.values()), "said to be over it"


def test_repeats_that_differ():
    """Losses that are not the same over repeats are an error, whatever they took."""
    verdicts = judged(identical=False)
    assert missed(verdicts) == ["repeats"], "not noticed"
    assert "not deterministic" in verdicts["repeats"].error.remedy, "not what to look for"
