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
from tests.training.regression import failures

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
    assert trained["max_epochs"] == 2, "another number of epochs"
    assert failures(trained, inferred) == [], "the regression"


@pytest.mark.parametrize(
    ("name", "gridsize", "loss", "epochs"),
    [
        ("minimal_dataset_v1_n16", 2, "mae", 2),
        ("minimal_dataset_v1_supervised", 1, "supervised", 1),
    ],
)
def test_train_save_load_infer(within, tmp_path, name, gridsize, loss, epochs):
    """So do others: sixteen frames, and a training on patches."""
    run = tmp_path / "new" / "run"
    within(
        "train", name, "--gridsize", gridsize, "--loss", loss, "--max-epochs", epochs,
        "--batch-size", 4, "--device", "cpu", "--seed", 42, "--output-dir", run,
    )  # fmt: skip
    within("infer", run / "model.ckpt", name, "--device", "cpu", "--output-dir", run)
    trained, inferred = whole(run)
    assert trained["training"]["fixture"] == name, "another fixture"
    assert failures(trained, inferred) == [], "the regression"


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


@pytest.mark.parametrize("logger", ["csv", "dvclive"])
def test_no_space_left(within, tmp_path, monkeypatch, logger):
    """A disk that is full in the middle of saving gives an error, and no half a checkpoint."""
    # outside of any DVC repository: the first to meet the limit would be DVC's own database
    monkeypatch.chdir(tmp_path)
    # Python takes a module's cache that was cut off there for a whole one
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        said = within(
            *("train", "minimal_dataset_v1_n16", "--max-epochs", 1),
            *("--output-dir", tmp_path / "run", "--logger", logger),
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
        (("--lr", "0"), "expected a number more than 0, found 0"),
        (("--lr", "nan"), "expected a number more than 0, found nan"),
        (("--logger", "wandb"), "invalid choice: 'wandb'"),
    ],
)
def test_numbers_are_tested_first(command, tmp_path, flags, message):
    """Wrong numbers are wrong use, before anything heavy is imported."""
    done = command("train", V1, "--output-dir", tmp_path / "run", *flags, code=2)
    assert message in done.stderr, done.stderr


def test_no_output_folder_named(command):
    """Where nothing says where to write, nothing is written."""
    assert "--output-dir" in command("train", V1, code=2).stderr, "not about the folder"


def test_flags_of_the_trainer(within, tmp_path):
    """Those that are typed come before those of a file; each reaches Lightning's Trainer."""
    config = tmp_path / "training.yaml"
    config.write_text(
        "max_epochs: 1\ntrainer:\n  limit_train_batches: 1\n  enable_progress_bar: false\n"
    )
    said = within(
        *("train", "minimal_dataset_v1_n16", "--config", config, "--output-dir", tmp_path / "run"),
        *("--trainer.limit_train_batches", 3, "--trainer.gradient_clip_val=0.5", "--lr", "1e-4"),
    )
    assert "Epoch 0" not in said, "the progress bar is there"
    found = json.loads((tmp_path / "run" / "train.json").read_text())
    assert found["steps"] == 3, "another number of steps"
    assert found["training"]["lr"] == 1e-4, "another learning rate"
    assert found["training"]["trainer"] == {
        "limit_train_batches": 3,
        "enable_progress_bar": False,
        "gradient_clip_val": 0.5,
    }


@pytest.mark.parametrize(
    ("flag", "value", "expected", "found"),
    [
        ("gradient_clip", "1", "perhaps gradient_clip_val", "no such one"),
        ("max_epochs", "3", "that is not set already", "max_epochs, which is"),
        ("gradient_clip_val", "much", "values that Lightning's Trainer takes", "Got much"),
        ("fast_dev_run", "true", "at least one epoch is trained, and kept", "fast_dev_run True"),
    ],
)
def test_flags_that_are_refused(within, tmp_path, flag, value, expected, found):
    """What Lightning has no flag for, what has an option of its own, what leaves nothing."""
    said = within(
        *("train", "minimal_dataset_v1_n16", "--output-dir", tmp_path, f"--trainer.{flag}", value),
        code=2,
    )
    lines = said.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("error: "))
    assert "--trainer" in lines[begin], said
    assert expected in lines[begin + 1], said
    assert found in lines[begin + 2], said


def test_documents(within, tmp_path):
    """`--json` prints what train.json and infer.json hold, and nothing else."""
    name = "minimal_dataset_v1_n16"
    said = within("train", name, "--max-epochs", 1, "--output-dir", tmp_path, "--json")
    assert json.loads(said) == json.loads((tmp_path / "train.json").read_text())
    said = within("infer", tmp_path / "model.ckpt", name, "--output-dir", tmp_path, "--json")
    assert json.loads(said) == json.loads((tmp_path / "infer.json").read_text())


def test_what_inference_imports(regression, tmp_path):
    """No Lightning, no DVC and no validator of schemas: their imports took longer than all else."""
    path = regression(1) / "run" / "model.ckpt"
    program = (
        "import sys\n"
        "from registry.cli import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "infer", path, V1, "--output-dir", tmp_path],
        env={**os.environ, "FIXTURES_REGISTRY": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "reconstruction.npz").is_file(), "nothing was inferred"
    found = set(done.stdout.splitlines()[-1].split())
    heavy = {"lightning", "torchmetrics", "dvc", "dvclive", "jsonschema", "jsonschema_rs", "scipy"}
    assert "torch" in found, "nothing was imported"
    assert found & heavy == set(), "inference imports what it does not need"


@pytest.mark.slow
@pytest.mark.parametrize("logger", ["csv", "dvclive"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_in_the_middle_of_steps(tmp_path, logger, number):
    """The logger is closed, the last whole epoch kept, and the exit code says what it was."""
    environment = {**os.environ, "FIXTURES_REGISTRY": str(REPOSITORY)}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "registry.cli", "train", "minimal_dataset_v1_n16"),
            *("--max-epochs", "400", "--output-dir", str(tmp_path), "--logger", logger),
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (tmp_path / "model.ckpt").exists():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + number, errors
    assert f"{tmp_path / 'model.ckpt'} holds the last whole epoch" in errors, errors
    assert errors.endswith("interrupted\n" if number == signal.SIGINT else "terminated\n"), errors
    assert "Traceback" not in errors, errors
    if logger == "csv":
        # rows are kept for a hundred steps before they are written
        rows = (tmp_path / "csv" / "version_0" / "metrics.csv").read_text().splitlines()
        epoch = checkpoint.read(tmp_path / "model.ckpt")[1]["epoch"]
        assert len(rows) > 4 * (epoch + 1), "the log was not closed"
