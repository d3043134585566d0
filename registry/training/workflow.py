"""Train → save → load → infer on a fixture, as a user of the registry would."""

from __future__ import annotations

import json
import logging
import signal
import sqlite3
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar

from registry import files
from registry.errors import MissingError, UsageError
from registry.fixture import Fixture
from registry.ptychography import noise
from registry.ptychography.contracts import CONTRACTS
from registry.training import checkpoint, quality
from registry.training.data import FixtureDataModule, GroupDataset
from registry.training.losses import LOSSES
from registry.training.model import PtychoAutoencoder
from registry.training.reconstruction import pictures, reconstruct

DEVICES = ("cpu", "cuda")
_CONTRACTS = [contract.file for contract in CONTRACTS.values() if contract.is_canonical]
TRAIN_FILE = "train.json"
INFER_FILE = "infer.json"
INFERRED = ("reconstruction.npz", "amplitude.png", "phase.png", INFER_FILE)


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
    clock = _Clock()
    subject = f"training on {fixture.name}"
    _contract(fixture, subject)
    _device(options.device)
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
    model = PtychoAutoencoder(
        gridsize=options.gridsize,
        frame_shape=(data.probe.shape[0], data.probe.shape[1]),
        object_level=data.object_level,
        loss=options.loss,
        photon_scale=None if photon_scale is None else photon_scale * data.scale**2,
    )
    model.probe.copy_(data.probe)
    losses = _Losses()
    trainer = _trainer(options, checkpoint.Recorder(training), losses)
    clock.lap("setup")
    _fit(trainer, model, batches, kept)
    clock.lap("fit")
    path = options.output_dir / checkpoint.FILE
    model = checkpoint.model_of(checkpoint.read(path)[1], f"checkpoint {path.name}")
    result = {
        "training": asdict(training),
        "max_epochs": options.max_epochs,
        "device": options.device,
        "parameters": sum(item.numel() for item in model.parameters()),
        "first_loss": losses.values[0],
        "last_loss": losses.values[-1],
        "losses": losses.values,
        "steps": len(losses.values),
        **_errors(model.to(options.device), batches, fixture),
    }
    clock.lap("evaluate")
    _write(options.output_dir / TRAIN_FILE, {**result, "seconds": clock.laps})
    return {**result, "seconds": clock.laps}


def infer(
    path: Path,
    fixture: Fixture,
    output_dir: Path,
    *,
    device: str = "cpu",
    allow_other_fixture: bool = False,
) -> dict[str, Any]:
    """Reconstruct a fixture's object with a checkpoint.

    Writes ``reconstruction.npz`` (``object`` (Y, X) complex64 and ``scanned`` (Y, X) bool),
    ``amplitude.png``, ``phase.png`` and ``infer.json``, all or none.

    Returns
    -------
    dict
        The content of ``infer.json``.

    Raises
    ------
    UsageError
        The checkpoint was trained on another fixture.
    MissingError, CheckError
        No checkpoint, a damaged one, or no CUDA device.
    """
    clock = _Clock()
    subject = f"checkpoint {path.name}"
    _contract(fixture, f"inference on {fixture.name}")
    _output(output_dir, f"inference on {fixture.name}: --output-dir")
    files.require_output(*(output_dir / name for name in INFERRED))
    _device(device)
    training, content = checkpoint.read(path)
    if not allow_other_fixture:
        checkpoint.same_fixture(training, fixture, subject)
    model = checkpoint.model_of(content, subject)
    batches = FixtureDataModule(
        fixture.arrays,
        gridsize=training.gridsize,
        batch_size=training.batch_size,
        subject=f"inference on {fixture.name}",
    )
    if model.probe.shape != batches.data.probe.shape:
        raise UsageError(
            f"{subject}: frames",
            expected=f"frames {tuple(model.probe.shape)}, as in training",
            found=str(tuple(batches.data.probe.shape)),
            remedy="use a fixture with frames of that size",
        )
    # another fixture's probe and power are its own
    model.probe.copy_(batches.data.probe)
    obj = fixture["objectGuess"]
    clock.lap("load")
    found = reconstruct(
        model.to(device), batches.predict_dataloader(), (obj.shape[0], obj.shape[1])
    )
    clock.lap("infer")
    frames = fixture["diffraction"].astype(np.float64)
    probe, x, y = fixture["probeGuess"], fixture["xcoords"], fixture["ycoords"]
    constant = quality.constant_object_error(frames, probe)
    error = found.amplitude_error * batches.data.scale
    result = {
        "training": asdict(training),
        "fixture": fixture.name,
        "sha256": fixture.sidecar.sha256_checksum,
        "amplitude_error": error,
        "constant_object_error": constant,
        "amplitude_error_ratio": error / constant,
        "stitched_r_factor": quality.r_factor(frames, found.obj, probe, x, y),
        "object": asdict(quality.compare(found.obj, obj, found.scanned)),
    }
    clock.lap("compare")
    written = {"reconstruction.npz": found.encode(), **pictures(found)}
    clock.lap("draw")
    text = _json({**result, "seconds": clock.laps})
    files.write_together(
        {output_dir / name: data for name, data in {**written, INFER_FILE: text}.items()}
    )
    return {**result, "seconds": clock.laps}


class _Progress(TQDMProgressBar):
    """A progress bar with the loss alone."""

    def get_metrics(self, trainer: Any, pl_module: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().get_metrics(trainer, pl_module)
        # a run's number, of which there is none
        shown.pop("v_num", None)
        return shown


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


class _Clock:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.laps[phase] = round(now - self._last, 3)
        self._last = now


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
    model: PtychoAutoencoder,
    batches: FixtureDataModule,
    kept: Path | None,
) -> None:
    # Lightning ignores further interrupts once it has caught one, and leaves it at that
    handler = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(model, datamodule=batches, ckpt_path=kept)
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
    model: PtychoAutoencoder, batches: FixtureDataModule, fixture: Fixture
) -> dict[str, float | None]:
    """Mean absolute amplitude error, in the fixture's unit, on seen and on unseen frames."""
    obj = fixture["objectGuess"]
    shape = (obj.shape[0], obj.shape[1])

    def error(dataset: GroupDataset) -> float:
        found = reconstruct(model, batches.in_order(dataset), shape)
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
    _output(options.output_dir, f"{subject}: --output-dir")
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


def _output(folder: Path, subject: str) -> None:
    """Refuse what is no folder in the place of one."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            subject,
            expected="a folder, or a name that is free",
            found=f"a file {folder}",
            remedy="name another folder",
        )


def _contract(fixture: Fixture, subject: str) -> None:
    """Refuse variants whose frames are no amplitudes (N, H, W), whatever their shapes."""
    if fixture.sidecar.contract not in _CONTRACTS:
        raise UsageError(
            f"{subject}: contract",
            expected=f"one of {', '.join(_CONTRACTS)}",
            found=fixture.sidecar.contract,
            remedy="choose a fixture with amplitudes (N, H, W), such as minimal_dataset_v1",
        )


def _device(device: str) -> None:
    if device not in DEVICES:
        raise UsageError(
            "device", expected=" or ".join(DEVICES), found=device, remedy="--device cpu"
        )
    if device == "cpu":
        torch.set_num_threads(1)
    elif not torch.cuda.is_available():
        raise MissingError(
            "device cuda",
            expected="a CUDA device, and a torch built for it",
            found=f"torch {torch.__version__}, which sees none",
            remedy="--device cpu",
        )


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


def _write(path: Path, document: dict[str, Any]) -> None:
    files.write_atomic(path, _json(document))


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2) + "\n").encode()
