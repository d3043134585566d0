"""Opening a file that somebody names: it is there, may be read, is a file, and is not empty."""

from __future__ import annotations

from io import BufferedReader
from pathlib import Path

from registry import files
from registry.errors import CheckError, MissingError


def open_file(path: Path, subject: str) -> BufferedReader:
    """Open a regular file that is not empty.

    Raises
    ------
    CheckError
        It is a folder, a pipe, or empty.
    MissingError
        It is absent or may not be read.
    """
    try:
        # what it is, is said better than the system does
        if path.exists() and not path.is_file():
            raise _no_file(path, subject, "a folder" if path.is_dir() else "something else")
        file = files.open_regular(path)
    except OSError as error:
        raise MissingError(
            subject,
            expected=f"a readable file at {path}",
            found=error.strerror or str(error),
            remedy="put the file there, or correct its path",
        ) from error
    if file.seek(0, 2) == 0:
        file.close()
        raise _no_file(path, subject, "0 bytes")
    file.seek(0)
    return file


def _no_file(path: Path, subject: str, found: str) -> CheckError:
    return CheckError(
        subject,
        expected=f"a file that is not empty at {path}",
        found=found,
        remedy="put the file there, or correct its path",
    )
