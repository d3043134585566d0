"""Writing a file so that nobody ever sees half of it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_atomic(path: Path, data: bytes) -> None:
    """Put `data` at `path`, all at once; on failure `path` is as before and nothing is left over.

    Missing folders above it are made. A link at `path` is replaced, never written through: other
    names of the old file, such as one in DVC's cache, keep the old bytes. The mode is 0o644 less
    the umask, whatever it was before.

    Raises
    ------
    OSError
        As the system reports it: no space, no permission.
    """
    # In the same directory, for a rename cannot cross file systems.
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(temporary, "xb", opener=_create) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _create(path: str, flags: int) -> int:
    return os.open(path, flags, 0o644)
