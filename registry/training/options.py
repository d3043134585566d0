"""What a training is told, and what it does where it is told nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEVICES = ("cpu", "cuda")
LOSSES = ("mae", "nll", "supervised")
LOGGERS = ("csv", "tensorboard", "dvclive")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``fixtures train`` is told.

    n_images : int or None
        None means every position.
    lr : float
        Learning rate.
    trainer : mapping
        Flags of Lightning's ``Trainer``, by name.
    """

    output_dir: Path
    max_epochs: int = 2
    n_images: int | None = None
    gridsize: int = 1
    batch_size: int = 4
    device: str = "cpu"
    seed: int = 42
    loss: str = "mae"
    lr: float = 5e-3
    logger: str = "csv"
    trainer: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
