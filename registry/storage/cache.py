"""DVC's cache: objects in a folder, each under its md5.

Only the layout is used, never DVC itself, so that reading a cached fixture costs no import of it.
"""

from __future__ import annotations

from pathlib import Path

from registry import files, read_only
from registry.digests import md5_file
from registry.storage import dvc_config

_MODE = 0o444


def folder(root: Path) -> Path:
    """The cache's folder: ``cache.dir`` of DVC's configuration, else ``.dvc/cache``.

    A relative path there is relative to the file that it stands in, as in DVC.
    """
    named = dvc_config.value(root, "cache", "dir")
    if named is None:
        return dvc_config.folder(root) / "cache"
    return named.file.parent / Path(named.value).expanduser()


def object_path(root: Path, md5: str) -> Path:
    """Where the cache of DVC 3 keeps the object with this md5."""
    return object_in(folder(root), md5)


def object_in(folder: Path, md5: str) -> Path:
    """The same, of a cache whose folder is known: to find that is to read DVC's configuration."""
    return folder / "files" / "md5" / md5[:2] / md5[2:]


def read(root: Path, md5: str) -> files.Buffer | None:
    """Bytes of a cached object, not verified; None where there is no regular file that can be read.

    A link in an object's place is not followed: DVC makes none.
    """
    try:
        return files.read(object_path(root, md5), follow=False)
    except OSError:
        # a failing disk, too: the next place may have the bytes
        return None


def has(root: Path, md5: str) -> bool:
    """Whether there is an object of that name with the bytes that belong to it."""
    try:
        return md5_file(object_path(root, md5)) == md5
    except OSError:
        return False


def put(root: Path, md5: str, data: files.Content) -> None:
    """Store verified bytes, whole or not at all, read-only as DVC stores them.

    Raises
    ------
    OSError
        The cache cannot be written: it is read-only, or its disk is full.
    """
    files.write_atomic(object_path(root, md5), data, mode=_MODE)


def discard(root: Path, md5: str) -> None:
    """Take away an object that is not what its name says, or a link in its place.

    In a read-only cache it stays; readers verify what they read, so it does no harm there.
    """
    try:
        read_only.remove(object_path(root, md5), missing_ok=True)
    except OSError:
        return
