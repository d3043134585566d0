"""Objects looked for and taken away, each by its md5: in DVC's cache, or on a remote.

Of a place nothing is listed: it is asked for the objects that the caller names, and knows of no
others, whoever put them there.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from registry import read_only
from registry.digests import md5
from registry.errors import AbsentBytesError, MissingError, RegistryError, UsageError
from registry.identity.pinned import FOLDER, MD5
from registry.storage import cache, transfer
from registry.storage.dvc_config import Redaction
from registry.storage.store import MESSAGE_LENGTH, Store, one_line, open_own

_JOBS = 8

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Place:
    """Where objects are: what it is called, and how one is measured, read and removed there.

    Each raises a FileNotFoundError where there is no such object.
    """

    name: str
    is_remote: bool
    size: Callable[[str], int]
    read: Callable[[str], bytes | memoryview]
    unlink: Callable[[str], None]
    explain: Callable[[Exception], RegistryError]

    def sizes(self, objects: Iterable[str]) -> dict[str, int]:
        """Sizes of those objects that are there, in bytes.

        Raises
        ------
        RegistryError
            The place cannot be asked.
        """
        asked = list(objects)
        found = self._each(self.size, asked)
        return {md5: size for md5, size in zip(asked, found, strict=True) if size is not None}

    def remove(self, objects: Sequence[str]) -> None:
        """Take objects away; one that is gone already is no fault.

        Lists of folders go last: as long as one is there, a run that comes after one that was
        interrupted learns from it which files are left.

        Raises
        ------
        RegistryError
            The place does not let them be removed. Some may have been.
        """
        for lists in (False, True):
            self._each(self.unlink, [md5 for md5 in objects if md5.endswith(FOLDER) == lists])

    def _each(self, do: Callable[[str], T], objects: Sequence[str]) -> list[T | None]:
        def one(md5: str) -> T | None:
            try:
                return do(md5)
            except FileNotFoundError:
                return None

        failed = None
        with ThreadPoolExecutor(_JOBS) as pool:
            try:
                return list(pool.map(one, objects))
            except Exception as error:
                pool.shutdown(cancel_futures=True)
                failed = self.explain(error)
        # out here, where the library's own error is no part of this one
        raise failed


def in_cache(root: Path) -> Place:
    """The cache of the registry at ``root``."""

    def size(md5: str) -> int:
        status = cache.object_path(root, md5).lstat()
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(md5)
        return status.st_size

    def read(md5: str) -> bytes | memoryview:
        found = cache.read(root, md5)
        if found is None:
            raise FileNotFoundError(md5)
        return found

    def explain(error: Exception) -> RegistryError:
        return MissingError(
            "cache",
            expected=f"objects of {cache.folder(root)} that can be removed",
            found=getattr(error, "strerror", None) or str(error),
            remedy="see that they are files of yours, then run the command again",
        )

    def unlink(md5: str) -> None:
        read_only.remove(cache.object_path(root, md5))

    return Place(
        name="cache", is_remote=False, size=size, read=read, unlink=unlink, explain=explain
    )


def on_remote(root: Path, name: str = "", *, writable: bool) -> Place:
    """A remote of the registry at ``root``: the default one, or one by name.

    Parameters
    ----------
    writable : bool
        Whether one that nobody can remove anything from is refused.

    Raises
    ------
    UsageError
        There is no remote of that name, or none that objects can be removed from.
    MissingError
        It cannot be opened, or is a folder that does not exist here.
    """
    redact = Redaction(root)
    store = open_own(root, redact, name)
    if isinstance(store, RegistryError):
        raise store
    if store is None:
        raise UsageError(
            f"remote {name}".strip(),
            expected="one that keeps each object under its md5",
            found="one that keeps versions of files, or a version of DVC that is not known here",
            remedy="name another one: fixtures gc --remote NAME",
        )
    if writable and store.filesystem.protocol in ("http", "https"):
        raise _read_only(store)
    if store.folder is not None and not store.folder.is_dir():
        raise MissingError(
            str(store),
            expected="the folder of the remote",
            found="none: it is not mounted here, or nothing was ever pushed",
            remedy="mount it; dvc push makes it; or name another one: fixtures gc --remote NAME",
        )
    return _place(store, redact)


def _place(store: Store, redact: Redaction) -> Place:
    def size(md5: str) -> int:
        found = store.filesystem.info(store.object_path(md5))
        if found["type"] != "file":
            raise FileNotFoundError(md5)
        return int(found["size"])

    def read(md5: str) -> bytes | memoryview:
        # one that is no file, such as a pipe in a folder, would be waited for
        size(md5)
        data: bytes = store.filesystem.cat_file(store.object_path(md5))
        return data

    def unlink(md5: str) -> None:
        store.filesystem.rm_file(store.object_path(md5))

    def explain(error: Exception) -> RegistryError:
        if isinstance(error, NotImplementedError):
            return _read_only(store)
        said = one_line(redact(str(error)))[:MESSAGE_LENGTH] or type(error).__name__
        denied = transfer.is_denied(error)
        return MissingError(
            str(store),
            expected="to look for objects there, and to remove them",
            found=f"denied: {said}" if denied else f"it cannot be reached: {said}",
            remedy=f"give DVC other credentials: {transfer.credentials(store)}; then run the "
            "command again"
            if denied
            else "see that the remote can be reached, then run the command again: it goes on where "
            "it stopped",
        )

    name = f"remote {store.name}"
    return Place(name=name, is_remote=True, size=size, read=read, unlink=unlink, explain=explain)


def _read_only(store: Store) -> UsageError:
    return UsageError(
        str(store),
        expected="a remote that objects can be removed from",
        found=f"one that is only read, over {store.filesystem.protocol}",
        remedy="name the remote that is pushed to: fixtures gc --remote NAME",
    )


def files_of(folder: str, places: Iterable[Callable[[], Place]]) -> dict[str, str]:
    """The files of a folder that DVC tracks: md5 by path in it.

    Parameters
    ----------
    folder : str
        Its md5, which ends with ``.dir``.
    places : iterable of callable
        Where the list may be, each opened when those before have it not.

    Raises
    ------
    AbsentBytesError
        No place has the list whole.
    MissingError
        Those that could be asked have not, and one could not be asked.
    """
    failed = None
    for open_place in places:
        try:
            data = _read(open_place(), folder)
        except AbsentBytesError:
            # there is no such remote, either
            continue
        except RegistryError as error:
            failed = error
            continue
        # of a damaged list nobody knows what it had
        if f"{md5(data)}{FOLDER}" == folder:
            with suppress(ValueError, TypeError, KeyError, RecursionError):
                files = {str(item["relpath"]): str(item["md5"]) for item in json.loads(bytes(data))}
                if all(map(MD5.fullmatch, files.values())):
                    return files
    kind = AbsentBytesError if failed is None else MissingError
    raise kind(
        f"folder {folder}",
        expected="the list of its files, in the cache or on the remote",
        found="none that is whole" if failed is None else f"{failed.subject}: {failed.found}",
        remedy="dvc fetch --all-branches --all-tags" if failed is None else failed.remedy,
    )


def _read(place: Place, folder: str) -> bytes | memoryview:
    failed: RegistryError
    try:
        return place.read(folder)
    except FileNotFoundError:
        failed = AbsentBytesError(
            place.name, expected=folder, found="no such object", remedy="dvc push"
        )
    except Exception as error:
        failed = place.explain(error)
    raise failed
