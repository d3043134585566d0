"""Canonical ``.npz`` files larger than memory, read row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from registry.identity import npz
from registry.identity.opening import open_file


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """One array of a canonical ``.npz``, of which no more is read than is asked for.

    It is an `npz.RowSource`. The file is opened for each reading, so processes may share it.
    """

    path: Path
    subject: str
    shape: tuple[int, ...]
    dtype: np.dtype
    start: int

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | slice | Sequence[int] | NDArray[np.integer]) -> np.ndarray:
        if isinstance(rows, int | np.integer):
            row: np.ndarray = self[[int(rows)]][0]
            return row
        indices = self._indices(rows)
        array = np.empty((len(indices), *self.shape[1:]), self.dtype)
        if not array.size:
            return array
        flat, size = array.ravel().view(np.uint8), array[0].nbytes
        cuts = np.flatnonzero(np.diff(indices) != 1) + 1
        with open_file(self.path, self.subject) as file:
            for first, end in pairwise([0, *cuts, len(indices)]):
                file.seek(self.start + int(indices[first]) * size)
                wanted = flat[first * size : end * size]
                if file.readinto(wanted.data) != len(wanted):
                    where = f"{self.subject}: row {indices[end - 1]}"
                    raise npz.malformed(where, f"{size} bytes", "the end of the file: truncated")
        return array

    def _indices(self, rows: slice | Sequence[int] | NDArray[np.integer]) -> NDArray[np.integer]:
        if isinstance(rows, slice):
            return np.arange(*rows.indices(len(self)))
        given = np.asarray(rows, dtype=None if len(rows) else np.intp)
        if given.ndim != 1 or given.dtype.kind not in "iu":
            raise IndexError(f"rows are asked for by whole numbers, not by {given.dtype} {rows!r}")
        indices = np.where(given < 0, given + len(self), given)
        if given.size and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(f"there are {len(self)} rows, asked for {given.tolist()}")
        return indices


def rows(path: Path, name: str, *, subject: str) -> Rows:
    """One array of a canonical ``.npz``; its bytes are not held against any digest.

    Raises
    ------
    ArchiveError
        The file is not canonical, has no such array, or only one number of this name.
    CheckError, MissingError
        As `open_file` does.
    """
    with open_file(path, subject) as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        arrays = npz.locate(data, subject=subject)
    if name not in arrays or not arrays[name].shape:
        held = [each for each, array in arrays.items() if array.shape]
        raise npz.malformed(
            subject, f"an array {name!r} of one axis or more", f"arrays {', '.join(held)}"
        )
    dtype, shape, start = arrays[name]
    return Rows(path=path, subject=subject, shape=shape, dtype=np.dtype(dtype), start=start)
