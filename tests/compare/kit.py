"""Locks in small git repositories, for tests of what is published."""

from __future__ import annotations

from pathlib import Path

from registry.compare import published
from registry.errors import CheckError
from tests.kit.processes import git

STAGE = """\
  fixture@{name}:
    cmd: python -m registry.build.fixture {name}
    outs:
    - {{path: data/{name}.json, hash: md5, md5: {sidecar}, size: 11}}
    - {{path: data/{name}.npz, hash: md5, md5: {md5}, size: {size}}}
"""


def lock(*stages: str) -> str:
    """Text of a lock with these stages."""
    return "schema: '2.0'\nstages:\n" + ("".join(stages) or "  params: {cmd: x}\n")


# md5 of no file in particular
DA, DB, DD = ("da" * 16, "db" * 16, "dd" * 16)


def stage(name: str = "a_v1", *, md5: str = DA, sidecar: str = DB, size: int = 12) -> str:
    """Text of one fixture's stage."""
    return STAGE.format(name=name, md5=md5, sidecar=sidecar, size=size)


def commit(root: Path, text: str | None = None) -> str:
    """Commit everything, after writing the lock where one is given; the commit's id."""
    if text is not None:
        (root / "dvc.lock").write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "a change")
    return git(root, "rev-parse", "HEAD")


def errors(root: Path, revision: str | None = None) -> list[CheckError]:
    """What `compare` finds wrong."""
    return published.compare(root, revision).errors
