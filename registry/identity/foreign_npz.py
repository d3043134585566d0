"""Reading ``.npz`` files that other tools wrote: any numpy on any platform, deflated or not.

numpy itself reads the last of two members of one name, ignores bytes after an array, between
members or after the archive, and allocates whatever a header claims. Here each of these is an
error, and what is accepted is what numpy reads, too. Byte order and memory order are kept as they
are: converting is the caller's business, and recorded there.
"""

from __future__ import annotations

import io
import math
import re
import sys
import warnings
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from registry.errors import ArchiveError
from registry.identity.foreign_zip import Member, malformed, members, require
from registry.identity.opening import open_file

if TYPE_CHECKING:
    import numpy as np


__all__ = [
    "ArrayHeader",
    "Member",
    "inventory",
    "malformed",
    "members",
    "read",
    "read_array",
    "read_header",
]

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
    require(plain, where, expected, f"dtype {str(dtype)[:100]}{pickled} in {shown}")
    sized = all(type(number) is int and 0 <= number <= sys.maxsize for number in shape)
    expected = f"a shape of at most {_MAX_DIMENSIONS} numbers from 0 to {sys.maxsize}"
    require(sized and len(shape) <= _MAX_DIMENSIONS, where, expected, shown)
    needed, held = math.prod(shape) * dtype.itemsize, member.entry.file_size - size
    expected = f"{needed} bytes for {dtype.str} of shape {shape}"
    require(needed == held, where, expected, f"{held} bytes")
    # numpy addresses an empty array's other dimensions all the same
    addressed = math.prod(filter(None, shape)) * dtype.itemsize
    expected = f"a shape of less than {sys.maxsize} bytes"
    require(addressed <= sys.maxsize - size, where, expected, f"shape {shape}")
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
    require(len(data) == size, where, f"{size} bytes, as declared", f"{len(data)} bytes")
    require(whole, where, "one whole deflate stream", "no end of it, or bytes after its end")
    found = zlib.crc32(data)
    require(found == crc, where, f"CRC-32 {crc:08x}", f"{found:08x}: damaged")
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    array: np.ndarray = np.ndarray(header.shape, header.dtype, data, header_size, order=order)
    if not array.flags.aligned:
        array = array.copy(order)
        array.flags.writeable = False
    return array


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
