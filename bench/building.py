"""`fixtures build` against `dvc repro`, bare generators, and what cannot be left out."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from statistics import median

import yaml

from bench import growth, scratch
from bench.results import Section, Verdict, at_least, at_most, table
from bench.timing import ROOT
from registry.declare import FILE

TITLE = "`fixtures build`: many fixtures at once"
_SOURCE = "run1084_twin"
_MANY = 100
# Seconds that so many of so many frames may take, and how often faster than DVC they are built.
_TARGETS = {16: (8.0, 25.0), 64: (12.0, 15.0)}
_ROUNDS = 3
_NOTHING_S, _NOTHING_ROUNDS = 0.5, 5
_STAGE_S, _STAGE_ROUNDS = 0.45, 5
_GROWTH = 1.25
_SEED = 1000
_BUILD = ("-m", "registry.cli", "build")
_REPRO = ("-m", "dvc", "repro", "--quiet")

# What a generator makes of each entry, with the values that it has, in one process and on one core.
_BARE = """
import importlib
from pathlib import Path
from registry.build import code, plan, record, stage
from registry.identity import foreign_npz, npz

entries = plan.stages(Path(), code.write(Path()))
wanted = [entry for entry in entries.values() if entry.kind == "fixture"]
said = record.read("run1084_twin")
source = foreign_npz.read(said.path, subject="source")
for entry in wanted:
    request = stage.parse(entry.argv, "fixture")
    arrays, _ = request.code.generate(request.params, source, said.to_dict())
    with open(Path("build", f"{entry.entry}.npz"), "w+b") as file:
        npz.write_into(file, arrays)
"""
# One model of each frame, the transforms without which nothing is checked, and the digests that
# lock and sidecar have: md5 and SHA-256 of the file, and of each array, and of all of them.
_FLOOR = """
import hashlib
from pathlib import Path
from registry import digests
from registry.identity import npz
from registry.ptychography.forward import model_amplitude

for path in sorted(Path("tests/fixtures").rglob("*.npz")):
    data = path.read_bytes()
    arrays = npz.parse(data, subject=path.name)
    model_amplitude(*(arrays[name] for name in ("objectGuess", "probeGuess", "xcoords", "ycoords")))
    digests.sha256(data), digests.md5(data), digests.content_digest(arrays)
    [digests.array_digest(array) for array in arrays.values()]
"""
_IMPORTS = "import registry.build.fixture, registry.ptychography.cut, generators.subset_v1"


def run(name: str) -> Section:
    """Build registries of several sizes, from a source that is there."""
    with scratch.folder() as folder:
        rows, verdicts = [], []
        for frames in _TARGETS:
            row, judged = _many(folder, frames)
            rows.append(row)
            verdicts += judged
        sizes, grown = _growth(folder)
        stage, stage_verdict = _stage(folder)
    header = ["100 new fixtures of", "`fixtures build` s", "`dvc repro` s", "times faster",
              "bare generators s", "models and digests (floor) s"]  # fmt: skip
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "From start to end of the process. `fixtures build` with as many processes as cores; "
            "medians of three, around one run of `dvc repro`. Bare generators write what they make "
            "and check nothing; the floor makes one model of each frame and all digests. Both are "
            "one process on one core.",
            table(header, rows),
            "Of 16 frames, the source built: all of them new, and then nothing to do.",
            table(["fixtures", "build s", "of processor time s", "nothing to do s"], sizes),
            stage,
        ],
        verdicts=[*verdicts, *grown, stage_verdict],
    )


def _many(folder: Path, frames: int) -> tuple[list[str], list[Verdict]]:
    template = _registry(folder, f"of-{frames}", _MANY, frames)
    seconds = [_fresh(template, _BUILD)[0]]
    by_dvc, _ = _fresh(template, _REPRO)
    seconds += [_fresh(template, _BUILD)[0] for _ in range(_ROUNDS - 1)]
    took = median(seconds)
    scratch.run(template, *_BUILD)
    bare, floor = (_timed(template, "-c", code)[0] for code in (_BARE, _FLOOR))
    shutil.rmtree(template)
    limit, times = _TARGETS[frames]
    what = f"{_MANY} new fixtures of {frames} frames"
    figures = (took, by_dvc, by_dvc / took, bare, floor)
    return [f"{frames} frames", *(f"{figure:.1f}" for figure in figures)], [
        at_most(what, limit, took, "s"),
        at_least(what, times, by_dvc / took, "times faster than `dvc repro`"),
    ]


def _growth(folder: Path) -> tuple[list[list[str]], list[Verdict]]:
    rows, used, nothing = [], {}, {}
    for count in growth.SIZES:
        template = _registry(folder, f"grown-{count}", count, 16)
        took, used[count] = _timed(template, *_BUILD)
        again = [_timed(template, *_BUILD)[0] for _ in range(_NOTHING_ROUNDS)]
        nothing[count] = median(again)
        rows.append([str(count), *(f"{s:.2f}" for s in (took, used[count], nothing[count]))])
        shutil.rmtree(template)
    # the line through the smallest and the one before the largest
    least, judged, most = growth.SIZES[0], growth.JUDGED, growth.SIZES[-1]
    slope = (used[judged] - used[least]) / (judged - least)
    foretold = used[least] + slope * (most - least)
    return rows, [
        at_most(f"nothing to do, {judged} fixtures", _NOTHING_S, nothing[judged], "s"),
        at_most(
            f"processor time, {most} fixtures against a straight line through {least} and {judged}",
            _GROWTH,
            used[most] / foretold,
            "× that",
        ),
    ]


def _stage(folder: Path) -> tuple[str, Verdict]:
    """The process of one stage, as DVC starts it."""
    template = _registry(folder, "stage", 1, 64)
    locked = yaml.safe_load((ROOT / "dvc.lock").read_bytes())["stages"]
    words = locked["fixture@minimal_dataset_v1"]["cmd"].split()[1:]
    words = ["tests/fixtures/made_up_v1" if "/" in word else word for word in words]
    used = [_timed(template, *words)[1] for _ in range(_STAGE_ROUNDS)]
    imports = [_timed(template, "-c", _IMPORTS)[1] for _ in range(_STAGE_ROUNDS)]
    python = [_timed(template, "-c", "")[1] for _ in range(_STAGE_ROUNDS)]
    text = (
        f"One stage of v1, the process that `dvc repro` starts: {median(used):.2f} s of processor "
        f"time, of which Python's start is {median(python):.2f} s and imports "
        f"{median(imports) - median(python):.2f} s (numpy, argparse, json and this package)."
    )
    return text, at_most("one stage of v1", _STAGE_S, median(used), "s of processor time")


def _registry(folder: Path, name: str, count: int, frames: int) -> Path:
    """A registry with a source that is built, and so many fixtures that are not."""
    root = folder / name
    scratch.copy(root)
    declared = yaml.safe_load((ROOT / FILE).read_bytes())
    entry = {
        "generator": "subset_v1",
        "source": _SOURCE,
        "strategy": "random",
        "n_subset": frames,
        "diff3d": True,
        "created": "2026-11-23T00:00:00+00:00",
    }
    # from a number on from which no selection of so few misses half of the scan
    entries = {each: {**entry, "seed": _SEED + n} for n, each in enumerate(scratch.names(count))}
    document = {"folder": "tests/fixtures", "sources": declared["sources"], "fixtures": entries}
    (root / FILE).write_bytes(scratch.as_yaml(document))
    scratch.run(root, *_BUILD, _SOURCE)
    return root


def _fresh(template: Path, command: tuple[str, ...]) -> tuple[float, float]:
    """Time a command in a copy of a registry."""
    place = template.with_name("place")
    shutil.copytree(template, place)
    try:
        return _timed(place, *command)
    finally:
        shutil.rmtree(place)


def _timed(root: Path, *arguments: str) -> tuple[float, float]:
    """Seconds from start to end, and of processor time."""
    before, start = growth.processor_seconds(), time.perf_counter()
    scratch.run(root, *arguments)
    return time.perf_counter() - start, growth.processor_seconds() - before
