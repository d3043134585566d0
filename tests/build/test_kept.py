"""Tests of `registry.build.kept`: a digest is kept for as long as its file stays as it is."""

from __future__ import annotations

import json
import os
import time

import pytest

from registry.build import kept
from registry.build.kept import BLOB, MD5, SHA256, Kept
from tests.kit.files import flip

DIGESTS = {
    MD5: "5eb63bbbe01eeed093cb22bb8f5acdc3",
    SHA256: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
    BLOB: "95d09f2b10159347eece71399a7e2e907ea3df4f",
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that counts as settled at once."""
    monkeypatch.setattr(kept, "_SETTLED_S", -1)
    path = tmp_path / "file"
    path.write_bytes(b"hello world")
    return path


def again(folder, file, kind=SHA256) -> tuple[str, bool]:
    """What a new process finds."""
    found = Kept(folder)
    digest = found.digest(file, kind)
    found.save()
    return digest


@pytest.mark.parametrize("kind", DIGESTS)
def test_a_digest_is_kept(tmp_path, file, kind):
    """It is computed once, and then read."""
    assert again(tmp_path, file, kind) == (DIGESTS[kind], False)
    assert again(tmp_path, file, kind) == (DIGESTS[kind], True)


def test_digests_of_one_file(tmp_path, file):
    """One of another kind does not drive the first out."""
    for kind in (MD5, SHA256):
        again(tmp_path, file, kind)
    assert again(tmp_path, file, MD5) == (DIGESTS[MD5], True)


def test_a_change_that_keeps_size_and_times(tmp_path, file):
    """The time of the inode's change tells, which nobody can set back."""
    again(tmp_path, file)
    time.sleep(0.02)
    flip(file, 0)
    assert again(tmp_path, file)[1] is False, "an old digest of new bytes"


def test_another_file_of_the_same_name(tmp_path, file):
    """Its inode tells."""
    again(tmp_path, file)
    status = file.stat()
    other = tmp_path / "other"
    other.write_bytes(b"HELLO WORLD")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
    assert again(tmp_path, file)[1] is False


def test_a_file_that_may_still_change(tmp_path, file, monkeypatch):
    """Its digest is not kept, for its next change may show in no time."""
    monkeypatch.setattr(kept, "_SETTLED_S", 3600)
    again(tmp_path, file)
    assert again(tmp_path, file)[1] is False
    assert not (tmp_path / "digests.json").exists()


def test_files_that_are_gone(tmp_path, file):
    """They are forgotten."""
    again(tmp_path, file)
    other = tmp_path / "other"
    file.rename(other)
    again(tmp_path, other)
    assert list(json.loads((tmp_path / "digests.json").read_bytes())) == [str(other)]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"FILE": 1}', '{"FILE": {"state": 1, "SHA-256": 2}}', "[" * 100_000],
)
def test_what_is_kept_may_be_damaged(tmp_path, file, text):
    """Then the file is read, and what was found is kept."""
    (tmp_path / "digests.json").write_text(text.replace("FILE", str(file)))
    assert again(tmp_path, file) == (DIGESTS[SHA256], False)
    assert again(tmp_path, file) == (DIGESTS[SHA256], True)


def test_what_another_process_kept_meanwhile(tmp_path, file):
    """It stays."""
    mine = Kept(tmp_path)
    other = tmp_path / "other"
    other.write_bytes(b"x")
    again(tmp_path, other)
    mine.digest(file, SHA256)
    mine.save()
    assert again(tmp_path, other)[1] is True
    assert again(tmp_path, file)[1] is True


def test_a_folder_that_cannot_be_written(tmp_path, file):
    """Nothing is kept, and nothing fails."""
    (tmp_path / "folder").write_bytes(b"")
    assert again(tmp_path / "folder", file) == (DIGESTS[SHA256], False)


def test_no_file(tmp_path):
    """As the system reports it."""
    with pytest.raises(FileNotFoundError):
        Kept(tmp_path).digest(tmp_path / "none", MD5)
