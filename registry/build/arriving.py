"""A file on its way to a worker, a part at a time, where no file system is shared.

The worker that wants one waits in the thread that works; parts come in by another, that of its
event loop.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import digests, files
from registry.build.kept import SHA256, Kept
from registry.errors import CheckError, MissingError

# As much as is held in memory of a file, twice, on either side.
PART = 1 << 24
_SILENCE_S = 120.0

_waiting: dict[str, queue.Queue[bytes]] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of the client's, as a worker is told of it.

    ``subject`` is what messages call it, ``path`` where it is in a registry's folder, and ``anew``
    what to do where the client's own is wrong.
    """

    subject: str
    path: str
    sha256: str
    size: int
    anew: str = ""


def is_at(file: File, path: Path) -> bool:
    """Whether a path has that very file; not if it has another one, or none that can be read."""
    with suppress(OSError):
        is_same = path.is_file() and path.stat().st_size == file.size
        return is_same and Kept().digest(path, SHA256)[0] == file.sha256
    return False


def asking(file: File, topic: str, worker: Any) -> Callable[[str], None]:
    """How a worker asks the client for a file: by an event of that topic."""
    said = {"sha256": file.sha256, "worker": worker.address}
    return lambda word: worker.log_event(topic, {**said, "word": word})


def fetch(file: File, path: Path, ask: Callable[[str], None]) -> None:
    """Have a file sent, and put it at a path once it is what was asked for.

    Parameters
    ----------
    file : File
    path : path
        Where it is to be.
    ask : callable
        Is given a word by which `receive` is told that a part belongs to this file.

    Raises
    ------
    MissingError
        It does not come.
    CheckError
        What comes is another file.
    """
    word = secrets.token_hex(8)
    parts = _waiting[word] = queue.Queue(1)
    try:
        with files.staged(path) as staged:
            ask(word)
            while part := parts.get(timeout=_SILENCE_S):
                staged.write(part)
            staged.flush()
            found = digests.sha256_file(Path(staged.name))
            if found != file.sha256:
                raise CheckError(
                    file.subject,
                    expected=f"a file with SHA-256 {file.sha256}, as the client knows it",
                    found=f"{found}, as it came through the cluster",
                    remedy="; ".join(filter(None, ["run the command again", file.anew])),
                )
    except queue.Empty:
        raise MissingError(
            file.subject,
            expected="its file from the client",
            found=f"no part of it for {_SILENCE_S:.0f} s",
            remedy="see that the client is still there, and its network; then run the command "
            "again",
        ) from None
    finally:
        del _waiting[word]


async def receive(word: str, part: bytes) -> bool:
    """Take a part of a file, or its end, which is an empty one; false if nobody waits for it."""
    while word in _waiting:
        try:
            _waiting[word].put_nowait(part)
            return True
        except queue.Full:
            await asyncio.sleep(0.01)
    return False
