"""What it takes to fetch one fixture in a fresh clone, against ``dvc pull``."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from bench import growth, scratch
from bench.results import Section, Verdict, milliseconds, table
from bench.timing import Times, ratio
from registry.identity import pins
from registry.identity.pins import Pin

TITLE = "one fixture, in a fresh clone, from a directory remote"
_FLOOR = "`import dvc.config, dvc.fs` (floor)"
_OURS = "`fixtures pull NAME`"
_STAGE = "`dvc pull STAGE`"
_PATH = "`dvc pull PATH`"
# dvc needs a minute or so for a path among 1000.
_ROUNDS = {1: 5, 10: 5, 100: 5, 400: 5, 1000: 2}
_TARGETS = {_PATH: 10, _STAGE: 4}


def run(name: str) -> Section:
    """Pull one fixture in clones of registries of several sizes."""
    series = {}
    for count in growth.SIZES:
        with scratch.folder() as folder:
            series[count] = _measure(scratch.origin(folder, count), count, _ROUNDS[count])
    rows = [
        [
            str(count),
            str(len(times[_FLOOR])),
            *(milliseconds(median(seconds)) for seconds in times.values()),
            *(f"{_faster(times, other):.1f}" for other in _TARGETS),
        ]
        for count, times in series.items()
    ]
    header = [
        "fixtures",
        "rounds",
        *(f"{what} ms" for what in series[growth.JUDGED]),
        *(f"{other} ÷ ours" for other in _TARGETS),
    ]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "A process for each figure, from start to end, in a clone of its own that has neither "
            "bytes nor cache; fixtures of 1 MB. STAGE is `fixture@NAME`, PATH the file's. Medians. "
            "The floor is what is imported of DVC to open a remote.",
            table(header, rows),
        ],
        verdicts=[
            *(
                Verdict(
                    what=f"{_OURS} against {other}, {growth.JUDGED} fixtures",
                    target=f"at least {target} × faster",
                    measured=f"{_faster(series[growth.JUDGED], other):.1f} ×",
                    met=_faster(series[growth.JUDGED], other) >= target,
                )
                for other, target in _TARGETS.items()
            ),
            growth.in_line(_OURS, series, _OURS, _FLOOR),
        ],
    )


def _faster(times: Times, other: str) -> float:
    return ratio(times, other, _OURS)


def _measure(registry: Path, count: int, rounds: int) -> Times:
    """Seconds of each subject by round; in turn, as `bench.timing.interleave`, but with no warm-up.

    Everything is warm from the smaller sizes, but for the registry, which is in the page cache
    because it has just been made.
    """
    pin = pins.find(registry, scratch.names(count)[count // 2])
    (stage,) = pin.targets
    commands = {
        _FLOOR: ("-c", "import dvc.config, dvc.fs"),
        _OURS: ("-m", "registry.cli", "pull", pin.name),
        _STAGE: ("-m", "dvc", "pull", "--quiet", stage),
        _PATH: ("-m", "dvc", "pull", "--quiet", pin.path),
    }
    names = list(commands)
    times: Times = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            clone = scratch.clone(registry, "clone")
            pull = partial(scratch.run, clone, *commands[name])
            start = perf_counter()
            pull()
            times[name].append(perf_counter() - start)
            if name != _FLOOR:
                _check(clone, pin)
            shutil.rmtree(clone)
    return times


def _check(clone: Path, pin: Pin) -> None:
    found = [path.name for path in (clone / pin.path).parent.glob("*.npz")]
    if found != [Path(pin.path).name] or (clone / pin.path).stat().st_size != pin.size:
        raise RuntimeError(f"expected {pin.path} of {pin.size} bytes alone, found {found}")
