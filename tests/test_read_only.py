"""Tests of `registry.read_only`: here as ever, and by Windows' rules."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from registry import read_only


@pytest.fixture
def files(tmp_path):
    """A new file and an old one, which is read-only."""
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_bytes(b"new")
    old.write_bytes(b"old")
    old.chmod(0o444)
    return new, old


@pytest.fixture
def windows(monkeypatch):
    """Windows' rule: what is read-only is not replaced or removed; all that was asked."""
    asked = []

    def ruled(real, of):
        def change(path, *arguments, **options):
            asked.append(of(path, *arguments).name)
            kept = of(path, *arguments)
            if kept.exists() and not kept.lstat().st_mode & stat.S_IWRITE:
                raise PermissionError(13, "Access is denied", str(kept))
            return real(path, *arguments, **options)

        return change

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(Path, "replace", ruled(Path.replace, lambda path, target: target))
    monkeypatch.setattr(Path, "unlink", ruled(Path.unlink, lambda path: path))
    return asked


def mode(path):
    """A file's permissions."""
    return path.stat().st_mode & 0o777


def test_replaced(files):
    """The new one has the name."""
    new, old = files
    read_only.replace(new, old)
    assert (old.read_bytes(), new.exists()) == (b"new", False)


def test_removed(files):
    """It is gone; one that is not there may be missing, or may not."""
    _, old = files
    read_only.remove(old)
    assert not old.exists(), "it is there"
    read_only.remove(old, missing_ok=True)
    with pytest.raises(FileNotFoundError):
        read_only.remove(old)


def test_replaced_on_windows(files, windows):
    """It may be written to, and then goes."""
    new, old = files
    new.chmod(0o444)
    read_only.replace(new, old)
    assert (old.read_bytes(), new.exists()) == (b"new", False)
    assert windows == ["old", "old"], "not refused at first"
    assert mode(old) == 0o444, "the new one was read-only"


def test_removed_on_windows(files, windows):
    """It may be written to, and then goes."""
    _, old = files
    read_only.remove(old)
    assert not old.exists(), "it is there"
    assert windows == ["old", "old"], "not refused at first"
    read_only.remove(old, missing_ok=True)


def test_what_is_in_use_stays_as_it_was(files, windows, monkeypatch):
    """Read-only, too."""
    new, old = files

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "used by another process")

    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    for change in (lambda: read_only.replace(new, old), lambda: read_only.remove(old)):
        with pytest.raises(PermissionError, match="used by another process"):
            change()
        assert (mode(old), old.read_bytes()) == (0o444, b"old")


def test_a_file_that_is_not_read_only(files, windows, monkeypatch):
    """What Windows refuses for another reason is asked once; here nothing is asked twice."""
    new, old = files
    asked = []

    def refuse(*_: object, **__: object) -> None:
        asked.append(None)
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(PermissionError):
        read_only.remove(new)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(PermissionError):
        read_only.remove(old)
    assert (len(asked), mode(old)) == (2, 0o444)


def test_a_tree(tmp_path, windows, monkeypatch):
    """It goes with all that is read-only in it; what a link leads to stays as it is."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"")
    outside.chmod(0o444)
    top = tmp_path / "top"
    (top / "folder").mkdir(parents=True)
    for name in ("file", "folder/file"):
        (top / name).write_bytes(b"")
        (top / name).chmod(0o444)
    (top / "link").symlink_to(outside)
    seen = {}

    def rmtree(path):
        seen.update({each.name: mode(each) & stat.S_IWRITE for each in path.rglob("file")})

    monkeypatch.setattr(read_only.shutil, "rmtree", rmtree)
    read_only.remove_tree(top)
    assert seen == {"file": stat.S_IWRITE}, "some may not be written to"
    assert mode(outside) == 0o444, "a link was followed"
    monkeypatch.undo()
    read_only.remove_tree(top)
    assert not top.exists(), "it is there"
    assert outside.exists(), "a link was followed"
