"""Digests of files, kept between runs for as long as the files stay as they are."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from registry import digests, environment, files

# Kept between runs. What is built in a scratch folder is told the registry's own.
BUILD = Path(environment.value(environment.BUILD) or "build")
SHA256, BLOB, MD5 = "SHA-256", "git blob id", "md5"

State = Mapping[str, object]

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
        place = os.path.abspath(path)  # noqa: PTH100
        known = self.find(place, before, kind)
        if known is not None:
            return known, True
        found = _digest(path, kind)
        settled = time.time_ns() - max(before["mtime_ns"], before["ctime_ns"]) > _SETTLED_S * 1e9
        if settled and _state(path) == before:
            self.note(place, before, kind, found)
        return found, False

    def find(self, place: str, state: State, kind: str) -> str | None:
        """The digest of what is at a place in this state; None where none was kept.

        Parameters
        ----------
        place : str
            A path, absolute, or a URL.
        state : mapping
            What changes when the bytes there do.
        kind : str
            Which digest.
        """
        known = self._at(place, state).get(kind)
        return known if isinstance(known, str) else None

    def note(self, place: str, state: State, kind: str, digest: str) -> None:
        """Have a digest kept; the first parameters are those of `find`."""
        self._new[place] = {**self._at(place, state), "state": dict(state), kind: digest}

    def _at(self, place: str, state: State) -> dict[str, Any]:
        kept = self._new.get(place) or self._known.get(place)
        return kept if isinstance(kept, dict) and kept.get("state") == state else {}

    def save(self) -> None:
        """Write what is to be kept, and forget files that are gone.

        Of several processes that do it at once, what one has found may be lost: then it is found
        again.
        """
        if not self._new:
            return
        known = {**self._read(), **self._new}
        here = {place: kept for place, kept in known.items() if _is_there(place)}
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


def _is_there(place: str) -> bool:
    # whether there is still something at a URL is not asked for this
    return "://" in place or Path(place).exists()


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
