"""Train → save on a fixture, as a user of the registry would."""

from __future__ import annotations

import json
import logging
import signal
import sqlite3
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar

from registry import files
from registry.errors import MissingError, UsageError
from registry.fixture import Fixture
from registry.ptychography import noise
from registry.training import checkpoint, quality, requirements
from registry.training.clock import Clock
from registry.training.data import GroupDataset, in_order
from registry.training.datamodule import FixtureDataModule
from registry.training.losses import LOSSES
from registry.training.model import PtychoAutoencoder
from registry.training.module import PtychoModule
from registry.training.reconstruction import reconstruct

TRAIN_FILE = "train.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What ``fixtures train`` is told. ``n_images`` None means every position."""

    output_dir: Path
    max_epochs: int = 2
    n_images: int | None = None
    gridsize: int = 1
    batch_size: int = 4
    device: str = "cpu"
    seed: int = 42
    loss: str = "mae"
    resume: bool = False


def train(fixture: Fixture, options: Options) -> dict[str, Any]:
    """Train on a fixture; write ``model.ckpt``, ``train.json`` and DVCLive's log.

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
    KeyboardInterrupt
        The user's; the last finished epoch's checkpoint is kept.
    """
    clock = Clock()
    subject = f"training on {fixture.name}"
    requirements.contract(fixture, subject)
    requirements.device(options.device)
    _quiet()
    lightning.seed_everything(options.seed, verbose=False)
    batches = FixtureDataModule(
        fixture.arrays,
        gridsize=options.gridsize,
        batch_size=options.batch_size,
        n_images=options.n_images,
        seed=options.seed,
        subject=subject,
    )
    _loss(options.loss, fixture, subject)
    training = checkpoint.Training(
        fixture=fixture.name,
        sha256=fixture.sidecar.sha256_checksum,
        gridsize=options.gridsize,
        n_images=len(batches.train),
        batch_size=options.batch_size,
        seed=options.seed,
        loss=options.loss,
    )
    kept = _kept(options, training, subject)
    data = batches.data
    photon_scale = noise.recorded(fixture.sidecar).photon_scale
    network = PtychoAutoencoder(
        gridsize=options.gridsize,
        frame_shape=(data.probe.shape[0], data.probe.shape[1]),
        object_level=data.object_level,
    )
    network.probe.copy_(data.probe)
    module = PtychoModule(
        network,
        loss=options.loss,
        photon_scale=None if photon_scale is None else photon_scale * data.scale**2,
    )
    losses = _Losses()
    trainer = _trainer(options, _Recorder(training, network), losses)
    clock.lap("setup")
    _fit(trainer, module, batches, kept)
    clock.lap("fit")
    path = options.output_dir / checkpoint.FILE
    network = checkpoint.network_of(checkpoint.read(path)[1], f"checkpoint {path.name}")
    result = {
        "training": asdict(training),
        "max_epochs": options.max_epochs,
        "device": options.device,
        "parameters": sum(item.numel() for item in network.parameters()),
        "first_loss": losses.values[0],
        "last_loss": losses.values[-1],
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

    def __init__(self, training: checkpoint.Training, network: PtychoAutoencoder) -> None:
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


def _trainer(options: Options, *callbacks: lightning.Callback) -> lightning.Trainer:
    """What trains, and writes its checkpoint and DVCLive's log to the output folder."""
    from dvclive.lightning import DVCLiveLogger

    options.output_dir.mkdir(parents=True, exist_ok=True)
    logger = DVCLiveLogger(
        dir=str(options.output_dir / "dvclive"),
        dvcyaml=None,
        report=None,
        save_dvc_exp=False,
        resume=options.resume,
    )
    return lightning.Trainer(
        accelerator="gpu" if options.device == "cuda" else "cpu",
        devices=1,
        max_epochs=options.max_epochs,
        logger=logger,
        log_every_n_steps=1,
        # on CUDA some sums have no order; they are as good, and not the same to the last bit
        deterministic=True if options.device == "cpu" else "warn",
        enable_model_summary=False,
        callbacks=[
            _Progress(refresh_rate=4),
            ModelCheckpoint(
                dirpath=options.output_dir,
                filename=Path(checkpoint.FILE).stem,
                enable_version_counter=False,
            ),
            *callbacks,
        ],
    )


def _fit(
    trainer: lightning.Trainer,
    module: PtychoModule,
    batches: FixtureDataModule,
    kept: Path | None,
) -> None:
    # Lightning ignores further interrupts once it has caught one, and leaves it at that
    handler = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, datamodule=batches, ckpt_path=kept)
    except SystemExit:
        if trainer.interrupted:
            raise KeyboardInterrupt from None
        raise
    except sqlite3.Error as error:
        # DVCLive opens DVC's database where there is one
        raise MissingError(
            "DVC's database, which DVCLive opens",
            expected="a file that can be read and written",
            found=str(error),
            remedy="free some space, or see that DVC's folders are yours to write; "
            "then run the command again",
        ) from None
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)


def _errors(
    network: PtychoAutoencoder, batch_size: int, batches: FixtureDataModule, fixture: Fixture
) -> dict[str, float | None]:
    """Mean absolute amplitude error, in the fixture's unit, on seen and on unseen frames."""
    obj = fixture["objectGuess"]
    shape = (obj.shape[0], obj.shape[1])

    def error(dataset: GroupDataset) -> float:
        found = reconstruct(network, in_order(dataset, batch_size), shape)
        return found.amplitude_error * batches.data.scale

    frames = fixture["diffraction"].astype(np.float64)
    constant = quality.constant_object_error(frames, fixture["probeGuess"])
    seen = error(batches.train)
    unseen = None if batches.unseen is None else error(batches.unseen)
    return {
        "constant_object_error": constant,
        "amplitude_error": seen,
        "amplitude_error_ratio": seen / constant,
        "unseen_amplitude_error": unseen,
        "unseen_amplitude_error_ratio": None if unseen is None else unseen / constant,
    }


def _kept(options: Options, training: checkpoint.Training, subject: str) -> Path | None:
    """The checkpoint to go on from; an output folder's own work is never overwritten unasked."""
    path = options.output_dir / checkpoint.FILE
    requirements.folder(options.output_dir, f"{subject}: --output-dir")
    logged = (options.output_dir / "dvclive").rglob("*")
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
