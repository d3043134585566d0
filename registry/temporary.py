"""Files and folders that are there for a while, and what killed processes left of them.

Whoever makes one holds a lock on it, which the system takes back when the process ends, however it
does. So one without a lock is nobody's, and the next process that makes one in the same place
takes it away. Neither process numbers nor ages would tell as much: a folder may be shared with
machines and containers that number their own, and a build may take hours.

Where there are no such locks (Windows, some networks) nothing is taken away. A generator may
outlive the command that started it, and was killed; its scratch folder then goes, and it with it,
for nobody waits for what it makes.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from registry import read_only

_FILE = re.compile(r"\.[0-9a-f]{16}\.tmp")
_swept: set[tuple[str, str]] = set()
_sweeping = threading.Lock()


@contextmanager
def file(folder: Path) -> Iterator[BinaryIO]:
    """An empty file in a folder, to be written, and renamed if it is to stay."""
    path = name(folder)
    try:
        while True:
            with open(path, "x+b", opener=_create) as opened:
                # else another process took it away before the lock was on it
                if _hold(opened.fileno(), path):
                    yield opened
                    return
    finally:
        read_only.remove(path, missing_ok=True)


def name(folder: Path) -> Path:
    """A free name in a folder, for what has a lock or is there for a moment only."""
    sweep(folder, _FILE, stat.S_ISREG)
    return folder / f".{secrets.token_hex(8)}.tmp"


@contextmanager
def folder(purpose: str) -> Iterator[Path]:
    """A new folder among the system's temporary ones, which is gone afterwards."""
    import tempfile

    prefix = f"fixtures-{purpose}-"
    sweep(Path(tempfile.gettempdir()), re.compile(re.escape(prefix) + r"\w{8}"), stat.S_ISDIR)
    with tempfile.TemporaryDirectory(prefix=prefix) as name, held(Path(name)) as path:
        yield path


@contextmanager
def held(path: Path) -> Iterator[Path]:
    """Hold a folder that was just made, so that no other process sweeps it away.

    Yields
    ------
    path
        The folder. It is made again where another process was faster than the lock.
    """
    if sys.platform == "win32":
        yield path
        return
    while not _hold(opened := os.open(path, os.O_RDONLY | os.O_DIRECTORY), path):
        os.close(opened)
        path.mkdir(mode=0o700, exist_ok=True)
    try:
        yield path
    finally:
        os.close(opened)


def sweep(folder: Path, names: re.Pattern[str], kind: Callable[[int], bool]) -> None:
    """Take away what killed processes left in a folder: under such names, and of that kind.

    Once in each process and folder: from then on, what is there may be its own, and some systems
    give one process the lock that it has a second time.
    """
    with _sweeping:
        key = (os.path.abspath(folder), names.pattern)  # noqa: PTH100 (no link is resolved)
        if key in _swept:
            return
        _swept.add(key)
        with suppress(OSError):
            for path in folder.iterdir():
                if names.fullmatch(path.name):
                    _take_away(path, kind)


def _take_away(path: Path, kind: Callable[[int], bool]) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):
        status = path.lstat()
        if not kind(status.st_mode) or status.st_uid != os.geteuid():
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        # for writing where that can be: on networks the lock asks for it
        how = os.O_RDONLY | os.O_DIRECTORY if is_folder else os.O_RDWR | os.O_NONBLOCK
        opened = os.open(path, how | os.O_NOFOLLOW)
        try:
            import fcntl
            import shutil

            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_folder:
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
        finally:
            os.close(opened)


def _hold(opened: int, path: Path) -> bool:
    """Lock what is open; false if it was taken away before."""
    if sys.platform == "win32":
        return True
    import fcntl

    # without locks nothing is swept, either
    with suppress(OSError):
        fcntl.flock(opened, fcntl.LOCK_EX)
    try:
        return os.path.samestat(os.fstat(opened), path.lstat())
    except FileNotFoundError:
        return False


def _create(path: str, flags: int) -> int:
    return os.open(path, flags, 0o666)
