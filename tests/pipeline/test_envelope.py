"""The envelope's pipeline: one real run, and what git, DVC and the registry make of it.

That a bare `dvc repro` runs none of it: each test that lists the stages of one.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.slow

RUN = "minimal_dataset_v1_n16_g2"
FOLDER = f"envelope/results/{RUN}"


@pytest.fixture(scope="module")
def measured(built_clone, tmp_path_factory):
    """A clone in which one run was measured once, in the envelope's folder."""
    clone = built_clone.copy(tmp_path_factory.mktemp("envelope") / "clone")
    clone.edit("repeats: 5", "repeats: 1")
    ended = clone.dvc("--cd", "envelope", "repro", f"run@{RUN}")
    assert ended.code == 0, ended.out
    assert f"{RUN}, 1 of 1: train " in ended.out, "not measured"
    return clone


def test_what_a_run_leaves(measured):
    """Figures of one repeat, a loss for each of the 8 steps, reconstruction and pictures."""
    document = json.loads((measured.path / FOLDER / "metrics.json").read_bytes())
    (repeat,) = document["repeats"]
    assert list(repeat["train_phases_s"]) == [
        "imports", "setup", "fit", "evaluate", "rest",
    ], "other phases"  # fmt: skip
    phases = repeat["train_phases_s"]
    assert min(phases.values()) >= 0, "phases overlap"
    assert sum(phases.values()) == pytest.approx(repeat["train_s"], abs=0.01), "not the whole"
    # what torch and lightning alone need, and what no training of 16 frames does
    assert 2e8 < document["peak_rss_bytes"] < 4e9, "not the peak of a training"
    assert 1e5 < document["artifact_bytes"] < 1e8, "not a checkpoint and a reconstruction"
    lines = (measured.path / FOLDER / "loss.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", *"12345678"], "not 8 steps"
    quality = document["quality"]
    assert [float(lines[n].split(",")[1]) for n in (1, 8)] == [
        quality["first_loss"], quality["last_loss"],
    ], "other losses"  # fmt: skip
    assert quality["last_loss"] < quality["first_loss"], "nothing was learned"
    with np.load(measured.path / FOLDER / "reconstruction.npz") as arrays:
        assert arrays["object"].dtype == np.complex64, "not a reconstruction"
    for name in ("amplitude.png", "phase.png"):
        assert (measured.path / FOLDER / name).read_bytes()[:4] == b"\x89PNG", f"{name} is none"


def test_the_results_are_those_of_the_tree(measured):
    """They are neither missing nor stale; runs that were not measured are named."""
    ended = measured.fixtures("envelope", "--check")
    assert f"\n{RUN}  " in ended.out, "not in the table"
    assert f"error: {RUN}: results" not in ended.out, "stale"
    assert "error: minimal_dataset_v1_g1: results" in ended.out, "a missing one is not named"


def test_dvc_shows_them(measured):
    """`dvc metrics show` has the figures, `dvc plots show` the losses and pictures."""
    ended = measured.dvc("metrics", "show", "--json", f"{FOLDER}/metrics.json")
    text = ended.out[ended.out.index("{") :]
    shown = json.loads(text)[""]["data"][f"{FOLDER}/metrics.json"]["data"]
    assert shown["train_s"]["spread_percent"] == 0.0, "not the figures"
    names = ("loss.csv", "amplitude.png", "phase.png")
    ended = measured.dvc(
        "plots", "show", "--json", "--out", "build/plots", *(f"{FOLDER}/{name}" for name in names)
    )
    assert ended.code == 0, ended.out
    assert all(f"{FOLDER}/{name}" in ended.out for name in names), "a plot is missing"


def test_a_fresh_clone(measured, tmp_path):
    """Figures and losses are in git and nothing else; `dvc pull` misses nothing."""
    assert measured.dvc("push", "--quiet").code == 0, "not pushed"
    measured.commit()
    tracked = measured.git("ls-files", FOLDER).split()
    assert tracked == [f"{FOLDER}/loss.csv", f"{FOLDER}/metrics.json"], "not what git is to have"
    fresh = replace(measured, path=measured.path.parent / "fresh")
    measured.git("clone", "--quiet", str(measured.path), str(fresh.path))
    ended = fresh.dvc("pull")
    assert ended.code == 0, ended.out
    ended = fresh.fixtures("envelope", "--check", RUN)
    assert f"error: {RUN}: results" not in ended.out, "stale in a fresh clone"
