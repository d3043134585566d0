"""What the pytest plugin adds to the start of a run that does not use it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median

from bench import growth, scratch
from bench.results import Section, at_most, milliseconds, table
from bench.timing import Times, difference, interleave

TITLE = "pytest with the plugin and without"
_FLOOR = "pytest (floor)"
_OURS = "and the plugin"
_PINNED = "and its `fixtures_as_fixtures`"
_LIMIT_MS = 20
_ROUNDS = {1: 10, 10: 10, 100: 10, 400: 30, 1000: 10}
# The terminal's header is part of a start, and the plugin writes a line of it: no --quiet.
_PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "test_nothing.py")
_COMMANDS = {
    _FLOOR: (*_PYTEST, "-p", "no:fixture_registry"),
    _OURS: _PYTEST,
    _PINNED: (*_PYTEST, "-o", "fixtures_as_fixtures=true"),
}


def run(name: str) -> Section:
    """Run a test that needs nothing, in registries of several sizes."""
    series: dict[int, Times] = {}
    for count in growth.SIZES:
        with scratch.folder() as folder:
            series[count] = _measure(scratch.origin(folder, count), _ROUNDS[count])
    rows = [
        [
            str(count),
            str(len(times[_FLOOR])),
            *(milliseconds(median(seconds)) for seconds in times.values()),
            *(milliseconds(difference(times, what, _FLOOR)) for what in (_OURS, _PINNED)),
        ]
        for count, times in series.items()
    ]
    header = [
        "fixtures",
        "rounds",
        *(f"{what} ms" for what in series[growth.JUDGED]),
        "plugin over floor ms",
        "`fixtures_as_fixtures` over floor ms",
    ]
    judged = series[growth.JUDGED]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "`pytest` on one empty test in the registry's top folder, from start to end of the "
            "process, medians. The other plugins of the environment are on in all columns; the "
            "floor has `-p no:fixture_registry`.",
            table(header, rows),
        ],
        verdicts=[
            at_most(
                f"the plugin, difference of the medians, {growth.JUDGED} fixtures",
                _LIMIT_MS,
                1000 * difference(judged, _OURS, _FLOOR),
                "ms",
            ),
            growth.in_line("pytest with the plugin", series, _OURS, _FLOOR),
            growth.in_line("`fixtures_as_fixtures`", series, _PINNED, _FLOOR),
        ],
    )


def _measure(registry: Path, rounds: int) -> Times:
    (registry / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (registry / "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
    for what, command in _COMMANDS.items():
        said = "\nfixtures: " in scratch.run(registry, *command)
        if said != (what != _FLOOR):
            raise RuntimeError(f"{what}: the plugin is {'on' if said else 'off'}")
    subjects = {
        what: partial(scratch.run, registry, *command) for what, command in _COMMANDS.items()
    }
    return interleave(subjects, rounds=rounds)
