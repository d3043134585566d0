"""The same work in registries of several sizes, and whether its cost grows in proportion."""

from __future__ import annotations

from collections.abc import Mapping

from bench.results import Verdict, at_most
from bench.timing import Times, ratio

SIZES = (1, 10, 100, 400, 1000)
# The size that targets are about.
JUDGED = 400
_ALLOWED = 1.25


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
