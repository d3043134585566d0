"""What a page of the report says of arrays: a field fills it in, and the report lays it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry.drawing import Picture


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
    """

    name: str
    meaning: str
    measured: str
    limit: str = ""
    margin: str = ""
    holds: bool | None = None
    gauge: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Pictures that belong together.

    ``key`` are marks of a chart and what they stand for, by the class that draws them in
    report.css; ``facts`` are terms and what they are. With either the pictures are charts, and
    these stand beside them.
    """

    anchor: str
    title: str
    pictures: Sequence[Picture]
    words: str = ""
    facts: Sequence[tuple[str, str]] = ()
    key: Sequence[tuple[str, str]] = ()


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
