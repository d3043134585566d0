"""Tests of `fixtures envelope`, on results that were made up; nothing is trained."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from registry.declare import params
from registry.training import envelope
from registry.training.results import Quality, Repeat, Results

NAME = "minimal_dataset_v1_g1"
OTHER = "minimal_dataset_v1_n16_g2"
SHA256 = {
    "minimal_dataset_v1": "fdad843f7389903aeb85c2e3df73b033380a6b8be360c5a997d7f5a8b0204054",
    "minimal_dataset_v1_n16": "0bf135e4d7860cd3ca84778befbd2af897471dc91ebea4d369be21168b770399",
}


@pytest.fixture
def results(root):
    """Put results of a run there, as its stage leaves them."""
    declared = params.load(root).envelope
    code = envelope.code(root)

    def put(name, train_s=8.0, calibration_s=0.41, **other):
        repeat = Repeat(**{
            "train_s": train_s,
            "infer_s": 6.0,
            "calibration_s": calibration_s,
            "train_phases_s": {"imports": 5.0, "fit": 2.0, "rest": 1.0},
            "infer_phases_s": {"imports": 5.0, "rest": 1.0},
            "train_peak_rss_bytes": 560_000_000,
            "infer_peak_rss_bytes": 500_000_000,
            "artifact_bytes": 2_000_000,
            **other,
        })  # fmt: skip
        data = Results(
            settings={
                **envelope.settings(declared.runs[name], declared.options),
                "sha256": SHA256[declared.runs[name].fixture],
                "code": code,
            },
            quality=Quality(
                first_loss=0.375, last_loss=0.215, amplitude_error=0.04,
                amplitude_error_ratio=0.652, stitched_r_factor=0.25, amplitude_correlation=0.8,
                phase_error_rad=0.2, resolution_px=2.0,
            ),
            repeats_identical=True,
            machine="a machine",
            repeats=(repeat,) * 5,
        ).encode()  # fmt: skip
        path = root / "envelope" / "results" / name / "metrics.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return put


@pytest.fixture
def dvc(monkeypatch):
    """DVC is not run; what it was told, and the exit code that it is to have."""
    told = {"code": 0}
    true = subprocess.run

    def run(command, **options):
        if "dvc" not in command:
            return true(command, **options)
        told.update(command=command[1:], cwd=options["cwd"], path=options["env"]["PATH"])
        return subprocess.CompletedProcess(command, told["code"])

    monkeypatch.setattr(subprocess, "run", run)
    return told


def test_within_budget(fixtures, results):
    """A line for each run, and the budgets that they keep."""
    results(NAME)
    results(OTHER)
    ended = fixtures("envelope", "--check", NAME, OTHER)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == (
        "run                        train s  ± %  infer s  calibration s  peak RSS MB  "
        "artifacts MB  loss            amplitude error\n"
        "minimal_dataset_v1_g1      8.0      0.0  6.0      0.41           560          "
        "2.0           0.375 -> 0.215  0.652\n"
        "minimal_dataset_v1_n16_g2  8.0      0.0  6.0      0.41           560          "
        "2.0           0.375 -> 0.215  0.652\n"
        "within budget: 25 s, ± 10 %, 2000 MB of memory, 100 MB of artifacts; repeats identical\n"
    ), "another report"


def test_budgets_that_are_missed(fixtures, results):
    """Exit code 1, and a message of four parts for each; the table is there all the same."""
    results(NAME, train_peak_rss_bytes=2_100_000_000, artifact_bytes=120_000_000)
    ended = fixtures("envelope", "--check", NAME)
    assert ended.code == 1, "a missed budget is a failed check"
    assert "within budget" not in ended.out, "said to be within budget"
    assert ended.err == (
        "error: minimal_dataset_v1_g1: peak_rss_mb\n"
        "  expected: at most 2000 MB of memory at the peak\n"
        "  found:    2100.0 MB\n"
        "  to mend:  find what is imported or kept that need not be\n"
        "error: minimal_dataset_v1_g1: artifacts_mb\n"
        "  expected: at most 100 MB of checkpoints, logs and results\n"
        "  found:    120.0 MB\n"
        "  to mend:  see what training and inference leave in --output-dir\n"
    ), "another message"
    assert NAME in ended.out, "the figures are not shown"


def test_a_slow_machine_is_a_note(fixtures, results):
    """It is said, and is no failure."""
    results(NAME, train_s=30.0, calibration_s=1.64)
    ended = fixtures("envelope", "--check", NAME)
    assert (ended.code, ended.err) == (0, ""), "the program was blamed"
    assert (
        "minimal_dataset_v1_g1: train_target_s: a slow machine: the calibration took 1.64 s, and "
        "0.41 s on the reference machine, where this would take 7.5 s\n"
    ) in ended.out, "not said"


def test_a_slow_program_is_a_failure(fixtures, results):
    """The same time on a machine as fast as the reference."""
    results(NAME, train_s=30.0)
    assert fixtures("envelope", "--check", NAME).code == 1, "not noticed"


def test_missing_results(fixtures, results):
    """Every declared run without results is named; of exit code 3, and others are shown."""
    results(NAME)
    ended = fixtures("envelope", "--check")
    assert ended.code == 3, "not the exit code of what is missing"
    assert f"error: {OTHER}: results\n" in ended.err, "not named"
    assert f"error: {NAME}" not in ended.err, "there, and yet named"
    assert NAME in ended.out, "what is there is not shown"


def test_stale_results(fixtures, results, root):
    """Figures of something else are no check passed."""
    results(NAME)
    path = root / "params.yaml"
    path.write_text(path.read_text().replace("{max_epochs: 2,", "{max_epochs: 3,"))
    ended = fixtures("envelope", "--check", NAME)
    assert ended.code == 1, "stale results passed"
    assert ended.err == (
        "error: minimal_dataset_v1_g1: results\n"
        "  expected: results of what is declared and of what is in the tree\n"
        "  found:    changed since: max_epochs 3, measured with 2\n"
        "  to mend:  fixtures envelope minimal_dataset_v1_g1\n"
    ), "another message"


def test_results_that_are_damaged(fixtures, results, root):
    """A record that cannot be read is named, without a traceback."""
    results(NAME)
    (root / "envelope" / "results" / NAME / "metrics.json").write_text(json.dumps({"a": 1}))
    ended = fixtures("envelope", "--check", NAME)
    assert ended.code == 1, "a damaged record passed"
    assert ended.err.startswith("error: minimal_dataset_v1_g1: metrics.json\n"), "not named"


def test_checking_measures_nothing(fixtures, results, dvc):
    """With --check nothing is run."""
    results(NAME)
    fixtures("envelope", "--check")
    assert "command" not in dvc, "DVC was run"


def test_measuring_runs_the_stages_of_the_runs_named(fixtures, results, dvc, root):
    """By DVC, whether or not anything changed, without what they build on; then they are judged."""
    results(NAME)
    ended = fixtures("envelope", NAME)
    assert ended.code == 0, ended.err
    assert dvc["command"] == [
        "-P", "-m", "dvc", "repro", "--single-item", "--force", "--keep-going",
        "code/dvc.yaml:code",
        "envelope/dvc.yaml:run@minimal_dataset_v1_g1",
    ], "another command"  # fmt: skip
    assert dvc["cwd"] == root, "another registry"
    assert "within budget" in ended.out, "not judged"


def test_measuring_all(fixtures, dvc):
    """Without names every declared run is measured."""
    fixtures("envelope")
    assert [target.partition("@")[2] for target in dvc["command"][8:]] == [
        "minimal_dataset_v1_g1",
        "minimal_dataset_v1_g2",
        "minimal_dataset_v1_n16_g2",
        "minimal_dataset_v1_supervised_g1",
    ], "other runs"


def test_a_stage_that_fails(fixtures, results, dvc):
    """Old results are not passed off as new ones."""
    results(NAME)
    dvc["code"] = 255
    ended = fixtures("envelope", NAME)
    assert (ended.code, ended.out) == (1, ""), "old results were shown"
    assert "envelope: dvc repro" in ended.err, "not said"


def test_without_torch(fixtures, dvc, monkeypatch):
    """What is not installed is named before anything runs; of exit code 3."""
    monkeypatch.setitem(sys.modules, "torch", None)
    ended = fixtures("envelope")
    assert ended.code == 3, "not the exit code of what is missing"
    assert "found:    no torch\n" in ended.err, "not named"
    assert "command" not in dvc, "DVC was run"


def test_a_run_that_is_not_declared(fixtures):
    """An unknown name is wrong use, and the message lists those there are."""
    ended = fixtures("envelope", "minimal_dataset_v1")
    assert ended.code == 2, "not the exit code of wrong use"
    assert "expected: one of minimal_dataset_v1_g1, " in ended.err, "not listed"


def test_no_envelope(fixtures, root):
    """A registry that declares none is told how."""
    path = root / "params.yaml"
    declared = yaml.safe_load(path.read_text())
    del declared["envelope"]
    path.write_text(yaml.safe_dump(declared, sort_keys=False))
    ended = fixtures("envelope", "--check")
    assert ended.code == 3, "not the exit code of what is missing"
    assert ended.err.startswith("error: params.yaml: envelope\n"), "another message"
