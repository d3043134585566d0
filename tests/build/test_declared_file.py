"""Tests of `registry.build.declared_file`: the declared file and no other, and read only once."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from registry import digests
from registry.build import declared_file, kept
from registry.build.declared_file import verified
from registry.errors import CheckError, MissingError
from registry.storage import ranged
from registry.storage.distant import Distant

OLD = time.time() - 3600


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that was written an hour ago, and a working directory without anything built."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "scan.npz"
    path.write_bytes(b"counts\n" * 1000)
    os.utime(path, (OLD, OLD))
    # the time of the last change of the inode cannot be set back; here it counts as settled
    monkeypatch.setattr(kept, "_SETTLED_S", -1)
    return path


@pytest.fixture
def streamed(monkeypatch):
    """Files that were read through, in order."""
    found = []

    def remembered(digest):
        def read(path):
            found.append(path.name)
            return digest(path)

        return read

    for name in ("sha256_file", "git_blob_file"):
        monkeypatch.setattr(digests, name, remembered(getattr(digests, name)))
    return found


def declare(path) -> dict[str, str]:
    """The file by its path and SHA-256."""
    return {"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_a_file_by_its_sha256(file):
    """It is found, and how long its digest took is said."""
    found = verified("source s", declare(file))
    assert found.path == file
    assert found.note.startswith("SHA-256 of 7000 bytes, in "), "not what took time"


def test_a_file_by_its_git_blob_id(file):
    """The id is the one that git prints."""
    printed = subprocess.run(
        ["git", "hash-object", str(file)], check=True, capture_output=True, text=True
    ).stdout
    found = verified("source s", {"path": str(file), "blob": printed.strip()})
    assert found.note.startswith("git blob id of 7000 bytes, in "), "not what took time"


@pytest.mark.parametrize(
    ("key", "kind", "digits"), [("sha256", "SHA-256", 64), ("blob", "git blob id", 40)]
)
def test_another_file(file, key, kind, digits):
    """One that has another digest is refused, with both."""
    with pytest.raises(CheckError) as caught:
        verified("source s", {"path": str(file), key: "0" * digits})
    error = caught.value
    assert error.expected == f"scan.npz with {kind} {'0' * digits}", "not what was declared"
    assert len(error.found) == digits, "not what was found"


@pytest.mark.parametrize(("name", "found"), [("no.npz", "no such file"), ("", "a folder")])
def test_no_file(file, name, found):
    """What is not there is exit code 3, with what still works without it."""
    with pytest.raises(MissingError) as caught:
        verified("source s", {"path": str(file.parent / name), "sha256": "0" * 64})
    assert caught.value.found == found, "not what is there"
    assert "'dvc pull' still serves the pinned fixtures" in caught.value.remedy


# The kept digest


def test_an_unchanged_file_is_not_read_again(file, streamed):
    """Its digest is kept."""
    declared = declare(file)
    verified("source s", declared)
    again = verified("source s", declared)
    assert streamed == ["scan.npz"], "it was read again"
    assert again.note.startswith("SHA-256 kept, because the file is unchanged, in ")


def test_each_digest_is_kept_for_itself(file, streamed):
    """A SHA-256 is no answer to who asks for the git blob id."""
    verified("source s", declare(file))
    with pytest.raises(CheckError):
        verified("source s", {"path": str(file), "blob": "0" * 40})
    assert len(streamed) == 2, "one digest was taken for the other"


def change_and_restore_the_time(path):
    """One byte, and the times of reading and writing as they were."""
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"other"),
        change_and_restore_the_time,
        lambda path: os.utime(path),
        lambda path: (
            path.with_name("new").write_bytes(path.read_bytes())
            and path.with_name("new").replace(path)
        ),
    ],
    ids=["content", "content, with its time restored", "time", "another inode"],
)
def test_a_changed_file_is_read_again(file, streamed, change):
    """Whatever may have changed: size, times, or the inode."""
    declared = declare(file)
    verified("source s", declared)
    time.sleep(0.02)  # longer than a tick of the file system's clock
    change(file)
    try:
        verified("source s", declared)
    except CheckError:
        assert hashlib.sha256(file.read_bytes()).hexdigest() != declared["sha256"]
    else:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == declared["sha256"]
    assert len(streamed) == 2, "it was not read again"


def test_a_file_that_changed_just_now(file, streamed, monkeypatch):
    """Its digest is not kept: it may change again within a tick of the clock."""
    monkeypatch.setattr(kept, "_SETTLED_S", 3600)
    for _ in range(2):
        verified("source s", declare(file))
    assert len(streamed) == 2, "it was kept"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"state": 1}', b'{"digest": "x"}'])
def test_a_damaged_record(file, streamed, data):
    """Whatever is wrong with what was kept, the file is read."""
    verified("source s", declare(file))
    (kept.BUILD / "digests.json").write_bytes(data)
    verified("source s", declare(file))
    assert len(streamed) == 2, "it was not read again"


# Downloads


def test_a_file_by_its_url(file):
    """It is fetched into the folder of downloads, and verified."""
    declared = {"url": file.as_uri(), "sha256": declare(file)["sha256"]}
    found = verified("source s", declared)
    assert found.path.read_bytes() == file.read_bytes(), "not the file"
    assert declared_file.DOWNLOADS in found.path.parents, "not in the folder"


def test_another_file_at_the_url(file):
    """It is refused."""
    with pytest.raises(CheckError, match="SHA-256"):
        verified("source s", {"url": file.as_uri(), "sha256": "0" * 64})


# Read where it is


DATA = b"counts\n" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()
FILE = Distant(url="s3://bucket/scan.cxi", etag="a1", size=len(DATA))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A file elsewhere: what is found of it may be set, and how often it was streamed is kept."""
    monkeypatch.chdir(tmp_path)
    found = SimpleNamespace(file=FILE, streamed=0, asked=[])

    def find(url, *, etag, version_id):
        found.asked.append((url, etag, version_id))
        return found.file

    def digest(function):
        def of(file):
            assert file == found.file
            found.streamed += 1
            return function(DATA)

        return of

    monkeypatch.setattr(ranged, "find", find)
    monkeypatch.setattr(ranged, "sha256", digest(digests.sha256))
    monkeypatch.setattr(ranged, "git_blob", digest(digests.git_blob_id))
    return found


def test_which_files_are_read_where_they_are():
    """On S3, and on the web if it is declared; no others."""
    for declared, expected in (
        ({"url": "s3://bucket/scan.cxi", "sha256": SHA256}, True),
        ({"url": "https://host/scan.cxi", "etag": "a1"}, True),
        ({"url": "https://host/scan.cxi", "sha256": SHA256, "ranges": True}, True),
        ({"url": "https://host/scan.cxi", "sha256": SHA256, "ranges": False}, False),
        ({"path": "scan.cxi", "sha256": SHA256, "ranges": False}, False),
    ):
        assert declared_file.is_ranged(declared) == expected, declared


def test_a_file_by_its_etag(elsewhere):
    """Nothing is streamed, and nothing kept."""
    found = verified("source s", {"url": FILE.url, "etag": "a1", "version_id": "x"})
    assert (found.path, elsewhere.streamed) == (FILE, 0)
    assert elsewhere.asked == [(FILE.url, "a1", "x")]
    assert found.note.startswith("7000 bytes with ETag a1, as declared, found in ")
    assert not kept.BUILD.exists()


def test_a_digest_elsewhere_is_kept(elsewhere):
    """For the same ETag, size and version; it is streamed again where one of these is another."""
    declared = {"url": FILE.url, "sha256": SHA256}
    assert verified("source s", declared).note.startswith("SHA-256 of 7000 bytes, in ")
    note = "SHA-256 kept, because the file is unchanged, in "
    assert verified("source s", declared).note.startswith(note)
    assert elsewhere.streamed == 1
    for number, change in enumerate(({"version_id": "v"}, {"etag": "b2"}, {"size": 6}), 2):
        elsewhere.file = replace(FILE, **change)
        verified("source s", declared)
        assert elsewhere.streamed == number, f"not streamed again: {change}"


def test_a_git_blob_id_elsewhere(elsewhere):
    """It is that of the bytes there."""
    declared = {"url": FILE.url, "blob": digests.git_blob_id(DATA)}
    assert verified("source s", declared).note.startswith("git blob id of 7000 bytes, in ")


def test_another_file_elsewhere(elsewhere):
    """It is refused, with both digests."""
    with pytest.raises(CheckError) as caught:
        verified("source s", {"url": FILE.url, "sha256": "0" * 64})
    assert caught.value.expected == f"scan.cxi with SHA-256 {'0' * 64}"
    assert caught.value.found == SHA256


def test_a_digest_that_the_server_has(elsewhere):
    """It needs no streaming; the git blob id does."""
    elsewhere.file = replace(FILE, sha256=SHA256)
    found = verified("source s", {"url": FILE.url, "sha256": SHA256})
    assert found.note.startswith("SHA-256 as its server has it, in ")
    assert elsewhere.streamed == 0
    verified("source s", {"url": FILE.url, "blob": digests.git_blob_id(DATA)})
    assert elsewhere.streamed == 1
