"""A registry in a git repository of this disk, with a directory remote beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench import scratch
from registry import read_only
from registry.identity import pins
from registry.storage import served

FRAMES = np.arange(6, dtype="<f4").reshape(2, 3)
CONFIG = """\
[core]
    remote = local
['remote "local"']
    url = ../../remote
    verify = true
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git; what it printed."""
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return result.stdout.strip()


class Upstream:
    """A registry in a git repository, with a directory remote beside it.

    Made with ``small_v1``, or with the fixtures given; or one that is there is taken as it is.
    """

    def __init__(self, path: Path, **fixtures: dict[str, np.ndarray]) -> None:
        self.path = path
        self.url = path.as_uri()
        if path.exists():
            return
        (path / ".dvc").mkdir(parents=True)
        (path / ".dvc" / "config").write_text(CONFIG)
        (path / ".gitignore").write_text("*.npz\n")
        git(path, "init", "--quiet", "--initial-branch", "main")
        self.publish(**(fixtures or {"small_v1": {"frames": FRAMES}}))

    def publish(self, **fixtures: dict[str, np.ndarray]) -> str:
        """Commit these fixtures and push their bytes; the commit."""
        for pin in scratch.write(self.path, fixtures):
            stored = self.path.parent / "remote" / "files" / "md5" / pin.md5[:2] / pin.md5[2:]
            stored.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path / pin.path, stored)
        return self.commit()

    def commit(self, message: str = "next") -> str:
        """Commit what git does not ignore; the commit."""
        git(self.path, "add", "--all")
        git(self.path, "commit", "--quiet", "--allow-empty", "--message", message)
        return git(self.path, "rev-parse", "HEAD")

    def imports(self, other: Upstream, name: str, *, revision: str, **repo: str) -> None:
        """Write the pair of ``.dvc`` files that `dvc import` leaves for a fixture of another."""
        pin = pins.find(other.path, name)
        for path, md5, size in (
            (pin.path, pin.md5, pin.size),
            (pin.sidecar_path, pin.sidecar_md5, pin.sidecar_size),
        ):
            file = Path(path).name
            named = {"url": other.url, "rev_lock": revision, **repo}
            document = {
                "frozen": True,
                "deps": [{"path": path, "repo": named}],
                "outs": [{"md5": md5, "size": size, "hash": "md5", "path": file}],
            }
            target = self.path / "data" / f"{file}.dvc"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(scratch.as_yaml(document))

    def at(self, revision: str) -> str:
        """The address of a revision."""
        return f"git+{self.url}@{revision}"

    def vanish(self) -> None:
        """Take repository and remote away, of which git's objects are read-only."""
        for folder in (self.path, self.path.parent / "remote"):
            read_only.remove_tree(folder)


def forget_revisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make registries by URL be looked up again, as a new process does."""
    monkeypatch.setattr(served, "_resolved", {})
    monkeypatch.setattr(served, "_seen", set())
