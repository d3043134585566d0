"""Where an array is in a file: a name, and maybe a part of the array, as in ``scan[0,:,1]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from registry.errors import CheckError, UsageError

_PLACE = re.compile(r"([^\[\]]*[^\[\]\s])\s*(?:\[([^\[\]]*)\])?")
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_SLICE = re.compile(r"(\d{1,12})?\s*:\s*(\d{1,12})?", re.ASCII)
_GRAMMAR = "NAME or NAME[...], with numbers from 0, ':' and a:b between commas in the brackets"

Axis = int | tuple[int | None, int | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A name, and what is taken along each of the first axes: a number, or from and to."""

    name: str
    axes: tuple[Axis, ...] = ()

    def __str__(self) -> str:
        if not self.axes:
            return self.name
        shown = (str(axis) if isinstance(axis, int) else _shown(axis) for axis in self.axes)
        return f"{self.name}[{','.join(shown)}]"

    def resolve(self, shape: tuple[int, ...], where: str) -> tuple[int | range, ...]:
        """What is taken along each axis of an array of this shape.

        Raises
        ------
        CheckError
            The array has fewer axes, or one of them is too short.
        """
        if len(self.axes) > len(shape):
            raise _unfit(where, f"an array of at least {len(self.axes)} axes for {self}", shape)
        taken: list[int | range] = []
        for number, axis in enumerate(self.axes):
            start, end = (axis, axis + 1) if isinstance(axis, int) else axis
            start, end = start or 0, shape[number] if end is None else end
            if not 0 <= start < end <= shape[number]:
                raise _unfit(where, f"something at {self} along axis {number}", shape)
            taken.append(start if isinstance(axis, int) else range(start, end))
        return *taken, *map(range, shape[len(self.axes) :])

    def of(self, array: NDArray[Any], where: str) -> NDArray[Any]:
        """The part of an array.

        Raises
        ------
        CheckError
            As `resolve` does.
        """
        taken = self.resolve(array.shape, where)
        part: NDArray[Any] = array[
            tuple(axis if isinstance(axis, int) else slice(axis.start, axis.stop) for axis in taken)
        ]
        return part


def parse(text: str, *, subject: str) -> Place:
    """Parse a place; nothing in it is ever evaluated.

    >>> parse("scan[0, :, 1]", subject="source s")
    Place(name='scan', axes=(0, (None, None), 1))
    >>> str(parse("data[2:5]", subject="source s"))
    'data[2:5]'

    Raises
    ------
    UsageError
        `text` is something else.
    """
    match = _PLACE.fullmatch(text)
    if match is None or not match[1].isprintable():
        raise _bad(subject, text)
    items = [] if match[2] is None else match[2].split(",")
    return Place(name=match[1].strip(), axes=tuple(_axis(i.strip(), text, subject) for i in items))


def _axis(item: str, text: str, subject: str) -> Axis:
    if _NUMBER.fullmatch(item):
        return int(item)
    match = _SLICE.fullmatch(item)
    if match is None:
        raise _bad(subject, text)
    start, end = (None if part is None else int(part) for part in match.groups())
    if end is not None and (start or 0) >= end:
        raise _bad(subject, text)
    return start, end


def _shown(axis: tuple[int | None, int | None]) -> str:
    return ":".join("" if part is None else str(part) for part in axis)


def _bad(subject: str, text: str) -> UsageError:
    return UsageError(
        subject,
        expected=_GRAMMAR,
        found=repr(text[:200]),
        remedy="correct the key, such as probeGuess: probe[0,0] or xcoords: scan[:,1]",
    )


def _unfit(where: str, expected: str, shape: tuple[int, ...]) -> CheckError:
    return CheckError(
        where,
        expected=expected,
        found=f"shape {shape}",
        remedy="correct the key, so that it fits the array's shape",
    )
