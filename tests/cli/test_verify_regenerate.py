"""Tests of `fixtures verify --regenerate`. The verdicts: tests/build/test_regenerate.py."""

from __future__ import annotations

import json
import shutil

import pytest

import registry
from registry import machine
from registry.build import regenerate
from registry.build.regenerate import Rebuilt, RebuiltArray
from registry.compare import certifying
from registry.identity import certificate
from tests.kit.processes import git
from tests.kit.repository import FOLDER, REPOSITORY

NAME = "minimal_dataset_v1_n16"
CERTIFICATE = f"certificates/{NAME}.jsonl"
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


# Certificates


@pytest.fixture
def committed(root, monkeypatch):
    """The registry in a repository of its own; the commit that has all of it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    monkeypatch.setattr(certifying, "today", lambda: "2026-11-27")
    (root / ".gitignore").write_text("*.npz\n")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "pins")
    return git(root, "rev-parse", "HEAD").strip()


def test_this_machine_is_added(verify, root, committed):
    """Its line names machine, digest, commit and day; a second time nothing changes."""
    ended = verify(GOOD, "--certify")
    assert (ended.code, ended.err) == (0, ""), ended
    assert ended.out.splitlines()[-1] == f"ok      {CERTIFICATE}: a line more: commit it"
    before = (root / CERTIFICATE).read_bytes()
    (line,) = certificate.parse(before, NAME)
    assert (line.machine, line.commit) == (machine.here(), committed)
    assert line.content_sha256 == registry.load(NAME, root).sidecar.content_sha256
    assert line.date == "2026-11-27"
    ended = verify(GOOD, "--certify")
    assert ended.out.splitlines()[-1] == f"ok      {CERTIFICATE}: this machine is in it"
    assert (root / CERTIFICATE).read_bytes() == before
    assert json.loads(verify(GOOD, "--certify", "--json").out)["certified"] == {}


def test_what_was_certified_as_json(verify, committed):
    """The number of lines that are new, by fixture."""
    assert json.loads(verify(GOOD, "--certify", "--json").out)["certified"] == {NAME: 1}


@pytest.mark.parametrize(("rebuilt", "word"), [(MOVED, "DIFFERS"), (MISSING, "FAILED")])
def test_what_did_not_come_out_again(verify, root, committed, rebuilt, word):
    """The difference is printed, the refusal says so, and no line is written."""
    ended = verify(rebuilt, "--certify")
    assert ended.code == rebuilt.exit_code
    assert f"{word}  {NAME}, rebuilt\n" in ended.out
    assert ended.err.endswith(
        "error: certificate\n"
        "  expected: every link to hold, and every byte to come out again on this machine\n"
        f"  found:    {NAME}: {word}, rebuilt\n"
        "  to mend:  nothing was written; what differs is above: report it, for such bytes are to "
        "be the same everywhere; or name fixtures that hold\n"
    )
    assert not (root / CERTIFICATE).exists()
    assert json.loads(verify(rebuilt, "--certify", "--json").out)["certified"] == {}


def test_a_broken_link(verify, root, committed):
    """Bytes that came out again from a broken registry are certified by nobody."""
    path = root / FOLDER / f"{NAME}.npz"
    path.write_bytes(path.read_bytes()[:-1])
    ended = verify(GOOD, "--certify")
    assert ended.code == 1
    assert f"  found:    {NAME}: BROKEN\n" in ended.err
    assert not (root / CERTIFICATE).exists()


def test_what_is_not_committed(verify, root, committed, monkeypatch):
    """It is refused before anything is built."""
    with (root / "params.yaml").open("a") as params:
        params.write("# a word\n")
    ended = verify(GOOD, "--certify")
    assert (ended.code, ended.out) == (1, "")
    assert "  found:    uncommitted changes in params.yaml\n" in ended.err
    assert not (root / CERTIFICATE).exists()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [(["--certify"], "no --regenerate"),
     (["--certify", "--regenerate", "--scheduler", "tcp://127.0.0.1:1"],
      "--scheduler, so others build")],
)  # fmt: skip
def test_certify_needs_a_rebuild_here(fixtures, arguments, found):
    """A certificate tells of this machine, and of what it built."""
    ended = fixtures("verify", NAME, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert f"  found:    {found}\n" in ended.err
