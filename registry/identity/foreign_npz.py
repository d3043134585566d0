"""Reading ``.npz`` files that other tools wrote: any numpy on any platform, deflated or not.

numpy itself reads the last of two members of one name, ignores bytes after an array or after the
archive, and allocates whatever a header claims. Here each of these is an error. Byte order and
memory order are kept as they are: converting is the caller's business, and recorded there.
"""

from __future__ import annotations

import ast
import math
import re
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from registry.errors import ArchiveError, MissingError

if TYPE_CHECKING:
    import numpy as np

_END = struct.Struct("<4s4H2IH")
_LOCAL = struct.Struct("<4s22x2H")
_COUNT_IN_ZIP64 = 0xFFFF  # the number proper is in another record
_UTF8_FLAG = 0x800
_HARMLESS_FLAGS = _UTF8_FLAG | 0x8 | 0x6  # sizes after the data; compression level

_MAX_NPY_HEADER = 4096
_NPY_LENGTH = {b"\x01\x00": struct.Struct("<H"), b"\x02\x00": struct.Struct("<I")}
_NPY_KEYS = {"descr", "fortran_order", "shape"}
# Plain numbers and text. A "|" says that byte order does not matter, so only where it does not.
_PLAIN_DTYPE = re.compile(r"[<>][biufcSU][1-9]\d{0,5}|\|([biu]1|S[1-9]\d{0,5})")
_MAX_DIMENSIONS = 32  # numpy 1.26 reads no more

# What zipfile is known to raise at malformed input.
_ZIPFILE_ERRORS = (
    zipfile.BadZipFile,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrayHeader:
    """What a member says of its array, before the array is read."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    fortran_order: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    """A member and where its (maybe deflated) bytes are."""

    name: str
    where: str
    start: int
    deflated: bool
    compressed_size: int
    size: int
    crc: int


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
    ArchiveError
        The file is damaged, ambiguous or unsafe to read, or lacks one of `names`.
    MissingError
        The file is absent or cannot be read.
    """
    with _opened(path, subject) as file:
        members = _members(file, subject)
        absent = sorted(set(names or ()) - members.keys())
        if absent:
            raise ArchiveError(
                subject,
                expected=f"arrays {', '.join(absent)}",
                found=f"arrays {', '.join(members)}",
                remedy="correct the names, or point to the file that has these arrays",
            )
        return {
            name: _read_array(file, member)
            for name, member in members.items()
            if names is None or name in names
        }


def inventory(path: Path, *, subject: str) -> dict[str, ArrayHeader]:
    """Headers of all arrays of a ``.npz``, in the file's order; no array is read.

    Raises
    ------
    ArchiveError, MissingError
        As `read` does, but for what only an array's bytes can show (a wrong CRC).
    """
    with _opened(path, subject) as file:
        members = _members(file, subject)
        return {name: _read_header(file, member)[0] for name, member in members.items()}


@contextmanager
def _opened(path: Path, subject: str) -> Iterator[BinaryIO]:
    try:
        # Opening a pipe would wait for its writer.
        if path.exists() and not path.is_file():
            kind = "a directory" if path.is_dir() else "something else"
            raise _malformed(subject, f"a file at {path}", kind)
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise MissingError(
            subject,
            expected=f"a readable file at {path}",
            found=error.strerror or str(error),
            remedy="put the file there, or correct its path",
        ) from error


def _members(file: BinaryIO, subject: str) -> dict[str, _Member]:
    """All members, by array name; none is ambiguous, and their bytes lie inside the file."""
    file_size = file.seek(0, 2)
    file.seek(max(0, file_size - _END.size))
    end = file.read()
    if not (len(end) == _END.size and end.startswith(b"PK\5\6") and end.endswith(b"\0\0")):
        raise _malformed(
            subject,
            "a ZIP that ends with its end record, without a comment",
            f"{file_size} bytes that end with {end!r}",
        )
    count = _END.unpack(end)[4]
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except _ZIPFILE_ERRORS as error:
        raise _malformed(subject, "a ZIP archive", f"{type(error).__name__}: {error}") from error

    # A wrong length in one entry hides those after it, and zipfile does not count them.
    if count not in (len(entries), _COUNT_IN_ZIP64):
        raise _malformed(subject, f"a directory of {count} members", f"{len(entries)} members")
    first = min((entry.header_offset for entry in entries), default=None)
    if first != 0:
        found = "no member" if first is None else f"{first} bytes before it"
        raise _malformed(subject, "a first member at byte 0", found)
    members: dict[str, _Member] = {}
    for entry in entries:
        member = _member(file, file_size, entry, subject)
        if member.name in members:
            raise _malformed(member.where, "one member for each array", "two of this name")
        members[member.name] = member
    return members


def _member(file: BinaryIO, file_size: int, entry: zipfile.ZipInfo, subject: str) -> _Member:
    # zipfile cuts `filename` at a NUL, and changes its separators on some platforms.
    member_name = entry.orig_filename
    where = f"{subject}: member {member_name[:200]!r}"
    name = member_name.removesuffix(".npy")
    if name in ("", member_name) or not name.isprintable():
        raise _malformed(where, "a printable name that ends with .npy", repr(member_name[:200]))
    if entry.flag_bits & ~_HARMLESS_FLAGS:
        raise _malformed(where, "a plain member", f"flags {entry.flag_bits:#x} (1: encrypted)")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _malformed(
            where, "compression method 0 (stored) or 8 (deflated)", str(entry.compress_type)
        )
    deflated = entry.compress_type == zipfile.ZIP_DEFLATED
    if not deflated and entry.compress_size != entry.file_size:
        raise _malformed(
            where,
            f"{entry.file_size} bytes, as declared",
            f"{entry.compress_size} stored bytes",
        )

    file.seek(entry.header_offset)
    local = file.read(_LOCAL.size)
    if len(local) < _LOCAL.size or not local.startswith(b"PK\3\4"):
        raise _malformed(where, f"a header at byte {entry.header_offset}", repr(local))
    _, name_length, extra_length = _LOCAL.unpack(local)
    encoding = "utf-8" if entry.flag_bits & _UTF8_FLAG else "cp437"
    local_name = file.read(name_length).decode(encoding, errors="replace")
    if local_name != member_name:
        raise _malformed(where, "the same name before the data", repr(local_name[:200]))
    start = entry.header_offset + _LOCAL.size + name_length + extra_length
    if start + entry.compress_size > file_size:
        raise _malformed(
            where,
            f"{entry.compress_size} bytes from byte {start}",
            f"a file of {file_size} bytes: truncated",
        )
    return _Member(
        name=name,
        where=where,
        start=start,
        deflated=deflated,
        compressed_size=entry.compress_size,
        size=entry.file_size,
        crc=entry.CRC,
    )


def _read_header(file: BinaryIO, member: _Member) -> tuple[ArrayHeader, int]:
    """The header, and how long it is; the array has just as many bytes as the member declares."""
    head = _head(file, member)
    length_field = _NPY_LENGTH.get(head[6:8])
    if not head.startswith(b"\x93NUMPY") or length_field is None or len(head) < 12:
        raise _malformed(member.where, "a .npy of version 1.0 or 2.0", repr(head[:12]))
    text_start = 8 + length_field.size
    (length,) = length_field.unpack_from(head, 8)
    header_size = text_start + length
    if header_size > len(head):
        raise _malformed(
            member.where,
            f"a .npy header of at most {len(head) - text_start} bytes",
            f"{length} bytes",
        )
    text = head[text_start:header_size].decode("latin-1")
    header, item_size = _parse_header(text, member)
    needed, held = math.prod(header.shape) * item_size, member.size - header_size
    if needed != held:
        raise _malformed(
            member.where,
            f"{needed} bytes for {header.dtype} of shape {header.shape}",
            f"{held} bytes",
        )
    # numpy addresses an empty array's other dimensions all the same
    if math.prod(filter(None, header.shape)) * item_size > sys.maxsize - header_size:
        raise _malformed(
            member.where, f"a shape of less than {sys.maxsize} bytes", f"shape {header.shape}"
        )
    return header, header_size


def _head(file: BinaryIO, member: _Member) -> bytes:
    """The first bytes of a member, enough for any header."""
    wanted = _MAX_NPY_HEADER
    file.seek(member.start)
    # Deflate makes nothing much longer than it was.
    head = file.read(min(member.compressed_size, 2 * wanted))
    if not member.deflated:
        return head[:wanted]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(head, wanted)
    except zlib.error as error:
        raise _malformed(member.where, "a deflate stream", str(error)) from error


def _parse_header(text: str, member: _Member) -> tuple[ArrayHeader, int]:
    import numpy as np

    try:
        # Odd literals warn, and a warning is no verdict on the file.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = ast.literal_eval(text)
        # Not even all numbers can be shown: hexadecimal ones may be too long for decimal.
        shown = {key: repr(value)[:200] for key, value in header.items()}
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, AttributeError):
        header = shown = {}
    if header.keys() != _NPY_KEYS:
        keys = "descr, fortran_order, shape"
        raise _malformed(member.where, f"a .npy header with the keys {keys}", repr(text[:200]))

    descr, fortran_order, shape = header["descr"], header["fortran_order"], header["shape"]
    if not (isinstance(descr, str) and _PLAIN_DTYPE.fullmatch(descr)):
        is_pickle = isinstance(descr, str) and descr.strip("|<>=").startswith("O")
        raise _malformed(
            member.where,
            "a dtype of plain numbers or text",
            f"dtype {shown['descr']}" + (" (a pickle)" if is_pickle else ""),
        )
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError) as error:
        raise _malformed(member.where, "a dtype that numpy knows here", repr(descr)) from error
    if not isinstance(fortran_order, bool):
        raise _malformed(member.where, "fortran_order True or False", shown["fortran_order"])
    if not (
        isinstance(shape, tuple)
        and len(shape) <= _MAX_DIMENSIONS
        and all(type(size) is int and 0 <= size <= sys.maxsize for size in shape)
    ):
        raise _malformed(
            member.where,
            f"a shape of at most {_MAX_DIMENSIONS} numbers from 0 to {sys.maxsize}",
            f"shape {shown['shape']}",
        )
    header = ArrayHeader(
        name=member.name, dtype=dtype.str, shape=shape, fortran_order=fortran_order
    )
    return header, dtype.itemsize


def _read_array(file: BinaryIO, member: _Member) -> np.ndarray:
    import numpy as np

    header, header_size = _read_header(file, member)
    file.seek(member.start)
    data = file.read(member.compressed_size)
    if member.deflated:
        data = _inflate(data, member)
    if len(data) != member.size:
        raise _malformed(member.where, f"{member.size} bytes, as declared", f"{len(data)} bytes")
    crc = zlib.crc32(data)
    if crc != member.crc:
        raise _malformed(member.where, f"CRC-32 {member.crc:08x}", f"{crc:08x}: damaged")
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    array: np.ndarray = np.ndarray(header.shape, header.dtype, data, header_size, order=order)
    if not array.flags.aligned:
        array = array.copy(order)
        array.flags.writeable = False
    return array


def _inflate(data: bytes, member: _Member) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = stream.decompress(data, member.size + 1)  # one more, to see that it is too long
    except zlib.error as error:
        raise _malformed(member.where, "a deflate stream", str(error)) from error
    if len(inflated) > member.size:
        raise _malformed(member.where, f"{member.size} bytes, as declared", "more when inflated")
    if not stream.eof or stream.unused_data:
        found = "bytes after its end" if stream.eof else f"no end after {len(inflated)} bytes"
        raise _malformed(member.where, "one whole deflate stream", found)
    return inflated


def _malformed(where: str, expected: str, found: str) -> ArchiveError:
    remedy = "fetch the file again, or write it anew with numpy.savez from arrays of plain numbers"
    return ArchiveError(where, expected=expected, found=found, remedy=remedy)
