"""A fixture as a dataset of scan groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from registry.errors import UsageError
from registry.ptychography.contracts import DATA_001
from registry.ptychography.groups import scan_groups

Batch = dict[str, Tensor]
_NEEDED = ("diffraction", "probeGuess", "xcoords", "ycoords")


@dataclass(frozen=True, kw_only=True, slots=True)
class Normalised:
    """A fixture's arrays as a model takes them.

    amplitude : (N, H, W) float32, diffraction amplitude over ``scale``
    probe : (H, W) complex64, over ``scale`` as well, so that the forward model holds unchanged
    x, y : (N,) float64 [px]
    truth : (N, H, W) complex64, ``Y``, or None where the fixture has none
    scale : float, root mean square of the amplitude; times this undoes it
    object_level : float, amplitude of the constant object that carries the frames' power
    """

    amplitude: Tensor
    probe: Tensor
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    truth: Tensor | None
    scale: float
    object_level: float


def normalise(arrays: Mapping[str, NDArray[np.generic]], subject: str) -> Normalised:
    """Arrays of the contract DATA-001, normalised.

    Raises
    ------
    UsageError
        The fixture is of another form: the legacy layout, several probe modes, intensities.
    """
    frames, probe, x, y = (arrays.get(name) for name in _NEEDED)
    if (
        frames is None
        or probe is None
        or x is None
        or y is None
        or probe.ndim != 2
        or frames.shape != (len(x), *probe.shape)
    ):
        found = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise UsageError(
            f"{subject}: arrays",
            expected=", ".join(str(DATA_001[name]) for name in _NEEDED),
            found=found,
            remedy="train on a fixture of contract DATA-001, such as minimal_dataset_v1",
        )
    power = float(np.square(frames.astype(np.float64)).sum())
    scale = float(np.sqrt(power / frames.size))
    probe_power = float(np.square(np.abs(probe.astype(np.complex128))).sum())
    truth = arrays.get("Y")
    return Normalised(
        amplitude=torch.tensor(frames.astype(np.float32)) / scale,
        probe=torch.tensor(probe) / scale,
        x=np.array(x, np.float64),
        y=np.array(y, np.float64),
        truth=None if truth is None else torch.tensor(truth),
        scale=scale,
        object_level=float(np.sqrt(power / (len(frames) * probe_power))),
    )


class GroupDataset(Dataset[Batch]):
    """Map-style dataset of scan groups; item n is the group that position ``positions[n]`` leads.

    An item has K frames: the C of the group first, then its neighbours, nearest first.

    ==============  ============  ==========  ===================================================
    key             shape         dtype       meaning
    ==============  ============  ==========  ===================================================
    ``amplitude``   (K, H, W)     float32     normalised diffraction amplitude, one channel each
    ``x``, ``y``    (K,)          float64     centre on the object [px]
    ``dx``, ``dy``  (K,)          float64     the same from the middle of the group [px]
    ``index``       (K,)          int64       position in the fixture
    ``truth``       (K, H, W)     complex64   ``Y``, where the fixture has it
    ==============  ============  ==========  ===================================================

    Parameters
    ----------
    data : Normalised
    gridsize : int
        C is its square.
    positions : (n,) int64
        Those that groups are made of.
    subject : str
        For messages.
    neighbours : int
        Frames around a group that an item has besides; fewer where the scan has no more that
        overlap with the group's.

    Attributes
    ----------
    groups : (n, K) int64
        Positions in the fixture.
    """

    def __init__(
        self,
        data: Normalised,
        gridsize: int,
        positions: NDArray[np.int64],
        subject: str = "scan groups",
        *,
        neighbours: int = 0,
    ) -> None:
        shape = (data.probe.shape[0], data.probe.shape[1])
        x, y = data.x[positions], data.y[positions]
        local = scan_groups(x, y, gridsize, shape, subject, neighbours=neighbours)
        self.groups = torch.tensor(positions[local])
        self._members = gridsize**2
        self._data = data
        self._x, self._y = torch.tensor(data.x), torch.tensor(data.y)

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, n: int) -> Batch:
        index = self.groups[n]
        x, y = self._x[index], self._y[index]
        group_x, group_y = x[: self._members], y[: self._members]
        item = {
            "amplitude": self._data.amplitude[index],
            "x": x,
            "y": y,
            "dx": x - (group_x.min() + group_x.max()) / 2,
            "dy": y - (group_y.min() + group_y.max()) / 2,
            "index": index,
        }
        if self._data.truth is not None:
            item["truth"] = self._data.truth[index]
        return item


def in_order(dataset: GroupDataset, batch_size: int) -> DataLoader[Batch]:
    """A dataset's groups in order."""
    return DataLoader(dataset, batch_size=batch_size)
