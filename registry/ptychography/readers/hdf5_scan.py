"""Scans in HDF5, whatever the format: read in a process of their own, and described here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.identity.opening import open_file
from registry.ptychography.readers import apart
from registry.ptychography.readers.cxi import open_cxi
from registry.ptychography.readers.ptychodus import open_ptychodus
from registry.ptychography.readers.ptyd import open_ptyd
from registry.ptychography.readers.scan_file import ScanFile
from registry.ptychography.readers.selection import Place
from registry.storage.distant import Distant, File

# h5py is imported when a file is opened.
READERS = {"cxi": open_cxi, "ptyd": open_ptyd, "ptychodus": open_ptychodus}

_Form = tuple[tuple[int, int, int], np.dtype[Any]]


@contextmanager
def open_hdf5_scan(
    path: File,
    *,
    format: str,
    keys: Mapping[str, Place],
    declared: Mapping[str, float],
    subject: str,
) -> Iterator[ScanFile]:
    """Open a scan; see `registry.ptychography.readers.open_scan`."""
    reader = partial(READERS[format], keys=keys, declared=dict(declared))
    with open_apart(reader, path, subject) as opened:
        scan, form = opened.call(_described)
        yield scan if form is None else replace(scan, frames=_Frames(opened, *form))


def open_apart(
    reader: Callable[..., AbstractContextManager[Any]], path: File, subject: str
) -> AbstractContextManager[apart.Opened]:
    """Open a file in a process of its own, by a function that takes ``path`` and ``subject``.

    Raises
    ------
    CheckError, MissingError
        As the function does; or HDF5's library crashes on the file, or comes to no end.
    """
    is_distant = isinstance(path, Distant)
    if isinstance(path, Distant):
        size = path.size
    else:
        with open_file(path, subject) as file:
            size = file.seek(0, 2)
        # the other process may be in another folder
        path = path.absolute()
    opener = partial(reader, path=path, subject=subject)
    return apart.opened(opener, subject=subject, size=size, fresh=is_distant)


class _Frames:
    """Frames of a file that is open in another process; see `Frames`."""

    def __init__(
        self, opened: apart.Opened, shape: tuple[int, int, int], dtype: np.dtype[Any]
    ) -> None:
        self._opened = opened
        self.shape = shape
        self.dtype = dtype

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        size = len(indices) * math.prod(self.shape[1:]) * self.dtype.itemsize
        return self._opened.call(_frames, indices, size=size)


def _described(scan: ScanFile) -> tuple[ScanFile, _Form | None]:
    """A scan without its frames, and what they are: as it can be sent."""
    form = None if scan.frames is None else (scan.frames.shape, scan.frames.dtype)
    return replace(scan, frames=None), form


def _frames(scan: ScanFile, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
    assert scan.frames is not None
    return scan.frames.read(indices)
