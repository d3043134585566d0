"""Outputs of the fixture stages of a large lock, so that not every process parses the lock.

One file in ``.dvc/tmp``, which git ignores. It counts only for the very lock that it was made from,
by SHA-256, only if it is whole, and only if nobody but this user can have written it. Whatever is
wrong with it, the lock is parsed, and the file made anew.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from registry import files
from registry.digests import sha256
from registry.storage import dvc_config

# Nothing planted is followed or waited for. Windows has neither flag.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def path(root: Path) -> Path:
    """Where the index of the registry at `root` is, if it has one."""
    return dvc_config.folder(root) / "tmp" / "fixtures" / "pins.json"


def read(root: Path, lock: bytes) -> Any:
    """What was written for this lock; None where there is nothing that counts."""
    data = _read(path(root))
    if data is None:
        return None
    digest, _, body = data.partition(b"\n")
    if digest != sha256(body).encode():
        return None
    try:
        document = json.loads(body)
        if document["lock"] == sha256(lock):
            return document["stages"]
    except (KeyError, TypeError, ValueError):
        # whole, and yet none of ours
        return None
    return None


def write(root: Path, lock: bytes, stages: dict[str, list[dict[str, Any]]]) -> None:
    """Keep the outputs of stages for this lock; where that is not possible, do nothing."""
    # without a .dvc folder there is no repository of DVC's, and none must come into being
    if not dvc_config.folder(root).is_dir():
        return
    body = json.dumps({"lock": sha256(lock), "stages": stages}).encode()
    with suppress(OSError):
        files.write_atomic(path(root), sha256(body).encode() + b"\n" + body)


def _read(file: Path) -> bytes | None:
    """Bytes of a regular file that only this user can have written."""
    try:
        descriptor = os.open(file, _FLAGS | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return None
        if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
            return None
        with suppress(OSError):
            return opened.read()
    return None
