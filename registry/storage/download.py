"""Downloading a source: resumed where it stopped, verified before it gets its name.

The declared digest decides in the end. So what was received before is gone on with, whatever the
server has by now; where the whole is then not the file, it is fetched anew, once.
"""

from __future__ import annotations

import errno
import hashlib
import http
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from registry.errors import CheckError, LockedError, MissingError, RegistryError, UsageError
from registry.storage.dvc_config import redact_urls
from registry.storage.progress import Move, bar

if TYPE_CHECKING:
    import requests

# Little, as what came of a block is lost when the connection breaks.
BLOCK_BYTES = 1 << 14
_CONNECT_S, _READ_S = 10.0, 60.0
# Attempts, one after the other, that brought no more than there had been, before giving up.
_ATTEMPTS = 3
PAUSE_S = 1.0
# How long to wait for another process that downloads the same file.
LOCK_S = 600.0
_DIGITS_OF_FOLDER = 12
_LONGEST_NAME = 100
_LIMITS = {"SHA-256": 64, "git blob id": 40}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pin:
    """What a file has to be: its SHA-256, or the id that git gives it."""

    kind: str
    digest: str

    def of(self, path: Path) -> str:
        with path.open("rb") as file:
            if self.kind == "SHA-256":
                return hashlib.file_digest(file, "sha256").hexdigest()
            head = b"blob %d\0" % path.stat().st_size
            return hashlib.file_digest(
                file, lambda: hashlib.sha1(head, usedforsecurity=False)
            ).hexdigest()


class _Cut(Exception):
    """A transfer that ended before its end; what came is in the part file."""


def fetch(
    url: str,
    *,
    sha256: str | None = None,
    blob: str | None = None,
    folder: Path,
    progress: bool = True,
) -> Path:
    """Download a file, unless it is there already.

    It is put into a subfolder that its digest names, and gets its name only when it is whole and
    has this digest. What was received before an interruption is kept beside it, for the next call.

    Parameters
    ----------
    url : str
        ``http``, ``https`` or ``file``.
    sha256, blob : str
        Hex SHA-256 of the file, or the id that git gives it; just one of them.
    folder : path
        Where downloads are kept.
    progress : bool
        Show a progress bar, if standard error is a terminal.

    Returns
    -------
    path
        The file. Its name is the last part of the URL, as far as it makes a plain name.

    Raises
    ------
    UsageError
        Neither or both digests, one that is none, or a URL of another kind.
    MissingError
        The server cannot be reached or has no such file, or there is no space.
    CheckError
        The server has another file.
    LockedError
        Another process has been downloading the same file for too long.
    """
    shown = redact_urls(url)
    subject = f"download of {shown}"
    pin = _pin(subject, sha256, blob)
    source = _local(subject, url)
    final = folder / pin.digest[:_DIGITS_OF_FOLDER] / _name(url)
    part = final.with_name(f".{final.name}.part")
    with _disk(subject, final):
        final.parent.mkdir(parents=True, exist_ok=True)
        with _alone(subject, final):
            if final.is_file() and pin.of(final) == pin.digest:
                return final
            # a part that is whole lacks its name only: the last call was interrupted just then
            found = pin.of(part) if part.is_file() else None
            if found != pin.digest:
                with bar(f"downloading {final.name}", wanted=progress) as move:
                    found = _transfer(subject, url, source, part, pin, move)
            if found != pin.digest:
                size = part.stat().st_size
                part.unlink()
                raise CheckError(
                    subject,
                    expected=f"{pin.kind} {pin.digest}",
                    found=f"{found}, a file of {size} bytes; it was deleted",
                    remedy="see that the URL is right; or, if this is the file that is meant, "
                    "declare its digest under a new source name",
                )
            part.replace(final)
    return final


def _transfer(
    subject: str, url: str, source: Path | None, part: Path, pin: _Pin, move: Move
) -> str:
    """Fill the part file, and return its digest."""
    if source is not None:
        _copy(subject, source, part, move)
        return pin.of(part)
    resumed = _download(subject, url, part, move)
    found = pin.of(part)
    if resumed and found != pin.digest:
        # the beginning may have been of another file
        part.unlink()
        _download(subject, url, part, move)
        found = pin.of(part)
    return found


def _download(subject: str, url: str, part: Path, move: Move) -> bool:
    """Bring the part file to its end, beginning where it is; true if it was put together."""
    resumed, most, idle = False, _size(part), 0
    while True:
        resumed = resumed or _size(part) > 0
        try:
            _receive(subject, url, part, move)
        except _Cut as error:
            # more than ever: who throws away and begins again could do so for ever
            idle = 0 if _size(part) > most else idle + 1
            most = max(most, _size(part))
            if idle < _ATTEMPTS:
                time.sleep(PAUSE_S if idle else 0)
                continue
            raise MissingError(
                subject,
                expected="a transfer to the end",
                found=f"{error} after {_size(part)} bytes",
                remedy="run the command again: it goes on from there",
            ) from error
        return resumed


def _receive(subject: str, url: str, part: Path, move: Move) -> None:
    import requests

    have = _size(part)
    # no encoding on the way: offsets are those of the file
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response = requests.get(url, headers=headers, stream=True, timeout=(_CONNECT_S, _READ_S))
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise _no_url(subject, redact_urls(str(error))) from error
    except requests.exceptions.RequestException as error:
        raise _unreachable(subject, _reason(error)) from error
    with response:
        mode = _mode(subject, response, part, have)
        length = response.headers.get("Content-Length", "")
        left = int(length) if length.isdecimal() else None
        _write(subject, part, mode, _blocks(response), left, move)


def _write(
    subject: str, part: Path, mode: str, blocks: Iterable[bytes], left: int | None, move: Move
) -> None:
    """Write what comes, announced as ``left`` bytes, into the part file, and see it on disk."""
    free = shutil.disk_usage(part.parent).free
    if left is not None and left > free:
        raise MissingError(
            subject,
            expected=f"{left} bytes of free space at {part.parent}",
            found=f"{free} bytes",
            remedy="free some space, then run the command again",
        )
    with part.open(mode) as file:
        # beside a file that is appended to, the position is its size
        move(completed=file.tell(), total=None if left is None else file.tell() + left)
        for block in blocks:
            file.write(block)
            move(completed=file.tell())
        file.flush()
        os.fsync(file.fileno())


def _mode(subject: str, response: requests.Response, part: Path, have: int) -> str:
    """Whether an answer is the whole file (``wb``) or what is missing of it (``ab``)."""
    code = response.status_code
    if code == http.HTTPStatus.OK:
        return "wb"
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if have and code == http.HTTPStatus.PARTIAL_CONTENT and match and int(match[1]) == have:
        return "ab"
    if have and code in (
        http.HTTPStatus.PARTIAL_CONTENT,
        http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ):
        # more than the file has, or a server with ranges of its own: from the start, then
        part.unlink()
        raise _Cut("an answer that does not go on where the file ends")
    raise _unreachable(subject, f"HTTP {code} {response.reason}")


def _blocks(response: requests.Response) -> Iterator[bytes]:
    import requests

    try:
        yield from response.iter_content(BLOCK_BYTES)
    except requests.exceptions.RequestException as error:
        raise _Cut(_reason(error)) from error


def _copy(subject: str, source: Path, part: Path, move: Move) -> None:
    try:
        if not source.is_file():
            raise _unreachable(subject, "no such file")
        file = source.open("rb")
    except OSError as error:
        raise _unreachable(subject, error.strerror or str(error)) from error
    with file:
        blocks = iter(lambda: file.read(BLOCK_BYTES), b"")
        _write(subject, part, "wb", blocks, source.stat().st_size, move)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _pin(subject: str, sha256: str | None, blob: str | None) -> _Pin:
    given = [
        _Pin(kind=kind, digest=digest)
        for kind, digest in (("SHA-256", sha256), ("git blob id", blob))
        if digest is not None
    ]
    if len(given) == 1 and re.fullmatch(f"[0-9a-f]{{{_LIMITS[given[0].kind]}}}", given[0].digest):
        return given[0]
    raise UsageError(
        subject,
        expected="a SHA-256 of 64, or a git blob id of 40 hexadecimal digits in lower case",
        found=", ".join(f"{pin.kind} {pin.digest!r}" for pin in given) or "neither",
        remedy="declare the file's digest: sha256sum FILE, or git hash-object FILE",
    )


def _local(subject: str, url: str) -> Path | None:
    """Path that a ``file`` URL names; None for a URL on the web."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _no_url(subject, str(error)) from error
    if parts.scheme in ("http", "https") and parts.hostname:
        return None
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return Path(url2pathname(parts.path))
    raise _no_url(subject, f"scheme {parts.scheme!r}, host {parts.hostname!r}")


def _name(url: str) -> str:
    """A plain file name from a URL, which may not leave its folder or hide there.

    >>> _name("https://host/a/scan%20one.npz.bz2?token=1")
    'scan_one.npz.bz2'
    >>> _name("https://host/..")
    'download'
    """
    last = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", last)[-_LONGEST_NAME:].lstrip(".-")
    return plain or "download"


@contextmanager
def _alone(subject: str, final: Path) -> Iterator[None]:
    """Hold the file's lock among processes."""
    import filelock

    lock = filelock.FileLock(final.with_name(f".{final.name}.lock"))
    try:
        lock.acquire(timeout=LOCK_S)
    except filelock.Timeout as error:
        raise LockedError(
            subject,
            expected="no other process at it",
            found=f"another one, for {LOCK_S:.0f} s",
            remedy="wait for it, or end it, then run the command again",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _disk(subject: str, final: Path) -> Iterator[None]:
    """Say of the system's errors which file they are about."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise MissingError(
            subject,
            expected=f"a file that can be written at {final}",
            found=error.strerror or str(error),
            remedy="free some space, then run the command again: it goes on where it stopped"
            if full
            else "see that the folder is yours, then run the command again",
        ) from error


def _reason(error: Exception) -> str:
    """What the system says, in a text that also has the address, maybe with secrets in it.

    >>> _reason(OSError("HTTPSConnectionPool(…): … Errno(…[Errno 111] Connection refused'))"))
    'Connection refused'
    """
    found = re.search(r"\[(?:Errno|SSL)[^]]*\] ([^'\"()]+)", str(error))
    return found[1].strip() if found else type(error).__name__


def _unreachable(subject: str, found: str) -> RegistryError:
    return MissingError(
        subject,
        expected="an answer with the file",
        found=found,
        remedy="see that the URL is right and can be reached from here; or fetch the file by other "
        "means, and declare its path",
    )


def _no_url(subject: str, found: str) -> RegistryError:
    return UsageError(
        subject,
        expected="an http, https or file URL",
        found=found,
        remedy="correct the URL, such as https://host/scan.npz or file:///folder/scan.npz",
    )
