"""Digests of files, kept between runs for as long as the files stay as they are."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from registry import digests, environment, files

# Kept between runs. What is built in a scratch folder is told the registry's own.
BUILD = Path(environment.value(environment.BUILD) or "build")
SHA256, BLOB, MD5 = "SHA-256", "git blob id", "md5"

_FILE = "digests.json"
# A file that changed so recently may change again without its time of change showing it.
_SETTLED_S = 2.0


class Kept:
    """What a registry keeps of digests, in a file of its folder ``build``.

    A file counts as unchanged by its size, inode and times; of these the time of change cannot be
    set back as the others can. Whatever is wrong with what is kept, files are read again.

    Parameters
    ----------
    folder : path, optional
        Where the file is. Default: ``build``, of the folder that the program runs in.
    """

    def __init__(self, folder: Path = BUILD) -> None:
        self._path = folder / _FILE
        self._known = self._read()
        self._new: dict[str, dict[str, Any]] = {}

    def digest(self, path: Path, kind: str) -> tuple[str, bool]:
        """Digest of a file, and whether it was kept from an earlier run.

        Raises
        ------
        OSError
            As the system reports it.
        """
        before = _state(path)
        # no link is resolved: what it leads to has another inode when it leads elsewhere
        key = os.path.abspath(path)  # noqa: PTH100
        known = self._new.get(key) or self._known.get(key)
        is_same = isinstance(known, dict) and known.get("state") == before
        kept: dict[str, Any] = known if known and is_same else {"state": before}
        if isinstance(kept.get(kind), str):
            return kept[kind], True
        found = _digest(path, kind)
        settled = time.time_ns() - max(before["mtime_ns"], before["ctime_ns"]) > _SETTLED_S * 1e9
        if settled and _state(path) == before:
            self._new[key] = {**kept, kind: found}
        return found, False

    def save(self) -> None:
        """Keep what was found, and forget files that are gone.

        Of several processes that do it at once, what one has found may be lost: then it is found
        again.
        """
        if not self._new:
            return
        known = {**self._read(), **self._new}
        here = {path: kept for path, kept in known.items() if Path(path).exists()}
        # a build folder that cannot be written is the business of what is built in it
        with suppress(OSError):
            files.write_atomic(self._path, json.dumps(here, separators=(",", ":")).encode())
        self._known, self._new = here, {}

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError, RecursionError):
            known = json.loads(files.read(self._path))
            if isinstance(known, dict):
                return known
        return {}


def _digest(path: Path, kind: str) -> str:
    match kind:
        case "md5":
            return digests.md5_file(path)
        case "SHA-256":
            return digests.sha256_file(path)
        case _:
            return digests.git_blob_file(path)


def _state(path: Path) -> dict[str, int]:
    """What changes when a file does; its time of change cannot be set back as the others can."""
    status = path.stat()
    return {
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "inode": status.st_ino,
        "device": status.st_dev,
    }
