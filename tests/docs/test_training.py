"""docs/training.md, taken at its word."""

from __future__ import annotations

import json

import pytest

from tests.kit.repository import REPOSITORY


@pytest.mark.slow
def test_train_and_infer(clone, blocks):
    """The two commands leave the files that the page lists, and nothing that git sees."""
    commands, _ = blocks("docs/training.md")
    clone.sh(commands.text)
    run = clone.path / "build" / "training"
    listed = ("model.ckpt", "train.json", "infer.json", "dvclive", "reconstruction.npz")
    missing = [
        name for name in (*listed, "amplitude.png", "phase.png") if not (run / name).exists()
    ]
    assert not missing, f"not written: {missing}"
    assert clone.changed() == [], "git sees a training"
    weights = json.loads((run / "train.json").read_text())["parameters"]
    page = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")
    assert f"{round(weights / 1000)} thousand weights" in page, f"it has {weights}"


def test_batches(blocks, monkeypatch):
    """The program runs, and its comments say what is so."""
    _, program = blocks("docs/training.md")
    monkeypatch.setenv("FIXTURES_REGISTRY", str(REPOSITORY))
    names: dict[str, object] = {}
    exec(program.text, names)
    assert tuple(names["batch"]["amplitude"].shape) == (4, 4, 64, 64), "another shape"
    assert tuple(names["batch"]["dx"].shape) == (4, 4), "another shape"
    assert names["batches"].data.scale == pytest.approx(0.3489, abs=1e-3), "another scale"


def test_the_picture_is_small():
    """The picture of the page does not weigh on a clone."""
    assert (REPOSITORY / "docs" / "training.png").stat().st_size < 300_000
