"""What a large lock adds to a verified load in a process of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median

from bench import growth, scratch
from bench.results import Section, milliseconds, table
from bench.timing import Times, interleave
from registry.identity import pins

TITLE = "a verified load in a new process, from a lock of many stages"
_FLOOR = "`import numpy`, read, SHA-256 (floor)"
_OURS = "`registry.load`"
_LIBYAML = "libyaml alone, the lock's events"
_ROUNDS = {1: 10, 10: 10, 100: 10, 400: 20, 1000: 10}

# The argument of each is the fixture's name, of the floor its path.
_PROGRAMS = {
    _FLOOR: """
import hashlib, sys, numpy
hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()
""",
    _OURS: """
import sys, registry
registry.load(sys.argv[1])
""",
    _LIBYAML: """
import yaml
for _ in yaml.parse(open("dvc.lock", "rb").read(), yaml.CSafeLoader): pass
""",
}


def run(name: str) -> Section:
    """Load one fixture of registries of several sizes, each time in a new process."""
    series: dict[int, Times] = {}
    sizes: dict[int, int] = {}
    for count in growth.SIZES:
        with scratch.folder() as folder:
            registry = scratch.origin(folder, count)
            series[count] = _measure(registry, count)
            sizes[count] = (registry / pins.LOCK).stat().st_size
    rows = [
        [
            str(count),
            f"{sizes[count] / 1000:.0f}",
            str(len(times[_FLOOR])),
            *(milliseconds(median(seconds)) for seconds in times.values()),
        ]
        for count, times in series.items()
    ]
    header = ["fixtures", "lock kB", "rounds", *(f"{what} ms" for what in series[growth.JUDGED])]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "From start to end of a process, medians; one fixture of 1 MB, in the workspace. "
            "Reading `params.yaml`, which may deprecate the fixture, is included.",
            table(header, rows),
        ],
        verdicts=[growth.in_line(_OURS, series, _OURS, _FLOOR)],
    )


def _measure(registry: Path, count: int) -> Times:
    pin = pins.find(registry, scratch.names(count)[count // 2])
    arguments = {_FLOOR: [pin.path], _OURS: [pin.name], _LIBYAML: []}
    programs = {
        what: partial(scratch.run, registry, "-c", program, *arguments[what])
        for what, program in _PROGRAMS.items()
    }
    return interleave(programs, rounds=_ROUNDS[count])
