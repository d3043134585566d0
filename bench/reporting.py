"""What ``fixtures report`` takes and leaves, the first time and when nothing has changed."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from statistics import median

from bench import growth, scratch
from bench.results import Section, Verdict, at_most, milliseconds, table
from bench.timing import ROOT, Times, ratio

TITLE = "the report on all fixtures"
_FLOOR = "what draws, imported (floor)"
_FIRST = "`fixtures report`"
_ONE_CORE = "the same on one core"
_AGAIN = "again, nothing changed"
_VERIFY = "`fixtures verify`"
_ROUNDS = {1: 5, 10: 5, 100: 3}
_SOURCE = "build/sources/run1084_twin.npz"
_OUTPUT = "build/report"

_IMPORTS = "import jinja2, matplotlib.figure, matplotlib.backends.backend_svg"
_ANEW = f"""
import os, shutil, sys
from registry.cli import main

shutil.rmtree({_OUTPUT!r}, ignore_errors=True)
if sys.argv[1:]:
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
sys.exit(main(["report"]))
"""


def run(name: str) -> Section:
    """Report on registries of several sizes."""
    series: dict[int, Times] = {}
    used: dict[int, Times] = {}
    sizes: dict[int, int] = {}
    for count, rounds in _ROUNDS.items():
        with scratch.folder() as folder:
            registry = scratch.origin(folder, count)
            # positions are drawn over those of the source, as where fixtures are built
            (registry / _SOURCE).parent.mkdir(parents=True)
            shutil.copyfile(ROOT / _SOURCE, registry / _SOURCE)
            series[count], used[count] = _measure(registry, rounds)
            sizes[count] = _size(registry / _OUTPUT)
    header = [
        "fixtures",
        "rounds",
        *(f"{what} ms" for what in series[1]),
        "processor time ms",
        "gain by cores",
        "MB",
    ]
    rows = [
        [
            str(count),
            str(_ROUNDS[count]),
            *(milliseconds(median(seconds)) for seconds in times.values()),
            milliseconds(median(used[count][_FIRST])),
            f"{ratio(times, _ONE_CORE, _FIRST):.2f} ×",
            f"{sizes[count] / 1e6:.2f}",
        ]
        for count, times in series.items()
    ]
    cost = {count: ratio(times, _FIRST, _FLOOR) for count, times in used.items()}
    most = max(series)
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "From start to end of a process, medians; fixtures of 1 MB with all their pictures, "
            "scan positions over those of the source. Pages are drawn by as many processes as "
            "there are cores; with one fixture there is one page, and no second process. When "
            "nothing has changed, fixtures, source and the report's own files are hashed. "
            "Processor time is that of the first report, user and system, over all cores: other "
            "load disturbs it least, and growth is judged by it, in floors.",
            table(header, rows),
        ],
        verdicts=[
            _in_line(f"{_FIRST}, processor time", cost),
            _in_line("size", {count: float(size) for count, size in sizes.items()}),
            at_most(
                f"{_AGAIN}, {most} fixtures, over `fixtures verify`",
                2,
                ratio(series[most], _AGAIN, _VERIFY),
                "×",
            ),
        ],
    )


def _measure(registry: Path, rounds: int) -> tuple[Times, Times]:
    commands = {
        _FLOOR: ("-c", _IMPORTS),
        _FIRST: ("-c", _ANEW),
        _ONE_CORE: ("-c", _ANEW, "one"),
        _AGAIN: ("-m", "registry.cli", "report", "--output", "build/again"),
        _VERIFY: ("-m", "registry.cli", "verify"),
    }
    return growth.processes(
        {what: partial(scratch.run, registry, *command) for what, command in commands.items()},
        rounds=rounds,
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _in_line(what: str, cost: dict[int, float]) -> Verdict:
    """Is the cost at the largest size no more than a straight line through the others foretells?"""
    least, middle, most = sorted(cost)
    slope = (cost[middle] - cost[least]) / (middle - least)
    foretold = cost[least] + slope * (most - least)
    return at_most(
        f"{what}, {most} fixtures against a straight line through {least} and {middle}",
        1.25,
        cost[most] / foretold,
        "× that",
    )
