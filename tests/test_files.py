"""Tests of `registry.files`."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest

from registry.files import read, staged, write_atomic
from tests.kit.files import ZEROS, make_device


@pytest.fixture
def umask():
    """Set the umask; the test's end restores it."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def names(directory: Path) -> list[str]:
    """Names in a directory, hidden ones too."""
    return sorted(path.name for path in directory.iterdir())


def test_bytes_arrive_and_nothing_else_does(tmp_path):
    """The file holds the bytes, and no temporary file stays beside it."""
    write_atomic(tmp_path / "a.npz", b"one")
    assert (tmp_path / "a.npz").read_bytes() == b"one", "the bytes written are not the bytes read"
    assert names(tmp_path) == ["a.npz"], "something else was left in the directory"


def test_a_function_writes_as_it_likes(tmp_path):
    """What a function writes into the file it is given, in any order, is in place at once."""

    def write(file) -> None:
        file.seek(3)
        file.write(b"two")
        file.seek(0)
        file.write(b"one")
        assert not (tmp_path / "a").exists(), "half a file is to be seen"

    write_atomic(tmp_path / "a", write)
    assert (tmp_path / "a").read_bytes() == b"onetwo", "other bytes"
    assert names(tmp_path) == ["a"], "something else was left in the directory"


def stage(path: Path, data: bytes) -> None:
    """Write a file in the way of those who need it open."""
    with staged(path) as file:
        file.write(data)


@pytest.mark.parametrize("write", [write_atomic, stage])
def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path, monkeypatch, write):
    """Until the new bytes are on disk, the path shows the old ones, whole."""
    path = tmp_path / "a.npz"
    path.write_bytes(b"old")
    seen = []

    def fsync(descriptor: int) -> None:
        seen.append((path.read_bytes(), os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    write(path, b"newer")
    assert seen == [(b"old", 5)], "not synced once, with all new bytes, while the old ones show"
    assert path.read_bytes() == b"newer", "the new bytes did not replace the old ones"
    assert names(tmp_path) == ["a.npz"], "something else was left in the directory"


def test_other_names_of_the_old_file_keep_its_bytes(tmp_path):
    """A hard link is cut, so that a write never reaches DVC's cache."""
    cached, path = tmp_path / "cached", tmp_path / "a.npz"
    cached.write_bytes(b"old")
    path.hardlink_to(cached)
    write_atomic(path, b"new")
    assert cached.read_bytes() == b"old", "the write went through the hard link"


def test_a_symbolic_link_is_replaced(tmp_path):
    """A symbolic link gives way to a file, and what it pointed to stays."""
    cached, path = tmp_path / "cached", tmp_path / "a.npz"
    cached.write_bytes(b"old")
    path.symlink_to(cached)
    write_atomic(path, b"new")
    assert not path.is_symlink(), "the link is still there"
    assert cached.read_bytes() == b"old", "the write went through the link"


@pytest.mark.parametrize(("mask", "mode"), [(0o000, 0o666), (0o022, 0o644), (0o027, 0o640)])
def test_the_mode_is_666_less_the_umask(tmp_path, umask, mask, mode):
    """The umask alone changes the mode, not what was at the path before."""
    path = tmp_path / "a.npz"
    path.write_bytes(b"old")
    path.chmod(0o400)
    umask(mask)
    write_atomic(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode, "the mode is not 0o666 less the umask"


def test_a_mode_is_there_before_the_name(tmp_path, monkeypatch):
    """One that is given, whatever the umask; nobody sees the file with another one."""
    seen = []
    rename = Path.replace

    def note(self, target):
        seen.append(stat.S_IMODE(self.stat().st_mode))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", note)
    write_atomic(tmp_path / "a", b"one", mode=0o444)
    assert seen == [0o444], "another mode"


def test_a_write_that_fails_half_way_leaves_the_old_file_alone(tmp_path):
    """When the system refuses more bytes, the old file stays and the half-written one goes."""
    path = tmp_path / "a.npz"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_atomic(path, b"x" * (1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old", "the old file changed"
    assert names(tmp_path) == ["a.npz"], "the half-written file was left behind"


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    """Ctrl-C during the write removes the temporary file, too."""

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.npz", b"new")
    assert names(tmp_path) == [], "the temporary file was left behind"


def test_a_directory_in_the_way_stays(tmp_path):
    """A directory at the path is an error, and nothing is left behind."""
    (tmp_path / "a.npz").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(tmp_path / "a.npz", b"new")
    assert names(tmp_path) == ["a.npz"], "the temporary file was left behind"


def test_missing_folders_are_made(tmp_path):
    """A path in folders that do not exist yet is written like any other."""
    path = tmp_path / "some" / "where" / "a.npz"
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new", "the bytes written are not the bytes read"
    assert names(path.parent) == ["a.npz"], "something else was left in the directory"


def test_a_file_in_place_of_a_folder_is_reported_as_such(tmp_path):
    """The error is the system's own, not one from tidying up."""
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_atomic(tmp_path / "file" / "a.npz", b"new")
    assert names(tmp_path) == ["file"], "something was left behind"


@pytest.mark.parametrize("size", [0, 7, (1 << 22) - 1, 1 << 22, (1 << 22) + 1])
def test_all_bytes_are_read(tmp_path, size):
    """Of a small file and of a huge one every byte arrives, and none can be changed."""
    path = tmp_path / "a"
    path.write_bytes(os.urandom(size))
    found = read(path)
    assert bytes(found) == path.read_bytes(), "not the file's bytes"
    assert memoryview(found).readonly, "the bytes can be written to"


@pytest.mark.parametrize("size", [7, 1 << 22])
def test_links_are_followed_or_not(tmp_path, size):
    """A link leads to a file's bytes, unless the caller wants none."""
    (tmp_path / "a").write_bytes(bytes(size))
    (tmp_path / "link").symlink_to("a")
    assert read(tmp_path / "a", follow=False) == bytes(size), "a file was taken for a link"
    assert read(tmp_path / "link") == bytes(size), "the link was not followed"
    with pytest.raises(OSError, match="link"):
        read(tmp_path / "link", follow=False)


@pytest.mark.parametrize("follow", [True, False])
def test_what_is_no_file(tmp_path, follow):
    """A pipe, a device or a folder is refused at once, and nothing waits for its end."""
    with pytest.raises(IsADirectoryError):
        read(tmp_path, follow=follow)
    os.mkfifo(tmp_path / "pipe")
    make_device(tmp_path / "zeros", ZEROS)
    for path in (tmp_path / "pipe", tmp_path / "zeros"):
        with pytest.raises(OSError, match="not a regular file") as caught:
            read(path, follow=follow)
        assert caught.value.filename == str(path), "not the file that is meant"


def test_a_stage_that_fails_leaves_the_old_file_alone(tmp_path):
    """Of an error of the system's the path is told, not the temporary file."""
    path = tmp_path / "a.npz"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No space") as error, staged(path) as file:
        raise OSError(28, "No space left on device", file.name)
    assert error.value.filename == str(path), "not the file that is meant"
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["a.npz"])
