"""ZIP archives of which any part may be wrong while all others fit to it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

_LOCAL, _CENTRAL, _END = "<4s5H3I2H", "<4s6H3I5H2I", "<4s4H2IH"
STORED, DEFLATED = 0, 8
# Places of what both headers of a member have, in the order in which they have it.
VERSION, FLAGS, METHOD, TIME, DATE, CRC, PACKED, SIZE = range(8)


@dataclass
class Member:
    """A member; what it does not say of itself follows from what it says."""

    name: bytes
    content: bytes
    method: int = STORED
    local_name: bytes | None = None
    # In place of what follows, by place, as far as above; ``both`` is overruled by the others.
    both: dict[int, int] = field(default_factory=dict)
    local: dict[int, int] = field(default_factory=dict)
    central: dict[int, int] = field(default_factory=dict)
    # As a canonical archive pads, where there is none.
    local_extra: bytes | None = None
    central_extra: bytes = b""
    comment: bytes = b""
    disk: int = 0
    moved: int = 0
    before: bytes = b""
    after: bytes = b""

    def packed(self) -> bytes:
        """What is stored."""
        if self.method != DEFLATED:
            return self.content
        stream = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        return stream.compress(self.content) + stream.flush()


@dataclass
class Archive:
    """Members, and what else there is; ``end`` has fields of the end record by their place."""

    members: list[Member]
    order: list[int] | None = None
    before_directory: bytes = b""
    in_directory: bytes = b""
    after_directory: bytes = b""
    zip64: bool = False
    end: dict[int, int] = field(default_factory=dict)
    end64: dict[int, int] = field(default_factory=dict)
    comment: bytes = b""

    def encode(self) -> bytes:
        """All of it."""
        body, entries = b"", []
        for member in self.members:
            body += member.before
            packed = member.packed()
            offset = len(body)
            common = [20, 0, member.method, 0, 0x21, zlib.crc32(member.content)]
            common += [len(packed), len(member.content)]
            name = member.name if member.local_name is None else member.local_name
            extra = _padding(name, offset) if member.local_extra is None else member.local_extra
            local = _replaced(common, member.both | member.local)
            body += struct.pack(_LOCAL, b"PK\3\4", *local, len(name), len(extra)) + name + extra
            body += packed + member.after
            entries.append(
                struct.pack(
                    _CENTRAL,
                    b"PK\1\2",
                    3 << 8 | 20,
                    *_replaced(common, member.both | member.central),
                    len(member.name),
                    len(member.central_extra),
                    len(member.comment),
                    member.disk,
                    0,
                    0o100644 << 16,
                    (offset + member.moved) & 0xFFFFFFFF,
                )
                + member.name
                + member.central_extra
                + member.comment
            )
        body += self.before_directory
        order = range(len(entries)) if self.order is None else self.order
        directory = b"".join(entries[number] for number in order) + self.in_directory
        end = [0, 0, len(order), len(order), len(directory), len(body), len(self.comment)]
        tail = self.after_directory
        if self.zip64:
            record = _replaced([44, 45, 45, *end[:6]], self.end64)
            tail += struct.pack("<4sQ2H2I4Q", b"PK\6\6", *record)
            tail += struct.pack("<4sIQI", b"PK\6\7", 0, len(body) + len(directory), 1)
        tail += struct.pack(_END, b"PK\5\6", *_replaced(end, self.end)) + self.comment
        return body + directory + tail


def npy(descr: str, shape: str, payload: bytes, *, order: str = "False") -> bytes:
    """A member's content, with its header padded as numpy pads it."""
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + payload


def _replaced(values: list[int], by: dict[int, int]) -> list[int]:
    return [by.get(place, value) for place, value in enumerate(values)]


def _padding(name: bytes, offset: int) -> bytes:
    """As `registry.identity.npz` pads, so that the array's bytes start at a multiple of 64."""
    size = 6 + -(offset + 30 + len(name) + 6) % 64
    return struct.pack("<3H", 0xD935, size - 4, 64).ljust(size, b"\0")
