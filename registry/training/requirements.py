"""What has to be so before anything runs, refused with words for the user."""

from __future__ import annotations

from pathlib import Path

import torch

from registry.errors import MissingError, UsageError
from registry.fixture import Fixture
from registry.ptychography.contracts import CONTRACTS
from registry.training.options import DEVICES

_CONTRACTS = [contract.file for contract in CONTRACTS.values() if contract.is_canonical]


def contract(fixture: Fixture, subject: str) -> None:
    """Refuse variants whose frames are no amplitudes (N, H, W), whatever their shapes."""
    if fixture.sidecar.contract not in _CONTRACTS:
        raise UsageError(
            f"{subject}: contract",
            expected=f"one of {', '.join(_CONTRACTS)}",
            found=fixture.sidecar.contract,
            remedy="choose a fixture with amplitudes (N, H, W), such as minimal_dataset_v1",
        )


def device(name: str) -> None:
    """Refuse a device that is not there; on the CPU, have one thread do the work."""
    if name not in DEVICES:
        raise UsageError("device", expected=" or ".join(DEVICES), found=name, remedy="--device cpu")
    if name == "cpu":
        torch.set_num_threads(1)
    elif not torch.cuda.is_available():
        raise MissingError(
            "device cuda",
            expected="a CUDA device, and a torch built for it",
            found=f"torch {torch.__version__}, which sees none",
            remedy="--device cpu",
        )


def folder(path: Path, subject: str) -> None:
    """Refuse what is no folder in the place of one."""
    if path.exists() and not path.is_dir():
        raise UsageError(
            subject,
            expected="a folder, or a name that is free",
            found=f"a file {path}",
            remedy="name another folder",
        )
