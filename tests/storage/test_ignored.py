"""Tests of `registry.storage.ignored`: git sees no file that is DVC's."""

from __future__ import annotations

import pytest

from registry.storage.ignored import ignore
from tests.kit.processes import git

PATHS = ["data/b_v1.npz", "data/a_v1.npz", "other/c_v1.npz"]


@pytest.fixture
def root(tmp_path):
    """A git repository with such files."""
    git(tmp_path, "init", "--quiet")
    for path in PATHS:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    return tmp_path


def seen(root) -> str:
    """Files that git would add."""
    return git(root, "status", "--porcelain", "--untracked-files=all")


def test_each_gets_a_line(root):
    """In the folder that it is in, in the order in which they come."""
    ignore(root, PATHS)
    assert (root / "data/.gitignore").read_text() == "/b_v1.npz\n/a_v1.npz\n"
    assert (root / "other/.gitignore").read_text() == "/c_v1.npz\n"
    assert seen(root) == "?? data/.gitignore\n?? other/.gitignore"


def test_what_is_ignored_already(root):
    """No line is written, even of a file that git tracks."""
    git(root, "add", "data/a_v1.npz")
    (root / ".gitignore").write_text("*.npz\n")
    ignore(root, PATHS)
    assert not (root / "data/.gitignore").exists()


def test_lines_that_are_there(root):
    """They stay, and each new one is a line of its own."""
    (root / "data/.gitignore").write_bytes(b"/mine\n/b_v1.npz")
    ignore(root, PATHS[:2])
    assert (root / "data/.gitignore").read_bytes() == b"/mine\n/b_v1.npz\n/a_v1.npz\n"


def test_no_repository(tmp_path):
    """Nothing is written."""
    (tmp_path / "data").mkdir()
    ignore(tmp_path, PATHS[:1])
    assert not list((tmp_path / "data").iterdir())


def test_nothing(tmp_path):
    """Nothing is asked."""
    ignore(tmp_path / "none", [])
