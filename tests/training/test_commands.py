"""``fixtures train`` and ``fixtures infer``: a process of its own where that makes a difference."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import registry
from registry.identity import npz
from registry.ptychography import assert_consistent
from registry.training import checkpoint
from tests.kit.repository import REPOSITORY
from tests.training.regression import ERROR_RATIO, failures

V1 = "minimal_dataset_v1"


@pytest.mark.parametrize("name", [V1, "minimal_dataset_v1_n16", "minimal_dataset_v1_supervised"])
def test_what_it_trains_on_belongs_together(name):
    """What a training by itself does not notice: `fixtures mutants`, and docs/training.md."""
    assert_consistent(registry.load(name, REPOSITORY))


@pytest.mark.slow
@pytest.mark.parametrize("gridsize", [1, 2])
def test_the_regression(regression, gridsize):
    """The declared workflow trains, saves, loads and infers; the result passes the check."""
    folder = regression(gridsize)
    shown = (folder / "train.txt").read_text()
    assert "loss" in shown, "nothing said of the loss"
    assert shown.rstrip().endswith("model.ckpt"), "the checkpoint is not named"
    assert "amplitude correlation" in (folder / "infer.txt").read_text(), "nothing of the object"
    trained, inferred = whole(folder / "run")
    assert trained["training"]["fixture"] == V1, "another fixture"
    assert trained["max_epochs"] == 2 * gridsize, "another number of epochs"
    limit = ERROR_RATIO if gridsize == 1 else None
    assert failures(trained, inferred, limit=limit) == [], "the regression"


@pytest.mark.parametrize(
    ("name", "gridsize", "loss", "epochs"),
    [
        ("minimal_dataset_v1_n16", 2, "mae", 2),
        ("minimal_dataset_v1_supervised", 1, "supervised", 1),
    ],
)
def test_train_save_load_infer(within, tmp_path, name, gridsize, loss, epochs):
    """So does each other one; 16 frames, or patches by themselves, are too few for a likeness."""
    run = tmp_path / "new" / "run"
    within(
        "train", name, "--gridsize", gridsize, "--loss", loss, "--max-epochs", epochs,
        "--batch-size", 4, "--device", "cpu", "--seed", 42, "--output-dir", run,
    )  # fmt: skip
    within("infer", run / "model.ckpt", name, "--device", "cpu", "--output-dir", run)
    trained, _ = whole(run)
    assert trained["training"]["fixture"] == name, "another fixture"


def whole(run):
    """What a run says of training and inference, after all that it left was looked at."""
    trained, inferred = (
        json.loads((run / f"{what}.json").read_text()) for what in ("train", "infer")
    )
    assert trained["last_loss"] < trained["first_loss"], "nothing was learned"
    assert inferred["amplitude_error"] == trained["amplitude_error"], "another model was loaded"
    arrays = npz.parse((run / "reconstruction.npz").read_bytes(), subject="reconstruction")
    assert arrays["object"].shape == (227, 226), "another canvas"
    assert np.isfinite(arrays["object"]).all(), "a reconstruction with holes"
    for picture in ("amplitude.png", "phase.png"):
        image = np.asarray(Image.open(run / picture))
        assert image[..., :3][image[..., 3] > 0].std() > 5, f"{picture} shows nothing"
    size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    assert size <= 15_000_000, f"artifacts of {size} bytes"
    return trained, inferred


def test_another_fixture_needs_a_flag(within, tmp_path):
    """A checkpoint refuses another fixture; --allow-other-fixture insists."""
    small, other = "minimal_dataset_v1_n16", V1
    within("train", small, "--max-epochs", 1, "--output-dir", tmp_path)
    path, out = tmp_path / "model.ckpt", tmp_path / "out"
    said = within("infer", path, other, "--output-dir", out, code=2)
    assert "fixture" in said.splitlines()[0], said
    assert "--allow-other-fixture" in said, "no way to insist"
    assert not out.exists(), "something was written"
    within("infer", path, other, "--output-dir", out, "--allow-other-fixture")
    assert (out / "reconstruction.npz").is_file(), "nothing was written"


@pytest.mark.slow
def test_interrupted_and_resumed(within, tmp_path):
    """Ctrl-C ends with 130 and says how to go on; --resume does, from the last whole epoch."""
    environment = {**os.environ, "FIXTURES_REGISTRY": str(REPOSITORY)}
    arguments = [
        *(sys.executable, "-m", "registry.cli", "train", "minimal_dataset_v1_n16"),
        *("--max-epochs", "400", "--output-dir", str(tmp_path)),
    ]
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "model.ckpt").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "--resume goes on from it" in errors, errors
    assert "Traceback" not in errors, errors

    done = checkpoint.read(tmp_path / "model.ckpt")[1]["epoch"] + 1
    again = ("--max-epochs", done + 1, "--output-dir", tmp_path, "--resume")
    shown = within("train", "minimal_dataset_v1_n16", *again)
    # the bar names the epoch that it goes on with
    assert f"Epoch {done}:" in shown, "not after the last whole epoch"
    assert "Epoch 0:" not in shown, "it began anew"
    steps = json.loads((tmp_path / "train.json").read_text())["steps"]
    assert steps == 4 * (done + 1), "steps were lost"


def test_no_space_left(within, tmp_path, monkeypatch):
    """A disk that is full in the middle of saving gives an error, and no half a checkpoint."""
    # outside of any DVC repository: the first to meet the limit would be DVC's own database
    monkeypatch.chdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        said = within(
            *("train", "minimal_dataset_v1_n16", "--max-epochs", 1),
            *("--output-dir", tmp_path / "run"),
            code=3,
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "found:    File too large" in said, said
    assert "free some space" in said, "nothing to go on"
    assert "Traceback" not in said, said
    assert not list(tmp_path.rglob("*.ckpt")), "half a checkpoint"


def test_without_the_extra(within, tmp_path, monkeypatch):
    """Where torch is not installed, the message has the command that installs it."""
    # as if nothing had been imported before
    monkeypatch.delitem(sys.modules, "registry.training.workflow", raising=False)
    monkeypatch.delattr("registry.training.workflow", raising=False)
    monkeypatch.setitem(sys.modules, "lightning", None)
    said = within("train", V1, "--output-dir", tmp_path / "run", code=3)
    assert "pip install 'fixture-registry[train]'" in said, said


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--max-epochs", "0"), "expected an integer of at least 1, found 0"),
        (("--batch-size", "four"), "expected an integer of at least 1, found four"),
        (("--seed", "-1"), "expected an integer of at least 0, found -1"),
        (("--seed", "4294967296"), "expected less than 2**32, found 4294967296"),
        (("--device", "gpu"), "invalid choice: 'gpu'"),
    ],
)
def test_numbers_are_tested_first(command, tmp_path, flags, message):
    """Wrong numbers are wrong use, before anything heavy is imported."""
    done = command("train", V1, "--output-dir", tmp_path / "run", *flags, code=2)
    assert message in done.stderr, done.stderr


def test_no_output_folder_named(command):
    """Where nothing says where to write, nothing is written."""
    assert "--output-dir" in command("train", V1, code=2).stderr, "not about the folder"
