"""Merge of three versions of a file, part by part; parts are independent of each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Conflict(Generic[V]):
    """A part that both sides changed in different ways; None where a side has it no more."""

    ours: V | None
    theirs: V | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The merged file; ``conflicts`` are the names of the parts between markers."""

    data: bytes
    conflicts: list[str]


def merge(
    base: Mapping[K, V], ours: Mapping[K, V], theirs: Mapping[K, V]
) -> dict[K, V | Conflict[V]]:
    """Each part as the side has it that changed it, in the order of `ours`.

    What `theirs` alone has follows the part that it follows there.

    >>> merge({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, {"a": 5, "b": 2, "d": 6})
    {'a': 5, 'b': 3, 'c': 4, 'd': 6}
    >>> merge({"a": 1}, {"a": 2}, {})
    {'a': Conflict(ours=2, theirs=None)}
    """
    merged: dict[K, V | Conflict[V]] = {}
    for key in _order(ours.keys(), theirs.keys()):
        old, left, right = base.get(key), ours.get(key), theirs.get(key)
        chosen: V | Conflict[V] | None = right if left == old else left
        if left != right and old not in (left, right):
            chosen = Conflict(left, right)
        if chosen is not None:
            merged[key] = chosen
    return merged


def _order(ours: Collection[K], theirs: Collection[K]) -> Iterator[K]:
    last: K | None = None
    following: dict[K | None, list[K]] = {None: []}
    for key in theirs:
        if key in ours:
            last = key
            following[last] = []
        else:
            following[last].append(key)
    # what each side put at one place stands in one order: ours, then theirs
    waiting = following[None]
    for key in ours:
        if key in following:
            yield from waiting
            waiting = following[key]
        yield key
    yield from waiting


def text(parts: Iterable[bytes | Conflict[bytes]]) -> bytes:
    """The parts one after the other, those in conflict between markers."""
    return b"".join(
        between(part.ours, part.theirs) if isinstance(part, Conflict) else part for part in parts
    )


def between(ours: bytes | None, theirs: bytes | None) -> bytes:
    """Two versions between the markers of a conflict."""
    return b"".join(
        (b"<<<<<<< ours\n", _ended(ours), b"=======\n", _ended(theirs), b">>>>>>> theirs\n")
    )


def _ended(side: bytes | None) -> bytes:
    # a marker is one at the start of a line alone
    return side + b"\n" if side and not side.endswith(b"\n") else side or b""
