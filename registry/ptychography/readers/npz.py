"""Scans in ``.npz`` files: PtychoPINN's legacy and canonical layouts, or any arrays by their names.

The whole file may be packed with bzip2 or gzip, as downloads often are. It is then unpacked into a
temporary file, never into memory.
"""

from __future__ import annotations

import bz2
import gzip
import math
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from registry.errors import ArchiveError, CheckError, MissingError
from registry.identity import foreign_npz
from registry.identity.foreign_npz import ArrayHeader, Member
from registry.identity.opening import open_file
from registry.ptychography.readers import arrays
from registry.ptychography.readers.scan_file import ROLES, ScanFile
from registry.ptychography.readers.selection import Place

_PACKED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"BZh": bz2.BZ2File,
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
}
# Sparse counts may shrink to a hundredth; what shrinks to less is no scan.
_MAX_RATIO = 200
_ALWAYS_UNPACKED = 1 << 28
_BLOCK_BYTES = 1 << 20
# A stored array is read in one go where less than this lies between what is wanted.
_GAP_BYTES = 1 << 16
_FRAME_KEYS = ("diffraction", "diff3d")


@contextmanager
def open_npz(
    path: Path, *, keys: Mapping[str, Place], layout: str | None, subject: str
) -> Iterator[ScanFile]:
    """Open a scan; see `registry.ptychography.readers.open_scan`.

    Frames of a stored array are read where they are. A deflated array is read through for each
    call of `Frames.read`, and held against its CRC while it is.
    """
    with open_file(path, subject) as packed, unpacked(packed, subject) as file:
        members = foreign_npz.members(file, subject)
        archive = _Archive(file, members, subject)
        yield _scan(archive, dict(keys), layout)


class _Archive:
    """Members of an open archive."""

    def __init__(self, file: BinaryIO, members: Mapping[str, Member], subject: str) -> None:
        self.file = file
        self.members = members
        self.subject = subject

    def selected(self, role: str, place: Place) -> tuple[ArrayHeader, tuple[int | range, ...], str]:
        """Header, what is taken of the array, and where that is, if it can play its role."""
        if place.name not in self.members:
            raise CheckError(
                self.subject,
                expected=f"an array {place.name!r}",
                found=f"arrays {', '.join(self.members)}",
                remedy="correct the key, or point to the file that has this array",
            )
        where = f"{self.subject}: array {place}"
        header = foreign_npz.read_header(self.file, self.members[place.name])[0]
        taken = place.resolve(header.shape, where)
        shape = [len(axis) for axis in taken if isinstance(axis, range)]
        arrays.check_form(role, shape, np.dtype(header.dtype), where)
        return header, taken, where

    def read(self, role: str, place: Place) -> tuple[NDArray[Any], str]:
        """An array that is not frames, and its place in words."""
        header, _, where = self.selected(role, place)
        # a part is cut from the whole array
        if math.prod(header.shape) * np.dtype(header.dtype).itemsize > arrays.MAX_BYTES:
            limit = f"at most {arrays.MAX_BYTES} bytes"
            raise arrays.refused(where, limit, f"shape {header.shape}")
        whole = foreign_npz.read_array(self.file, self.members[place.name])
        return place.of(whole, where), where


def _scan(archive: _Archive, keys: dict[str, Place], layout: str | None) -> ScanFile:
    for role in ROLES:
        names = _FRAME_KEYS if role == "diffraction" else (role,)
        present = next((name for name in names if name in archive.members), None)
        if role not in keys and present is not None:
            keys[role] = Place(name=present)
    for missing in {"xcoords", "ycoords"} - keys.keys():
        if len({"xcoords", "ycoords"} & keys.keys()) == 1:
            keys[missing] = Place(name=missing)  # to be told that it is not there
    if not keys.keys() & {"diffraction", "objectGuess", "probeGuess"}:
        raise CheckError(
            archive.subject,
            expected="an array diffraction, diff3d, objectGuess or probeGuess",
            found=f"arrays {', '.join(archive.members)}",
            remedy="say with keys which array is which, such as diffraction: data[0]",
        )

    found = {
        role: archive.read(role, place) for role, place in keys.items() if role != "diffraction"
    }
    fields = arrays.converted(found, "px")
    frames, provenance = None, {role: f"array {place}" for role, place in keys.items()}
    if "mask" in found:
        # no format says what a mask in a .npz means
        provenance["mask"] += ", good where not 0"
    if "diffraction" in keys:
        count = None if fields["x"] is None else fields["x"].size
        detector = None if fields["probe"] is None else fields["probe"].shape[1:]
        frames = _frames(archive, keys["diffraction"], layout, count, detector)
        provenance["diffraction"] += f", axes {frames.axes}"
    return ScanFile(
        format="npz",
        frames=frames,
        **fields,
        wavelength_m=None,
        distance_m=None,
        detector_pixel_m=None,
        provenance=provenance,
    )


def _frames(
    archive: _Archive,
    place: Place,
    layout: str | None,
    count: int | None,
    detector: tuple[int, ...] | None,
) -> _NpzFrames:
    header, taken, where = archive.selected("diffraction", place)
    shape = tuple(len(axis) for axis in taken if isinstance(axis, range))
    layout = layout or _layout(where, shape, count, detector)
    return _NpzFrames(archive, place, header, taken, legacy=layout == "legacy")


def _layout(
    where: str, shape: tuple[int, ...], count: int | None, detector: tuple[int, ...] | None
) -> str:
    """The layout in which frames fit the positions or, if both do, the probe as well."""
    forms = {"canonical": (shape[0], shape[1:]), "legacy": (shape[2], shape[:2])}
    fitting = [name for name, (n, _) in forms.items() if count in (None, n)]
    if not fitting:
        raise CheckError(
            where,
            expected=f"(N, H, W) or (H, W, N) with N = {count} positions",
            found=f"shape {shape}",
            remedy="say with keys where the frames and the positions of one scan are",
        )
    if len(fitting) > 1:
        fitting = [name for name in fitting if forms[name][1] == detector] or fitting
    if len(fitting) > 1:
        raise CheckError(
            where,
            expected="a shape that can be read in one way only, or a declared layout",
            found=f"shape {shape}: (N, H, W) as well as (H, W, N)",
            remedy="declare layout: canonical for (N, H, W), or layout: legacy for (H, W, N)",
        )
    return fitting[0]


class _NpzFrames:
    """Frames of one member; see `Frames`."""

    def __init__(
        self,
        archive: _Archive,
        place: Place,
        header: ArrayHeader,
        taken: tuple[int | range, ...],
        *,
        legacy: bool,
    ) -> None:
        self._archive = archive
        self._member = archive.members[place.name]
        self._header = header
        self._taken = taken
        ranges = [number for number, axis in enumerate(taken) if isinstance(axis, range)]
        self._frame_axis = ranges[2] if legacy else ranges[0]
        sizes = [len(axis) for axis in taken if isinstance(axis, range)]
        if legacy:
            sizes = [sizes[2], sizes[0], sizes[1]]
        self._legacy = legacy
        self._stored = np.dtype(header.dtype)
        self.axes = "(H, W, N)" if legacy else "(N, H, W)"
        self.shape = arrays.check_frames(tuple(sizes), f"{archive.subject}: array {place}")
        self.dtype = self._stored.newbyteorder("=")

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        wanted, place = arrays.sorted_indices(indices, self.shape[0])
        if not wanted.size:
            return np.empty((0, *self.shape[1:]), self.dtype)
        taken = [
            np.arange(axis, axis + 1) if isinstance(axis, int) else np.asarray(axis)
            for axis in self._taken
        ]
        taken[self._frame_axis] = taken[self._frame_axis][wanted]
        shape = self._header.shape
        # In the order of the bytes, so that a stream is read forwards only.
        if self._header.fortran_order:
            taken, shape = taken[::-1], shape[::-1]
        with _payload(self._archive.file, self._member) as fetch:
            found = _gather(fetch, 0, shape, taken, self._stored)
        if self._header.fortran_order:
            found = found.transpose()
        fixed = tuple(n for n, axis in enumerate(self._taken) if isinstance(axis, int))
        found = found.squeeze(fixed)
        if self._legacy:
            found = np.moveaxis(found, 2, 0)
        return np.ascontiguousarray(found[place], dtype=self.dtype)


def _gather(
    fetch: Callable[[int, int], bytes],
    start: int,
    shape: tuple[int, ...],
    taken: Sequence[NDArray[np.intp]],
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """Part of an array in C order whose bytes start at `start`, reading little of the rest."""
    size = math.prod(shape) * dtype.itemsize
    whole = all(len(axis) == length for axis, length in zip(taken, shape, strict=True))
    if whole or not shape or size <= _GAP_BYTES:
        block: NDArray[Any] = np.frombuffer(fetch(start, size), dtype).reshape(shape)
        return block if whole else block[np.ix_(*taken)]
    stride = size // shape[0]
    return np.stack(
        [
            _gather(fetch, start + int(index) * stride, shape[1:], taken[1:], dtype)
            for index in taken[0]
        ]
    )


@contextmanager
def _payload(file: BinaryIO, member: Member) -> Iterator[Callable[[int, int], bytes]]:
    """A function that gives bytes of a member's array: (offset, size), in rising order."""
    header_size = foreign_npz.read_header(file, member)[1]
    if not member.deflated:

        def fetch(offset: int, size: int) -> bytes:
            file.seek(member.start + header_size + offset)
            return _whole(file.read(size), size, member)

        yield fetch
        return

    try:
        with zipfile.ZipFile(file) as archive, archive.open(member.entry) as stream:

            def inflate(offset: int, size: int) -> bytes:
                while ahead := header_size + offset - stream.tell():
                    _whole(stream.read(min(ahead, _BLOCK_BYTES)), min(ahead, _BLOCK_BYTES), member)
                return _whole(stream.read(size), size, member)

            yield inflate
            while stream.read(_BLOCK_BYTES):
                pass  # up to the CRC
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        expected = "a deflate stream as declared"
        raise foreign_npz.malformed(member.where, expected, str(error)) from error


def _whole(data: bytes, size: int, member: Member) -> bytes:
    if len(data) != size:
        raise foreign_npz.malformed(member.where, f"{size} more bytes", f"{len(data)}: damaged")
    return data


@contextmanager
def unpacked(file: BinaryIO, subject: str) -> Iterator[BinaryIO]:
    """The file itself, or a temporary one with what it packs."""
    packed_size = file.seek(0, 2)
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    unpack = next((each for magic, each in _PACKED.items() if head.startswith(magic)), None)
    if unpack is None:
        yield file
        return
    limit = _ALWAYS_UNPACKED + _MAX_RATIO * packed_size
    with tempfile.TemporaryFile() as temporary, unpack(file) as stream:
        while block := _next_block(stream, subject):
            if temporary.tell() + len(block) > limit:
                raise ArchiveError(
                    subject,
                    expected=f"at most {limit} bytes in {packed_size} packed ones",
                    found="more: a decompression bomb, or mostly zeros",
                    remedy="if the file is good, unpack it and declare the .npz itself",
                )
            try:
                temporary.write(block)
            except OSError as error:
                raise MissingError(
                    subject,
                    expected=f"space for the unpacked file in {tempfile.gettempdir()}",
                    found=f"{error.strerror} after {temporary.tell()} bytes",
                    remedy="free some space, or set TMPDIR to a folder that has it",
                ) from error
        # on Windows a wrapper that is called a file
        yield cast("BinaryIO", temporary)


def _next_block(stream: Any, subject: str) -> bytes:
    try:
        block: bytes = stream.read(_BLOCK_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(
            subject,
            expected="a whole bzip2 or gzip stream",
            found=str(error),
            remedy="fetch the file again",
        ) from error
    return block
