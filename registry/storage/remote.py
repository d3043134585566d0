"""Objects from a remote into DVC's cache, verified.

Single objects are read through the remote's own file system, under the address that DVC gives
them. Loading DVC's pipeline first, as ``dvc pull`` does, takes many times as long. Where DVC's
internals are not as `registry.storage.store` knows them, and for remotes that keep versions of
files instead of objects, the public ``dvc fetch`` does the work: in the user's own registry, and
never for one by URL, whose configuration it would follow.

A silent server is given up by the time limits of the file system underneath, which are set when it
is made. They do not end one that goes on sending next to nothing, and SSH has none for a transfer:
so each transfer has a limit as a whole, which fsspec keeps for the file systems that run in its
loop. A directory has no limit: that of a network that hangs is waited for, as by any program.
Threads that transfer are daemons, so that Ctrl-C waits for none of them.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

from registry import files, temporary
from registry.digests import md5
from registry.errors import AbsentBytesError, MissingError, RegistryError
from registry.storage import cache, dvc_config, git, imports, patience, progress, served
from registry.storage.dvc_config import Redaction
from registry.storage.store import (
    INTERNALS,
    MESSAGE_LENGTH,
    Store,
    one_line,
    open_stores,
)
from registry.storage.transfer import (
    Ours,
    TooMuch,
    Wanted,
    busy,
    explain,
    is_final,
    told,
    unlike,
    wrong,
)

_JOBS = 8
PAUSES_S = (0.5, 2.0)
# An attempt that ended without a byte after this long is not repeated: libraries below retry what
# may pass by themselves, S3's for ten seconds.
_QUICK_S = 3.0
# How long to wait for another process that fetches the same object.
LOCK_S = 600.0
_COMMAND_LOCK = "command"


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
        own = served.record(root) is None
        hand_over = _with_another_way(receive) if own else receive
        for keeper, items in _by_keeper(root, wanted, hand_over).items():
            session = _Session(root, keeper, folder, redact, move)
            left = _fetch(session, items, hand_over)
            if left and own and keeper == root:
                _fetch_by_command(session, left, hand_over)
                continue
            for item in left:
                hand_over(item, unlike(item))


_Receive = Callable[[Wanted, Found], None]


def _with_another_way(receive: _Receive) -> _Receive:
    """For imports of the user's own: what is followed of the other registry need not be enough."""

    def hand_over(item: Wanted, found: Found) -> None:
        if item.imported and isinstance(found, MissingError):
            command = f"dvc pull {' '.join(item.target)}"
            found = found.but(
                remedy=f"{found.remedy}; or {command}, which follows that registry's configuration"
            )
        receive(item, found)

    return hand_over


def _by_keeper(root: Path, wanted: Sequence[Wanted], receive: _Receive) -> dict[Path, list[Wanted]]:
    """Objects by the registry whose remote has them; of imports what git has is handed over."""
    found: dict[Path, list[Wanted]] = {}
    for item in wanted:
        if not item.imported:
            found.setdefault(root, []).append(item)
            continue
        try:
            keeper, text = imports.keeper(root, item.md5, item.target)
        except RegistryError as error:
            receive(item, error)
            continue
        if text is None:
            found.setdefault(keeper, []).append(item)
            continue
        receive(item, _from_git(root, item, text))
    return found


def _from_git(root: Path, item: Wanted, text: Path) -> Found:
    """A sidecar that git keeps, where the registry that it comes from is served."""
    try:
        data = files.read(text)
    except OSError:
        return MissingError(
            str(item),
            expected=f"{text.name} in the registry that it comes from",
            found="none at the commit that was imported",
            remedy="import it from a commit that has it: dvc import again",
            needs_clone=True,
        )
    if not _is(item, data):
        return wrong("the registry it comes from", item, told(data))
    with suppress(OSError):
        cache.put(root, item.md5, data)
    return data


# Filters of warnings are the whole process's: two threads would take back each other's.
_alone = threading.Lock()


class _Session:
    """What the objects of one call share. Remotes are opened when the first one needs them."""

    def __init__(
        self, root: Path, keeper: Path, folder: Path, redact: Redaction, move: progress.Move
    ) -> None:
        self.root = root
        self.keeper = keeper
        self.folder = folder
        self.redact = redact
        self.move = move
        self.stop = threading.Event()
        self.token = secrets.token_hex(8)
        self._opening = threading.Lock()
        self._opened: list[Store | RegistryError | None] | None = None

    def stores(self) -> list[Store | RegistryError | None]:
        """Remotes in the order in which they are asked, as `open_stores` has them."""
        with self._opening:
            if self._opened is None:
                self._opened = open_stores(self.keeper, self.redact)
            return self._opened

    def text(self, error: BaseException) -> str:
        """An error in one line that can be shown."""
        if isinstance(error, Ours):
            return str(error)
        message = one_line(self.redact(str(error))) or "no further message"
        return f"{type(error).__name__}: {message}"[:MESSAGE_LENGTH]


def _fetch(session: _Session, wanted: Sequence[Wanted], receive: _Receive) -> list[Wanted]:
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
            patience.join(thread)
    except BaseException:
        # an interrupt: nobody waits for the transfers, so nobody else takes away what came
        session.stop.set()
        for part in session.folder.glob(f"*.{session.token}.part"):
            # on Windows what a transfer has open stays, to be taken away by the next one
            with suppress(OSError):
                part.unlink()
        raise
    if failures:
        raise failures[0]
    return left


def _object(session: _Session, wanted: Wanted) -> Found | None:
    """One object, from the cache if another process has just stored it."""
    with _locked(session, wanted.md5) as locked:
        if not locked:
            return busy(wanted, LOCK_S)
        data = _cached(session.root, wanted)
        if data is not None:
            return data
        found = _from_any(session, wanted)
        if isinstance(found, bytes | memoryview):
            # a cache that is read-only or full keeps nobody from using the bytes
            with suppress(OSError):
                cache.put(session.root, wanted.md5, found)
        return found


def _from_any(session: _Session, wanted: Wanted) -> Found | None:
    """One object from the first remote that has it; else what the first of them, the default, said.

    None where only DVC's command can read them.
    """
    said: list[MissingError] = []
    for store in session.stores():
        found = _download(session, store, wanted) if isinstance(store, Store) else store
        if not isinstance(found, MissingError):
            return found
        said.append(found)
    return said[0]


def _cached(root: Path, wanted: Wanted) -> files.Buffer | None:
    """The right bytes from the cache; wrong ones are taken away."""
    data = cache.read(root, wanted.md5)
    if data is None or _is(wanted, data):
        return data
    cache.discard(root, wanted.md5)
    return None


def _is(wanted: Wanted, data: files.Buffer) -> bool:
    return len(data) == wanted.size and md5(data) == wanted.md5


def _download(session: _Session, store: Store, wanted: Wanted) -> Found | None:
    """Bytes of one object, after as many attempts as make sense; None: DVC's command must do it."""
    result: Found | None = None
    for pause in (*PAUSES_S, None):
        begun = time.monotonic()
        try:
            data = _attempt(session, store, wanted)
        except Exception as error:
            if isinstance(error, INTERNALS) and not store.is_plain:
                return None
            result = explain(store, wanted, error, session.text(error))
            quick = time.monotonic() - begun < _QUICK_S
            again = quick and store.folder is None and not is_final(error)
        else:
            if _is(wanted, data):
                return data
            result = wrong(store, wanted, told(data))
            # cut off on its way, perhaps; other bytes of the right size will be so again
            again = len(data) < wanted.size and store.folder is None
        if not again or pause is None or session.stop.wait(pause):
            break
    return result


def _attempt(session: _Session, store: Store, wanted: Wanted) -> files.Buffer:
    """One transfer: as many bytes as came, at most one more than wanted."""
    if store.folder is not None:
        return _copy(store, wanted)
    shown = 0

    def count(received: int) -> None:
        nonlocal shown
        if session.stop.is_set():
            raise Ours("no longer wanted")
        if received > wanted.size:
            raise TooMuch(f"more than {wanted.size} bytes")
        session.move(advance=received - shown)
        shown = received

    try:
        if store.is_plain:
            data: bytes = store.filesystem.read(store.object_path(wanted.md5), count)
            return data
        return _by_dvc(session, store, wanted, count)
    except TimeoutError:
        raise Ours(f"{shown} of {wanted.size} bytes, then too little to go on") from None
    finally:
        session.move(advance=-shown)


def _by_dvc(
    session: _Session, store: Store, wanted: Wanted, count: Callable[[int], None]
) -> files.Buffer:
    """A transfer into a file, by a file system of DVC's."""
    from dvc.fs import Callback

    part = session.folder / f"{wanted.md5}.{session.token}.part"
    try:
        # other file systems than those in fsspec's loop know no such limit
        in_loop = getattr(store.filesystem.fs, "async_impl", False)
        limit = {"timeout": _limit_s(wanted.size)} if in_loop else {}
        store.filesystem.get_file(
            store.object_path(wanted.md5),
            os.fspath(part),
            callback=Callback(hooks={"count": lambda _, received: count(received)}),
            **limit,
        )
        with part.open("rb") as file:
            return file.read(wanted.size + 1)
    finally:
        with suppress(OSError):
            part.unlink()


def _copy(store: Store, wanted: Wanted) -> files.Buffer:
    """An object of a folder: a regular file of its size, since a pipe or a device has no end."""
    path = Path(store.object_path(wanted.md5))
    if path.stat().st_size > wanted.size:
        raise TooMuch(f"more than {wanted.size} bytes")
    return files.read(path)


def _limit_s(size: int) -> float:
    """How long a transfer of so many bytes may take."""
    return patience.PATIENCE_S * (1 + size / patience.SLOW_BYTES)


def _fetch_by_command(session: _Session, wanted: Sequence[Wanted], receive: _Receive) -> None:
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
            receive(item, busy(item, LOCK_S))
        elif data is not None:
            cache.discard(session.root, item.md5)
            receive(item, wrong("dvc fetch", item, told(data)))
        else:
            receive(
                item,
                AbsentBytesError(
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
            env=git.own_environment(),
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
    said = one_line(session.redact(done.stdout[-10 * MESSAGE_LENGTH :]))
    return said[-MESSAGE_LENGTH:] or f"nothing, and exit code {done.returncode}"


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
        with temporary.folder("remote") as folder:
            yield folder
