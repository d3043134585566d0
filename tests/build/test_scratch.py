"""Tests of `registry.build.scratch`: what runs there, and that nothing of it is left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry.build.scratch import flags, scratch
from registry.errors import CheckError, MissingError
from tests.kit.repository import REPOSITORY

PROGRAM = """\
import os, sys
from registry import console
from registry.errors import MissingError

def main():
    print("out", *sys.argv[1:], os.getcwd())
    print("a warning", file=sys.stderr)
    if "fail" in sys.argv:
        raise MissingError("it", expected="one\\n  expected: two", found="three", remedy="four")
    if "crash" in sys.argv:
        sys.exit("boom\\nbang")
    return 0

sys.exit(console.run(main))
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
        out = place.run("generators.speak", "0", "a b", "$(id)", subject="it")
        assert out == f"out 0 a b $(id) {place.folder}\n", "not run there, or not with these"


@pytest.mark.parametrize(("given", "remedy"), [(None, "four"), ("better", "better")])
def test_an_error_of_the_program(top, given, remedy):
    """It is raised here with its kind and its parts, but for a remedy that suits the caller."""
    with scratch(top) as place, pytest.raises(MissingError) as caught:
        place.run("generators.speak", "fail", subject="x", remedy=given)
    error = caught.value
    assert (error.subject, error.expected) == ("it", "one\n  expected: two")
    assert (error.found, error.remedy) == ("three", remedy)


def test_a_program_that_crashes(top):
    """All that it said is found, as a fault of the generator that no flag mends."""
    with scratch(top) as place, pytest.raises(CheckError) as caught:
        place.run("generators.speak", "crash", subject="fixture a_v1", remedy="better")
    assert str(caught.value) == (
        "fixture a_v1\n"
        "  expected: its generator to build it\n"
        "  found:    a warning\n            boom\n            bang\n"
        "  to mend:  this is a fault of the generator; please report it"
    )


def test_a_program_that_says_nothing(top):
    """Its exit code is told."""
    (top / "generators" / "speak.py").write_text("raise SystemExit(3)\n")
    with scratch(top) as place, pytest.raises(CheckError) as caught:
        place.run("generators.speak", subject="fixture a_v1")
    assert caught.value.found == "exit code 3"


def test_nothing_is_left(top):
    """The folder has generators and schemas without what Python caches, and is gone afterwards."""
    before = sorted(top.rglob("*"))
    with scratch(top) as place:
        found = sorted(path.relative_to(place.folder).as_posix()
                       for path in place.folder.rglob("*"))  # fmt: skip
        assert found == ["generators", "generators/__init__.py", "generators/speak.py", "schemas"]
        place.run("generators.speak", subject="it")
    assert not place.folder.exists(), "the folder is still there"
    assert sorted(top.rglob("*")) == before, "the registry was touched"


def test_a_source_is_built_there(tmp_path):
    """The repository's own runner writes its source into the folder, from an entry's values."""
    for part in ("generators", "schemas"):
        shutil.copytree(REPOSITORY / part, tmp_path / part)
    entry = {"generator": "file_v1", "path": "private/a.npz", "sha256": "0" * 64,
             "noise": "none", "licence": "MIT"}  # fmt: skip
    with scratch(tmp_path) as place, pytest.raises(MissingError) as caught:
        place.build("source", "mine", entry)
    assert caught.value.expected == f"its file at {tmp_path}/private/a.npz"


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
