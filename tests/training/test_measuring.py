"""Tests of `registry.training.measuring`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry.errors import CheckError, UsageError
from registry.training import measuring
from tests.kit.repository import REPOSITORY

MB = 1_000_000


def run(program: str) -> dict[str, float]:
    """What a program takes."""
    return measuring.run(REPOSITORY, "-c", program)


def test_one_thread(monkeypatch):
    """Whatever the user has set, a child has one thread of each library."""
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    run("import os; assert os.environ['OMP_NUM_THREADS'] == os.environ['MKL_NUM_THREADS'] == '1'")


def test_seconds():
    """Sleeping takes time and no processor; work takes as much of both, of children as well."""
    asleep = run("import time; time.sleep(1)")
    assert 1 <= asleep["wall_s"] < 60, asleep
    assert asleep["cpu_s"] < 0.8, asleep
    work = "import time\nwhile time.process_time() < 0.5: pass"
    busy = run(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])")
    assert 0.5 <= busy["cpu_s"] < busy["wall_s"] + 0.5, busy


HOLD = "import time; kept = bytearray(b'x') * {size}; time.sleep(0.5)"


@pytest.mark.parametrize("children", [0, 2])
def test_memory_is_that_of_the_whole_tree(children):
    """What a process and all its children have at one time, and not what this one has had."""
    large = bytearray(b"x") * (300 * MB)
    child = f"subprocess.Popen([sys.executable, '-c', {HOLD.format(size=80 * MB)!r}])"
    program = f"import subprocess, sys; all = [{child} for _ in range({children})]; "
    taken = run(program + HOLD.format(size=50 * MB) + "; [each.wait() for each in all]")
    least = (50 + children * 80) * MB
    assert least < taken["peak_rss_bytes"] < least + (1 + children) * 40 * MB, taken
    assert len(large) > taken["peak_rss_bytes"], "the parent is no larger: nothing was shown"


def test_a_peak_between_two_looks(monkeypatch):
    """It is not missed, though nobody looked."""
    monkeypatch.setattr(measuring, "_resident", lambda pid: 0)
    taken = run("bytes(900_000_000) + b'x'")
    assert 900 * MB < taken["peak_rss_bytes"] < 1000 * MB, taken


def test_a_child_that_fails():
    """An error of ours comes as it is; of anything else there is the end of what it said."""
    with pytest.raises(UsageError) as caught:
        measuring.run(REPOSITORY, "-m", "registry.cli", "show", "none_v1")
    assert caught.value.found.startswith("no such name among "), "not its own error"
    with pytest.raises(CheckError) as caught:
        run("import sys; print(*range(30), sep='\\n', file=sys.stderr); sys.exit('no luck')")
    assert caught.value.found.split() == [
        "exit", "code", "1", *map(str, range(19, 30)), "no", "luck",
    ], "not what it said"  # fmt: skip


def test_the_workflow(tmp_path, monkeypatch):
    """Torch, training, inference in turn; what they took, what they left, and no folder."""
    ran = []

    def fake(root, *arguments):
        ran.append(arguments)
        if "registry.cli" in arguments:
            (place,) = (each for each in arguments if each.startswith("--output-dir="))
            results, name = Path(place.partition("=")[2]), arguments[2]
            (results / "logs").mkdir(parents=True, exist_ok=True)
            (results / "logs" / name).write_bytes(b"12")
            (results / f"{name}.json").write_text(json.dumps({"of": name}))
            (results / "reconstruction.npz").write_bytes(b"123")
        return {"wall_s": len(ran), "cpu_s": 0.5, "peak_rss_bytes": 7}

    monkeypatch.setattr(measuring, "run", fake)
    found = measuring.workflow(tmp_path, "scan_v1", {"max_epochs": 2, "loss": "mae"})
    assert [each[:2] for each in ran] == [
        ("-c", "import torch"), ("-m", "registry.cli"), ("-m", "registry.cli"),
    ], "other commands"  # fmt: skip
    assert ran[1][2:4] == ("train", "scan_v1"), "another fixture"
    assert ran[1][-2:] == ("--max-epochs=2", "--loss=mae"), "other options"
    assert ran[2][3].endswith("results/model.ckpt"), "another checkpoint"
    assert [found.figures[f"{name}_wall_s"] for name in ("torch", "train", "infer")] == [1, 2, 3]
    # two files of 15 bytes, two of 2 in a folder, one of 3
    assert (found.figures["artifact_bytes"], found.figures["artifact_files"]) == (37, 5)
    assert (found.learned, found.inferred) == ({"of": "train"}, {"of": "infer"})
    assert found.reconstruction == b"123", "another reconstruction"
    assert not Path(ran[2][3]).parent.exists(), "a folder was left"
