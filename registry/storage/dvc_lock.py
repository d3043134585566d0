"""DVC's own lock on a repository: whoever has it is alone in changing what DVC pins there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from registry import extras, files
from registry.errors import LockedError, MissingError
from registry.storage import dvc_config

# As long as DVC waits.
_WAIT_S = 3.0
_REMEDY = "wait for that process, or end it, then run the command again"


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold the lock while the block runs, as ``dvc repro`` does.

    Raises
    ------
    LockedError
        Another process has it, or runs a stage: for as long as that takes, DVC gives the lock
        away and notes which files it is at.
    MissingError
        The repository is none of DVC's, or the extra ``build`` is not installed.
    """
    extras.require("build", "DVC's lock", "zc", expected="zc.lockfile, by which DVC locks")
    folder = dvc_config.folder(root) / "tmp"
    if not folder.parent.is_dir():
        raise MissingError(
            f"registry {root.name}",
            expected="a repository of DVC's",
            found="no folder .dvc",
            remedy="fixtures init lays one out; dvc init makes it where all else is there",
        )
    folder.mkdir(exist_ok=True)
    lock = _acquired(root, folder)
    try:
        _hold_to_stages(folder)
        yield
    finally:
        lock()


def _acquired(root: Path, folder: Path) -> Any:
    """Take the lock; what gives it back."""
    path = folder / "lock"
    setting = dvc_config.value(root, "core", "hardlink_lock")
    if setting is not None and setting.value.lower() in ("true", "yes", "on", "1"):
        # on file systems without locks; the file's holder is in its name
        from dvc.lock import LockError, make_lock

        by_link = make_lock(os.fspath(path), tmp_dir=os.fspath(folder), hardlink_lock=True)
        try:
            with _quiet("flufl.lock"):
                by_link.lock()
        except LockError:
            raise _locked(path) from None
        return by_link.unlock
    from zc import lockfile

    end = time.monotonic() + _WAIT_S
    while True:
        try:
            with _quiet("zc.lockfile"):
                return lockfile.LockFile(os.fspath(path)).close
        except lockfile.LockError:
            if time.monotonic() > end:
                raise _locked(path) from None
            time.sleep(0.1)


@contextmanager
def _quiet(library: str) -> Iterator[None]:
    """Keep what takes the lock from reporting what an error of ours reports."""
    import logging

    logger = logging.getLogger(library)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _locked(path: Path) -> LockedError:
    return LockedError(
        "DVC's lock",
        expected=f"no other process of DVC at work in this repository for {_WAIT_S:.0f} s",
        found=f"one that holds {path.parent.parent.name}/tmp/lock",
        remedy=_REMEDY,
    )


def _hold_to_stages(folder: Path) -> None:
    """Refuse to go on while a process of DVC's runs a stage."""
    from psutil import pid_exists

    with suppress(OSError, ValueError, AttributeError, TypeError, KeyError):
        document = json.loads(files.read(folder / "rwlock"))
        noted = document.get("write", {}).values()
        alive = [item for item in noted if pid_exists(int(item["pid"]))]
        if alive:
            raise LockedError(
                "DVC's lock",
                expected="no other process of DVC that runs a stage of this repository",
                found=f"process {alive[0]['pid']}: {alive[0]['cmd']}",
                remedy=_REMEDY,
            )
