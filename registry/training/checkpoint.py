"""A checkpoint, and which fixture it was trained on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from registry import files
from registry.errors import CheckError, MissingError, UsageError
from registry.fixture import Fixture
from registry.training.model import PtychoUNet

FILE = "model.ckpt"
_KEY = "fixture_registry"


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """What a checkpoint records of its training: the fixture by digest, and the options."""

    fixture: str
    sha256: str
    gridsize: int
    n_images: int
    batch_size: int
    seed: int
    loss: str
    lr: float
    trainer: dict[str, Any]


def record(checkpoint: dict[str, Any], training: Training, network: PtychoUNet) -> None:
    """Put into a checkpoint what it is of, so that it can be used without Lightning."""
    checkpoint[_KEY] = {"training": asdict(training), "network": network.settings}


def read(path: Path) -> tuple[Training, dict[str, Any]]:
    """What a checkpoint records, and its content.

    Only tensors and plain values are unpickled: a checkpoint cannot run code.

    Raises
    ------
    MissingError
        There is no such file.
    CheckError
        It is no checkpoint of ``fixtures train``, or damaged.
    """
    if not path.is_file():
        raise MissingError(
            f"checkpoint {path.name}",
            expected=f"a file that 'fixtures train' wrote, such as DIR/{FILE}",
            found=f"{path}: {'a folder' if path.is_dir() else 'no such file'}",
            remedy="name the file, or train one: fixtures train NAME --output-dir DIR",
        )
    try:
        with files.open_regular(path) as file:
            content: Any = torch.load(file, map_location="cpu", weights_only=True)
        training = Training(**content[_KEY]["training"])
        content[_KEY]["network"], content["state_dict"]
    # whatever a damaged archive or a foreign pickle raises: torch does not say which errors
    except Exception as error:
        raise CheckError(
            f"checkpoint {path.name}",
            expected="a checkpoint written by 'fixtures train'",
            found=_first_line(error),
            remedy="train again: fixtures train NAME --output-dir DIR",
        ) from None
    return training, content


def network_of(content: dict[str, Any], subject: str) -> PtychoUNet:
    """The network that a checkpoint holds.

    Raises
    ------
    CheckError
        Its weights do not fit this version's model.
    """
    try:
        network = PtychoUNet(**content[_KEY]["network"])
        state = content["state_dict"].items()
        network.load_state_dict({key.removeprefix("network."): item for key, item in state})
    except (RuntimeError, TypeError) as error:
        raise CheckError(
            subject,
            expected="the weights of this version's model",
            found=_first_line(error),
            remedy="train again with this version: fixtures train NAME --output-dir DIR",
        ) from None
    return network


def same_fixture(training: Training, fixture: Fixture, subject: str) -> None:
    """Refuse a fixture other than the one that the checkpoint was trained on.

    Raises
    ------
    UsageError
        The digests differ.
    """
    found = fixture.sidecar.sha256_checksum
    if found != training.sha256:
        raise UsageError(
            f"{subject}: fixture",
            expected=f"{training.fixture} with SHA-256 {training.sha256}, which it was trained on",
            found=f"{fixture.name} with SHA-256 {found}",
            remedy=f"use {training.fixture}; or, if another fixture is meant, "
            "--allow-other-fixture",
        )


def same_options(found: Training, wanted: Training, subject: str) -> None:
    """Refuse to resume a training under other options.

    Raises
    ------
    UsageError
        An option differs; the message names each.
    """
    differing = [
        item.name
        for item in fields(Training)
        if getattr(found, item.name) != getattr(wanted, item.name)
    ]
    if differing:
        raise UsageError(
            f"{subject}: --resume",
            expected=", ".join(f"{name} {getattr(found, name)}" for name in differing)
            + ", as when it began",
            found=", ".join(f"{name} {getattr(wanted, name)}" for name in differing),
            remedy="give the same options, or begin anew in another --output-dir",
        )


def _first_line(error: Exception) -> str:
    sentence = str(error).partition("\n")[0].partition(". ")[0]
    return f"{type(error).__name__}: {sentence or 'no details'}"
