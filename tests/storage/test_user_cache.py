"""Tests of `registry.storage.user_cache`: where it is, and whose."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs
import pytest

from registry.errors import MissingError, UsageError
from registry.storage import user_cache


def test_where_it_is(tmp_path, monkeypatch):
    """Where the system has caches, unless a variable says otherwise."""
    monkeypatch.delenv("FIXTURES_CACHE", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name, appauthor: f"/caches/{name}")
    assert user_cache.top() == Path("/caches/fixture-registry")
    monkeypatch.setenv("FIXTURES_CACHE", "~/here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_cache.top() == tmp_path / "here"
    monkeypatch.setenv("FIXTURES_CACHE", "~nobody-of-that-name/x")
    with pytest.raises(UsageError) as caught:
        user_cache.top()
    assert caught.value.found == "~nobody-of-that-name/x, and no such user"


def test_whose_it_is(tmp_path, monkeypatch):
    """Nobody else may look into a folder; and one of somebody else's is refused by name."""
    folder = tmp_path / "top" / "kind" / "one"
    folder.mkdir(parents=True, mode=0o777)
    assert user_cache.private(folder, "it") == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    other = tmp_path / "other" / "kind" / "one"
    user_cache.private(other, "it")
    assert {path.stat().st_mode & 0o777 for path in (other, other.parent, other.parents[1])} == {
        0o700
    }
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(MissingError) as caught:
        user_cache.private(folder, "it")
    error = caught.value
    assert error.subject == "it: cache"
    assert error.expected == "a folder of yours (user 4711)"
    assert error.found.startswith(f"{folder}, which belongs to user ")
    assert error.remedy == "remove it, or set FIXTURES_CACHE to another folder"


def test_a_folder_that_is_as_it_should_be(tmp_path, monkeypatch):
    """Nothing is written to it, for its disk may be read-only."""
    folder = user_cache.private(tmp_path / "top" / "kind" / "one", "it")

    def refuse(*_: object) -> None:
        raise OSError("Read-only file system")

    monkeypatch.setattr(Path, "chmod", refuse)
    assert user_cache.private(folder, "it") == folder


def test_on_windows(tmp_path, monkeypatch):
    """There is no such owner, and no such bits: a folder is made, and one that is there is used."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "getuid")
    folder = tmp_path / "top" / "kind" / "one"
    assert user_cache.private(folder, "it") == folder
    assert folder.stat().st_mode & 0o777 == 0o700, "Python on Windows gives it to its user alone"
    assert user_cache.private(folder, "it") == folder
