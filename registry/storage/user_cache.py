"""The user's cache: folders for what is fetched or computed, their owner's alone."""

from __future__ import annotations

import os
from pathlib import Path

from registry import environment
from registry.errors import MissingError, UsageError


def top() -> Path:
    """Where it is: ``$FIXTURES_CACHE``, or where the system has caches.

    Raises
    ------
    UsageError
        ``$FIXTURES_CACHE`` names no folder.
    """
    named = environment.value(environment.CACHE)
    if not named:
        import platformdirs

        named = platformdirs.user_cache_dir("fixture-registry", appauthor=False)
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:
        raise UsageError(
            environment.CACHE,
            expected="the path of a folder",
            found=f"{named}, and no such user",
            remedy=f"set {environment.CACHE} to a path from the root, such as /home/you/cache",
        ) from None


def private(folder: Path, subject: str) -> Path:
    """Make a folder, two levels below `top`, that nobody else can write to or read.

    Raises
    ------
    MissingError
        The folder is another user's.
    OSError
        As the system reports it.
    """
    for above in (folder.parents[1], folder.parent, folder):
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid():
        # whoever made it decides what is in it
        raise MissingError(
            f"{subject}: cache",
            expected=f"a folder of yours (user {os.getuid()})",
            found=f"{folder}, which belongs to user {status.st_uid}",
            remedy=f"remove it, or set {environment.CACHE} to another folder",
        )
    if status.st_mode & 0o077:
        folder.chmod(0o700)
    return folder
