"""Tests of `registry.training.envelope`: what is measured, written, and noticed as out of date."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from registry.build import closure
from registry.declare import params
from registry.declare.params import EnvelopeOptions, EnvelopeRun
from registry.errors import CheckError, MissingError
from registry.training import envelope, measuring
from registry.training.measuring import Outcome, Process
from tests.kit.repository import FOLDER, REPOSITORY

RUN = EnvelopeRun(fixture="minimal_dataset_v1_n16", gridsize=2)
OPTIONS = EnvelopeOptions(max_epochs=2, batch_size=4, seed=42, repeats=3)
NAME = "minimal_dataset_v1_n16_g2"
SHA256 = "0bf135e4d7860cd3ca84778befbd2af897471dc91ebea4d369be21168b770399"


def outcome(train_s: float, losses=(0.4, 0.2)) -> Outcome:
    """What a workflow of so many seconds would leave."""
    taken = {"phases_s": {"imports": 4.0, "rest": train_s - 4.0}, "peak_rss_bytes": 500_000_000}
    figures = {
        "amplitude_error": 0.04,
        "amplitude_error_ratio": 0.6,
        "stitched_r_factor": 0.3,
        "object": {
            "amplitude_correlation": 0.8,
            "phase_error_rad": 0.2,
            "resolution_px": 2.0,
            "ring_correlation": [1.0],
        },
    }
    return Outcome(
        train=Process(wall_s=train_s, **taken),
        infer=Process(wall_s=5.0, **taken),
        artifact_bytes=2_000_000,
        learned={"training": {"sha256": SHA256}},
        inferred=figures,
        losses=losses,
        files={"reconstruction.npz": b"npz", "amplitude.png": b"a", "phase.png": b"p"},
    )


@pytest.fixture
def workflows(monkeypatch):
    """Outcomes that measured workflows and calibrations have, and the options they were given."""
    given = []

    def put(outcomes, calibrations):
        left, seconds = iter(outcomes), iter(calibrations)

        def workflow(root, fixture, *options):
            given.append((root, fixture, *options))
            return next(left)

        monkeypatch.setattr(measuring, "workflow", workflow)
        monkeypatch.setattr(measuring, "calibrate", lambda root: next(seconds))
        monkeypatch.setattr(measuring, "warm_up", lambda root: given.append("warm-up"))
        return given

    return put


@pytest.fixture
def measured(workflows, root):
    """A registry with results of the run, as its stage leaves them."""
    workflows([outcome(10.0)] * 3, [0.5] * 4)
    files = envelope.measure(root, RUN, OPTIONS, lambda text: None)
    folder = root / "envelope" / "results" / NAME
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return root


def edit(root: Path, old: str, new: str) -> None:
    """Edit the record of the results."""
    path = root / "envelope" / "results" / NAME / "metrics.json"
    text = path.read_text()
    assert text.count(old) == 1, f"{old} is not there once"
    path.write_text(text.replace(old, new))


@pytest.fixture
def declared():
    """The envelope of this repository, with the run."""
    found = params.load(REPOSITORY).envelope
    return replace(found, options=OPTIONS, runs={NAME: RUN})


def changed(root, declared) -> str | None:
    """What `stale` says has changed."""
    found = envelope.stale(root, NAME, envelope.read(root, NAME), declared)
    return found and found.found


def test_each_repeat_is_calibrated_beside_it(workflows, tmp_path):
    """A calibration lies between two repeats and counts for both; all get the same options."""
    given = workflows([outcome(10.0), outcome(11.0), outcome(12.0)], [0.5, 0.7, 0.9, 0.9])
    said = []
    files = envelope.measure(tmp_path, RUN, OPTIONS, said.append)
    document = json.loads(files["metrics.json"])
    assert [item["calibration_s"] for item in document["repeats"]] == [0.6, 0.8, 0.9], "not means"
    assert [item["train_s"] for item in document["repeats"]] == [10.0, 11.0, 12.0], "other times"
    options = ("--gridsize=2", "--loss=mae", "--max-epochs=2", "--batch-size=4", "--seed=42")
    warm_up, *repeats = given
    assert warm_up == "warm-up", "the first repeat waits for a disk"
    assert repeats == [(tmp_path, RUN.fixture, *options)] * 3, "other options"
    assert said[2] == "3 of 3: train 12.0 s, infer 5.0 s, calibration 0.90 s", "not said"


def test_what_is_written(workflows, tmp_path):
    """Metrics with what was run and what came of it, losses by step from 1, and the pictures."""
    workflows([outcome(10.0)] * 3, [0.5] * 4)
    files = envelope.measure(tmp_path, RUN, OPTIONS, lambda text: None)
    assert sorted(files) == [
        "amplitude.png", "loss.csv", "metrics.json", "phase.png", "reconstruction.npz",
    ], "other files"  # fmt: skip
    assert files["loss.csv"] == b"step,loss\n1,0.4\n2,0.2\n", "not the losses"
    document = json.loads(files["metrics.json"])
    assert document["settings"] == {
        "fixture": "minimal_dataset_v1_n16", "gridsize": 2, "loss": "mae", "max_epochs": 2,
        "batch_size": 4, "seed": 42, "repeats": 3, "sha256": SHA256,
        "code": envelope.code(tmp_path),
    }, "not what was run"  # fmt: skip
    assert document["quality"] == {
        "first_loss": 0.4, "last_loss": 0.2, "amplitude_error": 0.04,
        "amplitude_error_ratio": 0.6, "stitched_r_factor": 0.3, "amplitude_correlation": 0.8,
        "phase_error_rad": 0.2, "resolution_px": 2.0,
    }, "not what came of it"  # fmt: skip
    assert document["repeats_identical"] is True, "equal repeats are said to differ"


@pytest.mark.parametrize(
    "other",
    [
        outcome(10.0, losses=(0.4, 0.2000000001)),
        replace(outcome(10.0), files={**outcome(10.0).files, "reconstruction.npz": b"other"}),
    ],
    ids=["losses", "reconstruction"],
)
def test_repeats_that_differ_are_noted(workflows, tmp_path, other):
    """One repeat with another loss, or another reconstruction, is enough."""
    workflows([outcome(10.0), other, outcome(10.0)], [0.5] * 4)
    files = envelope.measure(tmp_path, RUN, OPTIONS, lambda text: None)
    assert json.loads(files["metrics.json"])["repeats_identical"] is False, "not noticed"


def test_results_that_are_up_to_date(measured, declared):
    """Nothing has changed, though the fixture's bytes are not here."""
    (measured / FOLDER / f"{RUN.fixture}.npz").unlink()
    assert changed(measured, declared) is None


def test_an_edited_program(measured, declared):
    """Results of other code tell nothing about this one; both digests are told."""
    code = envelope.code(measured)
    edit(measured, code, "0" * 16)
    assert changed(measured, declared) == f"changed since: code {code}, measured with {'0' * 16}"


def test_what_counts_as_the_program(root):
    """The code is that of the measured commands and all they import, torch's users included."""
    text = closure.text(root, ("registry.training.envelope", "registry.cli.measured"))
    names = [line.split()[1] for line in text.splitlines()]
    for name in ("training/model", "training/workflow", "cli/train", "cli/infer", "identity/npz"):
        assert f"registry/{name}.py" in names, f"{name} is missing"
    assert "registry/report/pages.py" not in names, "what draws pages trains nothing"


def test_another_fixture(measured, declared):
    """Results of other bytes than those that are pinned."""
    edit(measured, SHA256, "0" * 64)
    assert changed(measured, declared) == (
        f"changed since: sha256 {SHA256}, measured with {'0' * 64}"
    )


def test_another_declaration(measured, declared):
    """More epochs than were measured make the results stale; the message has both."""
    declared = replace(declared, options=replace(OPTIONS, max_epochs=3))
    assert changed(measured, declared) == "changed since: max_epochs 3, measured with 2"


def test_no_results(tmp_path):
    """Results that are missing are of exit code 3, and the remedy measures them."""
    with pytest.raises(MissingError) as caught:
        envelope.read(tmp_path, NAME)
    assert caught.value.remedy == f"fixtures envelope {NAME}", "not the command"


def test_the_stage_takes_what_dvc_makes_of_an_entry(workflows, tmp_path, monkeypatch, capsys):
    """Flags with underscores; results go to the run's folder below the working directory."""
    monkeypatch.chdir(tmp_path)
    given = workflows([outcome(10.0)], [0.5] * 2)
    flags = "--fixture scan_v1 --gridsize 1 --loss supervised --max_epochs 7 --batch_size 5"
    code = envelope.main([*flags.split(), "--seed", "3", "--repeats", "1"])
    assert code == 0, "not a clean end"
    options = ("--gridsize=1", "--loss=supervised", "--max-epochs=7", "--batch-size=5", "--seed=3")
    assert given == ["warm-up", (Path(), "scan_v1", *options)], "other options"
    assert envelope.read(tmp_path, "scan_v1_g1").settings["max_epochs"] == 7, "not written there"
    assert capsys.readouterr().out.startswith("scan_v1_g1, 1 of 1: train 10.0 s"), "not said"


def test_a_stage_that_fails_writes_nothing(workflows, tmp_path, monkeypatch):
    """The last good results stay where a repeat fails."""
    monkeypatch.chdir(tmp_path)
    workflows([], [0.5])

    def fail(*_):
        raise CheckError("a", expected="b", found="c", remedy="d")

    monkeypatch.setattr(measuring, "workflow", fail)
    flags = "--fixture scan_v1 --gridsize 1 --max_epochs 2 --batch_size 4 --seed 3 --repeats 2"
    with pytest.raises(CheckError):
        envelope.main(flags.split())
    assert list(tmp_path.iterdir()) == [], "something was left"


def test_nothing_that_measures_imports_torch():
    """Torch is the children's: the processes that start and judge them stay light."""
    program = (
        "import sys; from registry.cli import envelope; "
        "from registry.training import envelope, verdicts; "
        "print(*({'torch', 'lightning', 'dvc', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n", "something heavy"


def test_a_machine_in_words():
    """Processor, cores, system and versions; neither the host's name nor a path."""
    import platform

    words = envelope.machine()
    assert f"Python {platform.python_version()}, numpy " in words, "no versions"
    assert platform.node() not in words or len(platform.node()) < 4, "the host's name"
    assert "/" not in words.replace("(R)", ""), "a path"
