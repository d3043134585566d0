"""Files that are read-only, as DVC's cache and git keep theirs: replaced and removed all the same.

Only Windows asks for more than that: there no such file goes before it may be written to. One that
a program has open or mapped does not go there at all; it stays as it was, and an error says so.
"""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path


def replace(new: Path, path: Path) -> None:
    """Give a file the name of another one, if there is one, which is then gone.

    Raises
    ------
    OSError
        As the system reports it; ``path`` is then as it was.
    """
    _insist(lambda: new.replace(path), path)


def remove(path: Path, *, missing_ok: bool = False) -> None:
    """Take a file away.

    Raises
    ------
    OSError
        As the system reports it; the file is then as it was.
    """
    _insist(lambda: path.unlink(missing_ok=missing_ok), path)


def remove_tree(path: Path) -> None:
    """Take a folder away with all that is in it.

    Raises
    ------
    OSError
        As the system reports it; part of it may be gone by then.
    """
    if sys.platform == "win32":
        for each in path.rglob("*"):
            if _is_read_only(each):
                each.chmod(stat.S_IREAD | stat.S_IWRITE)
    shutil.rmtree(path)


def _insist(change: Callable[[], object], path: Path) -> None:
    try:
        change()
    except PermissionError:
        if sys.platform != "win32" or not _is_read_only(path):
            raise
        before = stat.S_IMODE(path.lstat().st_mode)
        path.chmod(before | stat.S_IWRITE)
        try:
            change()
        except OSError:
            path.chmod(before)
            raise


def _is_read_only(path: Path) -> bool:
    """Whether it is a file, and no link, that may not be written to."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and not mode & stat.S_IWRITE
