"""What a page of the report says of arrays: a field fills it in, and the report lays it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry.drawing import Picture

if TYPE_CHECKING:
    import numpy as np

    from registry.identity.sidecar import Sidecar


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceArrays:
    """Arrays of a fixture's source, or the ``problem`` for which they are not shown.

    ``values`` has each array that the field asked for, of one axis, by name.
    """

    path: str
    problem: str = ""
    values: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One row of the table: what was measured, what is allowed, and what lies between.

    ``gauge`` is where the figure lies between its limits, 0 to 1; None where a limit is missing.
    ``criterion`` is whose figure it is, or the heading of docs/checks.md that has its limit.
    """

    name: str
    meaning: str
    measured: str
    criterion: str = ""
    limit: str = ""
    margin: str = ""
    holds: bool | None = None
    gauge: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Pictures that belong together.

    ``key`` are marks of a chart and what they stand for, by the class that draws them in
    report.css; ``facts`` are terms and what they are. With either, charts have these and the
    images beside them. ``columns`` is how many images belong side by side, on a phone, too; 0: as
    many as there is room for.
    """

    anchor: str
    title: str
    pictures: Sequence[Picture]
    words: str = ""
    facts: Sequence[tuple[str, str]] = ()
    key: Sequence[tuple[str, str]] = ()
    columns: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of two that are compared: arrays, their sidecar, and arrays of the source, as known."""

    arrays: Mapping[str, np.ndarray]
    record: Sidecar | None = None
    source: SourceArrays | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What a field says of a fixture.

    ``charts`` show how the figures of ``checks`` come about, and ``no_charts`` says why there are
    none; ``words`` say what the checks were made of, where there are verified arrays.
    """

    sections: Sequence[Section] = ()
    checks: Sequence[Check] = ()
    charts: Sequence[Picture] = ()
    no_charts: str = ""
    words: str = ""
