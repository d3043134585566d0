"""Files of a registry's folder: read as they are, and written nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from registry import files, read_only, temporary
from registry.errors import UsageError
from registry.storage import cache, served

_READ_ONLY = 0o444


def read(root: Path, path: str) -> files.Buffer | None:
    """A file's bytes; None where there is no regular file that can be read."""
    try:
        return files.read(root / path)
    except (OSError, ValueError):
        return None


def write(root: Path, path: str, data: files.Buffer, *, md5: str) -> None:
    """Put verified bytes at a path in the folder, whole or not at all.

    In the folder of a registry by URL the file is read-only, and the cache's own where a link can
    be made to it. In the user's own it is a file by itself, since a root process would write
    through it into the cache.

    Parameters
    ----------
    root : path
        The registry's top folder.
    path : str
        The file's path, relative to ``root``.
    data : bytes or memoryview
        Its bytes.
    md5 : str
        Theirs, under which the cache may have them.

    Raises
    ------
    UsageError
        The path leads out of the folder.
    OSError
        As the system reports it.
    """
    target = inside(root, path)
    if served.record(root) is None:
        files.write_atomic(target, data)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    new = temporary.name(target.parent)
    try:
        os.link(cache.object_path(root, md5), new)
        read_only.replace(new, target)
    except OSError:
        # the cache is full or read-only, or on another disk
        read_only.remove(new, missing_ok=True)
        files.write_atomic(target, data, mode=_READ_ONLY)


def inside(root: Path, path: str) -> Path:
    """Where a path of the registry is, held against links above it that lead elsewhere.

    Raises
    ------
    UsageError
        It is not within ``root``.
    """
    target = root / path
    folder = target.parent.resolve()
    if folder.is_relative_to(root.resolve()):
        return target
    raise UsageError(
        path,
        expected=f"a path within {root}",
        found=f"its folder is a link that leads to {folder}",
        remedy="put a folder in the link's place, then run the command again",
    )
