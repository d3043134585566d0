"""The same work in registries of several sizes, and whether its cost grows in proportion."""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping
from functools import partial

from bench.results import Verdict, at_most
from bench.timing import Times, interleave, ratio

SIZES = (1, 10, 100, 400, 1000)
# The size that targets are about.
JUDGED = 400
_ALLOWED = 1.25


def processes(subjects: Mapping[str, Callable[[], object]], *, rounds: int) -> tuple[Times, Times]:
    """Measure subjects that run a process each, as `bench.timing.interleave` does.

    Returns
    -------
    tuple
        Wall time, and processor time of the processes: user and system, over all cores.
    """
    used: Times = {name: [] for name in subjects}

    def run(name: str) -> object:
        before = processor_seconds()
        result = subjects[name]()
        used[name].append(processor_seconds() - before)
        return result

    wall = interleave({name: partial(run, name) for name in subjects}, rounds=rounds)
    # without the warm-up
    return wall, {name: seconds[1:] for name, seconds in used.items()}


def processor_seconds() -> float:
    """Of all processes that this one has started and that have ended, user and system."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def in_line(what: str, series: Mapping[int, Times], name: str, floor: str) -> Verdict:
    """Verdict on growth: at the largest size, no more than a straight line foretells.

    The line goes through the costs at the smallest size and at `JUDGED`. Costs are in floors, which
    must be the same at all sizes: those were not measured in one run, and the machine may have
    been busier with some.

    Parameters
    ----------
    what : str
        The subject's name in the verdict.
    series : mapping of int to mapping of str to list of float
        By size, what `bench.timing.interleave` measured.
    name, floor : str
        Subjects in it.
    """
    cost = {size: ratio(times, name, floor) for size, times in series.items()}
    least, most = min(cost), max(cost)
    slope = (cost[JUDGED] - cost[least]) / (JUDGED - least)
    # a cost that seems to fall is one that does not grow
    foretold = cost[least] + max(slope, 0.0) * (most - least)
    return at_most(
        f"{what}, {most} fixtures against a straight line through {least} and {JUDGED}",
        _ALLOWED,
        cost[most] / foretold,
        "× that",
    )
