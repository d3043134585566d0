"""Tests of `registry.storage.dvc_lock`: one at a time, DVC and we alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from zc.lockfile import LockFile

from registry.errors import LockedError, MissingError
from registry.storage import dvc_lock

HOLDER = """\
import sys
from dvc.lock import make_lock
with make_lock(sys.argv[1], tmp_dir=sys.argv[2], hardlink_lock=sys.argv[3] == "link"):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository of DVC's; nobody waits long."""
    monkeypatch.setattr(dvc_lock, "_WAIT_S", 0.2)
    (tmp_path / ".dvc").mkdir()
    return tmp_path


def lock_file(root: Path) -> Path:
    """Where DVC's lock is."""
    return root / ".dvc" / "tmp" / "lock"


def test_it_is_held(root):
    """By DVC's own means: who asks for the same lock does not get it, until it is given back."""
    with dvc_lock.held(root), pytest.raises(Exception, match="Couldn't lock"):
        LockFile(lock_file(root))
    LockFile(lock_file(root)).close()


def test_it_is_given_back_after_an_error(root):
    """However the block ends."""
    with pytest.raises(RuntimeError), dvc_lock.held(root):
        raise RuntimeError
    with dvc_lock.held(root):
        pass


@pytest.mark.parametrize("how", ["flock", "link"])
def test_dvc_holds_it(root, how, monkeypatch, caplog):
    """The command ends, with the code for what is locked; also where DVC locks by links."""
    (root / ".dvc" / "config").write_text(f"[core]\n    hardlink_lock = {how == 'link'}\n")
    lock_file(root).parent.mkdir()
    if how == "link":
        monkeypatch.setattr("dvc.lock.DEFAULT_TIMEOUT", 0.2)
    command = [sys.executable, "-c", HOLDER, lock_file(root), root / ".dvc" / "tmp", how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockedError) as caught, dvc_lock.held(root):
            pass
        process.stdin.close()
    assert caught.value.parts["subject"] == "DVC's lock"
    assert caught.value.parts["found"] == "one that holds .dvc/tmp/lock"
    assert "wait for that process, or end it" in caught.value.parts["remedy"]
    assert not caplog.records, "the library says it, too"
    with dvc_lock.held(root):
        pass


def test_another_process_that_ends_soon(root, monkeypatch):
    """It is waited for."""
    lock_file(root).parent.mkdir()
    other = LockFile(lock_file(root))
    monkeypatch.setattr(dvc_lock.time, "sleep", lambda _: other.close())
    with dvc_lock.held(root):
        assert other._fp is None, "it was not waited for"


def note(root: Path, process: object) -> None:
    """Note a process at an output, as DVC does while it runs a stage and gives the lock away."""
    (root / ".dvc" / "tmp").mkdir(exist_ok=True)
    entry = {"pid": process, "cmd": "dvc repro"}
    (root / ".dvc" / "tmp" / "rwlock").write_text(json.dumps({"write": {"/a": entry}}))


def test_dvc_runs_a_stage(root):
    """It is named, and the lock is not kept."""
    note(root, os.getpid())
    with pytest.raises(LockedError, match=f"found:    process {os.getpid()}: dvc repro"):
        dvc_lock.held(root).__enter__()
    LockFile(lock_file(root)).close()


def test_a_process_that_was_killed(root):
    """Its note is none any more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    note(root, process.pid)
    with dvc_lock.held(root):
        pass


def test_who_says_that_a_process_is_alive(root, monkeypatch):
    """What DVC asks, and no signal 0: on Windows that is a Ctrl-C for whole groups of processes."""
    monkeypatch.setattr(psutil, "pid_exists", lambda process: process == 4711)
    note(root, os.getpid())
    with dvc_lock.held(root):
        pass
    note(root, 4711)
    with pytest.raises(LockedError, match="found:    process 4711: dvc repro"):
        dvc_lock.held(root).__enter__()


@pytest.mark.parametrize("text", ["", "[]", '{"write": 1}', '{"write": {"a": {}}}'])
def test_notes_that_cannot_be_read(root, text):
    """They are DVC's to mend."""
    (root / ".dvc" / "tmp").mkdir()
    (root / ".dvc" / "tmp" / "rwlock").write_text(text)
    with dvc_lock.held(root):
        pass


def test_no_repository_of_dvcs(tmp_path):
    """Nothing is made; how to come by one is said."""
    with pytest.raises(MissingError, match="fixtures init"), dvc_lock.held(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
