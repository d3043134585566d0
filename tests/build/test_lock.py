"""Tests of `registry.build.lock`: what DVC's lock says, and written as DVC writes it."""

from __future__ import annotations

import shutil

import pytest

from registry.build import lock
from registry.build.lock import Entry, File
from registry.errors import ChainError, CheckError
from tests.kit.repository import REPOSITORY

ENTRY = Entry(
    command="python -m registry.build.source mine --generator nothing_v1 --licence CC0-1.0",
    deps={"build/b": File(md5="b" * 32, size=2), "build/a": File(md5="0" * 32, size=1)},
    outs={"out": File(md5="1234567890" * 3 + "12", size=3)},
)
TEXT = b"""\
schema: '2.0'
stages:
  source@mine:
    cmd: python -m registry.build.source mine --generator nothing_v1 --licence~
      CC0-1.0
    deps:
    - path: build/a
      hash: md5
      md5: '00000000000000000000000000000000'
      size: 1
    - path: build/b
      hash: md5
      md5: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
      size: 2
    outs:
    - path: out
      hash: md5
      md5: '12345678901234567890123456789012'
      size: 3
""".replace(b"~", b" ")


def test_a_new_lock(tmp_path):
    """It is what DVC writes: paths sorted, long commands folded, digests that are texts."""
    lock.write(tmp_path, {"source@mine": ENTRY})
    assert (tmp_path / "dvc.lock").read_bytes() == TEXT
    assert lock.read(tmp_path) == {"source@mine": ENTRY}


@pytest.mark.parametrize("folder", ["", "code"])
def test_this_repositorys(tmp_path, folder):
    """What DVC wrote is what comes out, whether stages are replaced or all are new."""
    data = (REPOSITORY / folder / "dvc.lock").read_bytes()
    entries = lock.read(REPOSITORY / folder)
    lock.write(tmp_path, entries)
    assert (tmp_path / "dvc.lock").read_bytes() == data
    lock.write(tmp_path, dict(reversed(entries.items())))
    assert (tmp_path / "dvc.lock").read_bytes() == data


def test_one_stage_changes(tmp_path):
    """It stays where it is, and every other byte as well; a new one comes behind all others."""
    shutil.copyfile(REPOSITORY / "dvc.lock", tmp_path / "dvc.lock")
    before = (tmp_path / "dvc.lock").read_text()
    name, entry = list(lock.read(tmp_path).items())[1]
    path, file = next(iter(entry.outs.items()))
    changed = Entry(
        command=entry.command,
        deps=entry.deps,
        outs={**entry.outs, path: File(md5="c" * 32, size=file.size)},
    )
    lock.write(tmp_path, {"source@mine": ENTRY, name: changed})
    added = TEXT.decode().partition("stages:\n")[2]
    assert (tmp_path / "dvc.lock").read_text() == before.replace(file.md5, "c" * 32) + added


def test_nothing_new(tmp_path):
    """The file is not written again."""
    lock.write(tmp_path, {"source@mine": ENTRY})
    inode = (tmp_path / "dvc.lock").stat().st_ino
    lock.write(tmp_path, {"source@mine": ENTRY})
    assert (tmp_path / "dvc.lock").stat().st_ino == inode


def test_no_lock(tmp_path):
    """It says nothing of any stage."""
    assert lock.read(tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"stages: {a: {outs: []}}", b"stages: {a: {cmd: b, outs: [{path: c}]}}", b"{"],
)
def test_what_is_no_lock(tmp_path, text):
    """It is refused, and how to come by one is said."""
    (tmp_path / "dvc.lock").write_bytes(text)
    with pytest.raises(ChainError, match="after a merge, settle its conflicts"):
        lock.read(tmp_path)


def test_a_lock_that_dvc_did_not_write(tmp_path):
    """Nothing is put into it: where its stages end cannot be told."""
    text = b"schema: '2.0'\nstages: {a: {cmd: b}}\n"
    (tmp_path / "dvc.lock").write_bytes(text)
    with pytest.raises(CheckError, match="stages that do not stand as DVC writes them"):
        lock.write(tmp_path, {"source@mine": ENTRY})
    assert (tmp_path / "dvc.lock").read_bytes() == text
