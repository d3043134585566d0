"""Digests: of bytes, of files, of arrays, and the id that git gives a file.

Three digests name a fixture, each with one job: DVC's md5 (what DVC pulls by), the SHA-256 of the
file (what is trusted), and the SHA-256 of its content (arrays alone, whatever container they are
in).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from registry import byte_order, files

if TYPE_CHECKING:
    import numpy as np


def sha256(data: bytes | memoryview) -> str:
    """Hex SHA-256 of bytes.

    >>> sha256(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(data).hexdigest()


def md5(data: bytes | memoryview) -> str:
    """Hex md5 of bytes, the address under which DVC stores them.

    >>> md5(b"")
    'd41d8cd98f00b204e9800998ecf8427e'
    """
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file, streamed, so that its size does not matter."""
    with files.open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5_file(path: Path) -> str:
    """Hex md5 of a file, streamed as in `sha256_file`."""
    with files.open_regular(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def git_blob_id(data: bytes) -> str:
    """Id that git gives a file with these bytes: ``git hash-object FILE`` prints the same.

    It is known before any commit exists and can be checked in every commit afterwards.

    >>> git_blob_id(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    digest = _git_blob(len(data))
    digest.update(data)
    return digest.hexdigest()


def git_blob_file(path: Path) -> str:
    """Id that git gives a file, streamed as in `sha256_file`."""
    with files.open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        return hashlib.file_digest(file, lambda: _git_blob(size)).hexdigest()


def blob(path: Path) -> str:
    """Git's id of a text file, marked as such: ``blob:`` and 40 hexadecimal digits.

    Git hashes text with LF endings, whatever the checkout has.
    """
    return "blob:" + git_blob_id(files.read(path).replace(b"\r\n", b"\n"))


def array_digest(array: np.ndarray) -> str:
    """Hex SHA-256 of one array: dtype with byte order, shape, and C-order bytes.

    A big-endian machine hashes its own arrays as a little-endian one would (`byte_order`).
    """
    digest = hashlib.sha256()
    _update(digest, array)
    return digest.hexdigest()


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Hex SHA-256 of a set of arrays, whatever order or container they come in.

    Names are taken in sorted order; each is followed by its array's dtype with byte order, shape
    and C-order bytes. Every text part ends in a NUL, so that no two inputs run together.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + b"\0")
        _update(digest, arrays[name])
    return digest.hexdigest()


def _git_blob(size: int) -> hashlib._Hash:
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def _update(digest: hashlib._Hash, array: np.ndarray) -> None:
    import numpy as np

    array = byte_order.stored(array)
    digest.update(array.dtype.str.encode() + b"\0")
    digest.update(",".join(map(str, array.shape)).encode() + b"\0")
    # reshape(-1) makes the bytes of 0-d arrays and of unaligned views addressable as one buffer
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
