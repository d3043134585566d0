"""A source on its way to a worker, a part at a time, where no file system is shared.

The worker that wants one waits in the thread that builds; parts come in by another, that of its
event loop.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
from collections.abc import Callable
from pathlib import Path

from registry import digests, files
from registry.build.record import SourceRecord
from registry.errors import CheckError, MissingError

# As much as is held in memory of a source, twice, on either side.
PART = 1 << 24
_SILENCE_S = 120.0

_waiting: dict[str, queue.Queue[bytes]] = {}


def fetch(record: SourceRecord, path: Path, ask: Callable[[str], None]) -> None:
    """Have a source's file sent, and put it at a path once it is what its record says.

    Parameters
    ----------
    record : SourceRecord
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
        with files.staged(path) as file:
            ask(word)
            while part := parts.get(timeout=_SILENCE_S):
                file.write(part)
            file.flush()
            found = digests.sha256_file(Path(file.name))
            if found != record.sha256:
                raise CheckError(
                    f"source {record.name}",
                    expected=f"a file with SHA-256 {record.sha256}, as its record says",
                    found=f"{found}, as it came through the cluster",
                    remedy=f"run the command again; dvc repro --force source@{record.name} makes "
                    "the client's own anew",
                )
    except queue.Empty:
        raise MissingError(
            f"source {record.name}",
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
