"""Tests of `registry.build.scratch`: what runs there, and that nothing of it is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry.build.scratch import flags, scratch
from tests.kit.repository import REPOSITORY

PROGRAM = """\
import os, sys
print("out", *sys.argv[1:], os.getcwd())
print("error: one\\n  expected: two", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def top(tmp_path):
    """A registry with one runner, which tells what it was given and ends as it is told."""
    for part in ("generators", "schemas"):
        (tmp_path / part / "__pycache__").mkdir(parents=True)
        (tmp_path / part / "__pycache__" / "old.pyc").touch()
    (tmp_path / "generators" / "__init__.py").touch()
    (tmp_path / "generators" / "speak.py").write_text(PROGRAM)
    return tmp_path


def test_a_program_runs_in_the_folder(top):
    """It has the folder for its working directory, its arguments as they are, and no registry's."""
    with scratch(top) as place:
        ended = place.run("generators.speak", "0", "a b", "$(id)")
        assert ended.out == f"out 0 a b $(id) {place.folder}\n", "not run there, or not with these"
    assert ended.code == 0, "not the program's exit code"
    assert ended.error == "one\n  expected: two", "not what it said, without its mark"


def test_a_program_that_fails(top):
    """Its exit code is told; one that says nothing has that for its error."""
    (top / "generators" / "speak.py").write_text("raise SystemExit(3)\n")
    with scratch(top) as place:
        ended = place.run("generators.speak")
    assert (ended.code, ended.error) == (3, "exit code 3")


def test_nothing_is_left(top):
    """The folder has generators and schemas without what Python caches, and is gone afterwards."""
    before = sorted(top.rglob("*"))
    with scratch(top) as place:
        found = sorted(path.relative_to(place.folder).as_posix()
                       for path in place.folder.rglob("*"))  # fmt: skip
        assert found == ["generators", "generators/__init__.py", "generators/speak.py", "schemas"]
        place.run("generators.speak", "0")
    assert not place.folder.exists(), "the folder is still there"
    assert sorted(top.rglob("*")) == before, "the registry was touched"


def test_a_source_is_built_there(tmp_path):
    """The repository's own runner writes its source into the folder, from an entry's values."""
    for part in ("generators", "schemas"):
        shutil.copytree(REPOSITORY / part, tmp_path / part)
    with scratch(tmp_path) as place:
        entry = {"generator": "file_v1", "path": "private/a.npz", "sha256": "0" * 64,
                 "noise": "none", "licence": "MIT"}  # fmt: skip
        ended = place.build("source", "mine", entry)
    assert ended.code == 3, "a missing file is something else"
    assert f"expected: its file at {tmp_path}/private/a.npz" in ended.error, ended.error


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"diff3d": True, "Y": False}, ["--diff3d"]),
        (
            {"photons_per_frame": 1e6, "seed": 0},
            ["--photons_per_frame", "1000000.0", "--seed", "0"],
        ),
        ({"path": "private/a.npz"}, ["--path", "/registry/private/a.npz"]),
        ({"path": "/data/a.npz"}, ["--path", "/data/a.npz"]),
        ({"path": "https://host/a.npz"}, ["--path", "https://host/a.npz"]),
        ({"licence": "not ours; $(id)"}, ["--licence", "not ours; $(id)"]),
    ],
)
def test_flags(entry, expected):
    """Each value is one argument, switches are there or not, and a path starts at the registry."""
    assert flags(entry, Path("/registry")) == expected
