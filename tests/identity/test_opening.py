"""Tests of `registry.identity.opening`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry import files
from registry.errors import CheckError, MissingError, RegistryError
from registry.identity.opening import open_file


def refusal(path: Path) -> RegistryError:
    """The error with which a file is refused."""
    with pytest.raises(RegistryError) as error:
        open_file(path, "source s")
    assert error.value.subject == "source s", "the subject is not named"
    assert str(path) in error.value.expected, "the path is not named"
    return error.value


def test_a_file_is_read_from_its_start(tmp_path):
    """An open file stands at its first byte."""
    (tmp_path / "a").write_bytes(b"bytes")
    with open_file(tmp_path / "a", "source s") as file:
        assert file.read() == b"bytes", "other bytes are read"


def test_what_is_no_file(tmp_path):
    """A folder, a named pipe and an empty file are refused, without waiting for a writer."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    expected = {".": "a folder", "pipe": "something else", "empty": "0 bytes"}
    for name, found in expected.items():
        error = refusal(tmp_path / name)
        assert (type(error), error.found) == (CheckError, found), f"{name}: {error}"


def test_an_absent_file(tmp_path):
    """A file that is not there is missing."""
    error = refusal(tmp_path / "absent")
    assert (type(error), error.found) == (MissingError, "No such file or directory")


def test_an_unreadable_file(tmp_path, monkeypatch):
    """A file that may not be read is out of reach."""

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a").write_bytes(b"bytes")
    monkeypatch.setattr(files, "open_regular", denied)
    error = refusal(tmp_path / "a")
    assert (type(error), error.found) == (MissingError, "Permission denied")
