"""Tests of `registry.temporary`: what processes leave that are really killed, and what they use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.kit.repository import REPOSITORY

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere there are no such locks")

# Each is told a folder, says that it is in the middle, and goes on when it is told so.
HEAD = """
import sys; from pathlib import Path
from registry import files, temporary
place = Path(sys.argv[1])
def wait(file=None):
    if file: file.write(b"half"); file.flush()
    print("in the middle", flush=True); sys.stdin.readline()
"""
WRITE = HEAD + 'files.write_atomic(place / "a", wait)'
TOGETHER = HEAD + 'files.write_together({place / "b": b"b", place / "a": wait})'
STAGED = HEAD + 'with files.staged(place / "a") as file: wait(file)'
FOLDER = HEAD + 'with temporary.folder("x") as made: (made / "f").touch(); wait()'
SCRATCH = HEAD + (
    "from registry.build import scratch\nwith scratch.scratch(Path()) as made: wait()"
)
REPORT = HEAD + (
    "from registry.report import folder\n"
    'with folder.replacing(place / "a") as made: (made / "f").touch(); wait()'
)
FILES = {"write_atomic": WRITE, "write_together": TOGETHER, "staged": STAGED}
FOLDERS = {"folder": FOLDER, "scratch": SCRATCH, "report": REPORT}
EVERY = pytest.mark.parametrize("program", {**FILES, **FOLDERS}.values(), ids=[*FILES, *FOLDERS])


def begun(program: str, place: Path) -> subprocess.Popen[bytes]:
    """A process that is in the middle of its work."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, place],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(place)},
    )
    assert process.stdout.readline() == b"in the middle\n"
    return process


def ended(process: subprocess.Popen[bytes], *, killed: bool = False) -> None:
    """End a process, in its own way or not."""
    if killed:
        process.send_signal(signal.SIGKILL)
    process.communicate(b"\n", timeout=60)
    assert process.returncode == (-signal.SIGKILL if killed else 0)


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden or not."""
    return sorted(path.name for path in folder.iterdir())


@EVERY
def test_what_a_killed_process_left_is_swept_by_the_next(program, tmp_path):
    """Nothing of it is there after the next run, which has what it wants."""
    ended(begun(program, tmp_path), killed=True)
    left = names(tmp_path)
    assert left, "the test leaves nothing to sweep"
    assert not {"a", "b"} & set(left), "half of something has its name"
    ended(begun(program, tmp_path))
    assert set(names(tmp_path)) <= {"a", "b"}, "something was left behind"


@EVERY
def test_what_a_live_process_uses_stays(program, tmp_path):
    """Another process that does the same in the same place takes nothing away, and both end."""
    first = begun(program, tmp_path)
    used = names(tmp_path)
    second = begun(program, tmp_path)
    assert set(used) < set(names(tmp_path)), "what the first uses is gone"
    ended(second)
    assert set(used) <= set(names(tmp_path)), "what the first uses is gone"
    ended(first)
    assert set(names(tmp_path)) <= {"a", "b"}, "something was left behind"


@pytest.mark.parametrize("program", FILES.values(), ids=FILES)
def test_other_files_stay(program, tmp_path):
    """Only files are swept that have such a name, and nothing that a link leads to."""
    (tmp_path / "own").write_bytes(b"own")
    (tmp_path / ".0123456789abcdef.tmp").symlink_to("own")
    (tmp_path / ".0123456789abcdee.tmp").mkdir()
    os.mkfifo(tmp_path / ".0123456789abcded.tmp")
    for name in (".notes.tmp", "0123456789abcdef.tmp", ".0123456789abcdef.tmp~"):
        (tmp_path / name).touch()
    before = names(tmp_path)
    ended(begun(program, tmp_path))
    assert set(before) <= set(names(tmp_path)), "what is somebody else's was taken away"


def test_other_folders_stay(tmp_path):
    """Only folders of that purpose are swept."""
    for name in ("fixtures-x-abcd1234.kept", "fixtures-y-abcd1234", "x-abcd1234"):
        (tmp_path / name).mkdir()
    (tmp_path / "fixtures-x-abcd1235").touch()
    before = names(tmp_path)
    ended(begun(FOLDER, tmp_path))
    assert names(tmp_path) == before, "what is somebody else's was taken away"


def test_an_old_file_without_a_lock_is_swept(tmp_path):
    """Also what was left before there were locks."""
    (tmp_path / ".0123456789abcdef.tmp").write_bytes(b"half")
    ended(begun(WRITE, tmp_path))
    assert names(tmp_path) == ["a"], "it was left behind"


def test_a_file_that_was_swept_before_its_lock(tmp_path, monkeypatch):
    """Between a file's making and its lock another process may sweep: it is made again."""
    from registry import files, temporary

    real, taken = temporary._hold, []

    def hold(opened: int, path: Path) -> bool:
        if not taken:
            taken.append(path)
            path.unlink()
        return real(opened, path)

    monkeypatch.setattr(temporary, "_hold", hold)
    files.write_atomic(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert names(tmp_path) == ["a"], "something was left behind"


def test_a_folder_that_was_swept_before_its_lock(tmp_path, monkeypatch):
    """So is a folder."""
    from registry import temporary

    real, taken = temporary._hold, []

    def hold(opened: int, path: Path) -> bool:
        if not taken:
            taken.append(path)
            path.rmdir()
        return real(opened, path)

    monkeypatch.setattr(temporary, "_hold", hold)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary.folder("x") as made:
        assert made.is_dir(), "the folder is gone"
    assert names(tmp_path) == [], "something was left behind"


@pytest.mark.parametrize("program", [WRITE, FOLDER], ids=["file", "folder"])
def test_without_locks_nothing_is_swept(program, tmp_path):
    """Where the system has no locks, what is left stays, and all else works."""
    program = (
        "import fcntl\ndef flock(*_): raise OSError(95, 'not supported')\nfcntl.flock = flock\n"
    ) + program
    ended(begun(program, tmp_path), killed=True)
    left = names(tmp_path)
    ended(begun(program, tmp_path))
    assert set(left) <= set(names(tmp_path)), "it was taken for somebody's who is gone"
