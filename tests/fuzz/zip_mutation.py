"""Changes of a ``.npz`` that know what its parts mean: readers get past the first of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from random import Random

from tests.fuzz.bytes_mutation import INTEGERS, few, mutated, over
from tests.kit import zip_archive
from tests.kit.zip_archive import Archive, Member, npy

_DESCRS = (
    "'<f4'", "'<f8'", "'|b1'", "'<c8'", "'>i2'", "'|u1'", "'<u1'", "'|S3'", "'<U2'", "'|O'",
    "'<f16'", "'f4'", "'=f4'", "'<M8[s]'", "'<V4'", "[('x', '<f4')]", "'<f4,<f4'", "'<U0'", "4",
    "'<S2147483648'", "'<U999999'", "'<i4' ", "u'<f4'", "b'<f4'", "None",
)  # fmt: skip
_SHAPES = (
    "()", "(0,)", "(1,)", "(2,)", "(3,)", "(2, 3)", "(3, 2)", "(6,)", "(1, 6)", "(6, 1, 1)", "[6]",
    "6", "(-1,)", "(6L,)", "(True,)", "(2.0, 3)", "(06,)", "(0, 9223372036854775807)",
    "(4611686018427387904, 0)", "(1000000000000,)", "(65536, 65536, 65536, 65536)", "(6, )", "(6)",
    f"({'1, ' * 32}6)", f"({'1, ' * 40})", "(0, -1)", "(2,3)", "(0x6,)", "(None,)", "((6,),)",
)  # fmt: skip
_NAMES = (
    b"a.npy", b"b.npy", b"a", b"a.npy.npy", b"b.npy.npy", b".npy", b"a.npy/", b"", b"a\0.npy",
    b"a.npy\0.npy", b"a/b.npy", b"a\\b.npy", b"../a.npy", b"\xff.npy", b"\x81.npy",
    "größe.npy".encode(), b"A" * 129 + b".npy", b"a" * 128 + b".npy", b"\x1b[31m.npy", b"0.npy",
    b"a.npz", b"\xe2\x80\xae.npy", b"files.npy", b"a.NPY", b" .npy",
)  # fmt: skip
_EXTRAS = (
    b"", b"\1", b"\1\0\0\0", b"\1\0\x18\0" + b"\1" * 24, b"\1\0\x08\0" + bytes(8),
    b"up\x0a\0\1" + struct.pack("<I", zlib.crc32(b"a.npy")) + b"b.npy",
    b"\x99\x99\xff\xff", b"\x99\x99\4\0PK\3\4",
    struct.pack("<2H3Q", 1, 24, 152, 152, 0), b"\x35\xd9\2\0\x40\0",
)  # fmt: skip
_FLAGS = (0, 1, 2, 6, 8, 0x10, 0x20, 0x40, 0x800, 0x808, 0x2000, 0x8000)
_BLOCKS = (b"x", b"PK\3\4", b"PK\5\6", b"PK\7\x08", bytes(64), b"\n" * 30)


def archive() -> Archive:
    """The archive of which mutants are made: arrays of some kinds, in canonical form."""
    return Archive(
        [
            Member(b"a.npy", npy("'<f4'", "(6,)", struct.pack("<6f", *range(6)))),
            Member(b"b.npy", npy("'<i2'", "(2, 3)", struct.pack("<6h", *range(6)))),
            Member(b"c.npy", npy("'<f8'", "()", struct.pack("<d", 1.5))),
            Member(b"d.npy", npy("'|u1'", "(0, 4)", b"")),
        ]
    )


def mutant(random: Random) -> bytes:
    """The archive after a few changes, of its parts in most cases, and sometimes of its bytes."""
    made = archive()
    del made.members[random.randrange(1, 5) :]
    kind = random.randrange(8)
    if kind < 7:
        for _ in range(few(random)):
            random.choice(_CHANGES)(random, made)
    try:
        data = made.encode()
    except struct.error:
        # a name or an extra field that is longer than its length can tell
        data = archive().encode()
    return mutated(random, data) if kind > 5 else data


def _member(random: Random, made: Archive) -> Member:
    if not made.members:
        made.members.append(Member(b"a.npy", npy("'<f4'", "(0,)", b"")))
    return random.choice(made.members)


def _payload(random: Random, made: Archive) -> None:
    member = _member(random, made)
    if len(member.content) > 128:
        at = random.randrange(128, len(member.content))
        member.content = over(member.content, at, random.randbytes(1))[: len(member.content)]


def _content(random: Random, made: Archive) -> None:
    member = _member(random, made)
    member.content = mutated(random, member.content)


def _header(random: Random, made: Archive) -> None:
    """Another header before a payload that may fit to it."""
    payload = random.randbytes(random.choice((0, 1, 4, 6, 8, 12, 16, 18, 24, 48, 96)))
    order = random.choice(("False", "False", "True", "True", "0", "None", "'C'"))
    content = npy(random.choice(_DESCRS), random.choice(_SHAPES), payload, order=order)
    if random.random() < 0.2:
        content = content.replace(b", '", random.choice((b",'", b",\n'", b", u'", b", '', '")))
    if random.random() < 0.1:
        version = random.choice((b"\2\0", b"\3\0", b"\1\1", b"\0\0"))
        content = b"\x93NUMPY" + version + content[8:10] + bytes(2) + content[10:]
    _member(random, made).content = content


def _fitting(random: Random, made: Archive) -> None:
    """Another header and just as many bytes as it needs."""
    descr, size = random.choice(
        (("<f4", 4), ("<f8", 8), ("|b1", 1), ("<c8", 8), (">i2", 2), ("|S3", 3), ("<U2", 8))
    )
    shape = tuple(random.randrange(4) for _ in range(random.randrange(4)))
    count = 1
    for length in shape:
        count *= length
    order = random.choice(("False", "True"))
    content = npy(f"'{descr}'", repr(shape), random.randbytes(count * size), order=order)
    _member(random, made).content = content


def _name(random: Random, made: Archive) -> None:
    member = _member(random, made)
    member.name = random.choice(_NAMES)
    if random.random() < 0.2:
        member.local_name = random.choice(_NAMES)
    if random.random() < 0.3:
        member.both[zip_archive.FLAGS] = 0x800


def _add(random: Random, made: Archive) -> None:
    name = random.choice(_NAMES)
    member = Member(name, npy("'<f4'", "(1,)", random.randbytes(4)))
    made.members.insert(random.randrange(len(made.members) + 1), member)


def _method(random: Random, made: Archive) -> None:
    _member(random, made).method = random.choice((0, 8, 8, 8, 9, 12, 14, 99))


def _flags(random: Random, made: Archive) -> None:
    member = _member(random, made)
    where = random.choice((member.both, member.both, member.local, member.central))
    where[zip_archive.FLAGS] = random.choice(_FLAGS)


def _field(random: Random, made: Archive) -> None:
    member = _member(random, made)
    where = random.choice((member.both, member.both, member.local, member.central))
    place = random.randrange(8)
    limit = 0xFFFF if place < zip_archive.CRC else 0xFFFFFFFF
    where[place] = (random.choice(INTEGERS) + random.choice((0, 0, 100, 150))) & limit


def _extra(random: Random, made: Archive) -> None:
    member = _member(random, made)
    if random.random() < 0.5:
        member.local_extra = random.choice(_EXTRAS)
    else:
        member.central_extra = random.choice(_EXTRAS)


def _large(random: Random, made: Archive) -> None:
    """Sizes that are in the extra fields for large ones."""
    member = _member(random, made)
    size, packed = len(member.content), len(member.packed())
    sizes = {zip_archive.PACKED: 0xFFFFFFFF, zip_archive.SIZE: 0xFFFFFFFF}
    extra = struct.pack("<2H2Q", 1, 16, size, packed)
    if random.random() < 0.8:
        member.central, member.central_extra = sizes, extra
    if random.random() < 0.8:
        member.local, member.local_extra = sizes, extra


def _between(random: Random, made: Archive) -> None:
    member, block = _member(random, made), random.choice(_BLOCKS)
    match random.randrange(6):
        case 0:
            member.before = block
        case 1:
            member.after = block
        case 2:
            made.before_directory = block
        case 3:
            made.in_directory = block
        case 4:
            made.after_directory = block
        case _:
            made.comment = block


def _descriptor(random: Random, made: Archive) -> None:
    """Sizes after the data, in one of the four forms that tools write, or nearly so."""
    member = _member(random, made)
    signature = random.choice((b"PK\7\x08", b""))
    form = random.choice(("<I2I", "<I2Q"))
    size, packed = len(member.content), len(member.packed())
    member.after = signature + struct.pack(form, zlib.crc32(member.content), packed, size)
    member.both[zip_archive.FLAGS] = 8
    if random.random() < 0.7:
        member.local = dict.fromkeys((zip_archive.CRC, zip_archive.PACKED, zip_archive.SIZE), 0)
    if random.random() < 0.2:
        member.after = mutated(random, member.after)


def _again(random: Random, made: Archive) -> None:
    made.members.append(_member(random, made))


def _order(random: Random, made: Archive) -> None:
    if random.random() < 0.5:
        random.shuffle(made.members)
    else:
        count = len(made.members)
        made.order = random.choices(range(count), k=random.randrange(count + 2)) if count else None


def _offset(random: Random, made: Archive) -> None:
    _member(random, made).moved = random.choice((-1, 1, 64, -64, 192, 200, -200))


def _disk(random: Random, made: Archive) -> None:
    if random.random() < 0.5:
        _member(random, made).disk = random.choice((1, 2, 0xFFFF))
    else:
        made.end[random.randrange(2)] = random.choice((1, 2, 0xFFFF))


def _end(random: Random, made: Archive) -> None:
    place = random.randrange(7)
    limit = 0xFFFFFFFF if place in (4, 5) else 0xFFFF
    made.end[place] = random.choice(INTEGERS) & limit


def _zip64(random: Random, made: Archive) -> None:
    made.zip64 = True
    if random.random() < 0.5:
        place = random.randrange(9)
        limit = {1: 0xFFFF, 2: 0xFFFF, 3: 0xFFFFFFFF, 4: 0xFFFFFFFF}.get(place, (1 << 64) - 1)
        made.end64[place] = random.choice(INTEGERS) & limit
    if random.random() < 0.5:
        made.end = {2: 0xFFFF, 3: 0xFFFF, 4: 0xFFFFFFFF, 5: 0xFFFFFFFF}


_CHANGES: tuple[Callable[[Random, Archive], None], ...] = (
    _payload, _content, _header, _fitting, _fitting, _name, _add, _method, _flags, _field, _extra,
    _large, _between, _descriptor, _again, _order, _offset, _disk, _end, _zip64,
)  # fmt: skip
