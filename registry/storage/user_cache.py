"""The user's cache: folders for what is fetched or computed, their owner's alone."""

from __future__ import annotations

import os
import sys
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

    On Windows, whose files have neither such an owner nor such bits, nothing is looked at of a
    folder that is there. Who may use it is told by its list of access rights: that of the user's
    profile, in which `top` is unless ``$FIXTURES_CACHE`` says otherwise; and of a folder made here
    by Python from 3.12.4 on, one that has this user alone.

    Raises
    ------
    MissingError
        The folder is another user's.
    OSError
        As the system reports it.
    """
    for above in (folder.parents[1], folder.parent, folder):
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":
        return folder
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
