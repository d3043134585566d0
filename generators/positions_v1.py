"""Positions that cannot be a scan's: rounded too coarsely, too far apart, without overlap."""

from collections.abc import Callable

import numpy as np

from generators.detector_v1 import SIZE

# Positions in single precision are this far apart, in pixels, where rounding loses half a pixel:
# no smaller shift is among the mistakes that the checks tell from the truth.
COARSE = 1.0
# From here on it is on record.
NOTABLE = 0.1
# Pixels of the largest object that a reader takes from a file.
LARGEST_OBJECT = 1 << 28

Positions = tuple[np.ndarray, np.ndarray]


def judge_rounding(
    raw: Positions, unit: str, to_pixels: Callable[[Positions], Positions]
) -> list[str]:
    """What rounding to single precision did to positions, in words; nothing where it is little.

    Parameters
    ----------
    raw : x and y, each (N,) float64 [unit]
        As the file has them. They are taken to be in single precision if all of them could be.
    unit : str
    to_pixels : callable
        From there to pixels.

    Raises
    ------
    ValueError
        It loses half a pixel.
    """
    said = []
    for axis, name in enumerate(("xcoords", "ycoords")):
        largest, spacing = _spacing(raw[axis])
        at = [np.zeros(2), np.zeros(2)]
        # one step of single precision, or none
        at[axis] = np.array([0.0, spacing])
        pixels = max(float(abs(part[1] - part[0])) for part in to_pixels((at[0], at[1])))
        found = (
            f"single precision, which at {largest:g} {unit} is rounded to {spacing:.3g} {unit} or "
            f"{pixels:.2g} px"
        )
        if pixels >= COARSE:
            raise ValueError(
                f"{name}: expected positions that are exact to less than half a pixel, found "
                f"{found}; write them in double precision, or without their common offset"
            )
        if pixels >= NOTABLE:
            said.append(f"{name}: {found}")
    return said


def judge_extent(positions: Positions, size: int = SIZE) -> None:
    """Refuse positions that span more than any object holds.

    Parameters
    ----------
    positions : x and y, each (N,) float64 [px]
    size : int
        Rows and columns of a frame.

    Raises
    ------
    ValueError
        The message has what they span.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        across, down = (float(values.max() - values.min()) for values in positions)
        pixels = (across + size) * (down + size)
    if not pixels <= LARGEST_OBJECT:
        raise ValueError(
            f"positions: expected those of an object of at most {LARGEST_OBJECT} pixels, found "
            f"{across:.4g} px in x and {down:.4g} px in y; is their unit another one, or that of "
            "wavelength, distance or the detector's pixels?"
        )


def judge_overlap(positions: Positions, size: int = SIZE) -> None:
    """Refuse positions of which most see a part of the object that no other sees.

    Parameters
    ----------
    positions : x and y, each (N,) float64 [px]
    size : int
        Rows and columns of a frame.

    Raises
    ------
    ValueError
        The message says how many.
    """
    alone = int(np.count_nonzero(_alone(*positions, size)))
    count = positions[0].size
    if 2 * alone > count:
        raise ValueError(
            f"positions: expected frames that overlap, found {alone} of {count} whose {size} x "
            f"{size} px of the object share none with another's. Is a unit another one? Near-field "
            "scans, in whose frames the object is to be seen, are not supported"
        )


def _spacing(values: np.ndarray) -> tuple[float, float]:
    """The largest magnitude, and how far apart numbers of single precision are there.

    They are nothing apart if the values have more digits than single precision.
    """
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    largest = np.abs(single).max()
    is_single = np.array_equal(single, values)
    return float(largest), float(np.spacing(largest)) if is_single else 0.0


def _alone(x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Positions (N,) that have no other one in the cells of a frame's size around their own."""
    cells = np.floor(x / size) + 1j * np.floor(y / size)
    known, count = np.unique(cells, return_counts=True)
    near = np.zeros(cells.size, np.int64)
    for column in (-1, 0, 1):
        for row in (-1, 0, 1):
            other = cells + complex(column, row)
            at = np.minimum(np.searchsorted(known, other), known.size - 1)
            near += np.where(known[at] == other, count[at], 0)
    alone: np.ndarray = near == 1
    return alone
