"""Reading ``.npz`` files that other tools wrote: any numpy on any platform, deflated or not.

numpy itself reads the last of two members of one name, ignores bytes after an array or after the
archive, and allocates whatever a header claims. Here each of these is an error. Byte order and
memory order are kept as they are: converting is the caller's business, and recorded there.
"""

from __future__ import annotations

import io
import math
import re
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from registry.errors import ArchiveError
from registry.identity.opening import open_file

if TYPE_CHECKING:
    import numpy as np

_END_SIZE = 22
_LOCAL_SIZE = 30
_COUNT_IN_ZIP64 = 0xFFFF  # the number proper is in another record
_UTF8_FLAG = 0x800
_HARMLESS_FLAGS = _UTF8_FLAG | 0x8 | 0x6  # sizes after the data; compression level

_MAX_NPY_HEADER = 4096
_PLAIN_DTYPE = re.compile(r"[<>|][biufcSU][1-9]\d{0,5}")
_MAX_DIMENSIONS = 32  # numpy 1.26 reads no more


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrayHeader:
    """What a member says of its array, before the array is read."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    fortran_order: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An array's member: how messages call it, its directory entry, and where its bytes start."""

    name: str
    where: str
    entry: zipfile.ZipInfo
    start: int

    @property
    def deflated(self) -> bool:
        """Whether the bytes in the file are a deflate stream, and not the array's own."""
        return self.entry.compress_type == zipfile.ZIP_DEFLATED


def read(
    path: Path, *, subject: str, names: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """Arrays of a ``.npz``, read-only, in the file's order.

    Parameters
    ----------
    path : Path
        The file.
    subject : str
        What the file is, for messages.
    names : collection of str, optional
        Arrays to read. The others' contents are not looked at.

    Raises
    ------
    CheckError
        There is no file but a folder, a pipe, or nothing in it; `ArchiveError` if it is damaged,
        ambiguous or unsafe to read, or lacks one of `names`.
    MissingError
        The file is absent or may not be read.
    """
    with open_file(path, subject) as file:
        held = members(file, subject)
        absent = sorted(set(names or ()) - held.keys())
        if absent:
            raise ArchiveError(
                subject,
                expected=f"arrays {', '.join(absent)}",
                found=f"arrays {', '.join(held)}",
                remedy="correct the names, or point to the file that has these arrays",
            )
        return {
            name: read_array(file, member)
            for name, member in held.items()
            if names is None or name in names
        }


def inventory(path: Path, *, subject: str) -> dict[str, ArrayHeader]:
    """Headers of all arrays of a ``.npz``, in the file's order; no array is read.

    Raises
    ------
    CheckError, MissingError
        As `read` does, but for what only an array's bytes can show (a wrong CRC).
    """
    with open_file(path, subject) as file:
        held = members(file, subject)
        return {name: read_header(file, member)[0] for name, member in held.items()}


def members(file: BinaryIO, subject: str) -> dict[str, Member]:
    """All members, by array name; none is ambiguous, and their bytes lie inside the file."""
    file_size = file.seek(0, 2)
    file.seek(max(0, file_size - _END_SIZE))
    end = file.read()
    whole = len(end) == _END_SIZE and end.startswith(b"PK\5\6") and end.endswith(b"\0\0")
    expected = "a ZIP that ends with its end record, without a comment"
    _require(whole, subject, expected, f"{file_size} bytes that end with {end!r}")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except Exception as error:  # zipfile raises errors of many kinds at bytes that are no ZIP
        raise malformed(subject, "a ZIP archive", f"{type(error).__name__}: {error}") from error

    # A wrong length in one entry hides those after it, and zipfile does not count them.
    count, seen = int.from_bytes(end[10:12], "little"), len(entries)
    counted = count in (seen, _COUNT_IN_ZIP64)
    _require(counted, subject, f"a directory of {count} members", f"{seen} members")
    first = min((entry.header_offset for entry in entries), default=None)
    before = "no member" if first is None else f"{first} bytes before it"
    _require(first == 0, subject, "a first member at byte 0", before)
    held: dict[str, Member] = {}
    for entry in entries:
        member = _member(file, file_size, entry, subject)
        once = member.name not in held
        _require(once, member.where, "one member for each array", "two of this name")
        held[member.name] = member
    return held


def read_header(file: BinaryIO, member: Member) -> tuple[ArrayHeader, int]:
    """The header, and how long it is; the array has just as many bytes as the member declares.

    Raises
    ------
    ArchiveError
        It has another number, or is no array of plain numbers or text.
    """
    from numpy.lib import format as npy

    head, where = io.BytesIO(_content(file, member, _MAX_NPY_HEADER)[0]), member.where
    parsers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        # Odd literals warn, and headers of Python 2. A warning is no verdict on the file.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, fortran_order, dtype = parsers[npy.read_magic(head)](head)
    except Exception as error:  # the text is parsed as Python, with all that may go wrong then
        keys = "descr, fortran_order, shape"
        expected = f"a .npy header (version 1.0 or 2.0) of at most {_MAX_NPY_HEADER} bytes: {keys}"
        raise malformed(where, expected, f"{type(error).__name__}: {error}"[:300]) from error
    size = head.tell()
    text = head.getvalue()[:size].decode("latin-1")
    # The values themselves may be numbers that are too long to be shown.
    shown = repr(text[text.find("{") :].strip()[:200])
    pickled = " (a pickle)" if dtype.hasobject else ""
    # numpy takes a dtype without byte order for one of this machine's.
    order = "[<>|]" if dtype.str[0] == "|" else dtype.str[0]
    ordered = re.search(f"['\"]{order}{re.escape(dtype.str[1:])}['\"]", text) is not None
    plain = ordered and _PLAIN_DTYPE.fullmatch(dtype.str) is not None
    expected = "a dtype of plain numbers or text"
    _require(plain, where, expected, f"dtype {str(dtype)[:100]}{pickled} in {shown}")
    sized = all(type(number) is int and 0 <= number <= sys.maxsize for number in shape)
    expected = f"a shape of at most {_MAX_DIMENSIONS} numbers from 0 to {sys.maxsize}"
    _require(sized and len(shape) <= _MAX_DIMENSIONS, where, expected, shown)
    needed, held = math.prod(shape) * dtype.itemsize, member.entry.file_size - size
    expected = f"{needed} bytes for {dtype.str} of shape {shape}"
    _require(needed == held, where, expected, f"{held} bytes")
    # numpy addresses an empty array's other dimensions all the same
    addressed = math.prod(filter(None, shape)) * dtype.itemsize
    expected = f"a shape of less than {sys.maxsize} bytes"
    _require(addressed <= sys.maxsize - size, where, expected, f"shape {shape}")
    return ArrayHeader(
        name=member.name, dtype=dtype.str, shape=shape, fortran_order=fortran_order
    ), size


def read_array(file: BinaryIO, member: Member) -> np.ndarray:
    """The array, read-only and aligned, in its own memory order; its bytes have their CRC.

    Raises
    ------
    ArchiveError
        As `read_header` does; or the bytes are damaged.
    """
    import numpy as np

    header, header_size = read_header(file, member)
    where, size, crc = member.where, member.entry.file_size, member.entry.CRC
    data, whole = _content(file, member, size + 1)  # one more, to see that it is too long
    _require(len(data) == size, where, f"{size} bytes, as declared", f"{len(data)} bytes")
    _require(whole, where, "one whole deflate stream", "no end of it, or bytes after its end")
    found = zlib.crc32(data)
    _require(found == crc, where, f"CRC-32 {crc:08x}", f"{found:08x}: damaged")
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    array: np.ndarray = np.ndarray(header.shape, header.dtype, data, header_size, order=order)
    if not array.flags.aligned:
        array = array.copy(order)
        array.flags.writeable = False
    return array


def malformed(where: str, expected: str, found: str) -> ArchiveError:
    """An archive or a member that is not as it should be."""
    remedy = "fetch the file again, or write it anew with numpy.savez from arrays of plain numbers"
    return ArchiveError(where, expected=expected, found=found, remedy=remedy)


def _require(holds: bool, where: str, expected: str, found: str) -> None:
    if not holds:
        raise malformed(where, expected, found)


def _member(file: BinaryIO, file_size: int, entry: zipfile.ZipInfo, subject: str) -> Member:
    # zipfile cuts `filename` at a NUL, and changes its separators on some platforms.
    full = entry.orig_filename
    name, shown = full.removesuffix(".npy"), repr(full[:200])
    where = f"{subject}: member {shown}"
    printable = name not in ("", full) and name.isprintable()
    _require(printable, where, "a printable name that ends with .npy", shown)
    flags = f"flags {entry.flag_bits:#x} (1: encrypted)"
    _require(not entry.flag_bits & ~_HARMLESS_FLAGS, where, "a plain member", flags)
    method, size = entry.compress_type, entry.file_size
    known = method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    _require(known, where, "compression method 0 (stored) or 8 (deflated)", str(method))
    even = method == zipfile.ZIP_DEFLATED or entry.compress_size == size
    _require(even, where, f"{size} bytes, as declared", f"{entry.compress_size} stored bytes")

    file.seek(entry.header_offset)
    local = file.read(_LOCAL_SIZE)
    whole = len(local) == _LOCAL_SIZE and local.startswith(b"PK\3\4")
    _require(whole, where, f"a header at byte {entry.header_offset}", repr(local))
    name_length, extra_length = struct.unpack_from("<2H", local, 26)
    local_name = file.read(name_length)
    same = local_name == full.encode("utf-8" if entry.flag_bits & _UTF8_FLAG else "cp437")
    _require(same, where, "the same name before the data", repr(local_name[:200]))
    start = entry.header_offset + _LOCAL_SIZE + name_length + extra_length
    expected = f"{entry.compress_size} bytes from byte {start}"
    inside = start + entry.compress_size <= file_size
    _require(inside, where, expected, f"a file of {file_size} bytes: truncated")
    return Member(name=name, where=where, entry=entry, start=start)


def _content(file: BinaryIO, member: Member, limit: int) -> tuple[bytes, bool]:
    """A member's first bytes, and whether its stream ends with them and where it should."""
    file.seek(member.start)
    # Deflate makes nothing much longer than it was.
    data = file.read(min(member.entry.compress_size, 2 * limit))
    if not member.deflated:
        return data[:limit], True
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return stream.decompress(data, limit), stream.eof and not stream.unused_data
    except zlib.error as error:
        raise malformed(member.where, "a deflate stream", str(error)) from error
