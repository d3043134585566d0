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

from registry import files
from registry.errors import CheckError, LockedError, MissingError, UsageError
from registry.storage import patience, web
from registry.storage.dvc_config import redact_urls
from registry.storage.progress import Move, bar
from registry.storage.web import BLOCK_BYTES

if TYPE_CHECKING:
    import requests

# Attempts, one after the other, that brought next to nothing, before giving up; and new starts.
_ATTEMPTS = 3
# The most that a server may send that does not announce how much it is.
UNANNOUNCED_BYTES = 1 << 30
PAUSE_S = 1.0
# How long to wait for another process that downloads the same file.
LOCK_S = 600.0
_DIGITS_OF_FOLDER = 12
_LONGEST_NAME = 100
_LIMITS = {"SHA-256": 64, "git blob id": 40}
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d+/(?:\d+|\*)", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pin:
    """What a file has to be: its SHA-256, or the id that git gives it."""

    kind: str
    digest: str

    def of(self, path: Path) -> str:
        with files.open_regular(path) as file:
            if self.kind == "SHA-256":
                return hashlib.file_digest(file, "sha256").hexdigest()
            head = b"blob %d\0" % path.stat().st_size
            return hashlib.file_digest(
                file, lambda: hashlib.sha1(head, usedforsecurity=False)
            ).hexdigest()


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
    resumed = _Download(subject, url, part, move).run()
    found = pin.of(part)
    if resumed and found != pin.digest:
        # the beginning may have been of another file
        part.unlink()
        _Download(subject, url, part, move).run()
        found = pin.of(part)
    return found


class _Download:
    """Brings the part file to its end, in as many requests as that takes and makes sense."""

    def __init__(self, subject: str, url: str, part: Path, move: Move) -> None:
        self._subject, self._url, self._part, self._move = subject, url, part, move
        self._restarts = 0

    def run(self) -> bool:
        """Begin where the part file ends; true if it was put together from several answers."""
        resumed, mark, idle = False, _size(self._part), 0
        while True:
            resumed = resumed or _size(self._part) > 0
            try:
                self._receive()
                return resumed
            except web.Cut as error:
                came = _size(self._part)
                # A byte more each time could go on for ever, and so could one who begins anew.
                if came >= mark + patience.SLOW_BYTES:
                    mark, idle = came, 0
                else:
                    idle += 1
                if idle < _ATTEMPTS and self._restarts <= _ATTEMPTS:
                    time.sleep(PAUSE_S if idle else 0)
                    continue
                raise MissingError(
                    self._subject,
                    expected="a transfer to the end",
                    found=f"{error} after {came} bytes",
                    remedy="run the command again: it goes on from there",
                ) from error

    def _receive(self) -> None:
        have = _size(self._part)
        # no encoding on the way: offsets are those of the file
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with web.answer(self._subject, self._url, headers) as response:
            mode = self._mode(response, have)
            _write(
                self._subject, self._part, mode, web.blocks(response), web.length(response),
                self._move,
            )  # fmt: skip

    def _mode(self, response: requests.Response, have: int) -> str:
        """Whether an answer is the whole file (``wb``) or what is missing of it (``ab``)."""
        code = response.status_code
        if code == http.HTTPStatus.OK:
            self._restarts += have > 0
            return "wb"
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if have and code == http.HTTPStatus.PARTIAL_CONTENT and match and int(match[1]) == have:
            return "ab"
        if have and code in (
            http.HTTPStatus.PARTIAL_CONTENT,
            http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        ):
            # more than the file has, or a server with ranges of its own: from the start, then
            self._restarts += 1
            self._part.unlink()
            raise web.Cut("an answer that does not go on where the file ends")
        raise web.unreachable(self._subject, f"HTTP {code} {response.reason}")


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
    most, limit = left, f"the {left} bytes that it announced"
    if most is None:
        most = UNANNOUNCED_BYTES
        limit = f"{most} bytes, the most that may come unannounced"
    with part.open(mode) as file:
        # beside a file that is appended to, the position is its size
        end = file.tell() + most
        move(completed=file.tell(), total=None if left is None else end)
        for block in blocks:
            if file.tell() + len(block) > end:
                raise web.unreachable(subject, f"more than {limit}")
            file.write(block)
            move(completed=file.tell())
        file.flush()
        os.fsync(file.fileno())


def _copy(subject: str, source: Path, part: Path, move: Move) -> None:
    try:
        file = files.open_regular(source)
    except FileNotFoundError as error:
        raise web.unreachable(subject, "no such file") from error
    except OSError as error:
        raise web.unreachable(subject, error.strerror or str(error)) from error
    with file:
        blocks = iter(lambda: file.read(BLOCK_BYTES), b"")
        _write(subject, part, "wb", blocks, os.fstat(file.fileno()).st_size, move)


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
        raise web.no_url(subject, str(error)) from error
    if parts.scheme in ("http", "https") and parts.hostname:
        return None
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return Path(url2pathname(parts.path))
    raise web.no_url(subject, f"scheme {parts.scheme!r}, host {parts.hostname!r}")


def _name(url: str) -> str:
    """A plain file name from a URL, which may not leave its folder or hide there.

    >>> _name("https://host/a/scan%20one.npz.bz2?token=1")
    'scan_one.npz.bz2'
    >>> _name("https://host/..")
    'download'

    Nor may it be that of a device of Windows, whatever follows a dot.

    >>> _name("https://host/Con.npz"), _name("https://host/scan.h5.")
    ('_Con.npz', 'scan.h5')
    """
    last = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", last)[-_LONGEST_NAME:].lstrip(".-").rstrip(".")
    return f"_{plain}" if _DEVICE.match(plain) else plain or "download"


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
