"""Reading a file where it is, on S3 or the web: the parts that are asked for, and no others.

Each part is asked for under the condition that the file is still the same, and what is answered is
held against that too. So whoever reads it to the end has read one file, and the declared one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from registry.errors import UsageError
from registry.storage import distant
from registry.storage.distant import Connection, Distant
from registry.storage.dvc_config import redact_urls
from registry.storage.pieces import Pieces
from registry.storage.progress import bar

# Attempts for one part, each of which goes on where the last one broke off.
_ATTEMPTS = 3
# Of a file that is read from end to end, so much is in memory.
_PART_BYTES = 1 << 23
_S3 = "s3"


def find(url: str, *, etag: str | None = None, version_id: str | None = None) -> Distant:
    """The file that an address leads to, if it is the declared one.

    Parameters
    ----------
    url : str
        ``s3``, ``http`` or ``https``.
    etag : str, optional
        What it has to be.
    version_id : str, optional
        Of an object of S3, the version that is meant, whatever newer ones there are.

    Raises
    ------
    UsageError
        No address of that kind, or one with a password in it.
    CheckError
        There is another file, or the server cannot send parts of it.
    MissingError
        There is none; or the server, or a package, cannot be had.
    """
    subject = _subject(url)
    with _connected(url, version_id) as connection:
        found = connection.found()
    if not found.etag or found.size <= 0:
        raise distant.changed(subject, "a file that is not empty, with an ETag", str(found))
    if etag is not None and found.etag != etag:
        raise distant.changed(subject, f"ETag {etag}, as declared", str(found))
    return found


@contextmanager
def opened(file: Distant) -> Iterator[Pieces]:
    """Open a file that was found, for reading anywhere.

    Raises
    ------
    CheckError
        By now there is another file; also while it is read.
    MissingError
        The server cannot be reached; also while it is read.
    """
    with _connected(file.url, file.version_id) as connection:

        def fetch(start: int, end: int) -> bytes:
            return _whole(connection, file, start, end)

        with Pieces(file.size, fetch, _subject(file.url)) as pieces:
            yield pieces


def sha256(file: Distant) -> str:
    """Hex SHA-256 of all bytes, as `opened` reads them, without keeping them."""
    return _digest(file, hashlib.sha256())


def git_blob(file: Distant) -> str:
    """The id that git gives the file."""
    return _digest(file, hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False))


def _digest(file: Distant, digest: hashlib._Hash) -> str:
    with (
        _connected(file.url, file.version_id) as connection,
        bar(f"reading {file.name}", file.size) as move,
    ):
        for start in range(0, file.size, _PART_BYTES):
            end = min(start + _PART_BYTES, file.size)
            digest.update(_whole(connection, file, start, end))
            move(completed=end)
    return digest.hexdigest()


def _whole(connection: Connection, file: Distant, start: int, end: int) -> bytes:
    """A part to its end, in as many requests as that takes and makes sense."""
    data = b""
    for _ in range(_ATTEMPTS):
        data += connection.part(file, start + len(data), end)
        if len(data) >= end - start:
            return data[: end - start]
    raise distant.unreachable(
        _subject(file.url), f"{len(data)} of {end - start} bytes in {_ATTEMPTS} attempts"
    )


@contextmanager
def _connected(url: str, version_id: str | None) -> Iterator[Connection]:
    subject = _subject(url)
    try:
        parts = urlsplit(url)
        is_known = parts.scheme in (_S3, "http", "https") and bool(parts.hostname)
    except ValueError:
        is_known = False
    if not is_known:
        raise UsageError(
            subject,
            expected="an s3, http or https URL of a file that is read in ranges",
            found=redact_urls(url),
            remedy="correct the url in params.yaml, such as s3://bucket/folder/scan.cxi",
        )
    if "@" in parts.netloc:
        raise UsageError(
            subject,
            expected="an address without a user's name and password",
            found=redact_urls(url),
            remedy="take them out of params.yaml; credentials belong in the environment",
        )
    if parts.scheme == _S3:
        from registry.storage.s3_file import S3File

        yield S3File(subject, url, version_id)
        return
    from registry.storage.web_file import WebFile

    with closing(WebFile(subject, url)) as connection:
        yield connection


def _subject(url: str) -> str:
    return f"reading {redact_urls(url)}"
