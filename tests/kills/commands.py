"""What is killed: commands, each in a place of its own with a registry, its remote and a home."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import scratch
from tests.kit import registries
from tests.kit.environment import environment
from tests.kit.processes import dvc, fixtures, succeed
from tests.kit.repository import FOLDER, REPOSITORY
from tests.kit.scans import chosen, sound_scan
from tests.kit.upstream import Upstream

# Where in a place the command is run; programs keep their temporary files beside it.
REGISTRY, REMOTE, TEMPORARY = "registry", "remote", "tmp"
# Of the scan whose frames are taken.
MODEL = REPOSITORY / FOLDER / "minimal_dataset_v1.json"
CREATED = "2026-11-24T00:00:00+00:00"
DVC_CONFIG = """\
[core]
    analytics = false
    check_update = false
    no_scm = true
[cache]
    type = "reflink,copy"
"""
LOAD = "import sys, registry; registry.load('small_v1', *sys.argv[1:])"
ADD = ("--from", "made_up", "--strategy", "evenly_spaced", "--n-subset", "16", "--created", CREATED)


@dataclass(frozen=True)
class Command:
    """How a place is made, told the address of a server of its remote, and what is run in it.

    ``done`` is what a command says that is not for a second time, where it has done its work.
    ``other`` is a command that does the same work, and ends what this one has begun.
    """

    make: Callable[[Path, str], None]
    words: Callable[[Path], list[str]]
    done: str | None = None
    other: Callable[[Path], list[str]] | None = None


def variables(place: Path) -> dict[str, str]:
    """The environment of a command in a place."""
    return environment(place, TMPDIR=str(place / TEMPORARY), PYTHONDONTWRITEBYTECODE="1")


def slowly(handler, data: bytes, number: int) -> bool:
    """Answer for the server of objects, so that a transfer takes as long as anything else."""
    handler.begin(len(data))
    step = len(data) // 10 + 1
    for start in range(0, len(data), step):
        time.sleep(0.02)
        handler.wfile.write(data[start : start + step])
    return True


def _fetchable(place: Path, url: str) -> None:
    root = registries.write(place / REGISTRY)
    registries.move_to_remote(root, place / REMOTE)
    registries.configure(root, url)


def _published(place: Path, _: str) -> None:
    Upstream(place / "upstream", **registries.FIXTURES)
    (place / REGISTRY).mkdir()


def _published_anew(place: Path, url: str) -> None:
    """The user has seen the registry before, at an earlier commit."""
    _published(place, url)
    succeed(_load_by_url(place), place / REGISTRY, variables(place))
    changed = {"frames": np.linspace(0, 1, 25_000, dtype="<f4")}
    Upstream(place / "upstream").publish(**{**registries.FIXTURES, "small_v1": changed})


def _buildable(place: Path, _: str) -> None:
    root = place / REGISTRY
    for part in ("code", "generators", "schemas"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / part, root / part, ignore=ignored)
    shutil.copyfile(REPOSITORY / "dvc.yaml", root / "dvc.yaml")
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(DVC_CONFIG)
    np.savez(root / "scan.npz", **chosen(sound_scan(), 40))
    _declare(root, licence="CC0-1.0", small_v1=16)


def _declare(root: Path, *, licence: str, **sizes: int) -> None:
    source = {
        "generator": "file_v1",
        "path": "scan.npz",
        "sha256": hashlib.sha256((root / "scan.npz").read_bytes()).hexdigest(),
        "noise": "poisson",
        "photon_scale": json.loads(MODEL.read_bytes())["ptychography"]["photon_scale"],
        "licence": licence,
    }
    entries = {
        name: {
            "generator": "subset_v1",
            "source": "made_up",
            "strategy": "evenly_spaced",
            "n_subset": n_subset,
            "created": CREATED,
        }
        for name, n_subset in sizes.items()
    }
    declared = {"folder": "data", "sources": {"made_up": source}, "fixtures": entries}
    (root / "params.yaml").write_bytes(scratch.as_yaml(declared))


def _declared_anew(place: Path, url: str) -> None:
    """All is built, and then source and fixture are declared otherwise."""
    _buildable(place, url)
    succeed(dvc("repro"), place / REGISTRY, variables(place))
    _declare(place / REGISTRY, licence="CC-BY-4.0", small_v1=20)


def _several_declared(place: Path, url: str) -> None:
    """The same, with fixtures that are new."""
    _declared_anew(place, url)
    _declare(place / REGISTRY, licence="CC-BY-4.0", small_v1=20, other_v1=16, third_v1=18)


def _load_by_url(place: Path) -> list[str]:
    return [sys.executable, "-c", LOAD, f"git+{(place / 'upstream').as_uri()}@main"]


COMMANDS = {
    "pull": Command(_fetchable, lambda _: fixtures("pull")),
    "load": Command(_fetchable, lambda _: [sys.executable, "-c", LOAD]),
    "load-by-url": Command(_published, _load_by_url),
    "load-anew": Command(_published_anew, _load_by_url),
    "add": Command(
        _buildable, lambda _: fixtures("add", "new_v1", *ADD), "a name that is not declared"
    ),
    "repro": Command(_declared_anew, lambda _: dvc("repro")),
    "build": Command(
        _several_declared,
        lambda _: fixtures("build", "--jobs", "2"),
        other=lambda _: dvc("repro", "--quiet"),
    ),
}


def start(words: Callable[[Path], list[str]], place: Path) -> subprocess.Popen[bytes]:
    """Start a program in a place, as the first of a group of processes."""
    with (place / "output").open("wb") as output:
        return subprocess.Popen(
            words(place),
            cwd=place / REGISTRY,
            env=variables(place),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
