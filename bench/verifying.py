"""What ``fixtures verify`` costs over computing the same digests over the same files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median

from bench import growth, scratch
from bench.results import Section, at_most, milliseconds, table, timings
from bench.timing import Times, ratio

TITLE = "all links of all fixtures"
_FLOOR = "the same digests (floor)"
_OURS = "`fixtures verify`"
_LIMIT = 1.5
_ROUNDS = {1: 10, 10: 10, 100: 10, 400: 10, 1000: 5}

# Each file is read once, on as many threads as a pool has by itself; none is held against anything.
_DIGESTS = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from registry import digests
from registry.identity import npz

def hashed(path):
    data = path.read_bytes()
    arrays = npz.parse(data, subject=path.name)
    return (
        digests.sha256(data),
        digests.md5(data),
        [digests.array_digest(array) for array in arrays.values()],
        digests.content_digest(arrays),
    )

with ThreadPoolExecutor() as pool:
    list(pool.map(hashed, Path("tests/fixtures").rglob("*.npz")))
"""


def run(name: str) -> Section:
    """Verify registries of several sizes."""
    series: dict[int, Times] = {}
    used: dict[int, Times] = {}
    for count in growth.SIZES:
        with scratch.folder() as folder:
            measured = _measure(scratch.origin(folder, count), _ROUNDS[count])
            series[count], used[count] = measured
    rows = [
        [
            str(count),
            str(len(times[_FLOOR])),
            *(milliseconds(median(seconds)) for seconds in times.values()),
            f"{ratio(times, _OURS, _FLOOR):.2f}",
            f"{ratio(used[count], _OURS, _FLOOR):.2f}",
        ]
        for count, times in series.items()
    ]
    header = [
        "fixtures",
        "rounds",
        *(f"{what} ms" for what in series[growth.JUDGED]),
        "× floor",
        "processor time, × floor",
    ]
    most = max(series)
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "From start to end of a process, medians; fixtures of 1 MB, in the page cache. Digests "
            "are the file's SHA-256 and md5, each array's SHA-256, and that of the content. "
            "`fixtures verify` also reads lock, sidecars, schemas and generators, and tests that "
            "each file is canonical.",
            table(header, rows),
            f"At {growth.JUDGED} fixtures:",
            timings(series[growth.JUDGED], floor=_FLOOR),
        ],
        verdicts=[
            at_most(
                f"{_OURS}, {count} fixtures", _LIMIT, ratio(series[count], _OURS, _FLOOR), "× floor"
            )
            for count in (growth.JUDGED, most)
        ],
    )


def _measure(registry: Path, rounds: int) -> tuple[Times, Times]:
    commands = {_FLOOR: ("-c", _DIGESTS), _OURS: ("-m", "registry.cli", "verify")}
    subjects = {
        what: partial(scratch.run, registry, *command) for what, command in commands.items()
    }
    return growth.processes(subjects, rounds=rounds)
