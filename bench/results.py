"""``bench/results.md``: one section for each benchmark, rewritten when that one has run."""

from __future__ import annotations

import os
import platform
import re
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.timing import Times, difference, ratio

_HEAD = """\
# Benchmarks

Written by `make bench` (`python -m bench NAME` rewrites one section), each section on the machine
that it names. Within a table all rows were measured in one run, in turn, round by round. The floor
is the part that cannot be left out, done in the plainest way. `× floor` is the median over the
rounds of the ratio to the floor of the same round: other load disturbs it least, and it holds from
machine to machine better than milliseconds do.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One figure against its target, both as people read them."""

    what: str
    target: str
    measured: str
    met: bool

    def __str__(self) -> str:
        outcome = "met" if self.met else "**missed**"
        return f"{self.what}: target {self.target}, measured {self.measured}: {outcome}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """What one benchmark reports: tables and paragraphs in order, then its verdicts."""

    name: str
    title: str
    parts: list[str]
    verdicts: list[Verdict] = field(default_factory=list)

    def __str__(self) -> str:
        verdicts = "\n".join(f"- {verdict}" for verdict in self.verdicts)
        blocks = [f"## {self.name}: {self.title}", f"Measured on {machine()}.", *self.parts]
        return "\n\n".join([*blocks, verdicts] if verdicts else blocks) + "\n"


def at_most(what: str, limit: float, measured: float, unit: str) -> Verdict:
    """Verdict on a figure that has an upper limit.

    >>> print(at_most("load", 1.3, 1.0849, "× floor"))
    load: target ≤ 1.3 × floor, measured 1.08 × floor: met.
    """
    return Verdict(
        what=what,
        target=f"≤ {limit:g} {unit}",
        measured=f"{measured:.2f} {unit}",
        met=measured <= limit,
    )


def at_least(what: str, limit: float, measured: float, unit: str) -> Verdict:
    """Verdict on a figure that has a lower limit.

    >>> print(at_least("build", 25, 9.949, "× dvc repro"))
    build: target ≥ 25 × dvc repro, measured 9.95 × dvc repro: **missed**.
    """
    return Verdict(
        what=what,
        target=f"≥ {limit:g} {unit}",
        measured=f"{measured:.2f} {unit}",
        met=measured >= limit,
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """Markdown table: the first column is text, the others are figures.

    >>> print(table(["what", "ms"], [["load", "1.2"]]))
    | what | ms |
    | --- | ---: |
    | load | 1.2 |
    """
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows])


def timings(times: Times, *, floor: str) -> str:
    """Table of what `bench.timing.interleave` measured, each row beside the floor's."""
    rounds = len(times[floor])
    header = [f"{rounds} rounds", "min ms", "median ms", "max ms", "over floor ms", "× floor"]
    rows = [
        [
            name,
            *(milliseconds(pick(seconds)) for pick in (min, median, max)),
            milliseconds(difference(times, name, floor)),
            f"{ratio(times, name, floor):.2f}",
        ]
        for name, seconds in times.items()
    ]
    return table(header, rows)


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds with three digits or so.

    >>> milliseconds(0.0012345), milliseconds(0.1), milliseconds(-0.00002)
    ('1.23', '100', '-0.02')
    """
    figure = 1000 * seconds
    digits = 2 if abs(figure) < 10 else 1 if abs(figure) < 100 else 0
    return f"{figure:.{digits}f}"


def machine() -> str:
    """What the figures were measured on, in words that name no host and no path."""
    import numpy as np

    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {gibibytes:.0f} GiB of memory, "
        f"{platform.system()}; Python {platform.python_version()}, numpy {np.__version__}, "
        f"{' '.join(ssl.OPENSSL_VERSION.split()[:2])}"
    )


def _processor() -> str:
    if sys.platform == "linux":
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        if match := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
            return match[1].strip()
    return platform.processor() or platform.machine()


def merge(text: str, section: Section, names: list[str]) -> str:
    """Text of the results with one section renewed.

    Parameters
    ----------
    text : str
        The results so far; empty where there are none.
    section : Section
        What has just been measured.
    names : list of str
        All benchmarks there are, in the order of their sections. Sections of others are dropped.
    """
    kept = {part.split(":")[0][3:]: part for part in re.split(r"(?m)^(?=## )", text)[1:]}
    kept[section.name] = str(section)
    return "\n".join([_HEAD, *(kept[name].rstrip() + "\n" for name in names if name in kept)])
