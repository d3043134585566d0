"""Tests of `registry.identity.foreign_zip`."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest

from registry.errors import ArchiveError
from registry.identity.foreign_zip import members
from tests.kit.zip_archive import (
    CRC,
    DEFLATED,
    FLAGS,
    METHOD,
    PACKED,
    SIZE,
    Archive,
    Member,
    npy,
)  # fmt: skip

GOOD = npy("'<f4'", "(2,)", b"12345678")
# Where the first member ends: its data start at the first multiple of 64.
AFTER = 64 + len(GOOD)
# So do those of the second, and then comes the directory, with 51 bytes for each.
SECOND = 256
DIRECTORY = SECOND + len(GOOD)
NO_SIZES = dict.fromkeys((CRC, PACKED, SIZE), 0)


def one(**fields) -> Archive:
    """An archive of one array."""
    return Archive([Member(b"a.npy", GOOD, **fields)])


def two(**fields) -> Archive:
    """An archive of two arrays, of which the second is said more of."""
    return Archive([Member(b"a.npy", GOOD), Member(b"b.npy", GOOD, **fields)])


def descriptor(form: str, *, signature: bytes = b"PK\7\x08", size: int = len(GOOD)) -> bytes:
    """CRC and sizes as they follow the data."""
    return signature + struct.pack(form, zlib.crc32(GOOD), len(GOOD), size)


def refusal(archive: Archive | bytes) -> ArchiveError:
    """The error with which `members` refuses an archive."""
    data = archive if isinstance(archive, bytes) else archive.encode()
    with pytest.raises(ArchiveError) as error:
        pytest.fail(f"members: {list(members(io.BytesIO(data), 's'))}")
    return error.value


def with_end(archive: Archive, **fields) -> Archive:
    """The archive with another end."""
    for name, value in fields.items():
        setattr(archive, name, value)
    return archive


class TestMembers:
    """What `members` finds."""

    @pytest.mark.parametrize("signature", [b"PK\7\x08", b""])
    @pytest.mark.parametrize("form", ["<3I", "<I2Q"])
    def test_sizes_after_the_data(self, signature, form):
        """Each form in which tools write them is known, and what follows is found."""
        after = descriptor(form, signature=signature)
        archive = two()
        archive.members.insert(
            0, Member(b"c.npy", GOOD, both={FLAGS: 8}, local=NO_SIZES, after=after)
        )
        assert list(members(io.BytesIO(archive.encode()), "s")) == ["c", "a", "b"]

    def test_an_order_of_its_own_in_the_directory(self):
        """The directory tells the order of arrays, wherever their bytes are."""
        archive = with_end(two(), order=[1, 0])
        assert list(members(io.BytesIO(archive.encode()), "s")) == ["b", "a"]

    def test_end_records_of_large_archives(self):
        """A record for large numbers may repeat the short one, or stand in for it."""
        full = {0: 0xFFFF, 1: 0xFFFF, 2: 0xFFFF, 3: 0xFFFF, 4: 0xFFFFFFFF, 5: 0xFFFFFFFF}
        for end in ({}, full):
            archive = with_end(two(), zip64=True, end=end)
            assert list(members(io.BytesIO(archive.encode()), "s")) == ["a", "b"], f"{end}"

    def test_what_is_said_of_a_member(self):
        """Where its bytes start, and whether they are the array's own."""
        content = npy("'|u1'", "(1000,)", bytes(1000))
        archive = Archive([Member(b"a.npy", content, method=DEFLATED), Member(b"b.npy", GOOD)])
        packed, data = archive.members[0].packed(), archive.encode()
        assert len(packed) < len(content), "nothing was deflated"
        a, b = members(io.BytesIO(data), "s").values()
        assert (a.deflated, b.deflated) == (True, False)
        assert data[a.start :].startswith(packed)
        assert data[b.start :].startswith(GOOD)
        assert a.where == "s: member 'a.npy'"

    def test_names_of_either_alphabet(self):
        """A flag says which one; the other one's bytes would be another name."""
        utf8, cp437 = Member(UTF8, GOOD, both={FLAGS: 0x800}), Member(CP437, GOOD)
        for member in (utf8, cp437):
            data = Archive([member]).encode()
            assert list(members(io.BytesIO(data), "s")) == ["\xf6"]

    @pytest.mark.parametrize("flags", [2, 4, 6])
    def test_a_level_of_compression(self, flags):
        """It says nothing of how to read."""
        data = one(both={FLAGS: flags}).encode()
        assert list(members(io.BytesIO(data), "s")) == ["a"]


UTF8 = "\xf6.npy".encode()
CP437 = b"\x94.npy"
END = "a ZIP that ends with its end record, without a comment"
NO_ARCHIVE = {
    "text": b"hello " * 10,
    "nothing": b"",
    "truncated": one().encode()[:-1],
    "bytes after": one().encode() + b"x",
    "comment": with_end(one(), comment=b"x").encode(),
    "comment announced": with_end(one(), end={6: 1}).encode(),
    "the start of an end record": b"PK\5\6\0\0",
    "another end record": one().encode().replace(b"PK\5\6", b"PK\5\7"),
}
ARCHIVES = {
    "no member": (Archive([]), "a first member at byte 0", "no member"),
    "bytes before it": (one(before=b"xyz"), "a first member at byte 0", "3 bytes before it"),
    "bytes before the directory": (
        with_end(one(), before_directory=b"xyz"),
        f"a directory at byte {AFTER}, after 'a.npy'",
        f"byte {AFTER + 3}",
    ),
    "bytes where sizes would be": (
        one(after=descriptor("<3I")),
        f"a directory at byte {AFTER}, after 'a.npy'",
        f"byte {AFTER + 16}",
    ),
    "all offsets one too large": (
        with_end(one(moved=1), end={5: AFTER + 1}),
        f"a directory at byte {AFTER + 1}",
        f"one at {AFTER}",
    ),
    "on the second disk": (
        with_end(one(), end={0: 1}),
        "an archive on one disk",
        "disk 1, directory on 0, 1 of 1 members here",
    ),
    "directory on another disk": (
        with_end(one(), end={1: 1}),
        "an archive on one disk",
        "disk 0, directory on 1, 1 of 1 members here",
    ),
    "members on other disks": (
        with_end(one(), end={2: 0}),
        "an archive on one disk",
        "disk 0, directory on 0, 0 of 1 members here",
    ),
    "a large one on the second disk": (
        with_end(one(), zip64=True, end64={3: 1}, end={0: 0xFFFF}),
        "an archive on one disk",
        "disk 1, directory on 0, 1 of 1 members here",
    ),
    "hidden member of a large one": (
        with_end(one(), zip64=True, end64={5: 2, 6: 2}, end={2: 0xFFFF, 3: 0xFFFF}),
        "a directory of 2 members",
        "1 members",
    ),
    "two ends that differ": (
        with_end(one(), zip64=True, end64={6: 2}),
        "two end records that say the same",
        f"(0, 0, 1, 1, 51, {AFTER}) and (0, 0, 1, 2, 51, {AFTER})",
    ),
}
MEMBERS = {
    "bytes before it": (
        two(before=b"xyz"),
        f"a start at byte {AFTER}, after 'a.npy'",
        f"byte {AFTER + 3}",
    ),
    "numpy has one name for two": (
        Archive([Member(b"a.npy", GOOD), Member(b"a.npy.npy", GOOD)]),
        "names that numpy tells apart",
        "a member 'a.npy', too",
    ),
    "no name": (
        Archive([Member(b".npy", GOOD)]),
        "a printable name that ends with .npy",
        "'.npy'",
    ),
    "of another kind": (
        Archive([Member(b"a.txt", GOOD)]),
        "a printable name that ends with .npy",
        "'a.txt'",
    ),
    "steering the terminal": (
        Archive([Member(b"a\x1b.npy", GOOD)]),
        "a printable name that ends with .npy",
        "'a\\x1b.npy'",
    ),
    "twice": (
        Archive([Member(b"a.npy", GOOD), Member(b"a.npy", GOOD)]),
        "one member for each array",
        "two of this name",
    ),
    "encrypted": (two(both={FLAGS: 1}), "a plain member", "flags 0x1 (1: encrypted)"),
    "a patch": (two(both={FLAGS: 0x20}), "a plain member", "flags 0x20"),
    "of an unknown method": (
        two(both={METHOD: 12}),
        "compression method 0 (stored) or 8 (deflated)",
        "12",
    ),
    "stored in another size": (
        two(both={SIZE: 5}),
        "5 bytes, as declared",
        f"{len(GOOD)} stored bytes",
    ),
    "no header": (two(moved=1), f"a header at byte {AFTER + 1}", "b'K\\x03\\x04"),
    "a header that the file's end cuts": (
        two(comment=b"PK\3\4", moved=DIRECTORY + 2 * 51 - AFTER),
        f"a header at byte {DIRECTORY + 2 * 51}",
        "b'PK\\x03\\x04PK\\x05\\x06",
    ),
    "another name before the data": (
        two(local_name=b"c.npy"),
        "the same name before the data",
        "b'c.npy'",
    ),
    "beyond the file": (
        two(both={PACKED: 999, SIZE: 999}),
        f"999 bytes from byte {SECOND}",
        f"a file of {DIRECTORY + 2 * 51 + 22} bytes: truncated",
    ),
    "on another disk": (two(disk=1), "a member on disk 0", "disk 1"),
    "other flags before the data": (
        two(local={FLAGS: 2}),
        "flags 0x0 and method 0 before the data, too",
        "flags 0x2 and method 0",
    ),
    "another alphabet before the data": (
        Archive([Member(UTF8, GOOD, central={FLAGS: 0x800}, local_name=UTF8)]),
        "flags 0x800 and method 0 before the data, too",
        "flags 0x0 and method 0",
    ),
    "another method before the data": (
        two(local={METHOD: 8}),
        "flags 0x0 and method 0 before the data, too",
        "flags 0x0 and method 8",
    ),
    "no sizes after the data": (
        two(both={FLAGS: 8}),
        "CRC and sizes after the data, as in the directory",
        "b'PK\\x01\\x02",
    ),
    "other sizes after the data": (
        two(both={FLAGS: 8}, after=descriptor("<3I", size=5)),
        "CRC and sizes after the data, as in the directory",
        "b'PK\\x07\\x08",
    ),
}


class TestRefusals:
    """What `members` refuses although zipfile does not, and how it says so."""

    @pytest.mark.parametrize("data", NO_ARCHIVE.values(), ids=NO_ARCHIVE)
    def test_what_does_not_end_as_an_archive(self, data):
        """Whatever reads it from its end would have to guess."""
        error = refusal(data)
        assert (error.subject, error.expected) == ("s", END)
        assert error.found == f"{len(data)} bytes that end with {data[-22:]!r}"

    def test_a_name_that_fills_the_screen(self):
        """Of a name only the beginning is shown."""
        error = refusal(Archive([Member(b"x" * 50_000, GOOD)]))
        assert error.found.startswith("'xxx")
        assert len(str(error)) < 1000

    @pytest.mark.parametrize("case", ARCHIVES)
    def test_archives(self, case):
        """An archive that can be read in two ways is refused, with the difference."""
        archive, expected, found = ARCHIVES[case]
        error = refusal(archive)
        assert error.subject == "s", f"another subject: {error}"
        assert error.expected == expected, f"something else was expected: {error}"
        assert error.found == found, f"something else was found: {error}"

    @pytest.mark.parametrize("case", MEMBERS)
    def test_members(self, case):
        """A member that can be found in two ways is refused by name, with the difference."""
        archive, expected, found = MEMBERS[case]
        error = refusal(archive)
        assert error.subject.startswith("s: member '"), f"the member is not named: {error}"
        assert error.expected == expected, f"something else was expected: {error}"
        assert error.found.startswith(found), f"something else was found: {error}"

    def test_a_member_in_another(self):
        """A member whose bytes are also another one's is refused."""
        inner = Archive([Member(b"b.npy", GOOD)]).encode()[:AFTER]
        outer = Member(b"a.npy", npy("'|u1'", f"({len(inner)},)", inner))
        end = 64 + len(outer.content)
        archive = Archive([outer, Member(b"b.npy", GOOD, moved=-len(inner))])
        error = refusal(archive)
        assert error.expected == f"a start at byte {end}, after 'a.npy'", f"another fault: {error}"
        assert error.found == f"byte {end - len(inner)}", f"another fault: {error}"

    def test_a_name_in_an_extra_field(self):
        """A second name is refused where zipfile takes it, and of no effect where it does not."""
        extra = b"up\x0a\0\1" + struct.pack("<I", zlib.crc32(b"b.npy")) + b"x.npy"
        data = two(central_extra=extra).encode()
        with np.load(io.BytesIO(data)) as archive:
            expected = archive.files
        if expected == ["a", "b"]:
            assert list(members(io.BytesIO(data), "s")) == expected
        else:
            with pytest.raises(ArchiveError, match="one name in the directory"):
                members(io.BytesIO(data), "s")
