"""Objects from DVC's remote into DVC's cache, verified. The only module that knows DVC.

Single objects are read through the remote's own file system, under the address that DVC gives
them. Loading DVC's pipeline first, as ``dvc pull`` does, takes many times as long. These are
internals of DVC: where they are not as this module knows them, the public ``dvc fetch`` does the
work. So it does for imports, whose objects are on another repository's remote, and for remotes
that keep versions of files instead of objects.

A silent server is given up by the time limits of the file system underneath, which are set when it
is made. They do not end one that goes on sending next to nothing, and SSH has none for a transfer:
so each transfer has a limit as a whole, which fsspec keeps for the file systems that run in its
loop. A directory has no limit: that of a network that hangs is waited for, as by any program.
Threads that transfer are daemons, so that Ctrl-C waits for none of them.
"""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from registry import extras, files
from registry.digests import md5
from registry.errors import ChainError, LockedError, MissingError, RegistryError
from registry.storage import cache, dvc_config, progress
from registry.storage.dvc_config import Redaction
from registry.storage.patience import PATIENCE_S, SLOW_BYTES

_JOBS = 8
PAUSES_S = (0.5, 2.0)
# An attempt that ended without a byte after this long is not repeated: libraries below retry what
# may pass by themselves, S3's for ten seconds.
_QUICK_S = 3.0
# What DVC calls the limits of its file systems: to connect, for silence, and SSH's to connect.
_LIMITS = ("connect_timeout", "read_timeout", "timeout")
# How long to wait for another process that fetches the same object.
LOCK_S = 600.0
_MESSAGE_LENGTH = 300
_COMMAND_LOCK = "command"
# What DVC raises when its internals are used as they are not, or when it lacks a feature.
_INTERNALS = (AttributeError, ImportError, KeyError, NotImplementedError, TypeError)
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One object: its md5 (DVC's address), its size, and what ``dvc pull`` would fetch it by.

    Objects of an ``imported`` fixture are on the remote of the repository that it comes from.
    """

    md5: str
    size: int
    target: tuple[str, ...]
    imported: bool = False

    def __str__(self) -> str:
        return f"object {self.md5} of {' '.join(self.target)}"


Found = files.Buffer | RegistryError


def fetch(root: Path, wanted: Sequence[Wanted], receive: Callable[[Wanted, Found], None]) -> None:
    """Fetch objects, several at a time, and hand each over as it arrives.

    Bytes with the right md5 and size are stored in the cache, if it can be written, and handed
    over; others are neither. Of several processes that want the same object, one fetches it and
    the others then find it in the cache. Threads of one process that call this wait for each other.

    Parameters
    ----------
    root : path
        Top folder of the registry.
    wanted : sequence of Wanted
        What to fetch.
    receive : callable
        Called once for each object, from several threads, with its bytes or with an error: a
        MissingError (no such object, or no way to it), a ChainError (the remote has other bytes) or
        a LockedError (another process has been at it for too long).
    """
    redact = Redaction(root)
    total = sum(item.size for item in wanted)
    bar = progress.bar("fetching fixtures", total)
    with _alone, warnings.catch_warnings(), _folder(root) as folder, bar as move:
        # the caller's filter may make errors of what is nothing to the caller
        warnings.simplefilter("ignore")
        session = _Session(root, folder, redact, move)
        left = [item for item in wanted if item.imported]
        left += _fetch(session, [item for item in wanted if not item.imported], receive)
        if left:
            _fetch_by_command(session, left, receive)


# Filters of warnings are the whole process's: two threads would take back each other's.
_alone = threading.Lock()


class _Ours(Exception):
    """Why this module ends a transfer: it takes too long, or is no longer wanted."""


class _TooMuch(_Ours):
    """The server sends more than the object's size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Remote:
    """A remote as DVC has it configured: its file system, and the path of its objects there."""

    name: str
    url: str
    filesystem: Any
    path: str

    def __str__(self) -> str:
        return f"remote {self.name} ({self.url})"

    def object_path(self, digest: str) -> str:
        joined: str = self.filesystem.join(self.path, "files", "md5", digest[:2], digest[2:])
        return joined


class _Session:
    """What the objects of one call share. The remote is opened when the first one needs it."""

    def __init__(self, root: Path, folder: Path, redact: Redaction, move: progress.Move) -> None:
        self.root = root
        self.folder = folder
        self.redact = redact
        self.move = move
        self.stop = threading.Event()
        self.token = secrets.token_hex(8)
        self._opening = threading.Lock()
        self._opened: tuple[_Remote | RegistryError | None] | None = None

    def remote(self) -> _Remote | RegistryError | None:
        """The default remote, or why there is none; None where only DVC's command can read it."""
        with self._opening:
            if self._opened is None:
                self._opened = (_open(self.root, self.redact),)
            return self._opened[0]

    def text(self, error: BaseException) -> str:
        """An error in one line that can be shown."""
        if isinstance(error, _Ours):
            return str(error)
        message = _one_line(self.redact(str(error))) or "no further message"
        return f"{type(error).__name__}: {message}"[:_MESSAGE_LENGTH]


def _fetch(
    session: _Session, wanted: Sequence[Wanted], receive: Callable[[Wanted, Found], None]
) -> list[Wanted]:
    """Fetch through the remote's file system; return what only DVC's command can fetch."""
    left: list[Wanted] = []
    failures: list[BaseException] = []
    queue: SimpleQueue[Wanted | None] = SimpleQueue()
    for each in (*wanted, *[None] * _JOBS):
        queue.put(each)

    def work() -> None:
        try:
            for item in iter(queue.get, None):
                found = _object(session, item)
                if session.stop.is_set():
                    return
                if found is None:
                    left.append(item)
                    continue
                if not isinstance(found, RegistryError):
                    session.move(advance=item.size)
                receive(item, found)
        except BaseException as error:
            failures.append(error)
            session.stop.set()

    # no pool's, whose threads Python waits for when it ends
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_JOBS, len(wanted)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        # an interrupt: nobody waits for the transfers, so nobody else takes away what came
        session.stop.set()
        for part in session.folder.glob(f"*.{session.token}.part"):
            part.unlink(missing_ok=True)
        raise
    if failures:
        raise failures[0]
    return left


def _object(session: _Session, wanted: Wanted) -> Found | None:
    """One object, from the cache if another process has just stored it."""
    with _locked(session, wanted.md5) as locked:
        if not locked:
            return _busy(wanted)
        data = _cached(session.root, wanted)
        if data is not None:
            return data
        remote = session.remote()
        if not isinstance(remote, _Remote):
            return remote
        found = _download(session, remote, wanted)
        if isinstance(found, bytes | memoryview):
            # a cache that is read-only or full keeps nobody from using the bytes
            with suppress(OSError):
                cache.put(session.root, wanted.md5, found)
        return found


def _cached(root: Path, wanted: Wanted) -> files.Buffer | None:
    """The right bytes from the cache; wrong ones are taken away."""
    data = cache.read(root, wanted.md5)
    if data is None or _is(wanted, data):
        return data
    cache.discard(root, wanted.md5)
    return None


def _is(wanted: Wanted, data: files.Buffer) -> bool:
    return len(data) == wanted.size and md5(data) == wanted.md5


def _download(session: _Session, remote: _Remote, wanted: Wanted) -> Found | None:
    """Bytes of one object, after as many attempts as make sense; None: DVC's command must do it."""
    result: Found | None = None
    for pause in (*PAUSES_S, None):
        begun = time.monotonic()
        try:
            data = _attempt(session, remote, wanted)
        except _INTERNALS:
            return None
        except Exception as error:
            result = _explain(session, remote, wanted, error)
            again = not _is_final(error) and time.monotonic() - begun < _QUICK_S
        else:
            if _is(wanted, data):
                return data
            result = _wrong(remote, wanted, f"{len(data)} bytes with md5 {md5(data)}")
            # cut off on its way, perhaps; other bytes of the right size will be so again
            again = len(data) < wanted.size
        if not again or pause is None or session.stop.wait(pause):
            break
    return result


def _attempt(session: _Session, remote: _Remote, wanted: Wanted) -> bytes:
    """One transfer into a file: as many bytes as came, at most one more than wanted."""
    from dvc.fs import Callback

    part = session.folder / f"{wanted.md5}.{session.token}.part"
    shown = 0

    def count(_: int | None, received: int) -> None:
        nonlocal shown
        if session.stop.is_set():
            raise _Ours("no longer wanted")
        if received > wanted.size:
            raise _TooMuch(f"more than {wanted.size} bytes")
        session.move(advance=received - shown)
        shown = received

    try:
        # other file systems than those in fsspec's loop know no such limit
        in_loop = getattr(remote.filesystem.fs, "async_impl", False)
        limit = {"timeout": _limit_s(wanted.size)} if in_loop else {}
        remote.filesystem.get_file(
            remote.object_path(wanted.md5),
            os.fspath(part),
            callback=Callback(hooks={"count": count}),
            **limit,
        )
        with part.open("rb") as file:
            return file.read(wanted.size + 1)
    except TimeoutError:
        raise _Ours(f"{shown} of {wanted.size} bytes, then too little to go on") from None
    finally:
        session.move(advance=-shown)
        with suppress(OSError):
            part.unlink()


def _limit_s(size: int) -> float:
    """How long a transfer of so many bytes may take."""
    return PATIENCE_S * (1 + size / SLOW_BYTES)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_final(error: Exception) -> bool:
    """Whether another attempt would end in the same way."""
    if isinstance(error, (FileNotFoundError, PermissionError, _Ours)):
        return True
    if isinstance(error, OSError) and error.errno in _DISK:
        return True
    return _is_denied(error) or 400 <= getattr(error, "status", 0) < 500


def _is_denied(error: Exception) -> bool:
    # the libraries of the remotes have no common class for it
    return (
        isinstance(error, PermissionError)
        or getattr(error, "status", 0) in (401, 403, 407)
        or any(word in type(error).__name__ for word in ("Credential", "Auth", "PermissionDenied"))
    )


def _explain(session: _Session, remote: _Remote, wanted: Wanted, error: Exception) -> RegistryError:
    if isinstance(error, _TooMuch):
        return _wrong(remote, wanted, str(error))
    fetching = f"its bytes from {remote}"
    if isinstance(error, FileNotFoundError):
        found = f"no such object on {remote}"
        if remote.filesystem.protocol == "local" and not Path(remote.path).is_dir():
            found = f"{remote} is a folder that does not exist here"
        return MissingError(
            str(wanted),
            expected=fetching,
            found=found,
            remedy=f"dvc push {' '.join(wanted.target)}, in a clone that has it",
        )
    if isinstance(error, OSError) and error.errno in _DISK:
        return MissingError(
            str(wanted),
            expected=f"room for its {wanted.size} bytes",
            found=f"{error.strerror} below .dvc",
            remedy="free some space, then try again; nothing half-written is left",
        )
    if _is_denied(error):
        return MissingError(
            str(wanted),
            expected=fetching,
            found=f"{remote} denied access: {session.text(error)}",
            remedy=f"give DVC other credentials: dvc remote modify --local {remote.name} …, or in "
            "the environment",
        )
    return MissingError(
        str(wanted),
        expected=fetching,
        found=f"{remote} cannot be reached: {session.text(error)}",
        remedy=f"see that the remote can be reached, then dvc pull {' '.join(wanted.target)}",
    )


def _wrong(remote: _Remote | str, wanted: Wanted, found: str) -> ChainError:
    return ChainError(
        str(wanted),
        expected=f"{wanted.size} bytes with that md5 from {remote}",
        found=found,
        remedy=f"remove the object there, then dvc push {' '.join(wanted.target)} in a clone that "
        "has the right bytes (DVC does not replace what is there)",
    )


def _busy(wanted: Wanted) -> LockedError:
    return LockedError(
        str(wanted),
        expected=f"another process to be done with it within {LOCK_S:.0f} s",
        found="it still holds the lock",
        remedy="wait for that process, or end it, then try again",
    )


def _open(root: Path, redact: Redaction) -> _Remote | RegistryError | None:
    """The default remote. Errors are returned: raised, they would carry frames full of secrets."""
    try:
        return _open_by_dvc(root, redact)
    except Exception as error:
        missing = _missing_package(error)
        if missing is not None:
            return missing
        if isinstance(error, _INTERNALS):
            return None
        # DVC's own: a configuration that is broken, or names a remote that it does not have
        return MissingError(
            "remote",
            expected="a default remote that DVC can open",
            found=_one_line(redact(str(error)))[:_MESSAGE_LENGTH],
            remedy="dvc remote list shows the remotes, dvc remote modify changes one",
        )


def _open_by_dvc(root: Path, redact: Redaction) -> _Remote | RegistryError | None:
    from dvc.config import Config
    from dvc.fs import get_cloud_fs

    config = Config(dvc_dir=os.fspath(dvc_config.folder(root)))
    name = config["core"].get("remote")
    if not name:
        return MissingError(
            "remote",
            expected="a default remote in DVC's configuration",
            found="none",
            remedy="dvc remote add --default NAME URL",
        )
    kind, settings, path = get_cloud_fs(config, name=name)
    if settings.get("worktree") or settings.get("version_aware"):
        return None
    path, settings = _without_password(path, settings)
    filesystem = kind(**dict.fromkeys(_LIMITS, PATIENCE_S) | settings)
    # of attempts that HTTP makes by itself: ours are enough
    filesystem.SESSION_RETRIES = 1
    url = redact(str(config["remote"][name]["url"]))
    return _Remote(name=name, url=url, filesystem=filesystem, path=path)


def _without_password(path: str, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A web address without user and password, which become settings: libraries log the address."""
    parts = urlsplit(path)
    account, at, host = parts.netloc.rpartition("@")
    if not at or parts.scheme not in ("http", "https") or settings.get("auth"):
        return path, settings
    user, _, password = account.partition(":")
    basic = {"auth": "basic", "user": unquote(user), "password": unquote(password)}
    return urlunsplit(parts._replace(netloc=host)), settings | basic


def _missing_package(error: Exception) -> MissingError | None:
    """Error for a kind of remote whose package is not installed."""
    cause = error.__cause__
    if isinstance(error, ImportError) and isinstance(cause, ModuleNotFoundError):
        package, _, scheme = (cause.name or "").partition("_")
        if package != "dvc":
            return None
    elif getattr(error, "missing_deps", None):
        scheme = str(getattr(error, "protocol", ""))
    else:
        return None
    package = "fixture-registry" if scheme in ("s3", "ssh") else "dvc"
    expected = f"what DVC needs for a remote of the kind {scheme}"
    return extras.missing(scheme, "remote", expected=expected, package=package)


def _fetch_by_command(
    session: _Session, wanted: Sequence[Wanted], receive: Callable[[Wanted, Found], None]
) -> None:
    """Fetch with ``dvc fetch``, which stores in the cache."""
    # one at a time: DVC gives up after three seconds on a repository that another DVC works in
    with _locked(session, _COMMAND_LOCK) as locked:
        # also takes away wrong bytes, which DVC would believe
        missing = [item for item in wanted if _cached(session.root, item) is None]
        said = _dvc_fetch(session, missing) if missing and locked else ""
    for item in wanted:
        data = cache.read(session.root, item.md5)
        if data is not None and _is(item, data):
            receive(item, data)
        elif not locked or "Unable to acquire lock" in said:
            receive(item, _busy(item))
        elif data is not None:
            cache.discard(session.root, item.md5)
            receive(item, _wrong("dvc fetch", item, f"{len(data)} bytes with md5 {md5(data)}"))
        else:
            receive(
                item,
                MissingError(
                    str(item),
                    expected=f"dvc fetch {' '.join(item.target)} to bring it",
                    found=said,
                    remedy=f"dvc pull {' '.join(item.target)}, and what it says",
                ),
            )


def _dvc_fetch(session: _Session, wanted: Sequence[Wanted]) -> str:
    """Run the command; what it said last, or why it did not end."""
    targets = dict.fromkeys(target for item in wanted for target in item.target)
    seconds = LOCK_S + _limit_s(sum(item.size for item in wanted))
    try:
        done = subprocess.run(
            # a registry may be somebody else's: no dvc.py in it is run for DVC
            [sys.executable, "-P", "-m", "dvc", "fetch", *targets],
            cwd=session.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {seconds:.0f} s"
    said = _one_line(session.redact(done.stdout[-10 * _MESSAGE_LENGTH :]))
    return said[-_MESSAGE_LENGTH:] or f"nothing, and exit code {done.returncode}"


@contextmanager
def _locked(session: _Session, name: str) -> Iterator[bool]:
    """Hold the lock of that name among processes; false if it could not be had in time."""
    import filelock

    lock = filelock.FileLock(session.folder / f"{name}.lock")
    try:
        lock.acquire(timeout=LOCK_S)
    except filelock.Timeout:
        yield False
        return
    except (OSError, NotImplementedError):
        # a file system without locks: at worst an object is fetched twice
        pass
    try:
        for part in session.folder.glob(f"{name}.*.part"):
            # of a process that was killed
            with suppress(OSError):
                part.unlink()
        yield True
    finally:
        lock.release()


@contextmanager
def _folder(root: Path) -> Iterator[Path]:
    """A folder for locks and unfinished transfers: the repository's, if it can be written."""
    dvc = dvc_config.folder(root)
    folder = dvc / "tmp" / "fixtures"
    # without a .dvc folder there is no repository of DVC's, and none must come into being
    if dvc.is_dir():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    if os.access(folder, os.W_OK):
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="fixtures-") as name:
            yield Path(name)
