"""What `dvc repro` takes where nothing has changed, beside a pipeline of as many plain stages."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from statistics import median

import yaml

from bench import growth, scratch
from bench.results import Section, at_most, table
from bench.timing import ROOT, Times, ratio
from registry import digests
from registry.declare import FILE
from registry.identity import pins
from registry.storage import cache

TITLE = "`dvc repro` where nothing has changed"
_OURS = "the registry"
_PLAIN = "plain stages, two dependencies each (floor)"
_REPRO = ("-m", "dvc", "repro", "--quiet")
_ROUNDS = {1: 5, 10: 5, 100: 5, 400: 5, 1000: 3}
_SECONDS, _TIMES, _LOCK_KB = 5.0, 1.3, 400.0


def run(name: str) -> Section:
    """Run DVC in registries of several sizes, each beside plain stages of as many."""
    series: dict[int, Times] = {}
    sizes: dict[int, int] = {}
    for count in growth.SIZES:
        with scratch.folder() as folder:
            registry, plain = scratch.origin(folder, count), _plain(folder / "plain", count)
            _complete(registry)
            sizes[count] = (registry / pins.LOCK).stat().st_size
            subjects = {
                _OURS: partial(scratch.run, registry, *_REPRO),
                _PLAIN: partial(scratch.run, plain, *_REPRO),
            }
            lock = (registry / pins.LOCK).read_bytes()
            series[count], _ = growth.processes(subjects, rounds=_ROUNDS[count])
            if (registry / pins.LOCK).read_bytes() != lock:
                raise RuntimeError(f"{count} fixtures: dvc repro found something to do")
    rows = [
        [
            str(count),
            f"{sizes[count] / 1000:.0f}",
            str(len(times[_OURS])),
            *(f"{median(seconds):.2f}" for seconds in times.values()),
            f"{ratio(times, _OURS, _PLAIN):.2f}",
        ]
        for count, times in series.items()
    ]
    judged = series[growth.JUDGED]
    header = ["fixtures", "lock kB", "rounds", *(f"{what} s" for what in judged), "ratio"]
    return Section(
        name=name,
        title=TITLE,
        parts=[
            "From start to end of the process, medians, interleaved. The registry's stage `code` "
            "runs each time: it holds `params.yaml` against its rules and computes what code can "
            "reach each generator's bytes. A plain stage has two dependencies and as many outputs "
            "as a fixture's.",
            table(header, rows),
        ],
        verdicts=[
            at_most(f"{growth.JUDGED} fixtures", _SECONDS, median(judged[_OURS]), "s"),
            at_most(
                f"{growth.JUDGED} fixtures against plain stages",
                _TIMES,
                ratio(judged, _OURS, _PLAIN),
                "×",
            ),
            at_most(
                f"dvc.lock of {growth.JUDGED} fixtures",
                _LOCK_KB,
                sizes[growth.JUDGED] / 1000,
                "kB",
            ),
        ],
    )


def _complete(registry: Path) -> None:
    """Give a registry of made-up fixtures what is built before them, as up to date."""
    for part in ("code", "sources"):
        shutil.copytree(ROOT / "build" / part, registry / "build" / part)
    path = registry / pins.LOCK
    lock, ours = (
        yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for file in (path, ROOT / pins.LOCK)
    )
    first = {
        stage: entry for stage, entry in ours["stages"].items() if not stage.startswith("fixture@")
    }
    lock["stages"] = {**first, **lock["stages"]}
    path.write_bytes(scratch.as_yaml(lock))
    for pin in pins.read(registry).values():
        # what is not in its cache DVC builds again
        stored = cache.object_path(registry, pin.md5)
        stored.parent.mkdir(parents=True, exist_ok=True)
        os.link(registry / pin.path, stored)
    # DVC writes the lock in its own way, and notes the files' digests
    scratch.run(registry, *_REPRO)


def _plain(root: Path, count: int) -> Path:
    """A pipeline of stages that copy a file, each with two dependencies and two outputs."""
    root.mkdir()
    (root / "a").write_bytes(b"a" * 1000)
    (root / "b").write_bytes(b"b" * 1000)
    names = scratch.names(count)
    (root / "outs").mkdir()
    outs = [{f"outs/${{key}}.{kind}": {"cache": False}} for kind in ("x", "y")]
    stage = {
        "foreach": "${stages}",
        "do": {"cmd": "touch ${key} ${item}", "deps": ["a", "b"], "outs": outs},
    }
    declared = {"stages": {name: {"n": 64, "strategy": "grid"} for name in names}}
    (root / "dvc.yaml").write_bytes(scratch.as_yaml({"stages": {"copy": stage}}))
    (root / FILE).write_bytes(scratch.as_yaml(declared))

    def noted(path: str) -> dict[str, object]:
        data = (root / path).read_bytes()
        return {"path": path, "hash": "md5", "md5": digests.md5(data), "size": len(data)}

    stages = {}
    for number, name in enumerate(names):
        files = [f"outs/{name}.{kind}" for kind in ("x", "y")]
        for file in files:
            (root / file).write_bytes(f"{file} {number}".encode() * 50)
        stages[f"copy@{name}"] = {
            "cmd": f"touch {name} --n 64 --strategy grid",
            "deps": [noted("a"), noted("b")],
            "outs": [noted(file) for file in files],
        }
    (root / pins.LOCK).write_bytes(scratch.as_yaml({"schema": "2.0", "stages": stages}))
    scratch.run(root, "-m", "dvc", "init", "--no-scm", "--quiet")
    # as the registry is: DVC neither reports home nor asks for updates, which would take its time
    for key in ("analytics", "check_update"):
        scratch.run(root, "-m", "dvc", "config", f"core.{key}", "false", "--quiet")
    return root
