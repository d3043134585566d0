"""Tests of `registry.training.results`: what ``metrics.json`` holds."""

from __future__ import annotations

import json

import pytest

from registry.errors import CheckError
from registry.training.results import Quality, Repeat, Results, Spread


def repeat(train_s: float, calibration_s: float, **other) -> Repeat:
    """A made-up repeat."""
    return Repeat(**{
        "train_s": train_s,
        "infer_s": 5.0,
        "calibration_s": calibration_s,
        "train_phases_s": {"imports": 4.0, "fit": 2.0, "rest": 1.0},
        "infer_phases_s": {"imports": 4.0, "rest": 1.0},
        "train_peak_rss_bytes": 500_000_000,
        "infer_peak_rss_bytes": 400_000_000,
        "artifact_bytes": 2_000_000,
        **other,
    })  # fmt: skip


RESULTS = Results(
    settings={"fixture": "scan_v1", "gridsize": 1, "sha256": "0" * 64},
    quality=Quality(
        first_loss=0.4,
        last_loss=0.2,
        amplitude_error=0.04,
        amplitude_error_ratio=0.65,
        stitched_r_factor=0.25,
        amplitude_correlation=0.8,
        phase_error_rad=0.2,
        resolution_px=None,
    ),
    repeats_identical=True,
    machine="a machine",
    repeats=(
        repeat(9.0, 0.5),
        repeat(10.0, 0.5, train_phases_s={"imports": 5.0, "fit": 2.5, "rest": 1.0}),
        repeat(12.0, 0.75, infer_peak_rss_bytes=600_000_000, artifact_bytes=3_000_000),
    ),
)


def test_the_figures_over_the_repeats():
    """Medians, smallest and largest, and how far the farthest lies from the median."""
    document = json.loads(RESULTS.encode())
    assert document["train_s"] == {
        "median": 10.0,
        "smallest": 9.0,
        "largest": 12.0,
        "spread_percent": 20.0,
    }, "not the spread of 9, 10 and 12 s"
    assert document["train_over_calibration"] == {
        "median": 18.0,
        "smallest": 16.0,
        "largest": 20.0,
        "spread_percent": 11.1,
    }, "not the spread of 18, 20 and 16: each repeat over the calibration beside it"
    assert document["calibration_s"]["median"] == 0.5, "another calibration"
    assert document["infer_s"]["spread_percent"] == 0.0, "equal times that scatter"
    assert document["train_phases_s"] == {"imports": 4.0, "fit": 2.0, "rest": 1.0}, "not medians"


def test_memory_and_artifacts_are_the_most_that_there_was():
    """One repeat that needs more is not hidden by the others, nor is inference by training."""
    document = json.loads(RESULTS.encode())
    assert document["peak_rss_bytes"] == 600_000_000, "not that of the third repeat's inference"
    assert document["artifact_bytes"] == 3_000_000, "not those of the third repeat"


def test_a_figure_that_falls_short_counts_as_much():
    """The farthest may lie below the median."""
    assert Spread.of([7.0, 10.0, 11.0]).spread_percent == 30.0


def test_round_trip():
    """What was written is read as it was."""
    assert Results.parse(RESULTS.encode(), subject="scan_v1_g1") == RESULTS


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        RESULTS.encode().replace(b'"first_loss": 0.4', b'"first_loss": "0.4"'),
        RESULTS.encode().replace(b'"train_s": 9.0', b'"train_s": "9"'),
        RESULTS.encode().replace(b'"calibration_s": 0.75', b'"calibration_s": 0'),
        RESULTS.encode().replace(b'"last_loss"', b'"lost"'),
        json.dumps({**json.loads(RESULTS.encode()), "repeats": []}).encode(),
        json.dumps({**json.loads(RESULTS.encode()), "settings": 1}).encode(),
    ],
)
def test_what_is_no_result(text):
    """A record that was damaged, or edited into something else, says how to measure anew."""
    with pytest.raises(CheckError) as caught:
        Results.parse(text, subject="scan_v1_g1")
    assert caught.value.subject == "scan_v1_g1: metrics.json", "not named"
    assert caught.value.remedy == "fixtures envelope scan_v1_g1", "not the command that mends it"
