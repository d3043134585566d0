"""Frames of a detector as a fixture holds them: square amplitudes, zero frequency in the centre.

The raw frames may be far larger than memory: they are read a few at a time, and only where they are
asked for. All arithmetic is + - * / sqrt on float64, which IEEE 754 rounds correctly.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from generators import sums_v1 as sums

# Rows and columns of a fixture's frame, where none are declared.
SIZE = 64
# Raw frames that are in memory at a time. A packed file is read through once for each batch.
BATCH_BYTES = 1 << 26
# Raw frames that the place of the zero frequency is judged by.
JUDGED = 16


class Amplitudes:
    """Frames of a scan by index: ``frames[[3, 5]]`` is (2, H, W) float64, amplitude.

    Parameters
    ----------
    scan : ScanFile
        Open, with ``frames`` (N, rows, columns) as the detector counts, optionally ``mask`` (rows,
        columns), True where a pixel is good, and ``dark`` (rows, columns), in counts.
    declared : mapping
        ``size`` (of a frame, H = W; 64 by default), ``zero_frequency`` (``corner`` or
        ``centre``, with the zero frequency at element ``zero_row``, ``zero_column``, by default
        the one at half the size), ``bin`` (b: a pixel is the sum of b x b), ``measurement``
        (``amplitude``, ``intensity``) and ``normalisation`` (counts per unit of amplitude squared).

    Attributes
    ----------
    measured : (H, W) bool
        False where every pixel is masked; frames are zero there.

    Raises
    ------
    ValueError
        The window of H b x W b pixels about the zero frequency leaves the detector.
    """

    def __init__(self, scan: Any, declared: Mapping[str, Any]) -> None:
        self._frames = scan.frames
        self._declared = declared
        self._rows, self._columns = window(scan.frames.shape[1:], declared)
        pixels = np.ix_(self._rows, self._columns)
        # of no count at all, where there is none to take away
        self._dark = np.float64(0) if scan.dark is None else scan.dark[pixels].astype(np.float64)
        self._subtract = scan.dark is not None
        good = np.ones((self._rows.size, self._columns.size), bool)
        self._good = good if scan.mask is None else scan.mask[pixels]
        # how many good pixels each bin has
        self._count = _binned(self._good.astype(np.float64), int(declared["bin"]))
        self.measured = self._count > 0
        self.shape = (int(scan.frames.shape[0]), *self.measured.shape)
        self.ndim = 3
        self.dtype = np.dtype(np.float64)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, indices: slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Frames (n, H, W) float64 of a slice, or at a list of indices, in its order."""
        if isinstance(indices, slice):
            indices = range(*indices.indices(len(self)))
        wanted = np.asarray(indices)
        if wanted.shape == (0,):
            # nothing has the type of a fraction
            wanted = wanted.astype(np.intp)
        if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
            raise TypeError("frames that are read from a file take a slice or a list of indices")
        out = np.empty((wanted.size, *self.shape[1:]))
        done = 0
        for batch in batches(self._frames, wanted):
            for n, raw in zip(wanted[done : done + len(batch)], batch, strict=True):
                out[done] = self._amplitude(raw, int(n))
                done += 1
        return out

    def _amplitude(self, raw: np.ndarray, n: int) -> np.ndarray:
        part = raw[self._rows[:, None], self._columns].astype(np.float64)
        # masked first: dead pixels may hold anything, NaN too
        part = np.where(self._good, part, 0.0)
        if not np.isfinite(part).all():
            raise ValueError(self._marked("finite values", part, ~np.isfinite(part), n))
        if self._subtract:
            part = np.where(self._good, np.maximum(part - self._dark, 0.0), 0.0)
        if part.min() < 0:
            raise ValueError(self._marked("values of at least 0", part, part < 0, n))
        bins, amplitude = int(self._declared["bin"]), self._declared["measurement"] == "amplitude"
        if amplitude and bins == 1:
            return part
        if amplitude:
            part = part * part
        # what dead pixels would have counted is taken to be what the others in their bin did
        pixels = float(bins * bins)
        total = _binned(part, bins)
        total = np.where(self._count > 0, total * (pixels / np.maximum(self._count, 1.0)), 0.0)
        # amplitudes are in the unit of the fixture as they come
        scale = 1.0 if amplitude else float(self._declared["normalisation"])
        root: np.ndarray = np.sqrt(total / scale)
        return root


    def _marked(self, expected: str, part: np.ndarray, wrong: np.ndarray, n: int) -> str:
        """What is wrong with a frame, and where on the detector; dead pixels are marked so."""
        row, column = np.argwhere(wrong)[0]
        return (
            f"diffraction: expected {expected}, found {part[row, column]:g} at row "
            f"{self._rows[row]}, column {self._columns[column]} in frame {n}; if a detector marks "
            "pixels so that do not count, declare a mask that leaves them out"
        )


def batches(frames: Any, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """Raw frames at a list of indices, in its order, a few at a time."""
    _, rows, columns = frames.shape
    step = max(1, BATCH_BYTES // (rows * columns * frames.dtype.itemsize))
    for start in range(0, wanted.size, step):
        yield frames.read(wanted[start : start + step])


def window(shape: tuple[int, int], declared: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the raw frame that the window about the zero frequency holds, in order.

    Its element at half the size, rounded down, is the zero frequency.
    """
    width = int(declared.get("size", SIZE)) * int(declared["bin"])
    steps = np.arange(width) - width // 2
    found = []
    for size, name in ((shape[0], "row"), (shape[1], "column")):
        if declared["zero_frequency"] == "corner":
            if width > size:
                raise ValueError(_too_small(shape, width, ""))
            found.append(steps % size)
            continue
        middle = int(declared.get(f"zero_{name}", size // 2))
        if middle + steps[0] < 0 or middle + steps[-1] >= size:
            raise ValueError(_too_small(shape, width, f" about {name} {middle}"))
        found.append(steps + middle)
    return found[0], found[1]


def _too_small(shape: tuple[int, int], size: int, where: str) -> str:
    return (
        f"crop: expected a window of {size} x {size} pixels{where} inside the frames, "
        f"found frames of {shape[0]} x {shape[1]}"
    )


def judge_zero_frequency(scan: Any, indices: np.ndarray, declared: Mapping[str, Any]) -> str:
    """Where the counts are: about the declared zero frequency, or about the other place?

    Parameters
    ----------
    scan, declared
        As `Amplitudes` takes them.
    indices : (K,) int
        Frames of which some are looked at.

    Returns
    -------
    str
        What part of the counts the window keeps, in words.

    Raises
    ------
    ValueError
        A window of the same size about the other place keeps more.
    """
    shape = scan.frames.shape[1:]
    total = np.zeros(shape)
    count = min(JUDGED, indices.size)
    for batch in batches(scan.frames, indices[np.arange(count) * indices.size // count]):
        for raw in batch:
            counts = raw.astype(np.float64)
            if declared["measurement"] == "amplitude":
                counts = counts * counts
            total = total + np.where(np.isfinite(counts) & (counts > 0), counts, 0.0)
    if scan.mask is not None:
        # dead pixels may hold anything
        total = np.where(scan.mask, total, 0.0)
    everything = sums.total(total)
    if not everything > 0:
        raise ValueError("diffraction: expected counts in the frames, found none")
    rows, columns = window(shape, declared)
    kept = sums.total(total[np.ix_(rows, columns)]) / everything
    # a window that is the whole frame keeps everything wherever it is: look at its inner half
    row_half, column_half = _inner(rows, total.shape[0]), _inner(columns, total.shape[1])
    own = sums.total(total[np.ix_(row_half, column_half)]) / everything
    moved = np.roll(total, (total.shape[0] // 2, total.shape[1] // 2), (0, 1))
    other = sums.total(moved[np.ix_(row_half, column_half)]) / everything
    if other > own:
        known = declared["zero_frequency"]
        opposite = "centre" if known == "corner" else "corner"
        size = f"{row_half.size} x {column_half.size} pixels"
        raise ValueError(
            f"zero_frequency: declared {known}, but {size} about it keep {own:.1%} of the counts, "
            f"and about the {opposite} {other:.1%}; declare zero_frequency: {opposite}"
        )
    return f"{kept:.1%} of the counts in {count} frames"


def _inner(taken: np.ndarray, size: int) -> np.ndarray:
    if taken.size < size:
        return taken
    quarter = taken.size // 4
    return taken[quarter : taken.size - quarter]


def _binned(values: np.ndarray, bins: int) -> np.ndarray:
    """Sum of each block of b x b elements of a (H b, W b) array, in a fixed order."""
    total = np.zeros((values.shape[0] // bins, values.shape[1] // bins))
    for row in range(bins):
        for column in range(bins):
            total = total + values[row::bins, column::bins]
    return total
