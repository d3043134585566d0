"""Tests of `registry.storage.removal`. Of S3: tests/remotes/test_gc.py."""

from __future__ import annotations

import errno
from dataclasses import replace
from functools import partial

import pytest

from registry.errors import AbsentBytesError, MissingError, UsageError
from registry.storage import removal
from tests.kit import collected as kit
from tests.kit.files import object_in
from tests.kit.registries import configure

GONE = kit.md5(kit.BYTES["gone_v1"])
NOWHERE = "0" * 32
OLD = f"{kit.md5(kit.OLD)}.dir"


@pytest.fixture
def remote(collected):
    """The folder of the default remote."""
    return collected.parent / kit.REMOTE


def places(root):
    """The cache and the default remote, and where the objects of each are."""
    yield removal.in_cache(root), root / ".dvc" / "cache"
    yield removal.on_remote(root, writable=True), root.parent / kit.REMOTE


def test_objects_that_are_there(collected):
    """Each by its size; of what is no object, or something else, nothing is said."""
    for place, folder in places(collected):
        object_in(folder, "1" * 32).mkdir(parents=True)
        assert place.sizes([GONE, NOWHERE, "1" * 32]) == {GONE: 20}, place.name
    assert [place.name for place, _ in places(collected)] == ["cache", "remote store"]


def test_objects_are_removed(collected):
    """Those and no others; one that is gone already is no fault."""
    for place, folder in places(collected):
        for _ in range(2):
            place.remove([GONE, NOWHERE])
            assert kit.removed(folder) == {"gone_v1"}, place.name


def unlink(folder, md5):
    """Remove a file, and nothing else."""
    object_in(folder, md5).unlink()


def test_lists_of_folders_go_last(collected):
    """Where a run is interrupted before, the next one learns from them what is left."""
    for place, folder in places(collected):
        path = object_in(folder, GONE)
        path.unlink()
        path.mkdir()  # which nothing here removes
        (path / "x").touch()
        stubborn = replace(place, unlink=partial(unlink, folder))
        with pytest.raises(MissingError):
            stubborn.remove([OLD, GONE])
        assert kit.removed(folder) == set(), place.name


def test_what_cannot_be_removed(collected, monkeypatch):
    """The error names the place and what the system, or a library, said."""

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    cache, remote = (place for place, _ in places(collected))
    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(MissingError) as caught:
        cache.remove([GONE])
    assert caught.value.subject == "cache"
    assert caught.value.expected == f"objects of {collected}/.dvc/cache that can be removed"
    assert caught.value.found == "Permission denied"
    monkeypatch.setattr("dvc.fs.LocalFileSystem.rm_file", refuse)
    with pytest.raises(MissingError) as caught:
        remote.remove([GONE])
    assert caught.value.subject.startswith("remote store (")
    assert caught.value.found == "denied: [Errno 13] Permission denied"
    assert "dvc remote modify --local store" in caught.value.remedy


def test_a_remote_that_cannot_be_reached(collected, monkeypatch):
    """It is said that a second run goes on; and of one that cannot remove, which to name."""
    for error, kind, found in (
        (OSError("no route"), MissingError, "it cannot be reached: no route"),
        (NotImplementedError(), UsageError, "one that is only read, over local"),
    ):

        def fail(*_, error=error):
            raise error

        monkeypatch.setattr("dvc.fs.LocalFileSystem.info", fail)
        with pytest.raises(kind) as caught:
            removal.on_remote(collected, writable=True).sizes([GONE])
        assert caught.value.found == found


def test_remotes_that_are_refused(collected, remote):
    """Only read, unknown, not there, or without objects: nothing is asked of them."""
    url = "http://host/registry"
    for settings, name, found in (
        ({"url": url}, "", "one that is only read, over http"),
        ({"url": url}, "other", "no such name among store"),
        ({"url": "s3://bucket/a", "version_aware": "true"}, "", "one that keeps versions of files"),
        ({"url": str(remote / "none")}, "", "none: it is not mounted here"),
    ):
        configure(collected, **settings)
        with pytest.raises((UsageError, MissingError)) as caught:
            removal.on_remote(collected, name, writable=True)
        assert caught.value.found.startswith(found), found
    configure(collected, url)
    assert removal.on_remote(collected, writable=False).name == "remote store", "it can be read"
    (collected / ".dvc" / "config").write_text("")
    with pytest.raises(MissingError, match="dvc remote add --default NAME URL"):
        removal.on_remote(collected, writable=True)


def test_files_of_a_folder(collected):
    """From the first place that has the list whole; others are not opened."""

    def unopened():
        raise AssertionError("it was opened")

    both = [partial(next, iter([place])) for place, _ in places(collected)]
    found = {name: kit.md5(kit.BYTES[name]) for name in ("both", "old")}
    assert removal.files_of(OLD, [both[0], unopened]) == found
    object_in(collected / ".dvc" / "cache", OLD).write_bytes(b"[]")
    both = [partial(next, iter([place])) for place, _ in places(collected)]
    assert removal.files_of(OLD, both) == found, "a damaged list was believed"


def test_lists_that_nobody_has(collected):
    """Absent, damaged, no list at all, or on a remote that cannot be asked."""

    def no_remote():
        raise MissingError("remote", expected="x", found="y", remedy="z")

    here = partial(removal.in_cache, collected)
    for places, kind, found in (
        ([], AbsentBytesError, "none that is whole"),
        ([here], AbsentBytesError, "none that is whole"),
        ([here, no_remote], MissingError, "remote: y"),
    ):
        with pytest.raises(MissingError) as caught:
            removal.files_of(f"{NOWHERE}.dir", places)
        assert (type(caught.value), caught.value.found) == (kind, found)
        assert caught.value.subject == f"folder {NOWHERE}.dir"
    for data in (b"{}x", b"12", b"[1]", b'[{"md5": "x", "relpath": "y"}]', b"[" * 5000):
        name = f"{kit.md5(data)}.dir"
        path = object_in(collected / ".dvc" / "cache", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        with pytest.raises(MissingError, match="none that is whole"):
            removal.files_of(name, [here])
