"""Tests of `registry.storage.pin_index`, through the pins that are read with it and without."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace

import pytest

from registry.identity import pins, plain_yaml
from registry.identity.pins import Pin
from registry.storage import pin_index

LOCK = """\
schema: '2.0'
stages:
  fixture@a_v1:
    cmd: python -m registry.build.fixture a_v1
    outs:
    - {path: tests/fixtures/a_v1.json, hash: md5, md5: 1111111111111111111111111111111a, size: 21}
    - {path: tests/fixtures/a_v1.npz, hash: md5, md5: 2222222222222222222222222222222a, size: 22}
"""
A = Pin(
    name="a_v1",
    path="tests/fixtures/a_v1.npz",
    md5="2222222222222222222222222222222a",
    size=22,
    sidecar_path="tests/fixtures/a_v1.json",
    sidecar_md5="1111111111111111111111111111111a",
    sidecar_size=21,
    targets=("fixture@a_v1",),
)
# Not what the lock says: it shows who was asked.
FORGED = replace(A, md5="f" * 32)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository of DVC's with a lock that is large enough for an index."""
    monkeypatch.setattr(pins, "_cache", {})
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "dvc.lock").write_text(LOCK + "#" * (1 << 17))
    return tmp_path


@pytest.fixture
def forged(root):
    """An index that is whole, and says something else than the lock; its path."""
    return forge(root, FORGED.path)


def forge(root, path: str):
    """Write an index that has its own md5, and this path, for the fixture."""
    outs = [
        {"path": FORGED.sidecar_path, "md5": FORGED.sidecar_md5, "size": FORGED.sidecar_size},
        {"path": path, "md5": FORGED.md5, "size": FORGED.size},
    ]
    pin_index.write(root, (root / "dvc.lock").read_bytes(), {"fixture@a_v1": outs})
    return pin_index.path(root)


def later(monkeypatch) -> None:
    """Forget what this process knows, as the next one does not know it."""
    monkeypatch.setattr(pins, "_cache", {})


def test_the_lock_is_parsed_once(root, monkeypatch):
    """The process after finds the same pins without parsing anything."""
    first = pins.read(root)
    later(monkeypatch)
    monkeypatch.setattr(plain_yaml, "load", lambda data: pytest.fail("parsed again"))
    assert pins.read(root) == first == {"a_v1": A}, "not the same pins"


def test_an_index_is_believed(root, forged):
    """What is whole and its owner's is not doubted: the other tests here rest on it."""
    assert pins.find(root, "a_v1") == FORGED, "the index was not asked"


def test_an_audit_asks_the_lock(root, forged):
    """Not indexed means the lock's own word, and it stays the word for the whole process."""
    pins.find(root, "a_v1")
    assert pins.read(root, indexed=False) == {"a_v1": A}, "the index was asked"
    assert pins.find(root, "a_v1") == A, "the index was asked again"


def test_another_lock(root, forged):
    """An index of the lock before the last pull counts for nothing, and is replaced."""
    with (root / "dvc.lock").open("a") as file:
        file.write("\n")
    before = forged.read_bytes()
    assert pins.find(root, "a_v1") == A, "the index of another lock was asked"
    assert forged.read_bytes() != before, "the old index is still there"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"ffff", b"fffe", 1),
        lambda data: b"0" * 64 + data[64:],
        lambda data: data[:-1],
        lambda data: data + b" ",
        lambda data: data[:64],
        lambda data: b"",
        lambda data: bytes(len(data)),
    ],
    ids=["changed", "other-digest", "cut-off", "longer", "digest-alone", "empty", "zeros"],
)
def test_a_damaged_index(root, forged, damage, monkeypatch):
    """Whatever happened to it, the lock is parsed, and the index made anew."""
    forged.write_bytes(damage(forged.read_bytes()))
    assert pins.find(root, "a_v1") == A, "a damaged index was asked"
    later(monkeypatch)
    monkeypatch.setattr(plain_yaml, "load", lambda data: pytest.fail("parsed again"))
    assert pins.find(root, "a_v1") == A, "the index was not made anew"


@pytest.mark.parametrize("document", [[], 1, {}, {"lock": 1}, {"stages": {}}])
def test_an_index_that_is_none(root, forged, document):
    """Another document with a right digest of its own is not misread."""
    body = json.dumps(document).encode()
    forged.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    assert pins.find(root, "a_v1") == A, "another document was asked"


@pytest.mark.parametrize("path", ["../a_v1.npz", "/a_v1.npz"])
def test_an_index_is_held_to_the_rules_of_a_lock(root, path):
    """A clone of somebody else's repository may bring an index: it leads nowhere else."""
    forge(root, path)
    assert pins.find(root, "a_v1") == A, "a path that leaves the registry was believed"


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_an_index_that_others_can_write(root, forged, mode):
    """Who may not write the lock must not say what it pins."""
    forged.chmod(mode)
    assert pins.find(root, "a_v1") == A, "an index that others can write was asked"


def test_an_index_of_another_user(root, forged, monkeypatch):
    """The same holds for one that somebody else has put there."""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert pins.find(root, "a_v1") == A, "another user's index was asked"


def test_a_link_in_its_place(root, forged, tmp_path):
    """A link is not followed; the index replaces it, and what it led to stays as it was."""
    elsewhere = forged.rename(tmp_path / "elsewhere")
    before = elsewhere.read_bytes()
    forged.symlink_to(elsewhere)
    assert pins.find(root, "a_v1") == A, "a link was followed"
    assert not forged.is_symlink(), "the link is still there"
    assert elsewhere.read_bytes() == before, "the index was written through the link"


def test_a_pipe_in_its_place(root, forged):
    """A pipe is not waited for."""
    forged.unlink()
    os.mkfifo(forged)
    assert pins.find(root, "a_v1") == A, "not the lock's pins"


def test_a_small_lock_has_none(root):
    """A lock of a few fixtures is parsed faster than a file is worth."""
    (root / "dvc.lock").write_text(LOCK)
    assert pins.find(root, "a_v1") == A, "not the lock's pins"
    assert list((root / ".dvc").iterdir()) == [], "a file was written"


def test_nowhere_to_keep_it(root):
    """Where nothing can be written, the pins are there all the same."""
    (root / ".dvc" / "tmp").write_text("")
    assert pins.find(root, "a_v1") == A, "not the lock's pins"


def test_no_repository_comes_into_being(root):
    """A lock without a .dvc folder stays without."""
    (root / ".dvc").rmdir()
    assert pins.find(root, "a_v1") == A, "not the lock's pins"
    assert [path.name for path in root.iterdir()] == ["dvc.lock"], "a folder was made"
