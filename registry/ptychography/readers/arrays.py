"""Arrays as `ScanFile` wants them, whatever file they come from; what they cannot be is refused.

What a file says of an array is checked before the array is read, so that no claim costs memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from registry.errors import CheckError
from registry.ptychography.readers import units
from registry.ptychography.readers.scan_file import PositionUnit

Numbers = TypeVar("Numbers", bound=NDArray[Any])

MAX_SIDE = 16384  # pixels of a frame; the largest detectors have 9000
MAX_POSITIONS = 10_000_000
MAX_BYTES = 1 << 31  # of an array that is read whole

_REAL, _COMPLEX = "fiu", "cfiu"
_NAMES = {_REAL: "real numbers", _COMPLEX: "complex numbers"}


def check_form(role: str, shape: Sequence[int], dtype: np.dtype[Any], where: str) -> None:
    """Refuse an array that cannot play its role, by its shape and dtype alone.

    Raises
    ------
    CheckError
        Wrong axes, wrong kind of numbers, or more of them than is believable.
    """
    _, axes, kinds, _ = _ROLES[role]
    if dtype.kind not in kinds:
        wanted = _NAMES.get(kinds, "numbers or booleans")
        raise refused(where, wanted, f"dtype {dtype.str if dtype.kind != 'O' else 'object'}")
    if len(shape) not in axes:
        numbers = " or ".join(map(str, axes))
        raise refused(where, f"{numbers} ax{'i' if axes == (1,) else 'e'}s", f"shape {shape}")
    if 0 in shape:
        raise refused(where, "an array that is not empty", f"shape {shape}")
    if axes != (3,) and math.prod(shape) * dtype.itemsize > MAX_BYTES:
        raise refused(where, f"at most {MAX_BYTES} bytes", f"shape {shape}, {dtype.name}")


def check_frames(shape: tuple[int, ...], where: str) -> tuple[int, int, int]:
    """Refuse frames (N, H, W) that no detector gives, and return their shape.

    Raises
    ------
    CheckError
        Frames are too large, or there are too many of them.
    """
    count, *sides = shape
    if max(sides) > MAX_SIDE or count > MAX_POSITIONS:
        limit = f"frames of at most {MAX_SIDE} pixels a side, {MAX_POSITIONS} at most"
        raise refused(where, limit, f"shape {shape}")
    return count, sides[0], sides[1]


def converted(found: Mapping[str, tuple[NDArray[Any], str]], unit: PositionUnit) -> dict[str, Any]:
    """What `ScanFile` calls the arrays of these roles, each with its place in words.

    A mask is good where it is not zero. Roles that are not found are None.
    """
    fields: dict[str, Any] = {"position_unit": unit}
    for role, (name, _, _, convert) in _ROLES.items():
        if convert is None:
            continue
        fields[name] = convert(*found[role]) if role in found else None
        if role in found and convert is positions and unit == "m":
            units.positions_m(fields[name], found[role][1])
    return fields


def probe(array: NDArray[Any], where: str) -> NDArray[np.complexfloating]:
    """Probe modes (P, H, W) of (H, W), (P, H, W), (1, P, H, W), or (H, W, 1)."""
    if array.ndim == 4 and len(array) != 1:
        raise refused(where, "probe modes (P, H, W)", f"shape {array.shape}")
    modes = _complex(array[0] if array.ndim == 4 else array, where)
    if modes.ndim == 2:
        return modes[None]
    return np.moveaxis(modes, 2, 0) if modes.shape[2] == 1 else modes


def obj(array: NDArray[Any], where: str) -> NDArray[np.complexfloating]:
    """Object (Y, X) of (Y, X) or (1, Y, X)."""
    if array.ndim == 3 and len(array) != 1:
        raise refused(where, "an object of one layer", f"shape {array.shape}")
    return _complex(array.reshape(array.shape[-2:]), where)


def positions(array: NDArray[Any], where: str) -> NDArray[np.float64]:
    """Positions (N,) float64."""
    return _finite(array.astype(np.float64), where)


def scan_index(array: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Which scan a frame came from, (N,) int64, of any dtype whose values are whole numbers."""
    numbers = _finite(array, where)
    with np.errstate(invalid="ignore"):
        whole = numbers.astype(np.int64)
    if not (whole == numbers).all():
        raise refused(where, "whole numbers of 64 bits", f"values such as {numbers[0]}")
    return whole


def mask(array: NDArray[Any], where: str) -> NDArray[np.bool_]:
    """Good pixels (H, W), which are those that are not zero."""
    good: NDArray[np.bool_] = array != 0
    if not good.any():
        raise refused(where, "a good pixel", "none")
    return good


def dark(array: NDArray[Any], where: str) -> NDArray[np.float64]:
    """Dark frame (H, W) float64 of one frame, or the mean of several (n, H, W)."""
    mean: NDArray[np.float64] = array.mean(axis=0, dtype=np.float64) if array.ndim == 3 else array
    return _finite(mean.astype(np.float64), where)


# What `ScanFile` calls it, numbers of axes, kinds of dtype, and how it is converted, if it is read
# as a whole. A real object or probe is a complex one without phase.
_Convert = Callable[[NDArray[Any], str], NDArray[Any]]
_ROLES: dict[str, tuple[str, tuple[int, ...], str, _Convert | None]] = {
    "diffraction": ("frames", (3,), _REAL, None),
    "weights": ("mask", (3,), "b" + _REAL, None),
    "objectGuess": ("obj", (2, 3), _COMPLEX, obj),
    "probeGuess": ("probe", (2, 3, 4), _COMPLEX, probe),
    "xcoords": ("x", (1,), _REAL, positions),
    "ycoords": ("y", (1,), _REAL, positions),
    "xcoords_start": ("x_start", (1,), _REAL, positions),
    "ycoords_start": ("y_start", (1,), _REAL, positions),
    "scan_index": ("scan_index", (1,), _REAL, scan_index),
    "mask": ("mask", (2,), "b" + _REAL, mask),
    "dark": ("dark", (2, 3), _REAL, dark),
}


def sorted_indices(
    indices: Sequence[int] | NDArray[np.integer], count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices sorted and without repetition, and where in them each of the given ones is.

    Raises
    ------
    IndexError
        An index is not one of the `count` frames: a bug of the caller, not of the file.
    """
    given = np.asarray(indices, dtype=np.intp)
    if given.size and not 0 <= given.min() <= given.max() < count:
        raise IndexError(f"frames 0 to {count - 1} are there, asked for {given.tolist()}")
    wanted, place = np.unique(given, return_inverse=True)
    return wanted, place


def agree(
    subject: str,
    *,
    frames: tuple[int, ...] | None,
    counts: dict[str, int],
    images: dict[str, tuple[int, ...]],
) -> None:
    """Refuse arrays that do not belong to one scan.

    Parameters
    ----------
    subject : str
        For messages.
    frames : (N, H, W), if any
    counts : dict
        Number of positions of each per-position array.
    images : dict
        Shape of each array that has a value for each pixel of the detector.
    """
    found = dict(counts)
    if frames is not None:
        found["diffraction"] = frames[0]
    if len(set(found.values())) > 1:
        raise refused(
            f"{subject}: positions",
            "the same number of positions in every array",
            ", ".join(f"{name} {count}" for name, count in found.items()),
        )
    for name, shape in images.items():
        if frames is not None and shape != frames[1:]:
            raise refused(f"{subject}: {name}", f"shape {frames[1:]}, as a frame", f"shape {shape}")


def refused(where: str, expected: str, found: str) -> CheckError:
    """An array that is not what its role wants."""
    return CheckError(
        where,
        expected=expected,
        found=found,
        remedy="correct the file, or say with keys where the right array is",
    )


def _complex(array: NDArray[Any], where: str) -> NDArray[np.complexfloating]:
    # single precision stays single: it is what the file knows
    single = array.dtype.itemsize <= (8 if array.dtype.kind == "c" else 4)
    numbers: NDArray[np.complexfloating] = _finite(
        array.astype(np.complex64 if single else np.complex128), where
    )
    if not numbers.any():
        raise refused(where, "a value that is not zero", "zeros and nothing else")
    return numbers


def _finite(array: Numbers, where: str) -> Numbers:
    if not np.isfinite(array).all():
        raise refused(where, "finite numbers", "values that are not finite")
    return array
