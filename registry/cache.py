"""DVC's cache: objects in a folder, each under its md5.

Only the layout is used, never DVC itself, so that reading a cached fixture costs no import of it.
"""

from __future__ import annotations

import configparser
import os
import stat
from pathlib import Path

from registry import files

_MODE = 0o444


def folder(root: Path) -> Path:
    """The cache's folder: ``cache.dir`` of DVC's configuration, else ``.dvc/cache``.

    Read from DVC's files in its own order: the user's, the repository's, the clone's.
    """
    found = root / ".dvc" / "cache"
    for config in (_user_config(), root / ".dvc" / "config", root / ".dvc" / "config.local"):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(config, encoding="utf-8")
            named = parser.get("cache", "dir", fallback=None)
        except (configparser.Error, UnicodeDecodeError):
            # DVC itself reports a broken configuration, with its own words
            continue
        if named:
            found = config.parent / Path(named.strip("\"'")).expanduser()
    return found


def object_path(root: Path, md5: str) -> Path:
    """Where the cache of DVC 3 keeps the object with this md5."""
    return folder(root) / "files" / "md5" / md5[:2] / md5[2:]


def read(root: Path, md5: str) -> bytes | None:
    """Bytes of a cached object, not verified; None where there is no such regular file.

    A link is not followed: nobody but DVC and this module writes here, and neither makes one.
    """
    try:
        descriptor = os.open(object_path(root, md5), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return file.read()


def put(root: Path, md5: str, data: bytes) -> None:
    """Store verified bytes, whole or not at all, read-only as DVC stores them."""
    path = object_path(root, md5)
    files.write_atomic(path, data)
    path.chmod(_MODE)


def discard(root: Path, md5: str) -> None:
    """Take away an object that is not what its name says, or a link in its place.

    In a read-only cache it stays; readers verify what they read, so it does no harm there.
    """
    try:
        object_path(root, md5).unlink(missing_ok=True)
    except OSError:
        return


def _user_config() -> Path:
    named = os.environ.get("DVC_GLOBAL_CONFIG_DIR")
    if not named:
        import platformdirs

        named = platformdirs.user_config_dir("dvc", "iterative")
    return Path(named) / "config"
