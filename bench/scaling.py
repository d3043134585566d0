"""What everyday commands cost in registries far larger than any is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import yaml

from bench import growth, scratch
from bench.results import Section, at_most, table
from bench.timing import ROOT, Times, difference
from registry import digests, loading
from registry.declare import FILE
from registry.identity import pins, sidecar

TITLE = "registries of up to 10 000 fixtures"
_SIZES = (100, 1000, 10_000)
_ROUNDS = 5
_FLOOR = "`import numpy`, read, SHA-256 (floor)"
_LOAD, _PULL, _LIST = "`registry.load`", "`fixtures pull NAME`", "`fixtures list`"
_CODE, _NAMES = "the stage `code`", "`registry.names()`"
# What one fixture costs may grow so much with the others.
_LOAD_MS = 100.0


def run(name: str) -> Section:
    """Run commands in registries whose fixtures are one file under many names."""
    times: dict[int, Times] = {}
    sizes: dict[int, list[float]] = {}
    for count in _SIZES:
        with scratch.folder() as folder:
            registry = registry_of(folder, count)
            _, times[count] = growth.processes(_commands(registry, count), rounds=_ROUNDS)
            sizes[count] = _sizes(registry)
    rows = [
        [f"{count}", *(f"{size:.1f}" for size in sizes[count]),
         *(f"{1000 * median(seconds):.0f}" for seconds in times[count].values())]
        for count in _SIZES
    ]  # fmt: skip
    header = ["fixtures", "lock MB", "params.yaml MB", "sidecars MB"]
    header += [f"{what} ms" for what in times[_SIZES[0]]]
    over = [difference(times[count], _LOAD, _FLOOR) for count in _SIZES]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            f"Processor time of a process, user and system, medians of {_ROUNDS} rounds. Lock, "
            "sidecars and `params.yaml` are as long as real ones; all fixtures have the bytes of "
            "one, of 1 MB. Before each `pull` its fixture is taken out of workspace and cache. The "
            "stage `code` is what each `dvc repro` runs first, with what it keeps between runs.",
            table(header, rows),
        ],
        verdicts=[
            at_most(
                f"`registry.load` of one of {_SIZES[-1]}, over that of one of {_SIZES[0]}",
                _LOAD_MS,
                1000 * (over[-1] - over[0]),
                "ms",
            )
        ],
    )


def registry_of(folder: Path, count: int) -> Path:
    """A registry whose fixtures have the bytes of one, and all else of their own.

    Parameters
    ----------
    folder : path
        Where the registry and its remote are made.
    count : int
        How many fixtures.

    Returns
    -------
    path
        The registry's top folder.
    """
    root = scratch.origin(folder, 1)
    (model,) = pins.read(root).values()
    record = loading.read_sidecar(root, model)
    declared = yaml.load((root / FILE).read_bytes(), Loader=yaml.CSafeLoader)
    entry = declared["fixtures"][model.name]
    names = scratch.names(count)
    declared["fixtures"] = dict.fromkeys(names, entry)
    (root / FILE).write_bytes(scratch.as_yaml(declared))
    # as DVC writes it: a head, and blocks of one stage each
    text = (ROOT / pins.LOCK).read_text()
    start = text.index(f"  fixture@{scratch.SMALL_MODEL}:")
    end = text.index("\n  fixture@", start) + 1
    real = pins.find(ROOT, scratch.SMALL_MODEL)
    stages = [text[: text.index("  source@")]]
    for name in names:
        data = sidecar.encode(replace(record, name=name, version=sidecar.version_of(name)))
        path = Path(model.sidecar_path).with_stem(name)
        (root / path).write_bytes(data)
        if name != model.name:
            os.link(root / model.path, root / path.with_suffix(".npz"))
        block = text[start:end].replace(scratch.SMALL_MODEL, name)
        for old, new in (
            (real.sidecar_md5, digests.md5(data)),
            (f"size: {real.sidecar_size}\n", f"size: {len(data)}\n"),
            (real.md5, model.md5),
            (f"size: {real.size}\n", f"size: {model.size}\n"),
        ):
            block = block.replace(old, new)
        stages.append(block)
    (root / pins.LOCK).write_text("".join(stages))
    return root


def _commands(registry: Path, count: int) -> dict[str, Callable[[], object]]:
    """What is measured, by its name in the table."""
    pin = pins.find(registry, scratch.names(count)[count // 2])
    fixtures = ("-m", "registry.cli")
    floor = "import hashlib, sys, numpy; hashlib.sha256(open(sys.argv[1], 'rb').read())"

    def pull() -> object:
        (registry / pin.path).unlink()
        shutil.rmtree(registry / ".dvc" / "cache", ignore_errors=True)
        return scratch.run(registry, *fixtures, "pull", pin.name)

    run = partial(scratch.run, registry)
    return {
        _FLOOR: partial(run, "-c", floor, pin.path),
        _LOAD: partial(run, "-c", f"import registry; registry.load({pin.name!r})"),
        _PULL: pull,
        _NAMES: partial(run, "-c", "import registry; registry.names()"),
        _LIST: partial(run, *fixtures, "list"),
        _CODE: partial(run, "-m", "registry.build.code"),
    }


def _sizes(registry: Path) -> list[float]:
    """Megabytes of lock, declaration and sidecars."""
    sidecars = sum(path.stat().st_size for path in registry.rglob("made_up_*.json"))
    files = ((registry / name).stat().st_size for name in (pins.LOCK, FILE))
    return [size / 1e6 for size in (*files, sidecars)]
