"""Tests of `registry.compare.operand`.

What is compared, read through the chain, and nothing touched.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import registry
from registry import loading
from registry.compare import operand
from registry.errors import ArchiveError, ChainError, MissingError, UsageError
from registry.identity import pins
from tests.kit.files import flip
from tests.kit.processes import git
from tests.kit.repository import FOLDER
from tests.kit.republish import cached, republish

NAME = "minimal_dataset_v1_n16"
OTHER = "minimal_dataset_v1"
DATA, SIDECAR = f"{FOLDER}/{NAME}.npz", f"{FOLDER}/{NAME}.json"


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    """Time and bytes of every file that is not git's own."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


@pytest.fixture
def here(root, monkeypatch):
    """The registry, with its top folder the working directory."""
    monkeypatch.chdir(root)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    return root


@pytest.fixture
def history(here):
    """Two commits: the fixture as published, then with a coordinate changed; old bytes cached."""
    git(here, "init", "--quiet")
    git(here, "add", "dvc.lock", SIDECAR)
    git(here, "commit", "--quiet", "--message", "published")
    cached(here, (here / DATA).read_bytes())
    arrays = dict(registry.load(NAME, here))
    arrays["xcoords"] = arrays["xcoords"] + 1
    republish(here, NAME, arrays)
    git(here, "commit", "--quiet", "--all", "--message", "changed")
    return here


def test_a_name(here):
    """A pinned fixture: arrays, record and digest, verified."""
    found = operand.read(NAME)
    data = (here / DATA).read_bytes()
    assert (found.label, found.verified, found.note) == (NAME, True, "")
    assert found.sha256 == hashlib.sha256(data).hexdigest(), "not the file's digest"
    assert found.sidecar.name == NAME
    assert found.arrays["diffraction"].shape == (16, 64, 64)


def test_an_address(here):
    """A digest, with a name or alone, is an address and no revision."""
    digest = hashlib.sha256((here / DATA).read_bytes()).hexdigest()
    for text in (f"sha256:{digest}", f"{NAME}@sha256:{digest}"):
        assert operand.read(text).sidecar.name == NAME, f"{text} is something else"


def test_a_name_without_its_file(here):
    """The cache has the bytes, and the workspace stays without them."""
    cached(here, (here / DATA).read_bytes())
    (here / DATA).unlink()
    before = state(here)
    assert operand.read(NAME).verified, "not read from the cache"
    assert state(here) == before, "something was written"


def test_a_broken_file_is_told_and_stays(here):
    """The pinned bytes are compared, and the file that is not them can still be looked into."""
    cached(here, (here / DATA).read_bytes())
    flip(here / DATA)
    before = state(here)
    found = operand.read(NAME)
    assert found.note == (
        f"{DATA} is not what dvc.lock pins; compared are the pinned bytes, from elsewhere"
    )
    assert state(here) == before, "the file was healed, and with it the evidence"


def test_a_broken_file_and_nothing_else(here):
    """Bytes that break the chain are never compared."""
    flip(here / DATA)
    with pytest.raises(ChainError, match=f"fixture {NAME}: broken link sidecar -> bytes"):
        operand.read(NAME)


def test_bytes_that_are_nowhere(here):
    """The error says where they were looked for."""
    (here / DATA).unlink()
    with pytest.raises(MissingError) as caught:
        operand.read(NAME)
    assert "none in the workspace, none in the cache" in caught.value.found


def test_a_revision(history):
    """Pins and sidecar are git's, the bytes the cache's, verified; nothing is checked out."""
    before, now = state(history), git(history, "status", "--porcelain")
    old, new = operand.read(f"HEAD~1:{NAME}"), operand.read(f"HEAD:{NAME}")
    commit = git(history, "rev-parse", "HEAD~1")[:12]
    assert (old.label, old.note) == (f"HEAD~1:{NAME}", f"{NAME} as of commit {commit}")
    assert old.verified, "not verified"
    assert (old.arrays["xcoords"] + 1 == new.arrays["xcoords"]).all(), "not the old values"
    assert new.sha256 == operand.read(NAME).sha256, "HEAD is not what is here"
    assert state(history) == before, "something was written"
    assert git(history, "status", "--porcelain") == now, "git sees a change"


def test_a_tag_with_a_slash(history):
    """What is before the last colon is git's business."""
    git(history, "tag", "data/v1", "HEAD~1")
    assert (
        operand.read(f"data/v1:{NAME}").sha256 == operand.read(f"HEAD^{{/published}}:{NAME}").sha256
    )


def test_a_registry_in_a_subfolder(history, monkeypatch):
    """Lock and sidecar of a revision are looked for where the registry is."""
    top = history.parent / "top"
    top.mkdir()
    shutil.move(history, top / "inner")
    shutil.rmtree(top / "inner" / ".git")
    monkeypatch.chdir(top / "inner")
    git(top, "init", "--quiet")
    git(top, "add", "inner/dvc.lock", f"inner/{SIDECAR}")
    git(top, "commit", "--quiet", "--message", "all")
    assert operand.read(f"HEAD:{NAME}").verified, "not found in the subfolder"


def test_the_bytes_of_a_revision_are_verified(history):
    """Neither a wrong object in the cache nor today's file passes for the old bytes."""
    md5 = pins.parse(git(history, "show", "HEAD~1:dvc.lock").encode())[NAME].md5
    flip(history / ".dvc/cache/files/md5" / md5[:2] / md5[2:])
    before = state(history)
    with pytest.raises(ChainError) as caught:
        operand.read(f"HEAD~1:{NAME}")
    assert "broken link sidecar -> bytes" in caught.value.subject
    # a wrong object goes, as everywhere; the workspace stays
    gone = set(before) - set(state(history))
    assert gone == {f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"}


def test_the_remote_mends_no_workspace(history, monkeypatch):
    """After a wrong object in the cache, the remote's bytes do not replace today's file."""
    md5 = pins.parse(git(history, "show", "HEAD~1:dvc.lock").encode())[NAME].md5
    path = history / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    old, today = path.read_bytes(), (history / DATA).read_bytes()
    flip(path)
    monkeypatch.setattr(loading, "_remote", lambda *_: old)
    found = operand.read(f"HEAD~1:{NAME}")
    assert found.sha256 == hashlib.sha256(old).hexdigest(), "not the old bytes"
    assert (history / DATA).read_bytes() == today, "today's file was replaced"


def test_a_revision_whose_bytes_are_gone(history):
    """The command that brings all commits' objects is named."""
    shutil.rmtree(history / ".dvc")
    with pytest.raises(MissingError) as caught:
        operand.read(f"HEAD~1:{NAME}")
    commit = git(history, "rev-parse", "HEAD~1")[:12]
    assert caught.value.subject.startswith(f"fixture {NAME} at HEAD~1 (commit {commit})")
    assert caught.value.remedy.startswith("dvc fetch --all-commits"), "no way to get them"


def test_a_revision_that_breaks_its_own_chain(history):
    """A sidecar that its own lock disowns is an error of that commit."""
    path = history / SIDECAR
    path.write_text(path.read_text().replace("CC0-1.0", "MIT"))
    git(history, "commit", "--quiet", "--all", "--message", "broken")
    with pytest.raises(ChainError) as caught:
        operand.read(f"HEAD:{NAME}")
    assert "broken link lock -> sidecar" in caught.value.subject
    assert caught.value.remedy == "that commit breaks its own chain: name another one"


def test_a_revision_without_the_sidecar(history):
    """A commit with a lock and no sidecar is named."""
    git(history, "rm", "--quiet", "--cached", SIDECAR)
    git(history, "commit", "--quiet", "--message", "without")
    with pytest.raises(MissingError, match="its sidecar") as caught:
        operand.read(f"HEAD:{NAME}")
    assert caught.value.found == "no such file"


@pytest.mark.parametrize("revision", ["nope", "HEAD~9", "--all"])
def test_an_unknown_revision(history, revision):
    """What is no commit is wrong use."""
    with pytest.raises(UsageError, match=f"revision {revision}"):
        operand.read(f"{revision}:{NAME}")


def test_a_name_that_did_not_exist_then(history):
    """What was pinned then is listed."""
    with pytest.raises(UsageError) as caught:
        operand.read("HEAD~1:minimal_dataset_v2")
    assert caught.value.subject == "fixture minimal_dataset_v2 at HEAD~1"
    assert caught.value.found == f"no such name among {OTHER}, {NAME}"


def test_a_revision_before_the_first_lock(history):
    """Nothing was pinned then, and that is said."""
    git(history, "rm", "--quiet", "--cached", "dvc.lock")
    git(history, "commit", "--quiet", "--message", "none")
    with pytest.raises(UsageError) as caught:
        operand.read(f"HEAD:{NAME}")
    assert caught.value.found == "no such name among none"


@pytest.mark.parametrize("text", [f":{NAME}", "HEAD:"])
def test_half_a_revision(here, text):
    """Both a revision and a name are needed."""
    with pytest.raises(UsageError, match="REVISION:NAME"):
        operand.read(text)


def test_a_path_in_a_revision(here):
    """Who names files as git does is told the name to use."""
    with pytest.raises(UsageError) as caught:
        operand.read(f"HEAD~1:{DATA}")
    assert caught.value.remedy == f"HEAD~1:{NAME}"


def test_no_repository(here):
    """Without git there are no revisions."""
    with pytest.raises(UsageError, match="not a git repository"):
        operand.read(f"HEAD:{NAME}")


def test_a_file(tmp_path, monkeypatch):
    """Any file, outside of any registry; it is not verified, and that is said."""
    monkeypatch.chdir(tmp_path)
    np.savez_compressed("a.npz", x=np.arange(3), text=np.array(["a", "bc"]))
    found = operand.read("a.npz")
    assert (found.verified, found.sidecar) == (False, None)
    assert found.note == "a file: nothing pins its bytes; no sidecar beside it"
    assert sorted(found.arrays) == ["text", "x"]


def test_a_file_and_its_sidecar(here):
    """The record beside a file counts only if it is one of these bytes."""
    assert operand.read(DATA).sidecar.name == NAME
    np.savez(here / DATA, x=np.arange(3))
    found = operand.read(DATA)
    assert found.sidecar is None, "a record of other bytes"
    assert found.note.endswith(f"{NAME}.json beside it is of other bytes and is left out")


def test_a_file_that_is_not_there(here):
    """It is missing, and no fixture's name."""
    with pytest.raises(MissingError, match=r"nope\.npz"):
        operand.read("nope.npz")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]), "dtype"),
        (np.array([{"a": 1}], dtype=object), "(a pickle)"),
    ],
    ids=["structured", "objects"],
)
def test_a_file_that_cannot_be_compared(here, value, found):
    """Structured arrays and pickles are refused, in words."""
    np.savez(here / "odd.npz", x=value)
    with pytest.raises(ArchiveError) as caught:
        operand.read("odd.npz")
    assert found in caught.value.found
    assert caught.value.expected == "a dtype of plain numbers or text"


def of_sidecar(root: Path, revision: str) -> operand.Operand:
    """The fixture of a sidecar as git has it at a revision."""
    text = subprocess.run(
        ["git", "show", f"{revision}:{SIDECAR}"], cwd=root, capture_output=True, check=True
    ).stdout
    blob = git(root, "rev-parse", f"{revision}:{SIDECAR}")
    return operand.of_sidecar(root, revision, text, blob, SIDECAR)


def test_a_sidecar_of_the_past(history):
    """Its pin is found in the commit that had it, though that is neither here nor in HEAD."""
    found = of_sidecar(history, "HEAD~1")
    assert (found.verified, found.note) == (True, "")
    assert (found.arrays["xcoords"] + 1 == operand.read(NAME).arrays["xcoords"]).all()


def test_a_sidecar_whose_bytes_are_gone(history):
    """The record is all there is, and the remote is not asked."""
    shutil.rmtree(history / ".dvc")
    found = of_sidecar(history, "HEAD~1")
    assert (found.verified, found.arrays) == (False, None)
    assert found.note == "its bytes are not here: fixtures diff asks the remote"


def test_a_sidecar_that_nothing_pins(history):
    """An edited sidecar is a record without a chain, in whatever state the lock is."""
    text = (history / SIDECAR).read_bytes().replace(b"CC0-1.0", b"MIT")
    (history / "dvc.lock").write_text("<<<<<<< HEAD\n")
    found = operand.of_sidecar(history, "new", text, "0" * 40, SIDECAR)
    assert (found.verified, found.arrays, found.sidecar.licence) == (False, None, "MIT")
    assert found.note == "no dvc.lock that is known here pins this sidecar"
