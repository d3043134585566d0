"""Tests of `bench.growth`."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import pytest

from bench import growth


def series(*costs: float) -> dict[int, dict[str, list[float]]]:
    """Three rounds at sizes 1, 400 and 1000, the machine half as fast at each next size."""
    return {
        size: {"ours": [slow * cost] * 3, "floor": [slow] * 3}
        for slow, size, cost in zip((1, 2, 4), (1, 400, 1000), costs, strict=True)
    }


@pytest.mark.parametrize(
    ("costs", "measured", "met"),
    [
        ((2.0, 2.0, 2.0), "1.00 × that", True),
        ((2.0, 4.0, 7.0), "1.00 × that", True),
        ((2.0, 4.0, 5.0), "0.71 × that", True),
        ((2.0, 4.0, 15.0), "2.14 × that", False),
        ((2.0, 1.0, 2.0), "1.00 × that", True),
    ],
    ids=["flat", "straight", "flatter", "steeper", "falling"],
)
def test_growth_is_judged_by_a_straight_line(costs, measured, met):
    """The largest size is held against the line through the smallest and the judged one."""
    verdict = growth.in_line("loading", series(*costs), "ours", "floor")

    assert verdict.what == "loading, 1000 fixtures against a straight line through 1 and 400"
    assert (verdict.target, verdict.met) == ("≤ 1.25 × that", met)
    # the line foretells 2 + (4 - 2) / 399 × 999 = 7.01
    assert verdict.measured == measured


def test_processes_are_measured_by_both_clocks():
    """Waiting takes wall time alone; there is a figure for each round on either clock."""
    program = "import time; time.sleep(0.2)"
    wait = partial(subprocess.run, [sys.executable, "-c", program], check=True)

    wall, processor = growth.processes({"wait": wait}, rounds=2)

    assert len(wall["wait"]) == len(processor["wait"]) == 2
    assert min(wall["wait"]) >= 0.2
    assert all(seconds > 0 for seconds in processor["wait"])
