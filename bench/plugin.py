"""What the pytest plugin adds to the start of a run that does not use it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median

from bench import growth, scratch
from bench.results import Section, at_most, milliseconds, table
from bench.timing import Times

TITLE = "pytest with the plugin and without"
_FLOOR = "pytest (floor)"
_OURS = "and the plugin"
_PINNED = "and its `fixtures_as_fixtures`"
_LIMIT_MS = 20
_ROUNDS = {1: 10, 10: 10, 100: 10, 400: 30, 1000: 10}
# Alone, because plugins share imports: what another has imported would cost ours nothing. The
# terminal's header is part of a start, and the plugin writes a line of it: no --quiet.
_PYTEST = ("-m", "pytest", "--disable-plugin-autoload", "-p", "no:cacheprovider", "test_nothing.py")
_COMMANDS = {
    _FLOOR: _PYTEST,
    _OURS: (*_PYTEST, "-p", "fixture_registry.pytest_plugin"),
    _PINNED: (*_PYTEST, "-p", "fixture_registry.pytest_plugin", "-o", "fixtures_as_fixtures=true"),
}


def run(name: str) -> Section:
    """Run a test that needs nothing, in registries of several sizes."""
    walls: dict[int, Times] = {}
    series: dict[int, Times] = {}
    for count in growth.SIZES:
        with scratch.folder() as folder:
            measured = _measure(scratch.origin(folder, count), _ROUNDS[count])
            walls[count], series[count] = measured
    rows = [
        [
            str(count),
            str(len(times[_FLOOR])),
            *(milliseconds(median(seconds)) for seconds in times.values()),
            *(milliseconds(_extra(times, what)) for what in (_OURS, _PINNED)),
            *(milliseconds(_extra(walls[count], what)) for what in (_OURS, _PINNED)),
        ]
        for count, times in series.items()
    ]
    extra = ("plugin", "`fixtures_as_fixtures`")
    header = [
        "fixtures",
        "rounds",
        *(f"{what} ms" for what in series[growth.JUDGED]),
        *(f"{what} over floor ms" for what in extra),
        *(f"{what} over floor, wall ms" for what in extra),
    ]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "`pytest` on one empty test in the registry's top folder, from start to end of the "
            "process, without any other plugin, so that no import is another's. Medians of "
            "processor time, user and system: a start waits for nothing else, and other load "
            "disturbs wall time by more than is measured here. Over floor: the median of the "
            "differences within a round. With `fixtures_as_fixtures` pytest gets as many fixtures "
            "to manage as are pinned.",
            table(header, rows),
        ],
        verdicts=[
            at_most(
                f"the plugin, over pytest without it, {growth.JUDGED} fixtures",
                _LIMIT_MS,
                1000 * _extra(series[growth.JUDGED], _OURS),
                "ms",
            ),
            growth.in_line("pytest with the plugin", series, _OURS, _FLOOR),
            growth.in_line("`fixtures_as_fixtures`", series, _PINNED, _FLOOR),
        ],
    )


def _extra(times: Times, name: str) -> float:
    return median(mine - least for mine, least in zip(times[name], times[_FLOOR], strict=True))


def _measure(registry: Path, rounds: int) -> tuple[Times, Times]:
    (registry / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (registry / "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
    for what, command in _COMMANDS.items():
        said = "\nfixtures: " in scratch.run(registry, *command)
        if said != (what != _FLOOR):
            raise RuntimeError(f"{what}: the plugin is {'on' if said else 'off'}")
    subjects = {
        what: partial(scratch.run, registry, *command) for what, command in _COMMANDS.items()
    }
    return growth.processes(subjects, rounds=rounds)
