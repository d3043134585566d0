"""Small made-up registries whose bytes are on a remote, and all that is done with them."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench import scratch
from registry import digests
from registry.identity import pins
from tests.kit.environment import environment
from tests.kit.files import contents, flip, object_in, tree
from tests.kit.processes import LIMIT_S, dvc, fixtures, run, succeed
from tests.kit.repository import FOLDER, REPOSITORY
from tests.kit.servers import ObjectServer

__all__ = [
    "FIXTURES", "FOLDER", "LIMIT_S", "REPOSITORY", "cached", "configure", "dvc", "environment",
    "fixtures", "flip", "move_to_remote", "object_in", "on_a_server", "repin", "rewrite", "run",
    "succeed", "tree", "write",
]  # fmt: skip

# Each of about 100 kB: enough to be cut in the middle, and no time is lost on them.
FIXTURES = {
    "small_v1": {"frames": np.arange(25_000, dtype="<f4")},
    "other_v1": {"frames": np.ones(25_000, "<f4")},
    "third_v1": {"frames": np.zeros(25_000, "<f4")},
}


def write(root: Path) -> Path:
    """Make a folder a registry of small made-up fixtures, all of them in the workspace."""
    for path, data in _written().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / ".dvc").mkdir(exist_ok=True)
    return root


@functools.cache
def _written() -> dict[str, bytes]:
    """The files of such a registry, which take ten times as long to make as to write."""
    with tempfile.TemporaryDirectory() as folder:
        scratch.write(Path(folder), FIXTURES)
        return contents(Path(folder))


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


def on_a_server(root: Path, server: ObjectServer) -> Path:
    """Make a folder a registry whose bytes are on a server alone, its default remote."""
    write(root)
    move_to_remote(root, server.folder)
    configure(root, server.url)
    return root


def repin(root: Path, name: str) -> None:
    """Make the lock pin a fixture's bytes and sidecar as they are."""
    pin, lock = pins.find(root, name), root / pins.LOCK
    text = lock.read_text()
    for path, md5, size in (
        (pin.path, pin.md5, pin.size),
        (pin.sidecar_path, pin.sidecar_md5, pin.sidecar_size),
    ):
        data = (root / path).read_bytes()
        text = text.replace(md5, digests.md5(data))
        text = text.replace(f"size: {size}\n", f"size: {len(data)}\n")
    lock.write_text(text)


def rewrite(root: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the document of a fixture's sidecar, and pin it."""
    path = root / pins.find(root, name).sidecar_path
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document, indent=2))
    repin(root, name)


def cached(root: Path, name: str) -> Path:
    """Where the registry's cache keeps the bytes of a fixture."""
    return object_in(root / ".dvc" / "cache", pins.find(root, name).md5)
