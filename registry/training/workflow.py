"""Train → save on a fixture, as a user of the registry would."""

from __future__ import annotations

import inspect
import io
import json
import logging
import signal
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.plugins.io import TorchCheckpointIO

from registry import files
from registry.errors import UsageError, perhaps
from registry.fixture import Fixture
from registry.ptychography import noise
from registry.training import checkpoint, ending, loggers, quality, requirements
from registry.training.clock import Clock
from registry.training.data import GroupDataset, in_order
from registry.training.datamodule import FixtureDataModule
from registry.training.model import PtychoUNet
from registry.training.module import PtychoModule
from registry.training.options import LOGGERS, LOSSES, Options
from registry.training.reconstruction import reconstruct

# Frames around a group that the loss compares with as well. The network does not see them, so it
# cannot explain a group's frames by an object that others contradict; at gridsize 1 nothing else
# keeps it from that.
NEIGHBOURS = 5
TRAIN_FILE = "train.json"


def train(fixture: Fixture, options: Options) -> dict[str, Any]:
    """Train on a fixture; write ``model.ckpt``, ``train.json`` and a log of every step.

    On the CPU one thread does the work, so that losses are the same to the last bit whenever the
    same machine repeats them.

    Returns
    -------
    dict
        The content of ``train.json``.

    Raises
    ------
    UsageError
        Options that do not fit the fixture, or an output folder that holds another training.
    MissingError
        No CUDA device, or no space.
    CheckError
        The loss is not finite.
    KeyboardInterrupt, SystemExit
        SIGINT or SIGTERM came while steps were made; the last whole epoch's checkpoint is kept.
    """
    clock = Clock()
    subject = f"training on {fixture.name}"
    requirements.contract(fixture, subject)
    requirements.device(options.device)
    _flags(options.trainer)
    _quiet()
    lightning.seed_everything(options.seed, verbose=False)
    batches = FixtureDataModule(
        fixture,
        gridsize=options.gridsize,
        batch_size=options.batch_size,
        n_images=options.n_images,
        seed=options.seed,
        neighbours=NEIGHBOURS,
    )
    batches.setup()
    _loss(options.loss, fixture, subject)
    training = checkpoint.Training(
        fixture=fixture.name,
        sha256=fixture.sidecar.sha256_checksum,
        gridsize=options.gridsize,
        n_images=len(batches.train),
        batch_size=options.batch_size,
        seed=options.seed,
        loss=options.loss,
        lr=options.lr,
        trainer=dict(options.trainer),
    )
    kept = _kept(options, training, subject)
    data = batches.data
    photon_scale = noise.recorded(fixture.sidecar).photon_scale
    network = PtychoUNet(
        gridsize=options.gridsize,
        frame_shape=(data.probe.shape[0], data.probe.shape[1]),
        object_level=data.object_level,
    )
    network.probe.copy_(data.probe)
    module = PtychoModule(
        network,
        loss=options.loss,
        learning_rate=options.lr,
        photon_scale=None if photon_scale is None else photon_scale * data.scale**2,
    )
    losses = _Losses()
    clock.lap("setup")
    with _stopped_by_signals() as request:
        callbacks = (_Recorder(training, network), losses, _Obedience(request))
        trainer = _trainer(options, batches.val is not None, *callbacks)
        trainer.fit(module, datamodule=batches, ckpt_path=kept)
    clock.lap("fit")
    path = options.output_dir / checkpoint.FILE
    if not losses.values or not path.is_file():
        raise UsageError(
            f"{subject}: --trainer flags",
            expected="such that at least one epoch is trained, and kept",
            found=", ".join(f"{name} {value}" for name, value in options.trainer.items()),
            remedy="leave out what forbids it",
        )
    network = checkpoint.network_of(checkpoint.read(path)[1], f"checkpoint {path.name}")
    result = {
        "training": asdict(training),
        "max_epochs": options.max_epochs,
        "device": options.device,
        "parameters": sum(item.numel() for item in network.parameters()),
        "first_loss": losses.values[0],
        "last_loss": losses.values[-1],
        "losses": losses.values,
        "steps": len(losses.values),
        **_errors(network.to(options.device), options.batch_size, batches, fixture),
    }
    clock.lap("evaluate")
    document = {**result, "seconds": clock.laps}
    text = (json.dumps(document, indent=2) + "\n").encode()
    files.write_atomic(options.output_dir / TRAIN_FILE, text)
    return document


class _Progress(TQDMProgressBar):
    """A progress bar with the loss alone."""

    def get_metrics(self, trainer: Any, pl_module: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().get_metrics(trainer, pl_module)
        # a run's number, of which there is none
        shown.pop("v_num", None)
        return shown


class _Recorder(lightning.Callback):
    """Has every checkpoint say what it is of."""

    def __init__(self, training: checkpoint.Training, network: PtychoUNet) -> None:
        self._training = training
        self._network = network

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, content: dict[str, Any]) -> None:
        checkpoint.record(content, self._training, self._network)


class _Losses(lightning.Callback):
    """Every step's loss; kept in the checkpoint, so that a resumed training has them all."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.values = list(state_dict["values"])

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *rest: Any) -> None:
        self.values.append(float(outputs["loss"].detach()))


class _Obedience(lightning.Callback):
    """Ends a training between two steps, where a signal asked for it."""

    def __init__(self, request: ending.Request) -> None:
        self._request = request

    def on_train_batch_end(self, *_: Any) -> None:
        self._request.obey()

    def on_validation_batch_end(self, *_: Any) -> None:
        self._request.obey()


class _WholeFiles(TorchCheckpointIO):
    """Puts a checkpoint in place when all of it is on disk, whatever file system that is on."""

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        files.write_atomic(Path(path), content.getvalue())


@contextmanager
def _stopped_by_signals() -> Iterator[ending.Request]:
    """Have SIGINT and SIGTERM end what runs within, once Lightning has closed its loggers."""
    with ending.asked() as request:
        try:
            yield request
        # the second is Lightning's own, after SIGTERM
        except (ending.Ended, SystemExit):
            if request.number is None:
                raise
    if request.number == signal.SIGINT:
        raise KeyboardInterrupt
    if request.number is not None:
        raise SystemExit(128 + request.number)


# What has an option of its own, or is no value.
_TAKEN = {
    "accelerator": "--device",
    "devices": "--device",
    "max_epochs": "--max-epochs",
    "logger": "--logger",
    "callbacks": "none: train with a Trainer of your own, see docs/training.md",
    "plugins": "none: train with a Trainer of your own, see docs/training.md",
}


def _trainer(
    options: Options, is_validated: bool, *callbacks: lightning.Callback
) -> lightning.Trainer:
    """What trains, and writes its checkpoint and a log to the output folder."""
    options.output_dir.mkdir(parents=True, exist_ok=True)
    bar = [_Progress(refresh_rate=4)] if options.trainer.get("enable_progress_bar", True) else []
    kept = ModelCheckpoint(
        dirpath=options.output_dir,
        filename=Path(checkpoint.FILE).stem,
        enable_version_counter=False,
    )
    chosen: dict[str, Any] = {
        "accelerator": "gpu" if options.device == "cuda" else "cpu",
        "devices": 1,
        "max_epochs": options.max_epochs,
        "limit_val_batches": 1.0 if is_validated else 0,
        "logger": loggers.logger(options.logger, options.output_dir, resume=options.resume),
        "log_every_n_steps": 1,
        # on CUDA, a sum for which torch has no order is no reason to stop
        "deterministic": True if options.device == "cpu" else "warn",
        "enable_model_summary": False,
        "callbacks": [*bar, kept, *callbacks],
        "plugins": [_WholeFiles()],
    }
    try:
        return lightning.Trainer(**{**chosen, **options.trainer})
    except (MisconfigurationException, TypeError, ValueError) as error:
        raise UsageError(
            "--trainer flags",
            expected="values that Lightning's Trainer takes",
            found=" ".join(str(error).split()),
            remedy="see https://lightning.ai/docs/pytorch/stable/common/trainer.html",
        ) from None


def _flags(given: Mapping[str, Any]) -> None:
    """Refuse flags that Lightning's Trainer does not have, or that are not free."""
    known = inspect.signature(lightning.Trainer.__init__).parameters.keys() - {"self"}
    for name in given:
        if name in _TAKEN:
            raise UsageError(
                f"--trainer.{name}",
                expected="a flag of Lightning's Trainer that is not set already",
                found=f"{name}, which is",
                remedy=f"the option for it is {_TAKEN[name]}",
            )
        if name not in known:
            raise UsageError(
                f"--trainer.{name}",
                expected=f"a flag of Lightning's Trainer{perhaps(name, known)}",
                found="no such one",
                remedy=f"one of {', '.join(sorted(known - _TAKEN.keys()))}",
            )


def _errors(
    network: PtychoUNet, batch_size: int, batches: FixtureDataModule, fixture: Fixture
) -> dict[str, Any]:
    """Errors of the amplitude, in the fixture's unit, and of the object, on frames seen and not."""
    obj = fixture["objectGuess"]
    frames = fixture["diffraction"].astype(np.float64)
    constant = quality.constant_object_error(frames, fixture["probeGuess"])

    def of(dataset: GroupDataset | None, prefix: str = "") -> dict[str, Any]:
        if dataset is None:
            names = ("amplitude_error", "amplitude_error_ratio", "object")
            return {f"{prefix}{name}": None for name in names}
        found = reconstruct(network, in_order(dataset, batch_size), (obj.shape[0], obj.shape[1]))
        error = found.amplitude_error * batches.data.scale
        return {
            f"{prefix}amplitude_error": error,
            f"{prefix}amplitude_error_ratio": error / constant,
            f"{prefix}object": asdict(quality.compare(found.obj, obj, found.scanned)),
        }

    seen, unseen = of(batches.train), of(batches.unseen, "unseen_")
    return {"constant_object_error": constant, **seen, **unseen}


def _kept(options: Options, training: checkpoint.Training, subject: str) -> Path | None:
    """The checkpoint to go on from; an output folder's own work is never overwritten unasked."""
    path = options.output_dir / checkpoint.FILE
    requirements.folder(options.output_dir, f"{subject}: --output-dir")
    logged = [file for name in LOGGERS for file in (options.output_dir / name).rglob("*")]
    files.require_output(
        path,
        options.output_dir / TRAIN_FILE,
        *(file for file in logged if file.is_symlink() or not file.is_dir()),
    )
    if options.resume:
        found, _ = checkpoint.read(path)
        checkpoint.same_options(found, training, subject)
        return path
    if path.exists():
        raise UsageError(
            f"{subject}: --output-dir",
            expected="a folder without a checkpoint",
            found=str(path),
            remedy="--resume to go on with it, or another --output-dir",
        )
    return None


def _loss(loss: str, fixture: Fixture, subject: str) -> None:
    """Refuse a loss that the fixture cannot give."""
    if loss == "supervised" and "Y" not in fixture:
        raise UsageError(
            f"{subject}: loss supervised",
            expected="a fixture with Y, the object patch under each frame",
            found=", ".join(fixture),
            remedy="train on a variant with Y, such as minimal_dataset_v1_supervised, or with "
            f"--loss {LOSSES[0]}",
        )
    declared = noise.recorded(fixture.sidecar)
    if loss == "nll" and declared.photon_scale is None:
        raise UsageError(
            f"{subject}: loss nll",
            expected="a fixture whose sidecar has a photon_scale",
            found=f"noise {declared.kind}, without one",
            remedy=f"--loss {LOSSES[0]}",
        )


def _quiet() -> None:
    """Leave out what Lightning says of hardware that nobody asked for."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    # 64 frames in memory need no workers
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # Lightning's own use of torch
    warnings.filterwarnings("ignore", message=".*isinstance\\(treespec, LeafSpec\\)")
    # one file is meant to hold the last epoch
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty.*")
