"""A data contract as the core knows it: which arrays a fixture has, and what their axes count.

Fields of science fill it in, from a table of their own or from the schema of the contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SUFFIX = ".schema.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Array:
    """One array of a contract.

    Attributes
    ----------
    axes : tuple of str
        What each axis counts, the first one first, by its label; one with a question mark may be
        absent. Empty where nothing is known of them.
    rows : str
        Label of the axis that counts rows, the things of which a fixture holds several.
    words : mapping of str to str
        What labels of axes stand for, where they are not words themselves.
    dtype : str
        As numpy writes it, with the byte order.
    meaning, quantity, unit : str
        What it is, what its values are, and what they are measured in; in words.
    least, below : float or None
        The range of its values: from `least` on, and less than `below`.
    required : bool
        Whether a fixture has to have it.
    alias : str
        Name of the array that it repeats, bit for bit.
    """

    name: str
    axes: tuple[str, ...] = ()
    rows: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    dtype: str = ""
    meaning: str
    quantity: str = ""
    unit: str = ""
    least: float | None = None
    below: float | None = None
    required: bool = False
    alias: str = ""

    @property
    def per_row(self) -> bool:
        """Whether it has something for each row."""
        return self.rows in self.axes

    @property
    def rows_last(self) -> bool:
        """Whether its last axis is the one that counts rows, and not its first."""
        return self.per_row and self.axes[0] != self.rows

    @property
    def numbers_of_axes(self) -> range:
        """How many axes it may have."""
        optional = sum(axis.endswith("?") for axis in self.axes)
        return range(len(self.axes) - optional, len(self.axes) + 1)

    @property
    def axes_in_words(self) -> str:
        """Its axes, the first one first.

        >>> Array(name="a", axes=("clip", "t"), words={"t": "sample"}, meaning="").axes_in_words
        'clip, sample'
        """
        return ", ".join(self.words.get(axis, axis) for axis in self.axes)

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.axes)}{',' * (len(self.axes) == 1)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """A contract: its name, and the arrays that its fixtures have or may have, in order."""

    name: str
    arrays: tuple[Array, ...]

    @property
    def file(self) -> str:
        """Its schema's file, which a sidecar names it by."""
        return self.name + SUFFIX

    @property
    def per_row(self) -> tuple[str, ...]:
        """Names of the arrays with something for each row."""
        return tuple(array.name for array in self.arrays if array.per_row)

    def __getitem__(self, name: str) -> Array:
        """An array of that name; of one that the contract does not have nothing is known."""
        for array in self.arrays:
            if array.name == name:
                return array
        return Array(name=name, meaning=name)

    def rows_first(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays of a fixture, with the axis that counts rows in front; no value changes."""
        found = dict(arrays)
        for array in self.arrays:
            values = found.get(array.name)
            if array.rows_last and values is not None and values.ndim == len(array.axes):
                found[array.name] = values.transpose(values.ndim - 1, *range(values.ndim - 1))
        return found


def guessed(arrays: Mapping[str, np.ndarray]) -> Contract:
    """A contract for arrays of which nothing is known but themselves.

    Rows are what the first axes of most arrays count, those of one length; of these the one with
    the most axes comes first.
    """
    lengths = Counter(len(array) for array in arrays.values() if array.ndim)
    rows = max(lengths, key=lambda length: (lengths[length], length), default=None)
    named = [name for name, array in arrays.items() if array.ndim and len(array) == rows]
    named.sort(key=lambda name: (-arrays[name].ndim, -arrays[name].nbytes, name))
    return Contract(
        name="",
        arrays=tuple(Array(name=name, axes=("row",), rows="row", meaning=name) for name in named),
    )
