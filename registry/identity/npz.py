"""The canonical ``.npz``: the one file that a set of arrays turns into, and its strict reader.

A ZIP of ``.npy`` members, stored, sorted by name, little-endian, C order. Every byte follows from
the arrays: date, mode and platform are fixed, and the ``.npy`` headers are written here, because
numpy's own may be formatted differently in its next version. Each member starts at a multiple of
64 bytes, so that its array can be a view of the buffer that was hashed.

`parse` accepts what `encode` writes and nothing else; of the bytes that do not follow from the
arrays it leaves only the CRCs unchecked. For files made by
other tools there is `registry.identity.foreign_npz`.
"""

from __future__ import annotations

import math
import re
import struct
import sys
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from registry.errors import ArchiveError

if TYPE_CHECKING:
    import numpy as np

# Long double is left out: its width differs between platforms, and it has undefined padding bytes.
_DTYPES = "|b1 |i1 <i2 <i4 <i8 |u1 <u2 <u4 <u8 <f2 <f4 <f8 <c8 <c16"
_ITEMSIZES = {descr: int(descr[2:]) for descr in _DTYPES.split()}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_NAMES = "letters, digits and underscores, not starting with a digit, at most 128"
_MAX_DIMENSIONS = 32  # numpy 1.26 reads no more

_ALIGNMENT = 64
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_START = len(_NPY_MAGIC) + 2  # two bytes hold the length of what follows
_NPY_HEADER = re.compile(
    rb"\{'descr': (.*), 'fortran_order': (True|False), 'shape': \((.*)\), \} *\n"
)
_MAX_NPY_HEADER = 1024  # 32 sizes of 19 digits need 768

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_COMMON_LABELS = (
    "version needed, flags, compression method, time, date, CRC-32, compressed size, size, "
    "name length, extra length"
)
_LOCAL_LABELS = f"signature, {_COMMON_LABELS}"
_CENTRAL_LABELS = (
    f"signature, version made by, {_COMMON_LABELS}, comment length, disk, internal attributes, "
    "external attributes, offset"
)
_END_LABELS = (
    "signature, disk, disk of the directory, members on this disk, members, directory size, "
    "directory offset, comment length"
)
_LOCAL_SIGNATURE = b"PK\3\4"
_CENTRAL_SIGNATURE = b"PK\1\2"
_END_SIGNATURE = b"PK\5\6"

_VERSION = 20
_UNIX = 3 << 8
_STORED = 0
_DATE = 1 << 5 | 1  # 1980-01-01, the first day that a ZIP can tell
_MODE = 0o100644 << 16
_PADDING_ID = 0xD935  # as Android's zipalign pads: id, length, alignment, zeros
_PADDING_BYTES = 6

# These values of the 16 and 32 bit fields announce a ZIP64, which is not written here.
_COUNT_LIMIT = 0xFFFF
_SIZE_LIMIT = 0xFFFFFFFF


def encode(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Canonical ``.npz`` of arrays, whatever their order in the mapping and in memory.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Names of letters, digits and underscores; little-endian booleans, integers, floats and
        complex numbers of standard width; any shape of at most 32 dimensions, 0-d too.

    Raises
    ------
    ArchiveError
        A name, a dtype or the total size cannot be stored. Nothing is converted here.
    """
    for name in arrays:
        if not _NAME.fullmatch(name):
            raise _unfit(f"array {name!r}", f"a name of {_NAMES}", repr(name))
    if len(arrays) >= _COUNT_LIMIT:
        raise _unfit("archive", f"fewer than {_COUNT_LIMIT} arrays", f"{len(arrays)} arrays")

    parts: list[bytes | memoryview] = []
    directory: list[bytes] = []
    offset = 0
    for name in sorted(arrays):
        array = arrays[name]
        _check_encodable(array, name)
        header = _npy_header(array.dtype.str, array.shape)
        size = len(header) + array.nbytes
        # here, too, and not only at the end: before gigabytes are copied
        if offset + size >= _SIZE_LIMIT:
            raise _unfit(
                f"array {name!r}",
                f"an archive of less than {_SIZE_LIMIT} bytes (4 GiB)",
                f"{offset + size} bytes with this array",
            )
        payload = _payload(array)
        crc = zlib.crc32(payload, zlib.crc32(header))
        member = f"{name}.npy".encode()
        local = _LOCAL.pack(*_local_fields(member, crc, size, offset))
        directory.append(_CENTRAL.pack(*_central_fields(member, crc, size, offset)) + member)
        parts += [local, member, _padding(member, offset), header, payload]
        offset = _member_start(member, offset) + size

    parts += directory
    directory_size = sum(map(len, directory))
    if offset + directory_size + _END.size >= _SIZE_LIMIT:
        raise _unfit(
            "archive",
            f"less than {_SIZE_LIMIT} bytes (4 GiB)",
            f"{offset + directory_size + _END.size} bytes",
        )
    parts.append(_END.pack(*_end_fields(len(directory), directory_size, offset)))
    return b"".join(parts)


def write(path: object, arrays: object) -> None:  # SHIM
    import numpy as np

    path.write_bytes(
        encode(
            {n: a if isinstance(a, np.ndarray) else a[np.arange(len(a))] for n, a in arrays.items()}
        )
    )  # type: ignore


def parse(data: bytes | memoryview, *, subject: str) -> dict[str, np.ndarray]:
    """Arrays of a canonical ``.npz``, as read-only views of `data`.

    CRCs are not checked: the caller has compared the SHA-256 of the same buffer.

    Parameters
    ----------
    data : bytes or read-only memoryview of bytes
        The whole file.
    subject : str
        What the file is, for messages.

    Raises
    ------
    ArchiveError
        `data` is not what `encode` writes. Nothing else is raised, whatever the bytes are.
    """
    import numpy as np

    count, directory, end = _parse_end(data, subject)
    arrays: dict[str, np.ndarray] = {}
    previous = ""
    entry, offset = directory, 0
    for _ in range(count):
        name, crc, size, entry = _parse_entry(data, entry, end, offset, subject)
        where = f"{subject}: member '{name}.npy'"
        if name <= previous:
            found = "a second one" if name in arrays else f"it comes after '{previous}.npy'"
            raise _malformed(where, "one member for each array, sorted by name", found)
        start = _parse_local(data, name, crc, size, offset, directory, where)
        descr, shape, data_start = _parse_npy_header(data, start, size, where)
        arrays[name] = np.ndarray(shape, descr, buffer=data, offset=data_start)
        previous, offset = name, start + size
    if offset != directory:
        raise _malformed(
            subject,
            f"the directory right after the last member, at {offset}",
            f"{directory - offset} bytes between them",
        )
    if entry != end:
        raise _malformed(
            subject, f"a directory of {count} entries", f"{end - entry} more bytes in it"
        )
    return arrays


def is_canonical(data: bytes | memoryview, arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether `data` is, to the last byte, the canonical ``.npz`` of `arrays`."""
    try:
        return encode(arrays) == data
    except ArchiveError:
        return False


def crcs_hold(data: bytes | memoryview) -> bool:
    """Whether each member of a ``.npz`` has the CRC-32 that it states.

    `parse` tests everything else about the container, so of what it accepts this is as much as
    `is_canonical`, without encoding anew.

    Raises
    ------
    ArchiveError
        `data` is not what `encode` writes.
    """
    view = memoryview(data)
    count, entry, end = _parse_end(data, "archive")
    offset = 0
    for _ in range(count):
        name, crc, size, entry = _parse_entry(data, entry, end, offset, "archive")
        start = _member_start(f"{name}.npy".encode(), offset)
        offset = start + size
        if zlib.crc32(view[start:offset]) != crc:
            return False
    return True


def _check_encodable(array: np.ndarray, name: str) -> None:
    import numpy as np

    where = f"array {name!r}"
    # A subclass may mean more than its numbers, as a mask does; a memmap does not.
    if type(array) not in (np.ndarray, np.memmap):
        raise _unfit(where, "a plain numpy array", f"a {type(array).__name__}")
    if array.dtype.str not in _ITEMSIZES:
        raise _unfit(where, f"dtype one of {_DTYPES}", f"dtype {array.dtype.str}")
    if array.ndim > _MAX_DIMENSIONS:
        raise _unfit(where, f"at most {_MAX_DIMENSIONS} dimensions", f"{array.ndim}")


def _payload(array: np.ndarray) -> memoryview:
    import numpy as np

    # reshape(-1) makes the bytes of 0-d arrays addressable, too
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _npy_header(descr: str, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    spaces = -(_NPY_START + len(text) + 1) % _ALIGNMENT
    return _NPY_MAGIC + struct.pack("<H", len(text) + spaces + 1) + text + b" " * spaces + b"\n"


def _padding_size(member: bytes, offset: int) -> int:
    bare = offset + _LOCAL.size + len(member) + _PADDING_BYTES
    return _PADDING_BYTES + -bare % _ALIGNMENT


def _padding(member: bytes, offset: int) -> bytes:
    size = _padding_size(member, offset)
    return struct.pack("<3H", _PADDING_ID, size - 4, _ALIGNMENT).ljust(size, b"\0")


def _member_start(member: bytes, offset: int) -> int:
    return offset + _LOCAL.size + len(member) + _padding_size(member, offset)


def _local_fields(member: bytes, crc: int, size: int, offset: int) -> tuple[bytes | int, ...]:
    common = (_VERSION, 0, _STORED, 0, _DATE, crc, size, size, len(member))
    return (_LOCAL_SIGNATURE, *common, _padding_size(member, offset))


def _central_fields(member: bytes, crc: int, size: int, offset: int) -> tuple[bytes | int, ...]:
    common = (_VERSION, 0, _STORED, 0, _DATE, crc, size, size, len(member))
    return (_CENTRAL_SIGNATURE, _UNIX | _VERSION, *common, 0, 0, 0, 0, _MODE, offset)


def _end_fields(count: int, size: int, offset: int) -> tuple[bytes | int, ...]:
    return (_END_SIGNATURE, 0, 0, count, count, size, offset, 0)


def _parse_end(data: bytes | memoryview, subject: str) -> tuple[int, int, int]:
    """Number of members, and where the directory starts and ends."""
    end = len(data) - _END.size
    if end < 0 or bytes(data[end : end + len(_END_SIGNATURE)]) != _END_SIGNATURE:
        mark = bytes(data).rfind(_END_SIGNATURE)
        if mark < 0 or mark > end:
            found = f"{len(data)} bytes without one: truncated, or not a .npz at all"
        else:
            found = f"{end - mark} bytes after it (an archive comment counts)"
        raise _malformed(subject, "a ZIP that ends with its end record", found)
    fields = _END.unpack_from(data, end)
    count, directory = fields[4], fields[6]
    if directory > end:
        raise _malformed(subject, f"a directory before byte {end}", f"directory offset {directory}")
    _check_fields(subject, _END_LABELS, fields, _end_fields(count, end - directory, directory))
    return count, directory, end


def _parse_entry(
    data: bytes | memoryview, entry: int, end: int, offset: int, subject: str
) -> tuple[str, int, int, int]:
    """Array name, CRC and size of a member from its directory entry, and the next entry."""
    where = f"{subject}: directory entry at byte {entry}"
    if entry + _CENTRAL.size > end:
        raise _malformed(where, f"{_CENTRAL.size} bytes", f"{end - entry} bytes")
    fields = _CENTRAL.unpack_from(data, entry)
    crc, size, name_length = fields[7], fields[9], fields[10]
    start = entry + _CENTRAL.size
    following = start + name_length
    if following > end:
        raise _malformed(where, f"a name of at most {end - start} bytes", f"{name_length} bytes")
    member = bytes(data[start:following])
    name = member.decode("latin-1").removesuffix(".npy")
    if not (member.endswith(b".npy") and _NAME.fullmatch(name)):
        raise _malformed(where, f"a member NAME.npy, NAME of {_NAMES}", repr(member[:200]))
    where = f"{subject}: member '{name}.npy'"
    if fields[-1] != offset:
        raise _malformed(
            where,
            f"offset {offset}, with nothing before or between members",
            f"offset {fields[-1]}",
        )
    _check_fields(where, _CENTRAL_LABELS, fields, _central_fields(member, crc, size, offset))
    return name, crc, size, following


def _parse_local(
    data: bytes | memoryview,
    name: str,
    crc: int,
    size: int,
    offset: int,
    directory: int,
    where: str,
) -> int:
    """Where the member's own bytes start; all of its `size` bytes are there."""
    member = f"{name}.npy".encode()
    start = _member_start(member, offset)
    if start + size > directory:
        raise _malformed(
            where, f"{start + size - offset} bytes", f"{directory - offset} before the directory"
        )
    fields = _LOCAL.unpack_from(data, offset)
    _check_fields(where, _LOCAL_LABELS, fields, _local_fields(member, crc, size, offset))
    names_and_padding = member + _padding(member, offset)
    if bytes(data[offset + _LOCAL.size : start]) != names_and_padding:
        raise _malformed(
            where,
            f"the same name before the data, and zeros up to byte {start}",
            repr(bytes(data[offset + _LOCAL.size : start])),
        )
    return start


def _parse_npy_header(
    data: bytes | memoryview, start: int, size: int, where: str
) -> tuple[str, tuple[int, ...], int]:
    """Dtype, shape, and where the array's bytes start; there are just as many as it needs."""
    if size < _NPY_START or bytes(data[start : start + len(_NPY_MAGIC)]) != _NPY_MAGIC:
        found = repr(bytes(data[start : start + min(size, _NPY_START)]))
        raise _malformed(where, f".npy version 1.0, {_NPY_MAGIC!r} and a length", found)
    length = int.from_bytes(data[start + len(_NPY_MAGIC) : start + _NPY_START], "little")
    data_start = start + _NPY_START + length
    limit = min(size, _MAX_NPY_HEADER) - _NPY_START
    if length > limit:
        raise _malformed(where, f"a .npy header of at most {limit} bytes", f"{length} bytes")

    header = bytes(data[start:data_start])
    match = _NPY_HEADER.fullmatch(header, _NPY_START)
    if match is None:
        raise _malformed(
            where, "keys descr, fortran_order, shape, as encode writes them", repr(header[:200])
        )
    descr = match[1].decode("latin-1").removeprefix("'").removesuffix("'")
    if descr not in _ITEMSIZES:
        raise _malformed(where, f"dtype one of {_DTYPES}", f"dtype {descr}")
    if match[2] == b"True":
        raise _malformed(where, "C order", "Fortran order")
    sizes = match[3].rstrip(b",").split(b", ") if match[3] else []
    if len(sizes) > _MAX_DIMENSIONS or not all(map(bytes.isdigit, sizes)):
        raise _malformed(
            where,
            f"a shape of at most {_MAX_DIMENSIONS} numbers",
            f"shape ({match[3].decode('latin-1')})",
        )
    shape = tuple(map(int, sizes))
    needed, held = math.prod(shape) * _ITEMSIZES[descr], start + size - data_start
    if needed != held:
        raise _malformed(
            where, f"{needed} bytes for {descr} of shape {shape}", f"a member that holds {held}"
        )
    # numpy addresses an empty array's other dimensions all the same
    if math.prod(filter(None, shape)) * _ITEMSIZES[descr] > sys.maxsize:
        raise _malformed(where, f"a shape of at most {sys.maxsize} bytes", f"shape {shape}")
    if header != _npy_header(descr, shape):
        raise _malformed(where, repr(_npy_header(descr, shape)), repr(header))
    return descr, shape, data_start


def _check_fields(
    where: str,
    labels: str,
    found: tuple[bytes | int, ...],
    expected: tuple[bytes | int, ...],
) -> None:
    if found == expected:
        return
    for label, right, actual in zip(labels.split(", "), expected, found, strict=True):
        if right != actual:
            raise _malformed(where, f"{label} {right!r}", f"{label} {actual!r}")


def _unfit(where: str, expected: str, found: str) -> ArchiveError:
    remedy = "convert, rename or leave out the array before it is encoded"
    return ArchiveError(where, expected=expected, found=found, remedy=remedy)


def _malformed(where: str, expected: str, found: str) -> ArchiveError:
    remedy = "fetch or rebuild the file: fixtures are written by registry.identity.npz.encode only"
    return ArchiveError(where, expected=expected, found=found, remedy=remedy)
