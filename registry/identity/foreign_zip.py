"""ZIP archives that other tools wrote: where their members are, if every reader finds them there.

A ZIP can be read from its end, as Python does, or from its start, and much in it is said twice.
What is accepted here reads the same either way: nothing but members and the directory is in the
file, each in its place, and whatever is said twice is the same.
"""

from __future__ import annotations

import struct
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from registry.errors import ArchiveError

_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")  # stands before the one above, with a locator between them
_LOCATOR_SIZE = 20
_LOCAL = struct.Struct("<4s5H3I2H")
# CRC, compressed size and size, where they follow the data: with a signature or without.
_DESCRIPTORS = [signature + form for signature in ("4s", "0s") for form in ("3I", "I2Q")]
_UTF8_FLAG, _DESCRIPTOR_FLAG = 0x800, 0x8
_HARMLESS_FLAGS = _UTF8_FLAG | _DESCRIPTOR_FLAG | 0x6  # compression level


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


def members(file: BinaryIO, subject: str) -> dict[str, Member]:
    """All members, by array name; none is ambiguous, and their bytes lie inside the file."""
    file_size = file.seek(0, 2)
    count, directory = _end(file, file_size, subject)
    try:
        with zipfile.ZipFile(file) as archive:
            entries, start = archive.infolist(), archive.start_dir
    except Exception as error:  # zipfile raises errors of many kinds at bytes that are no ZIP
        raise malformed(subject, "a ZIP archive", f"{type(error).__name__}: {error}") from error

    # A wrong length in one entry hides those after it, and zipfile does not count them.
    expected = f"a directory of {count} members"
    require(count == len(entries), subject, expected, f"{len(entries)} members")
    first = min((entry.header_offset for entry in entries), default=None)
    before = "no member" if first is None else f"{first} bytes before it"
    require(first == 0, subject, "a first member at byte 0", before)
    require(start == directory, subject, f"a directory at byte {directory}", f"one at {start}")
    held: dict[str, Member] = {}
    for entry in entries:
        member = _member(file, file_size, entry, subject)
        once = member.name not in held
        require(once, member.where, "one member for each array", "two of this name")
        held[member.name] = member
    for name, member in held.items():
        # numpy gives the array of the one by the name of the other
        alone = name.removesuffix(".npy") == name or name.removesuffix(".npy") not in held
        require(alone, member.where, "names that numpy tells apart", f"a member {name!r}, too")
    _check_gapless(file, held, directory, subject)
    return held


def malformed(where: str, expected: str, found: str) -> ArchiveError:
    """An archive or a member that is not as it should be."""
    remedy = "fetch the file again, or write it anew with numpy.savez from arrays of plain numbers"
    return ArchiveError(where, expected=expected, found=found, remedy=remedy)


def require(holds: bool, where: str, expected: str, found: str) -> None:
    """Refuse an archive or a member that is not as it should be."""
    if not holds:
        raise malformed(where, expected, found)


def _shown(name: str | bytes) -> str:
    """A name as messages have it, which may be 65535 bytes long."""
    return repr(name[:200])


def _end(file: BinaryIO, file_size: int, subject: str) -> tuple[int, int]:
    """Number of members, and where the directory starts, as the archive's end tells."""
    size = _END64.size + _LOCATOR_SIZE + _END.size
    file.seek(max(0, file_size - size))
    tail = file.read()
    end = tail[-_END.size :]
    whole = len(end) == _END.size and end.startswith(b"PK\5\6") and end.endswith(b"\0\0")
    expected = "a ZIP that ends with its end record, without a comment"
    require(whole, subject, expected, f"{file_size} bytes that end with {end!r}")
    fields: tuple[int, ...] = _END.unpack(end)[1:7]
    located = tail[-_LOCATOR_SIZE - _END.size :].startswith(b"PK\6\7")
    if located and len(tail) == size and tail.startswith(b"PK\6\6"):
        large: tuple[int, ...] = _END64.unpack_from(tail)[4:]
        full = (0xFFFF,) * 4 + (0xFFFFFFFF,) * 2
        same = all(a in (b, limit) for a, b, limit in zip(fields, large, full, strict=True))
        require(same, subject, "two end records that say the same", f"{fields} and {large}")
        fields = large
    disk, directory_disk, on_disk, count, _, directory = fields
    single = disk == directory_disk == 0 and on_disk == count
    found = f"disk {disk}, directory on {directory_disk}, {on_disk} of {count} members here"
    require(single, subject, "an archive on one disk", found)
    return count, directory


def _check_gapless(file: BinaryIO, held: dict[str, Member], directory: int, subject: str) -> None:
    """Each member begins where the one before it ends, and the directory after the last."""
    after, where = 0, ""
    for member in sorted(held.values(), key=lambda member: member.entry.header_offset):
        start = member.entry.header_offset
        require(start == after, member.where, f"a start at byte {after}{where}", f"byte {start}")
        after, where = _end_of(file, member), f", after {_shown(member.entry.orig_filename)}"
    require(after == directory, subject, f"a directory at byte {after}{where}", f"byte {directory}")


def _end_of(file: BinaryIO, member: Member) -> int:
    """Where the next member starts."""
    entry = member.entry
    end = member.start + entry.compress_size
    if not entry.flag_bits & _DESCRIPTOR_FLAG:
        return end
    file.seek(end)
    found, stated = file.read(24), (entry.CRC, entry.compress_size, entry.file_size)
    for form in _DESCRIPTORS:
        with suppress(struct.error):
            said = struct.pack(f"<{form}", b"PK\7\x08", *stated)
            if found.startswith(said):
                return end + len(said)
    raise malformed(member.where, "CRC and sizes after the data, as in the directory", repr(found))


def _member(file: BinaryIO, file_size: int, entry: zipfile.ZipInfo, subject: str) -> Member:
    # zipfile cuts `filename` at a NUL, and changes its separators on some platforms.
    full = entry.orig_filename
    name, shown = full.removesuffix(".npy"), _shown(full)
    where = f"{subject}: member {shown}"
    printable = name not in ("", full) and name.isprintable()
    require(printable, where, "a printable name that ends with .npy", shown)
    # An extra field may hold a second name, which newer versions of zipfile take.
    other = f"{shown} and {_shown(entry.filename)}"
    require(entry.filename == full, where, "one name in the directory", other)
    require(entry.volume == 0, where, "a member on disk 0", f"disk {entry.volume}")
    flags = f"flags {entry.flag_bits:#x} (1: encrypted)"
    require(not entry.flag_bits & ~_HARMLESS_FLAGS, where, "a plain member", flags)
    method, size = entry.compress_type, entry.file_size
    known = method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    require(known, where, "compression method 0 (stored) or 8 (deflated)", str(method))
    even = method == zipfile.ZIP_DEFLATED or entry.compress_size == size
    require(even, where, f"{size} bytes, as declared", f"{entry.compress_size} stored bytes")

    file.seek(entry.header_offset)
    local = file.read(_LOCAL.size)
    whole = len(local) == _LOCAL.size and local.startswith(b"PK\3\4")
    require(whole, where, f"a header at byte {entry.header_offset}", repr(local))
    _, _, local_flags, local_method, *_, name_length, extra_length = _LOCAL.unpack(local)
    expected = f"flags {entry.flag_bits:#x} and method {method} before the data, too"
    same = (local_flags, local_method) == (entry.flag_bits, method)
    require(same, where, expected, f"flags {local_flags:#x} and method {local_method}")
    local_name = file.read(name_length)
    same = local_name == full.encode("utf-8" if entry.flag_bits & _UTF8_FLAG else "cp437")
    require(same, where, "the same name before the data", _shown(local_name))
    start = entry.header_offset + _LOCAL.size + name_length + extra_length
    expected = f"{entry.compress_size} bytes from byte {start}"
    inside = start + entry.compress_size <= file_size
    require(inside, where, expected, f"a file of {file_size} bytes: truncated")
    return Member(name=name, where=where, entry=entry, start=start)
