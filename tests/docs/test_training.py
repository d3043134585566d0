"""docs/training.md, taken at its word."""

from __future__ import annotations

import json
import warnings

import pytest
import torch

from tests.kit.repository import REPOSITORY


@pytest.mark.slow
def test_train_and_infer(clone, blocks):
    """The two commands leave the files that the page lists, and nothing that git sees."""
    commands, *_ = blocks("docs/training.md")
    clone.sh(commands.text)
    run = clone.path / "build" / "training"
    listed = ("model.ckpt", "train.json", "infer.json", "csv", "reconstruction.npz")
    missing = [
        name for name in (*listed, "amplitude.png", "phase.png") if not (run / name).exists()
    ]
    assert not missing, f"not written: {missing}"
    assert clone.changed() == [], "git sees a training"
    weights = json.loads((run / "train.json").read_text())["parameters"]
    page = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")
    assert f"{round(weights / 1000)} thousand weights" in page, f"it has {weights}"


@pytest.mark.slow
def test_a_config_file(clone, blocks):
    """What the file says is so, but for what is typed."""
    _, file, command, *_ = blocks("docs/training.md")
    (clone.path / "training.yaml").write_text(file.text)
    clone.sh(command.text)
    found = json.loads((clone.path / "build" / "configured" / "train.json").read_text())
    assert found["max_epochs"] == 1, "the file came before what was typed"
    assert (found["training"]["gridsize"], found["training"]["lr"]) == (2, 0.001)
    assert found["training"]["trainer"] == {"gradient_clip_val": 0.5, "accumulate_grad_batches": 2}


def test_batches(blocks, monkeypatch):
    """The program runs, and its comments say what is so."""
    *_, program, _ = blocks("docs/training.md")
    monkeypatch.setenv("FIXTURES_REGISTRY", str(REPOSITORY))
    names: dict[str, object] = {}
    exec(program.text, names)
    assert tuple(names["batch"]["amplitude"].shape) == (4, 4, 64, 64), "another shape"
    assert tuple(names["batch"]["dx"].shape) == (4, 4), "another shape"
    assert names["batches"].data.scale == pytest.approx(0.3489, abs=1e-3), "another scale"


def test_a_model_of_ones_own(blocks, monkeypatch):
    """Lightning trains and tests it on what the module hands out, and it learns."""
    *_, program = blocks("docs/training.md")
    monkeypatch.setenv("FIXTURES_REGISTRY", str(REPOSITORY))
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        # Lightning's and torch's own
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        exec(program.text, names)
    before = names["Small"](names["batches"].data.probe)
    batch = next(iter(names["batches"].test_dataloader()))
    assert names["tested"]["test_loss"] < float(before.loss(batch).detach()), "nothing was learned"
    assert names["trainer"].callback_metrics.keys() == {"test_loss"}


def test_the_picture_is_small():
    """The picture of the page does not weigh on a clone."""
    assert (REPOSITORY / "docs" / "training.png").stat().st_size < 300_000
