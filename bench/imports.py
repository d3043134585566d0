"""What ``import registry`` costs over a Python that does nothing."""

from __future__ import annotations

from functools import partial

from bench.results import Section, Verdict, at_most, timings
from bench.timing import difference, fresh, interleave

TITLE = "starting a program that uses the registry"
HEAVY = ("numpy", "dvc", "jsonschema", "torch", "yaml")
_FLOOR = "`pass` (floor)"
_OURS = "`import registry`"
_LIMIT_MS = 30


def run(name: str) -> Section:
    """Time programs of one line, each in a new interpreter, and see what ours pulls in."""
    programs = {_FLOOR: "pass", _OURS: "import registry"}
    for line in ("from registry import load", "import numpy", "import pooch"):
        programs[f"`{line}`"] = line
    times = interleave({what: partial(fresh, code) for what, code in programs.items()}, rounds=30)
    loaded = fresh(
        f"import registry, sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    ).split()
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "`python -c LINE`, a new process each time, with bytecode already compiled.",
            timings(times, floor=_FLOOR),
        ],
        verdicts=[
            at_most(
                f"{_OURS}, difference of the medians",
                _LIMIT_MS,
                1000 * difference(times, _OURS, _FLOOR),
                "ms",
            ),
            Verdict(
                what=f"of {', '.join(HEAVY)}, {_OURS} imports",
                target="none",
                measured=", ".join(loaded) or "none",
                met=not loaded,
            ),
        ],
    )
