"""Tests of `registry.training.measuring` and of what runs in the measured process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from registry.cli import measured, train
from registry.errors import CheckError, MissingError
from registry.training import imports, measuring
from tests.kit.repository import REPOSITORY


def test_one_thread_and_this_registry(monkeypatch):
    """A child has one thread and the registry it is told of, and is no part of a DVC stage."""
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("FIXTURES_REGISTRY", "/elsewhere")
    monkeypatch.setenv("DVC_ROOT", "/elsewhere")
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "FIXTURES_REGISTRY", "DVC_ROOT")
    program = f"import os; print(*(os.environ.get(name) for name in {names}), sep=chr(10))"
    said = measuring.python(REPOSITORY, "-c", program).splitlines()
    assert said == ["1", "1", str(REPOSITORY), "None"], "another environment"


def test_a_child_that_fails():
    """The message has what it said last, whose lines a progress bar has overwritten or not."""
    program = "import sys; print('Epoch 1\\rEpoch 2', file=sys.stderr); sys.exit('no luck')"
    with pytest.raises(CheckError) as caught:
        measuring.python(REPOSITORY, "-c", program)
    assert caught.value.found == (
        "exit code 1; it said\n            Epoch 1\n            Epoch 2\n            no luck"
    ), "not what it said"


def test_a_child_that_misses_something():
    """Its exit code is that of the command which ran it."""
    with pytest.raises(MissingError):
        measuring.python(REPOSITORY, "-c", "import sys; sys.exit(3)")


def test_the_calibration_takes_time():
    """It is done and timed in a process of its own, and never takes nothing."""
    assert measuring.calibrate(REPOSITORY) > 0.02, "no work was done"


def test_the_peak_is_the_process_s_own():
    """A child of a large process does not inherit its peak, and sees what it itself allocates."""
    program = (
        "from registry.cli.measured import peak_rss_bytes; before = peak_rss_bytes(); "
        "kept = bytearray(b'x' * 100_000_000); del kept; print(before, peak_rss_bytes())"
    )
    large = bytearray(b"x" * 200_000_000)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    before, after = map(int, done.stdout.split())
    assert len(large) > before, "the parent's peak"
    assert after - before > 90_000_000, "not what it allocated"


def test_the_peak_elsewhere_than_on_linux(tmp_path):
    """Without the kernel's status file getrusage says about the same, and as many bytes."""
    own = measured.peak_rss_bytes()
    other = measured.peak_rss_bytes(tmp_path / "none")
    assert own / 4 < other < own * 100, "another unit"


@pytest.mark.parametrize("code", [0, 1])
def test_a_report_of_a_command_that_ended_well(tmp_path, monkeypatch, code):
    """The command gets its arguments; only where it ends with 0 is there a report."""
    given = []
    monkeypatch.setattr(train, "run", lambda arguments: given.append(arguments) or code)
    monkeypatch.setattr(imports, "workflow", lambda: None)
    path = tmp_path / "report.json"
    command = ["train", "scan_v1", "--output-dir", "out"]
    assert measured.main([str(path), *command]) == code, "another exit code"
    assert [(found.name, found.output_dir) for found in given] == [("scan_v1", Path("out"))]
    assert path.exists() is (code == 0), "a report of what failed, or none"
    if code == 0:
        report = json.loads(path.read_bytes())
        assert report["peak_rss_bytes"] > 1_000_000, "not a peak"
        assert 0 <= report["imports_s"] < 60, "not a time"


def test_the_phases_of_a_process(tmp_path, monkeypatch):
    """Imports, what the workflow says of itself, and the rest make up the whole."""

    def python(root, *arguments):
        report, command = Path(arguments[2]), arguments[3]
        results = Path(arguments[arguments.index("--output-dir") + 1])
        report.write_text(json.dumps({"imports_s": 0.001, "peak_rss_bytes": 7}))
        said = {"x": 1, "losses": [0.5, 0.25], "seconds": {"fit": 0.002}}
        if command == "infer":
            del said["losses"]
        results.mkdir(exist_ok=True)
        (results / f"{command}.json").write_text(json.dumps(said))
        for name in ("reconstruction.npz", "amplitude.png", "phase.png"):
            (results / name).write_bytes(b"12")
        return ""

    monkeypatch.setattr(measuring, "python", python)
    found = measuring.workflow(tmp_path, "scan_v1", "--seed=1")
    assert list(found.train.phases_s) == ["imports", "fit", "rest"], "other phases"
    assert sum(found.train.phases_s.values()) == pytest.approx(found.train.wall_s, abs=2e-3)
    assert found.learned == found.inferred == {"x": 1}, "not what the commands said"
    assert found.losses == (0.5, 0.25), "a step was lost"
    assert found.files["phase.png"] == b"12", "not the picture"
    # JSON files of 58 and 35 bytes, three files of 2
    assert found.artifact_bytes == 99, "not all that was left"
    assert list(tmp_path.iterdir()) == [], "something was left in the registry"
