"""What is done to files, and read of folders."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

# Numbers of devices of Linux: one takes all and gives nothing, one gives without end.
NULL, ZEROS = 3, 5


def flipped(data: bytes, position: int | None = None) -> bytes:
    """The same bytes but for one bit; in the middle, where an array is, unless told otherwise."""
    changed = bytearray(data)
    changed[len(data) // 2 if position is None else position] ^= 1
    return bytes(changed)


def flip(path: Path, position: int | None = None) -> None:
    """Change one bit of a file, as `flipped` does, and neither size, times, mode nor inode."""
    before = path.stat()
    path.chmod(0o644)
    data = flipped(path.read_bytes(), position)
    with path.open("r+b") as file:
        file.write(data)
    path.chmod(before.st_mode & 0o777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def make_device(path: Path, number: int) -> None:
    """Make a character device at a path of the test's own, or skip the test."""
    if os.getuid() != 0:
        pytest.skip("only root makes devices")
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, number))
    except PermissionError:
        pytest.skip("no devices can be made here")


class Content(bytes):
    """Bytes of a file, shown by their number and digest where they are many.

    Where megabytes that are not the same are shown, pytest looks for hours for how they differ.

    >>> Content(b"few"), Content(bytes(10_000))
    (b'few', <10000 bytes, sha256 95b532cc4381>)
    """

    def __repr__(self) -> str:
        if len(self) < 10_000:
            return super().__repr__()
        return f"<{len(self)} bytes, sha256 {hashlib.sha256(self).hexdigest()[:12]}>"


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of every file below a folder."""
    return {name: data for name, (_, data) in tree(folder, ".").items()}


def tree(folder: Path, *parts: str) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of every file below some parts of a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mode & 0o777,
            Content(path.read_bytes()),
        )
        for part in parts
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def object_in(folder: Path, md5: str) -> Path:
    """Where a cache or a remote keeps an object."""
    return folder / "files" / "md5" / md5[:2] / md5[2:]
