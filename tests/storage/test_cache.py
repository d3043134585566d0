"""Tests of `registry.storage.cache`."""

from __future__ import annotations

import errno
import os
import resource
import stat

import pytest

from registry import files
from registry.digests import md5
from registry.storage import cache

DATA = b"bytes of an object"
MD5 = "5b63ef26d0fbdc7a7f63f4d6b2a3e4a1"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A DVC repository that only its own configuration shapes."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / level.lower()))
    (tmp_path / "root" / ".dvc").mkdir(parents=True)
    return tmp_path / "root"


def names(folder):
    """Names of all files below a folder."""
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


class TestFolder:
    """Where the cache is."""

    def test_by_default(self, root):
        """DVC's own place."""
        assert cache.folder(root) == root / ".dvc" / "cache", "not DVC's default"

    def test_an_object(self, root):
        """Objects lie under the first two digits of their md5."""
        expected = root / ".dvc/cache/files/md5/5b/63ef26d0fbdc7a7f63f4d6b2a3e4a1"
        assert cache.object_path(root, MD5) == expected, "not the layout of DVC 3"

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("dir = /shared/cache", "/shared/cache"),
            ("dir = ../../shared", "{root}/.dvc/../../shared"),
            ('    dir = "/with space"', "/with space"),
            ("dir = '/quoted'", "/quoted"),
            ("dir = /shared  # on the server", "/shared"),
            ("dir = ~/cache", "{home}/cache"),
            ("type = copy", "{root}/.dvc/cache"),
            ("dir", "{root}/.dvc/cache"),
        ],
    )
    def test_as_configured(self, root, line, expected):
        """`cache.dir` counts, as DVC reads it; a file that cannot be read does not."""
        (root / ".dvc" / "config").write_text(f"[core]\n    analytics = false\n[cache]\n{line}\n")
        expected = expected.format(root=root, home=os.path.expanduser("~"))  # noqa: PTH111
        assert str(cache.folder(root)) == expected, "not where DVC would look"

    def test_the_strongest_file_counts(self, root, tmp_path):
        """In rising order: the system's file, the user's, the repository's, the clone's own."""
        found = []
        for folder, name in [
            (tmp_path / "system", "config"),
            (tmp_path / "global", "config"),
            (root / ".dvc", "config"),
            (root / ".dvc", "config.local"),
        ]:
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(f"[cache]\ndir = /{len(found)}\n")
            found.append(str(cache.folder(root)))
        assert found == ["/0", "/1", "/2", "/3"], "not DVC's order"

    def test_above_the_registry(self, root):
        """A registry below the top of its DVC repository uses that one's cache."""
        (root / "deep" / "down").mkdir(parents=True)
        assert cache.folder(root / "deep" / "down") == root / ".dvc" / "cache", "not the top's"


class TestPut:
    """Storing."""

    def test_bytes_and_mode(self, root):
        """Bytes are stored whole, read-only as DVC stores them, and nothing else is left."""
        cache.put(root, MD5, DATA)
        path = cache.object_path(root, MD5)
        assert path.read_bytes() == DATA, "other bytes"
        assert stat.S_IMODE(path.stat().st_mode) == 0o444, "not DVC's mode"
        assert names(root / ".dvc") == [path.name], "something else was left"

    def test_over_another_object(self, root):
        """A read-only object of that name is replaced."""
        cache.put(root, MD5, b"bad")
        cache.put(root, MD5, DATA)
        assert cache.read(root, MD5) == DATA, "not replaced"

    def test_over_a_link(self, root, tmp_path):
        """A link in the object's place is replaced, and what it points to stays."""
        target = tmp_path / "target"
        target.write_bytes(b"precious")
        path = cache.object_path(root, MD5)
        path.parent.mkdir(parents=True)
        path.symlink_to(target)
        cache.put(root, MD5, DATA)
        assert not path.is_symlink(), "the link is still there"
        assert path.read_bytes() == DATA, "other bytes"
        assert target.read_bytes() == b"precious", "written through the link"
        assert stat.S_IMODE(target.stat().st_mode) & 0o200, "made read-only through the link"

    def test_no_room(self, root):
        """Where the system stops a write in the middle, nothing is left of it."""
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large") as caught:
                cache.put(root, MD5, DATA)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.errno == errno.EFBIG, "another error"
        assert names(root / ".dvc") == [], "half an object was left"


class TestRead:
    """Reading."""

    def test_what_was_put(self, root):
        """The bytes as they were stored."""
        cache.put(root, MD5, DATA)
        assert cache.read(root, MD5) == DATA, "other bytes"

    def test_absent(self, root):
        """Nothing where there is none."""
        assert cache.read(root, MD5) is None, "bytes out of nowhere"

    def test_a_link_is_not_followed(self, root, tmp_path):
        """A link is no object, even if it points to the right bytes."""
        (tmp_path / "target").write_bytes(DATA)
        path = cache.object_path(root, MD5)
        path.parent.mkdir(parents=True)
        path.symlink_to(tmp_path / "target")
        assert cache.read(root, MD5) is None, "the link was followed"

    def test_a_pipe_is_not_waited_for(self, root):
        """Nor is a pipe, whose reader would wait forever."""
        path = cache.object_path(root, MD5)
        path.parent.mkdir(parents=True)
        os.mkfifo(path)
        assert cache.read(root, MD5) is None, "a pipe was read"

    def test_a_folder(self, root):
        """A folder in its place counts as no object."""
        cache.object_path(root, MD5).mkdir(parents=True)
        assert cache.read(root, MD5) is None, "a folder was read"

    def test_a_failing_disk(self, root, monkeypatch):
        """An object that the disk no longer gives counts as none."""
        cache.put(root, MD5, DATA)

        def read(*_, **__):
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(files, "read", read)
        assert cache.read(root, MD5) is None, "bytes from a disk that gives none"


class TestDiscard:
    """Taking away."""

    def test_an_object(self, root):
        """The object is gone."""
        cache.put(root, MD5, DATA)
        cache.discard(root, MD5)
        assert names(root / ".dvc") == [], "still there"

    def test_a_link(self, root, tmp_path):
        """A link goes, what it points to stays."""
        (tmp_path / "target").write_bytes(DATA)
        path = cache.object_path(root, MD5)
        path.parent.mkdir(parents=True)
        path.symlink_to(tmp_path / "target")
        cache.discard(root, MD5)
        assert not path.is_symlink(), "the link is still there"
        assert (tmp_path / "target").read_bytes() == DATA, "its target went with it"

    def test_nothing(self, root):
        """Nothing to take away is no error."""
        cache.discard(root, MD5)

    def test_in_a_cache_that_cannot_be_written(self, root, monkeypatch):
        """Where it cannot be taken away it stays, without an error."""
        cache.put(root, MD5, DATA)

        def unlink(*_, **__):
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(cache.Path, "unlink", unlink)
        cache.discard(root, MD5)
        assert cache.read(root, MD5) == DATA, "gone from a read-only cache"


class TestHas:
    """Whether an object is there, as it should be."""

    def test_what_was_put(self, root):
        """It is, until its bytes are other ones."""
        name = md5(DATA)
        assert cache.has(root, name) is False, "before it was"
        cache.put(root, name, DATA)
        assert cache.has(root, name) is True
        assert cache.has(root, MD5) is False, "another one is"
        cache.put(root, name, b"x")
        assert cache.has(root, name) is False, "other bytes pass for it"
