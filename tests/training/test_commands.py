"""``fixtures train`` and ``fixtures infer``: a process of its own where that makes a difference."""

from __future__ import annotations

import json
import os
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


@pytest.mark.slow
def test_another_fixture_needs_a_flag(command, within, tmp_path):
    """A checkpoint refuses another fixture; --allow-other-fixture insists."""
    small = "minimal_dataset_v1_n16"
    within("train", small, "--max-epochs", 1, "--output-dir", tmp_path)
    path, out = tmp_path / "model.ckpt", tmp_path / "out"
    done = command("infer", path, V1, "--output-dir", out, code=2)
    assert "fixture" in done.stderr.splitlines()[0], done.stderr
    assert "--allow-other-fixture" in done.stderr, "no way to insist"
    assert not out.exists(), "something was written"
    within("infer", path, V1, "--output-dir", out, "--allow-other-fixture")
    assert (out / "reconstruction.npz").is_file(), "nothing was written"


@pytest.mark.slow
def test_interrupted_and_resumed(tmp_path):
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

    arguments[arguments.index("400")] = "401"
    process = subprocess.Popen(
        [*arguments, "--resume"], env=environment, stdout=subprocess.PIPE, text=True
    )
    # the bar names the epoch that it goes on with
    seen = ""
    while "Epoch" not in seen:
        piece = process.stdout.read(64)
        assert piece, f"ended early: {seen}"
        seen += piece
    process.terminate()
    process.communicate(timeout=60)
    assert "Epoch 0:" not in seen, "it began anew"


@pytest.mark.slow
def test_no_space_left(tmp_path):
    """A disk that is full in the middle of saving gives an error, and no half a checkpoint."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    code = f"import sys; {limit}; from registry.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, "train", "minimal_dataset_v1_n16"),
            *("--max-epochs", "1", "--output-dir", str(tmp_path / "run")),
        ],
        env={**os.environ, "FIXTURES_REGISTRY": str(REPOSITORY)},
        # outside of any DVC repository: the first to meet the limit would be DVC's own database
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    assert "found:    File too large" in done.stderr, done.stderr
    assert "free some space" in done.stderr, "nothing to go on"
    assert "Traceback" not in done.stderr, done.stderr
    assert not list(tmp_path.rglob("*.ckpt")), "half a checkpoint"


@pytest.mark.slow
def test_without_the_extra(tmp_path):
    """Where torch is not installed, the message has the command that installs it."""
    code = (
        "import sys; sys.modules['lightning'] = None; from registry.cli import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "train", V1, "--output-dir", str(tmp_path / "run")],
        env={**os.environ, "FIXTURES_REGISTRY": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    assert "pip install 'fixture-registry[train]'" in done.stderr, done.stderr


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
