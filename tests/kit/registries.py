"""Small made-up registries whose bytes are on a remote, and all that is done with them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from bench import scratch
from registry.identity import pins
from tests.kit.environment import environment
from tests.kit.files import flip, object_in, tree
from tests.kit.processes import LIMIT_S, dvc, fixtures, run, succeed
from tests.kit.repository import FOLDER, REPOSITORY

__all__ = [
    "FIXTURES", "FOLDER", "LIMIT_S", "REPOSITORY", "cached", "configure", "dvc", "environment",
    "fixtures", "flip", "move_to_remote", "object_in", "run", "succeed", "tree", "write",
]  # fmt: skip

# Each of about 100 kB: enough to be cut in the middle, and no time is lost on them.
FIXTURES = {
    "small_v1": {"frames": np.arange(25_000, dtype="<f4")},
    "other_v1": {"frames": np.ones(25_000, "<f4")},
    "third_v1": {"frames": np.zeros(25_000, "<f4")},
}


def write(root: Path) -> Path:
    """Make a folder a registry of small made-up fixtures, all of them in the workspace."""
    root.mkdir(parents=True, exist_ok=True)
    scratch.write(root, FIXTURES)
    (root / ".dvc").mkdir(exist_ok=True)
    return root


def configure(root: Path, url: str, **settings: object) -> None:
    """Name the registry's default remote in DVC's configuration."""
    lines = [
        "[core]",
        "    analytics = false",
        "    check_update = false",
        "    remote = store",
        "[cache]",
        "    type = reflink,copy",
        "['remote \"store\"']",
        *(f"    {key} = {value}" for key, value in {"url": url, **settings}.items()),
    ]
    (root / ".dvc" / "config").write_text("\n".join([*lines, ""]))


def move_to_remote(root: Path, folder: Path) -> None:
    """Take the bytes of all fixtures out of the workspace, into the folder of a remote."""
    for pin in pins.read(root).values():
        target = object_in(folder, pin.md5)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(root / pin.path, target)


def cached(root: Path, name: str) -> Path:
    """Where the registry's cache keeps the bytes of a fixture."""
    return object_in(root / ".dvc" / "cache", pins.find(root, name).md5)
