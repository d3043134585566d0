"""Reading HDF5 files that others wrote, from this one file and nothing else.

HDF5 follows links into other files, takes datasets from them, and allocates whatever a header
claims, all without a word. Here each of these is an error. Only what is asked for is read.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry import extras
from registry.errors import CheckError, MissingError
from registry.identity.opening import open_file
from registry.ptychography.readers import arrays
from registry.ptychography.readers.selection import Place
from registry.storage import ranged
from registry.storage.distant import Distant, File
from registry.storage.pieces import Pieces

_MAX_HOPS = 40  # links on the way to one dataset
# HDF5 holds a whole chunk in memory, however little of it is wanted.
_MAX_CHUNK_BYTES = 1 << 28
_RUN_BYTES = 1 << 25
_MAX_TEXT_BYTES = 1 << 12
HDF5_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError)
_REMEDY = "fetch the file again, or write it anew"


class Hdf5File:
    """An open HDF5 file, whose datasets are found by path."""

    def __init__(self, file: Any, subject: str) -> None:
        self._file = file
        self.subject = subject

    @property
    def root(self) -> Any:
        """The file as h5py has it, for who follows no link."""
        return self._file

    def has(self, path: str) -> bool:
        """Whether something is at a path, which is not looked at."""
        return self._find(path) is not None

    def names(self, path: str) -> list[str]:
        """Names in a group; none where there is no group."""
        import h5py

        found = self._find(path)
        return list(found) if isinstance(found, h5py.Group) else []

    def dataset(self, path: str) -> Any:
        """Dataset at a path, whose values lie in this file and can be read.

        Raises
        ------
        CheckError
            There is none, it leads out of the file, or is not an array of numbers.
        MissingError
            A filter that its values went through is not installed.
        """
        import h5py

        where = self.where(path)
        found = self._find(path)
        if not isinstance(found, h5py.Dataset):
            what = "nothing there" if found is None else "a group"
            raise arrays.refused(where, "a dataset", what)
        try:
            outside = "a virtual dataset" if found.is_virtual else found.external
            dtype, shape, chunks = found.dtype, found.shape, found.chunks
            creation = found.id.get_create_plist()
            filters = [creation.get_filter(number) for number in range(creation.get_nfilters())]
        except HDF5_ERRORS as error:
            raise damaged(where, error) from error
        if outside:
            kind = outside if isinstance(outside, str) else "raw data in another file"
            raise _leads_out(where, kind)
        if shape is None or dtype.kind not in "biufc":
            text = "an empty dataset" if shape is None else f"dtype {dtype.kind} ({dtype})"
            raise arrays.refused(where, "an array of plain numbers", text[:200])
        if chunks and math.prod(chunks) * dtype.itemsize > _MAX_CHUNK_BYTES:
            raise CheckError(
                where,
                expected=f"chunks of at most {_MAX_CHUNK_BYTES} bytes",
                found=f"chunks of shape {chunks}, {dtype.name}",
                remedy="repack the file in smaller chunks: h5repack -l CHUNK=1x512x512 IN OUT",
            )
        for code, _, _, name in filters:
            _check_filter(where, code, name)
        return found

    def read(self, role: str, place: Place) -> NDArray[Any]:
        """An array that is not frames, in the machine's byte order.

        Raises
        ------
        CheckError, MissingError
            As `dataset` does; or the array cannot play its role.
        """
        return _read(*self._selected(role, place))

    def read_all(self, keys: Mapping[str, Place]) -> dict[str, tuple[NDArray[Any], str]]:
        """All arrays that are not frames, as `read` does, each with its place in words."""
        return {
            role: (self.read(role, place), self.where(place))
            for role, place in keys.items()
            if role != "diffraction"
        }

    def numbers(self, path: str) -> NDArray[np.float64]:
        """Finite real numbers of a small dataset, in one row.

        Raises
        ------
        CheckError
            Anything else is there.
        """
        where = self.where(path)
        dataset = self.dataset(path)
        if dataset.dtype.kind not in "iuf" or not 0 < dataset.size <= arrays.MAX_POSITIONS:
            found = f"shape {dataset.shape}, {dataset.dtype.name}"
            raise arrays.refused(where, "a real number", found)
        part = _read(dataset, tuple(map(range, dataset.shape)), where)
        values = part.astype(np.float64).reshape(-1)
        if not np.isfinite(values).all():
            raise arrays.refused(where, "finite numbers", "values that are not finite")
        return values

    def number(self, path: str) -> float | None:
        """A single number, or several that are equal but for one percent; None without a dataset.

        Raises
        ------
        CheckError
            Anything else is there.
        """
        if not self.has(path):
            return None
        values = self.numbers(path)
        with np.errstate(over="ignore"):
            spread, mean = np.ptp(values), values.mean()
        if spread > 0.01 * np.abs(values).max():
            found = f"{values.size} from {values.min():g} to {values.max():g}"
            raise arrays.refused(self.where(path), "one number for the whole scan", found)
        return float(mean)

    def number_attribute(self, path: str, name: str) -> float | None:
        """An attribute that is a finite number; None if there is no such attribute."""
        value = self.attribute(path, name)
        if value is None:
            return None
        number = np.asarray(value)
        if number.size != 1 or number.dtype.kind not in "iuf" or not np.isfinite(number).all():
            where = f"{self.where(path)}: attribute {name}"
            raise arrays.refused(where, "a number", repr(value)[:200])
        return float(number.reshape(-1)[0])

    def text(self, path: str) -> str | None:
        """A single text in a dataset; None where anything else is, or nothing.

        Raises
        ------
        CheckError
            The file is damaged there.
        """
        import h5py

        found = self._find(path)
        if not isinstance(found, h5py.Dataset):
            return None
        try:
            is_here = not found.is_virtual and not found.external
            is_one = found.size == 1 and found.dtype.itemsize <= _MAX_TEXT_BYTES
            if not (is_here and is_one and found.dtype.kind in "OS"):
                return None
            value = np.asarray(found[()]).reshape(-1)[0]
        except HDF5_ERRORS as error:
            raise damaged(self.where(path), error) from error
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        return value if isinstance(value, str) else None

    def is_empty(self, path: str) -> bool:
        """Whether a path leads to nothing, or to a group or dataset with nothing in it."""
        found = self._find(path)
        if found is None:
            return True
        size: int | None = getattr(found, "size", None)
        return size == 0 if hasattr(found, "shape") else len(found) == 0

    def attribute(self, path: str, name: str) -> Any:
        """An attribute's value, or None."""
        found = self._find(path)
        if found is None:
            return None
        try:
            value = found.attrs.get(name)
        except HDF5_ERRORS as error:
            raise damaged(f"{self.where(path)}: attribute {name}", error) from error
        return value.decode(errors="replace") if isinstance(value, bytes) else value

    def frames(self, place: Place, role: str = "diffraction") -> Hdf5Frames:
        """Frames at a place, of which none is read yet.

        Raises
        ------
        CheckError, MissingError
            As `dataset` does; or this is not (N, H, W) real numbers.
        """
        return Hdf5Frames(*self._selected(role, place))

    def where(self, place: Place | str) -> str:
        """Subject of a message about what is at a place."""
        return f"{self.subject}: {str(place)[:200]}"

    def _selected(self, role: str, place: Place) -> tuple[Any, tuple[int | range, ...], str]:
        """Dataset, what is taken of it, and where that is in words, if it can play its role."""
        where = self.where(place)
        dataset = self.dataset(place.name)
        taken = place.resolve(dataset.shape, where)
        shape = tuple(len(axis) for axis in taken if isinstance(axis, range))
        arrays.check_form(role, shape, dataset.dtype, where)
        return dataset, taken, where

    def _find(self, path: str) -> Any:
        """Object at a path, found without leaving the file; None if there is none."""
        import h5py

        at, ahead = self._file, [part for part in path.split("/") if part]
        for _ in range(_MAX_HOPS):
            if not ahead:
                return at
            if not isinstance(at, h5py.Group):
                return None
            name = ahead.pop(0)
            try:
                link = at.get(name, getlink=True)
                if isinstance(link, h5py.HardLink):
                    at = at[name]
                    continue
            except HDF5_ERRORS as error:
                raise damaged(self.where(path), error) from error
            if link is None:
                return None
            if not isinstance(link, h5py.SoftLink):
                target = getattr(link, "filename", "another file")
                raise _leads_out(self.where(path), f"an external link to {str(target)[:200]}")
            ahead[:0] = [part for part in link.path.split("/") if part not in ("", ".")]
            if link.path.startswith("/"):
                at = self._file
        raise CheckError(
            self.where(path),
            expected=f"a dataset at most {_MAX_HOPS} links away",
            found="more: links in a circle",
            remedy=_REMEDY,
        )


class Hdf5Frames:
    """Frames of one dataset; see `Frames`."""

    def __init__(self, dataset: Any, taken: tuple[int | range, ...], where: str) -> None:
        self._dataset = dataset
        self._taken = taken
        self._where = where
        ranges = [number for number, axis in enumerate(taken) if isinstance(axis, range)]
        self._axis = ranges[0]
        sizes = tuple(len(axis) for axis in taken if isinstance(axis, range))
        self.shape = arrays.check_frames(sizes, where)
        self.dtype: np.dtype[Any] = dataset.dtype.newbyteorder("=")

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """Frames (n, H, W), each chunk of the file read and unpacked once."""
        wanted, place = arrays.sorted_indices(indices, self.shape[0])
        out = np.empty((wanted.size, *self.shape[1:]), self.dtype)
        first = self._taken[self._axis]
        assert isinstance(first, range)
        rows = wanted + first.start
        chunk = self._dataset.chunks[self._axis] if self._dataset.chunks else 1
        frame_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        for start, stop in _runs(rows, chunk, max(1, _RUN_BYTES // frame_bytes)):
            low, high = int(rows[start]), int(rows[stop - 1])
            taken = list(self._taken)
            taken[self._axis] = range(low, high + 1)
            block = _read(self._dataset, taken, self._where)
            out[start:stop] = block[rows[start:stop] - low]
        # as they are, in most cases: sorted and without repetition
        return out if np.array_equal(place, np.arange(len(out))) else out[place]


@contextmanager
def open_hdf5(path: File, subject: str) -> Iterator[Hdf5File]:
    """Open an HDF5 file for reading; one that is elsewhere is read there, in ranges.

    Raises
    ------
    CheckError
        It is not HDF5, or truncated; or another file by now.
    MissingError
        The file is absent or h5py is not installed; or its server cannot be reached.
    """
    try:
        import h5py
    except ImportError as error:
        raise extras.missing("hdf5", subject, expected="h5py, to read HDF5 files") from error
    with _opened(path, subject) as opened:
        try:
            file = h5py.File(opened, "r")
        except HDF5_ERRORS as error:
            raise damaged(subject, error) from error
        with file:
            yield Hdf5File(file, subject)


@contextmanager
def _opened(path: File, subject: str) -> Iterator[Path | Pieces]:
    """What h5py opens: a path, or a file that is read where it is."""
    if isinstance(path, Distant):
        with ranged.opened(path) as pieces:
            yield pieces
    else:
        open_file(path, subject).close()
        yield path


def _runs(rows: NDArray[np.intp], chunk: int, limit: int) -> Iterator[tuple[int, int]]:
    """Slices of sorted rows to be read in one go: of one chunk, or in sequence up to a limit."""
    start = 0
    for stop in range(1, len(rows) + 1):
        if stop < len(rows):
            same_chunk = rows[stop] // chunk == rows[stop - 1] // chunk
            in_sequence = rows[stop] == rows[stop - 1] + 1 and rows[stop] - rows[start] < limit
            if same_chunk or in_sequence:
                continue
        yield start, stop
        start = stop


def _read(dataset: Any, taken: Sequence[int | range], where: str) -> NDArray[Any]:
    selection = tuple(
        axis if isinstance(axis, int) else slice(axis.start, axis.stop) for axis in taken
    )
    try:
        array = np.asarray(dataset[selection])
    except HDF5_ERRORS as error:
        raise damaged(where, error) from error
    except MemoryError as error:
        shape = " × ".join(map(str, dataset.shape))
        raise arrays.refused(
            where, "an array that fits into memory", f"{shape} of {dataset.dtype.name}"
        ) from error
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _check_filter(where: str, code: int, name: bytes) -> None:
    import h5py

    if h5py.h5z.filter_avail(code):
        return
    with suppress(ImportError):
        # it registers its filters with HDF5
        importlib.import_module("hdf5plugin")
    if not h5py.h5z.filter_avail(code):
        raise MissingError(
            where,
            expected="a compression filter that HDF5 has here",
            found=f"filter {code} ({name.decode(errors='replace')[:100] or 'without a name'})",
            remedy="pip install hdf5plugin, or repack the file: h5repack -f GZIP=4 IN OUT",
        )


def _leads_out(where: str, found: str) -> CheckError:
    return CheckError(
        where,
        expected="values in this very file, which its SHA-256 stands for",
        found=found,
        remedy="copy all into one file, for instance with h5repack or h5copy",
    )


def damaged(where: str, error: Exception) -> CheckError:
    """An error of HDF5's own, as one for the user."""
    return CheckError(
        where,
        expected="a whole HDF5 file",
        found=" ".join(str(error).split())[:300] or type(error).__name__,
        remedy=_REMEDY,
    )
