"""Wall time of things that do the same work, measured side by side."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]

Times = dict[str, list[float]]


def interleave(subjects: Mapping[str, Callable[[], object]], *, rounds: int) -> Times:
    """Seconds that each subject takes, one figure per round.

    Every round runs every subject once, so that whatever else the machine does falls on all of
    them alike. Each round starts with another subject, so that none always runs in the same
    neighbour's wake. One round before the first warms up and does not count. What a subject
    returns is freed off the clock.
    """
    names = list(subjects)
    times: Times = {name: [] for name in names}
    for name in names:
        subjects[name]()
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                run = subjects[name]
                start = perf_counter()
                result = run()
                times[name].append(perf_counter() - start)
                del result
    finally:
        if collecting:
            gc.enable()
    return times


def ratio(times: Times, name: str, floor: str) -> float:
    """Median over the rounds of one subject's time divided by the floor's in the same round.

    >>> ratio({"ours": [2.0, 3.0, 40.0], "floor": [1.0, 2.0, 20.0]}, "ours", "floor")
    2.0
    """
    return median(mine / least for mine, least in zip(times[name], times[floor], strict=True))


def difference(times: Times, name: str, floor: str) -> float:
    """Seconds by which one subject's median exceeds the floor's.

    >>> difference({"ours": [3.0, 5.0, 90.0], "floor": [1.0, 2.0, 9.0]}, "ours", "floor")
    3.0
    """
    return median(times[name]) - median(times[floor])


def fresh(code: str, *arguments: str) -> str:
    """Run Python code in a new interpreter, started at the repository's top as users start theirs.

    Returns
    -------
    str
        What the code printed.
    """
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
