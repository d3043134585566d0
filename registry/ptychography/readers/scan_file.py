"""What every reader yields: one scan, as its file holds it, with units and provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

PositionUnit = Literal["px", "m"]

# What a key of `keys` may name. The names are those of the data contract, whatever the file's are.
ROLES = (
    "diffraction",
    "objectGuess",
    "probeGuess",
    "xcoords",
    "ycoords",
    "xcoords_start",
    "ycoords_start",
    "scan_index",
    "mask",
    "dark",
)


class Frames(Protocol):
    """Diffraction frames of a file that is open; they are read when asked for."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of frames, rows, columns: (N, H, W)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """As stored, but in the machine's byte order."""
        ...

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """Frames (n, H, W) at these positions, in their order; the others are not kept in memory.

        Values are as stored: neither scaled nor shifted. What is asked for together is read in one
        pass through the file, so ask for all frames at once where memory allows.

        Raises
        ------
        RegistryError
            The file is damaged where the frames are.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanFile:
    """One scan as a file holds it; None where the file has no such thing.

    format : the reader's name
    frames : (N, H, W), read lazily while the file is open
    probe : (P, H, W) complex, modes first
    obj : (Y, X) complex
    x, y : (N,) float64 [position_unit], raw: no sign, axis or origin is changed; x is the column
    x_start, y_start : (N,) float64 [position_unit], nominal positions
    scan_index : (N,) int64, which scan a frame came from
    position_unit : of all positions
    mask : (H, W) bool, True where the pixel is good
    dark : (H, W) float64, to be subtracted from each frame; in the frames' unit
    wavelength_m, distance_m : of the light, and from sample to detector
    detector_pixel_m : (row, column), pitch of the detector's pixels
    object_pixel_m : (row, column), pitch of the object's pixels
    object_center_m : (row, column), the position that lies in the middle of the object, which is
        (Y/2, X/2) in the pixels of the data contract
    provenance : array or figure to the place in the file it was read from, in words
    """

    format: str
    frames: Frames | None
    probe: NDArray[np.complexfloating] | None
    obj: NDArray[np.complexfloating] | None
    x: NDArray[np.float64] | None
    y: NDArray[np.float64] | None
    x_start: NDArray[np.float64] | None
    y_start: NDArray[np.float64] | None
    scan_index: NDArray[np.int64] | None
    position_unit: PositionUnit
    mask: NDArray[np.bool_] | None
    dark: NDArray[np.float64] | None
    wavelength_m: float | None
    distance_m: float | None
    detector_pixel_m: tuple[float, float] | None
    provenance: dict[str, str]
    object_pixel_m: tuple[float, float] | None = None
    object_center_m: tuple[float, float] | None = None
