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

import hashlib
import math
import re
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from mmap import mmap
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, runtime_checkable

from registry.byte_order import stored_dtype
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
_LONGEST_END = _END.size + 0xFFFF  # with a comment
_BLOCK_BYTES = 64_000_000


@runtime_checkable
class RowSource(Protocol):
    """What is stored like an array, and read in parts: slices along its first axis are arrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array, of one axis at least."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """As of an array."""
        ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


class Located(NamedTuple):
    """Dtype and shape of an array, and at which byte of the archive its own bytes start."""

    dtype: str
    shape: tuple[int, ...]
    start: int


def encode(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Canonical ``.npz`` of arrays, whatever their order in the mapping and in memory.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Names of letters, digits and underscores; booleans, integers, floats and complex numbers of
        standard width, little-endian or, on a big-endian machine, in its own byte order; any shape
        of at most 32 dimensions, 0-d too.

    Raises
    ------
    ArchiveError
        A name, a dtype or the total size cannot be stored. No value is converted here.
    """
    return b"".join(_pieces(arrays))


def digest(arrays: Mapping[str, np.ndarray]) -> tuple[int, str]:
    """Number of bytes that `encode` gives, and their hex SHA-256; no memory is taken for them.

    Raises
    ------
    ArchiveError
        As for `encode`.
    """
    size, found = 0, hashlib.sha256()
    for piece in _pieces(arrays):
        found.update(piece)
        size += len(piece)
    return size, found.hexdigest()


def _pieces(arrays: Mapping[str, np.ndarray]) -> Iterator[bytes | memoryview]:
    """The archive from its start to its end. Arrays are read twice: CRCs come before them."""
    headers = _headers(arrays)
    directory = b""
    offset = 0
    for name, header in headers.items():
        member = f"{name}.npy".encode()
        size, crc = len(header), zlib.crc32(header)
        for block in _blocks(arrays[name], name):
            size, crc = size + len(block), zlib.crc32(block, crc)
        yield _local(member, crc, size, offset)
        yield header
        yield from _blocks(arrays[name], name)
        directory += _central(member, crc, size, offset)
        offset = _member_start(member, offset) + size
    yield directory + _END.pack(*_end_fields(len(headers), len(directory), offset))


def write_into(file: BinaryIO, arrays: Mapping[str, np.ndarray] | Mapping[str, RowSource]) -> None:
    """Write what `encode` gives into an empty file, taking the arrays in blocks of 64 MB.

    Parameters
    ----------
    file : binary file
        It can be sought: CRCs stand before what they are of.
    arrays : mapping of str to ndarray or RowSource
        As for `encode`.

    Raises
    ------
    ArchiveError
        As for `encode`, before anything is read; or a source gives other rows than it says.
    """
    headers = _headers(arrays)
    directory = b""
    offset = 0
    for name, header in headers.items():
        member = f"{name}.npy".encode()
        start = _member_start(member, offset)
        file.seek(start)
        file.write(header)
        size, crc = len(header), zlib.crc32(header)
        for block in _blocks(arrays[name], name):
            size, crc = size + file.write(block), zlib.crc32(block, crc)
        file.seek(offset)
        file.write(_local(member, crc, size, offset))
        directory += _central(member, crc, size, offset)
        offset = start + size
    file.seek(offset)
    file.write(directory + _END.pack(*_end_fields(len(headers), len(directory), offset)))


def parse(data: bytes | memoryview, *, subject: str) -> dict[str, np.ndarray]:
    """Arrays of a canonical ``.npz``, as read-only views of `data`: little-endian on any machine.

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

    return {
        name: np.ndarray(shape, dtype, buffer=data, offset=start)
        for name, (dtype, shape, start) in locate(data, subject=subject).items()
    }


def locate(data: bytes | memoryview | mmap, *, subject: str) -> dict[str, Located]:
    """Where the arrays of a canonical ``.npz`` are; of their own bytes, none is looked at.

    Raises
    ------
    ArchiveError
        As `parse` does.
    """
    count, directory, end = _parse_end(data, subject)
    found: dict[str, Located] = {}
    previous = ""
    entry, offset = directory, 0
    for _ in range(count):
        name, crc, size, entry = _parse_entry(data, entry, end, offset, subject)
        where = f"{subject}: member '{name}.npy'"
        if name <= previous:
            other = "a second one" if name in found else f"it comes after '{previous}.npy'"
            raise malformed(where, "one member for each array, sorted by name", other)
        start = _parse_local(data, name, crc, size, offset, directory, where)
        found[name] = _parse_npy_header(data, start, size, where)
        previous, offset = name, start + size
    if offset != directory:
        raise malformed(
            subject,
            f"the directory right after the last member, at {offset}",
            f"{directory - offset} bytes between them",
        )
    if entry != end:
        raise malformed(
            subject, f"a directory of {count} entries", f"{end - entry} more bytes in it"
        )
    return found


def crcs_hold(data: bytes | memoryview) -> bool:
    """Whether each member of a ``.npz`` has the CRC-32 that it states.

    `parse` tests everything else about the container: what passes both is canonical.

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


def _headers(arrays: Mapping[str, np.ndarray] | Mapping[str, RowSource]) -> dict[str, bytes]:
    """Each array's ``.npy`` header, sorted by name, if all can be stored."""
    for name in arrays:
        if not _NAME.fullmatch(name):
            raise _unfit(f"array {name!r}", f"a name of {_NAMES}", repr(name))
    if len(arrays) >= _COUNT_LIMIT:
        raise _unfit("archive", f"fewer than {_COUNT_LIMIT} arrays", f"{len(arrays)} arrays")

    headers = {}
    offset, directory_size = 0, 0
    limit = f"less than {_SIZE_LIMIT} bytes (4 GiB)"
    for name in sorted(arrays):
        array, member = arrays[name], f"{name}.npy".encode()
        _check_encodable(array, name)
        headers[name] = _npy_header(stored_dtype(array.dtype).str, array.shape)
        size = len(headers[name]) + math.prod(array.shape) * array.dtype.itemsize
        if offset + size >= _SIZE_LIMIT:
            found = f"{offset + size} bytes with this array"
            raise _unfit(f"array {name!r}", f"an archive of {limit}", found)
        offset = _member_start(member, offset) + size
        directory_size += _CENTRAL.size + len(member)
    whole = offset + directory_size + _END.size
    if whole >= _SIZE_LIMIT:
        raise _unfit("archive", limit, f"{whole} bytes")
    return headers


def _check_encodable(array: Any, name: str) -> None:
    import numpy as np

    where = f"array {name!r}"
    # A subclass may mean more than its numbers, as a mask does; a memmap does not.
    if isinstance(array, (np.ndarray, np.generic)):
        plain = type(array) in (np.ndarray, np.memmap)
    else:
        plain = isinstance(array, RowSource) and isinstance(array.dtype, np.dtype)
    if not plain:
        raise _unfit(where, "a plain numpy array", f"a {type(array).__name__}")
    if stored_dtype(array.dtype).str not in _ITEMSIZES:
        raise _unfit(where, f"dtype one of {_DTYPES}", f"dtype {array.dtype.str}")
    if len(array.shape) > _MAX_DIMENSIONS:
        raise _unfit(where, f"at most {_MAX_DIMENSIONS} dimensions", f"{len(array.shape)}")


def _blocks(array: np.ndarray | RowSource, name: str) -> Iterator[memoryview]:
    import numpy as np

    if 0 in array.shape:
        return
    if not array.shape:
        array = np.asarray(array).reshape(1)
    count, *row = array.shape
    step = max(1, _BLOCK_BYTES // (math.prod(row) * array.dtype.itemsize))
    for start in range(0, count, step):
        part = array[start : start + step]
        expected = (min(step, count - start), *row)
        # a big-endian machine may have computed rows of a source that announces stored ones
        dtype = stored_dtype(part.dtype)
        if dtype != stored_dtype(array.dtype) or part.shape != expected:
            raise _unfit(
                f"array {name!r}: rows from {start}",
                f"{array.dtype.str} of shape {expected}",
                f"{part.dtype.str} of shape {part.shape}",
            )
        stored = np.ascontiguousarray(part, dtype=dtype)
        yield stored.ravel().view(np.uint8).data


def _npy_header(descr: str, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    spaces = -(_NPY_START + len(text) + 1) % _ALIGNMENT
    return _NPY_MAGIC + struct.pack("<H", len(text) + spaces + 1) + text + b" " * spaces + b"\n"


def _padding(member: bytes, offset: int) -> bytes:
    bare = offset + _LOCAL.size + len(member) + _PADDING_BYTES
    size = _PADDING_BYTES + -bare % _ALIGNMENT
    return struct.pack("<3H", _PADDING_ID, size - 4, _ALIGNMENT).ljust(size, b"\0")


def _member_start(member: bytes, offset: int) -> int:
    return offset + _LOCAL.size + len(member) + len(_padding(member, offset))


def _local(member: bytes, crc: int, size: int, offset: int) -> bytes:
    """All that stands before a member's own bytes."""
    padding = _padding(member, offset)
    fields = (_LOCAL_SIGNATURE, *_common_fields(member, crc, size), len(padding))
    return _LOCAL.pack(*fields) + member + padding


def _central(member: bytes, crc: int, size: int, offset: int) -> bytes:
    """A member's entry in the directory."""
    common = _common_fields(member, crc, size)
    fields = (_CENTRAL_SIGNATURE, _UNIX | _VERSION, *common, 0, 0, 0, 0, _MODE, offset)
    return _CENTRAL.pack(*fields) + member


def _common_fields(member: bytes, crc: int, size: int) -> tuple[int, ...]:
    return (_VERSION, 0, _STORED, 0, _DATE, crc, size, size, len(member))


def _end_fields(count: int, size: int, offset: int) -> tuple[bytes | int, ...]:
    return (_END_SIGNATURE, 0, 0, count, count, size, offset, 0)


def _parse_end(data: bytes | memoryview | mmap, subject: str) -> tuple[int, int, int]:
    """Number of members, and where the directory starts and ends."""
    end = len(data) - _END.size
    if end < 0 or bytes(data[end : end + len(_END_SIGNATURE)]) != _END_SIGNATURE:
        tail = bytes(data[-_LONGEST_END:])
        after = len(tail) - _END.size - tail.rfind(_END_SIGNATURE)
        if 0 < after <= len(tail) - _END.size:
            found = f"{after} bytes after it (an archive comment counts)"
        else:
            found = f"{len(data)} bytes without one: truncated, or not a .npz at all"
        raise malformed(subject, "a ZIP that ends with its end record", found)
    fields = _END.unpack_from(data, end)
    count, directory = fields[4], fields[6]
    if directory > end:
        raise malformed(subject, f"a directory before byte {end}", f"directory offset {directory}")
    expected = _end_fields(count, end - directory, directory)
    if fields != expected:
        _check_fields(subject, _END_LABELS, fields, expected)
    return count, directory, end


def _parse_entry(
    data: bytes | memoryview | mmap, entry: int, end: int, offset: int, subject: str
) -> tuple[str, int, int, int]:
    """Array name, CRC and size of a member from its directory entry, and the next entry."""
    start = entry + _CENTRAL.size
    if start > end:
        raise malformed(_entry(entry, subject), f"{_CENTRAL.size} bytes", f"{end - entry} bytes")
    fields = _CENTRAL.unpack_from(data, entry)
    crc, size, name_length = fields[7], fields[9], fields[10]
    following = start + name_length
    if following > end:
        rule = f"a name of at most {end - start} bytes"
        raise malformed(_entry(entry, subject), rule, f"{name_length} bytes")
    member = bytes(data[start:following])
    name = member.decode("latin-1").removesuffix(".npy")
    if not (member.endswith(b".npy") and _NAME.fullmatch(name)):
        rule = f"a member NAME.npy, NAME of {_NAMES}"
        raise malformed(_entry(entry, subject), rule, repr(member[:200]))
    where = f"{subject}: member '{name}.npy'"
    if fields[-1] != offset:
        raise malformed(
            where,
            f"offset {offset}, with nothing before or between members",
            f"offset {fields[-1]}",
        )
    expected = _central(member, crc, size, offset)
    if data[entry:following] != expected:
        _check_fields(where, _CENTRAL_LABELS, fields, _CENTRAL.unpack_from(expected))
    return name, crc, size, following


def _entry(entry: int, subject: str) -> str:
    return f"{subject}: directory entry at byte {entry}"


def _parse_local(
    data: bytes | memoryview | mmap,
    name: str,
    crc: int,
    size: int,
    offset: int,
    directory: int,
    where: str,
) -> int:
    """Where the member's own bytes start; all of its `size` bytes are there."""
    expected = _local(f"{name}.npy".encode(), crc, size, offset)
    start = offset + len(expected)
    if start + size > directory:
        raise malformed(
            where, f"{start + size - offset} bytes", f"{directory - offset} before the directory"
        )
    found = bytes(data[offset:start])
    if found != expected:
        _check_fields(where, _LOCAL_LABELS, _LOCAL.unpack_from(found), _LOCAL.unpack_from(expected))
        raise malformed(
            where,
            f"the same name before the data, and zeros up to byte {start}",
            repr(found[_LOCAL.size :]),
        )
    return start


def _parse_npy_header(
    data: bytes | memoryview | mmap, start: int, size: int, where: str
) -> Located:
    """The array's bytes are just as many as it needs."""
    if size < _NPY_START or bytes(data[start : start + len(_NPY_MAGIC)]) != _NPY_MAGIC:
        found = repr(bytes(data[start : start + min(size, _NPY_START)]))
        raise malformed(where, f".npy version 1.0, {_NPY_MAGIC!r} and a length", found)
    length = int.from_bytes(data[start + len(_NPY_MAGIC) : start + _NPY_START], "little")
    data_start = start + _NPY_START + length
    limit = min(size, _MAX_NPY_HEADER) - _NPY_START
    if length > limit:
        raise malformed(where, f"a .npy header of at most {limit} bytes", f"{length} bytes")

    header = bytes(data[start:data_start])
    match = _NPY_HEADER.fullmatch(header, _NPY_START)
    if match is None:
        raise malformed(
            where, "keys descr, fortran_order, shape, as encode writes them", repr(header[:200])
        )
    descr = match[1].decode("latin-1").removeprefix("'").removesuffix("'")
    if descr not in _ITEMSIZES:
        raise malformed(where, f"dtype one of {_DTYPES}", f"dtype {descr}")
    if match[2] == b"True":
        raise malformed(where, "C order", "Fortran order")
    sizes = match[3].rstrip(b",").split(b", ") if match[3] else []
    if len(sizes) > _MAX_DIMENSIONS or not all(map(bytes.isdigit, sizes)):
        raise malformed(
            where,
            f"a shape of at most {_MAX_DIMENSIONS} numbers",
            f"shape ({match[3].decode('latin-1')})",
        )
    shape = tuple(map(int, sizes))
    needed, held = math.prod(shape) * _ITEMSIZES[descr], start + size - data_start
    if needed != held:
        raise malformed(
            where, f"{needed} bytes for {descr} of shape {shape}", f"a member that holds {held}"
        )
    # numpy addresses an empty array's other dimensions all the same
    if not needed and math.prod(filter(None, shape)) * _ITEMSIZES[descr] > sys.maxsize:
        raise malformed(where, f"a shape of at most {sys.maxsize} bytes", f"shape {shape}")
    if header != _npy_header(descr, shape):
        raise malformed(where, repr(_npy_header(descr, shape)), repr(header))
    return Located(descr, shape, data_start)


def _check_fields(
    where: str,
    labels: str,
    found: tuple[bytes | int, ...],
    expected: tuple[bytes | int, ...],
) -> None:
    for label, right, actual in zip(labels.split(", "), expected, found, strict=True):
        if right != actual:
            raise malformed(where, f"{label} {right!r}", f"{label} {actual!r}")


def _unfit(where: str, expected: str, found: str) -> ArchiveError:
    remedy = "convert, rename or leave out the array before it is encoded"
    return ArchiveError(where, expected=expected, found=found, remedy=remedy)


def malformed(where: str, expected: str, found: str) -> ArchiveError:
    """A file that is not canonical."""
    remedy = "fetch or rebuild the file: fixtures are written by registry.identity.npz.encode only"
    return ArchiveError(where, expected=expected, found=found, remedy=remedy)
