"""Tests of `fixtures verify --regenerate`. The verdicts: tests/build/test_regenerate.py."""

from __future__ import annotations

import json
import shutil

import pytest

from registry.build import regenerate
from registry.build.regenerate import Rebuilt, RebuiltArray
from tests.kit.repository import REPOSITORY

NAME = "minimal_dataset_v1_n16"
GOOD = Rebuilt(
    name=NAME, arrays=[RebuiltArray(array="xcoords", verdict="identical")], sidecar_same=True
)
MOVED = Rebuilt(
    name=NAME,
    arrays=[
        RebuiltArray(array="xcoords", verdict="within tolerance", detail="1 of 16 values"),
        RebuiltArray(array="ycoords", verdict="identical"),
    ],
    sidecar_same=False,
    exit_code=1,
)
MISSING = Rebuilt(
    name=NAME, arrays=[], sidecar_same=False, failure="source mine: rebuild", exit_code=3
)


@pytest.fixture
def verify(fixtures, monkeypatch):
    """Run the command on one fixture, with a rebuild that ended so."""

    def run(rebuilt: Rebuilt, *arguments: str):
        monkeypatch.setattr(regenerate, "regenerate", lambda root, pins: [rebuilt])
        return fixtures("verify", NAME, "--regenerate", *arguments)

    return run


def test_nothing_moved(verify):
    """Every array has its line, the sidecar too, and the exit code is 0."""
    ended = verify(GOOD)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out.splitlines()[1:] == [
        f"ok      {NAME}, rebuilt",
        "          xcoords: identical",
        "          sidecar: identical",
    ]


def test_something_moved(verify):
    """It is exit code 1, even within tolerance: the pinned bytes did not come out again."""
    ended = verify(MOVED)
    assert ended.code == 1, "not a failed check"
    assert ended.out.splitlines()[1:] == [
        f"DIFFERS  {NAME}, rebuilt",
        "          xcoords: within tolerance (1 of 16 values)",
        "          ycoords: identical",
        "          sidecar: different",
    ]


def test_what_cannot_be_rebuilt(verify):
    """The error goes to stderr, and its exit code is the command's."""
    ended = verify(MISSING)
    assert ended.code == 3, "not the exit code of what is missing"
    assert ended.out.splitlines()[1:] == [f"FAILED  {NAME}, rebuilt"]
    assert ended.err == "error: source mine: rebuild\n"


def test_json(verify):
    """The document has every verdict, and says that not all is well."""
    ended = verify(MOVED, "--json")
    document = json.loads(ended.out)
    assert (ended.code, document["holds"]) == (1, False), "exit code and document disagree"
    assert document["regenerated"] == [
        {
            "good": False,
            "name": NAME,
            "arrays": [
                {"array": "xcoords", "verdict": "within tolerance", "detail": "1 of 16 values"},
                {"array": "ycoords", "verdict": "identical", "detail": ""},
            ],
            "sidecar_same": False,
            "failure": "",
            "exit_code": 1,
        }
    ]


@pytest.mark.slow
def test_for_real(fixtures, root):
    """A fixture of this repository comes out again, byte for byte, from generators and params."""
    shutil.copytree(REPOSITORY / "generators", root / "generators", dirs_exist_ok=True)
    ended = fixtures("verify", NAME, "--regenerate", "--json")
    assert ended.code == 0, ended.out + ended.err
    (rebuilt,) = json.loads(ended.out)["regenerated"]
    verdicts = {item["array"]: item["verdict"] for item in rebuilt["arrays"]}
    assert verdicts == dict.fromkeys(
        ["diff3d", "diffraction", "objectGuess", "probeGuess",
         "xcoords", "xcoords_start", "ycoords", "ycoords_start"],
        "identical",
    )  # fmt: skip
    assert rebuilt["sidecar_same"], "the sidecar's text is another"
