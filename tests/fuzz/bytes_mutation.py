"""Changes of bytes that know nothing of what the bytes mean."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

# Ends of ranges, and what lies beside them.
INTEGERS = sorted(
    {
        max(0, (1 << bits) + beside)
        for bits in (0, 1, 7, 8, 15, 16, 31, 32, 62, 63, 64)
        for beside in (-1, 0, 1)
    }
)


def mutated(random: Random, data: bytes) -> bytes:
    """The same bytes after one change, or a few."""
    for _ in range(few(random)):
        data = random.choice(_CHANGES)(random, data)
    return data


def few(random: Random) -> int:
    """How many changes to make: one in half of the cases, seldom more than four."""
    count = 1
    while count < 8 and random.random() < 0.5:
        count += 1
    return count


def _flip(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) or 1)
    return over(data, at, bytes(byte ^ 1 << random.randrange(8) for byte in data[at : at + 1]))


def _byte(random: Random, data: bytes) -> bytes:
    return over(data, random.randrange(len(data) or 1), random.randbytes(1))


def _integer(random: Random, data: bytes) -> bytes:
    form = random.choice("BHIQ")
    number = random.choice(INTEGERS) & (1 << 8 * struct.calcsize(form)) - 1
    new = struct.pack(random.choice("<>") + form, number)
    return over(data, random.randrange(len(data) + 1), new)


def _insert(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.randbytes(random.choice((1, 1, 2, 4, 16))) + data[at:]


def _delete(random: Random, data: bytes) -> bytes:
    start, end = _block(random, data)
    return data[:start] + data[end:]


def _truncate(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _duplicate(random: Random, data: bytes) -> bytes:
    start, end = _block(random, data)
    return data[:end] + data[start:]


def _splice(random: Random, data: bytes) -> bytes:
    """A block from elsewhere, in place of what is there."""
    start, end = _block(random, data)
    return over(data, random.randrange(len(data) + 1), data[start:end])


def _block(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, start + random.choice((1, 2, 4, 8, 30, 64, 200))


def over(data: bytes, at: int, new: bytes) -> bytes:
    """The same bytes but for some at a place."""
    return data[:at] + new + data[at + len(new) :]


_CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip, _byte, _integer, _insert, _delete, _truncate, _duplicate, _splice,
)  # fmt: skip
