"""A registry by git URL, as data: what is taken of it, and where on this machine.

It is never checked out. Its lock, its ``.dvc`` files, its sidecars, its certificates and
``params.yaml`` are read as blobs, held against limits, and written as regular files into a folder
of the user's cache, one for each commit. Nothing in there is a program, a link, or configuration of
the registry's own: the folder has a ``.dvc/config`` of ours; of the registry's the addresses of its
bytes are taken, see `registry.storage.foreign_remote`. Bytes come into one cache of objects for all
commits, and under their fixture's own name into the commit's folder, read-only.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from registry import environment, files
from registry.errors import ChainError, MissingError, RegistryError, UsageError
from registry.identity import certificate, ledger, pins
from registry.identity.sidecar import NAME
from registry.storage import clone, foreign_remote, git
from registry.storage.clone import Location
from registry.storage.foreign_remote import ForeignRemote

P = ParamSpec("P")
T = TypeVar("T")

# No file of a registry is called so: names of fixtures have a version.
_RECORD = "served.json"
_CONFIG = ".dvc/config"
# For its deprecations. The layer that reads it is above this one.
_DECLARATION = "params.yaml"
# What the registry's newest commit declares, as last seen: a revision does not know what was
# deprecated after it.
NEWEST = "newest.yaml"
# Commits' folders are beside the folder of objects. Another name wherever other things are taken.
_FOLDER, _OBJECTS = "revisions", "objects"
# The files of an import; those of other names are data of the repository's own.
_IMPORT = re.compile(rf"{NAME.pattern}\.(npz|json)\.dvc")
_CACHE_CONFIG = f"[cache]\n    dir = ../../../{_OBJECTS}\n"

# How many bytes are read of each kind of file: some twenty times what the largest registry needs.
_SMALL, _LARGE = 1 << 16, 1 << 24
_ALL = 1 << 28


class StaleRegistryWarning(UserWarning):
    """A registry could not be reached, and the revision as last seen is used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """Which registry a folder serves, at which commit, and the remotes that may have its bytes.

    ``address`` has no secrets in it. ``refused`` says what is wrong with the default remote where
    there is none that may be asked.
    """

    address: str
    url: str
    commit: str
    remotes: tuple[ForeignRemote, ...]
    refused: str = ""
    subfolder: str = ""

    @property
    def location(self) -> Location:
        """Where it is served from."""
        return Location(url=self.url, revision=self.commit, subfolder=self.subfolder)


def serve(spec: str, *, offline: bool | None = None) -> Path:
    """Folder that serves the registry at a revision, ready to load from.

    A revision is looked up once per process, so that all of a test run sees the same commit.

    Parameters
    ----------
    spec : str
        ``git+URL@REVISION``, the revision a branch, a tag or a commit; behind it
        ``#subdirectory=FOLDER`` for a registry below the repository's top.
    offline : bool, optional
        Never ask the repository. Default: whether ``$FIXTURES_OFFLINE`` is set.

    Raises
    ------
    UsageError
        The address is malformed, or the revision does not exist.
    MissingError
        The registry cannot be reached and was never used before, or the cache cannot be written.
    ChainError
        The registry holds something else where its texts should be.

    Warns
    -----
    StaleRegistryWarning
        The registry cannot be reached; the revision is the one that was seen last.
    """
    return at(clone.parse(spec), offline=environment.is_offline(offline))


def at(location: Location, *, offline: bool) -> Path:
    """As `serve`, for an address that was parsed."""
    try:
        base = clone.base(location)
        key = (base, location.revision)
        if key not in _resolved:
            _resolved[key], stale = _serve(location, base, offline)
            if stale:
                warnings.warn(
                    f"registry {location}: not reachable ({stale}); using the revision as last "
                    "seen",
                    StaleRegistryWarning,
                    # whoever called registry.load, which comes here through root.locate and `serve`
                    stacklevel=5,
                )
        return _resolved[key]
    except OSError as error:
        raise MissingError(
            f"registry {location}: cache",
            expected="a folder that can be written, for what is fetched",
            found=f"{error.strerror}: {error.filename}",
            remedy=f"set {environment.CACHE} to such a folder",
        ) from None


_resolved: dict[tuple[Path, str], Path] = {}
# Folders of registries whose newest commit was seen by this process.
_seen: set[Path] = set()


def look(location: Location) -> str:
    """See what a registry's newest commit declares; why it could not be seen, or nothing."""
    from filelock import FileLock

    try:
        base = clone.base(location)
        if base in _seen:
            return ""
        with FileLock(base / "lock"):
            newest = replace(location, revision="HEAD")
            _, stale = clone.commit(newest, base, offline=False)
            if not stale:
                _keep_newest(newest, base)
            return stale
    except RegistryError as error:
        return error.found
    except OSError as error:
        return str(error)


def newest(root: Path) -> Path | None:
    """File with what `look` saw last, of a folder that serves a registry; else None."""
    return None if record(root) is None else root.parent.parent / NEWEST


def record(root: Path) -> Served | None:
    """What a folder serves; None for a registry of the user's own."""
    try:
        document = json.loads(files.read(root / _RECORD, follow=False))
        remotes = tuple(ForeignRemote(**remote) for remote in document.pop("remotes"))
        return Served(**document, remotes=remotes)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise ChainError(
            f"registry {root}",
            expected=f"{_RECORD} as it is written for a registry by URL",
            found="another file of that name",
            remedy="remove the folder: it is made again where it is needed",
        ) from None


def advised(root: Path, error: RegistryError) -> RegistryError:
    """An error, for somebody who may have no clone of the registry to mend it in."""
    found = record(root) if error.needs_clone else None
    if found is None:
        return error
    return error.but(
        remedy=f"name another revision of the registry, or tell those who keep it: {found.address}"
    )


def nothing_pinned(root: Path) -> str:
    """What is said of a registry without a fixture, and what to do."""
    found = record(root)
    if found is None:
        return f"no fixtures are pinned; {pins.nothing_pinned(root)}"
    return f"no fixtures are pinned; name another revision than that of {found.address}"


def advising(function: Callable[Concatenate[Path, P], T]) -> Callable[Concatenate[Path, P], T]:
    """A function of a registry's folder, with its errors as `advised` has them."""

    @wraps(function)
    def advises(root: Path, /, *arguments: P.args, **options: P.kwargs) -> T:
        try:
            return function(root, *arguments, **options)
        except RegistryError as error:
            raise advised(root, error) from None

    return advises


def _serve(location: Location, base: Path, offline: bool) -> tuple[Path, str]:
    """The commit's folder, and why it may be an old one."""
    made = base / _FOLDER / location.revision
    if location.is_commit and made.is_dir():
        # a commit never changes: neither the network nor a lock is needed
        return made, ""
    from filelock import FileLock

    with FileLock(base / "lock"):
        commit, stale = clone.commit(location, base, offline=offline)
        if not stale and not offline:
            _keep_newest(location, base)
        made = base / _FOLDER / commit
        if not made.is_dir():
            _make(location, base, commit)
        return made, stale


def _keep_newest(location: Location, base: Path) -> None:
    """Keep what the mirror, just brought up to date, has at the repository's own branch."""
    mirror = clone.mirror_in(base)
    # a repository without such a branch, or with something else there, declares nothing
    with suppress(RegistryError):
        tree = _tree(location, mirror, "HEAD")
        texts = dict(_read(location, mirror, tree, {_DECLARATION: _LARGE}))
        files.write_atomic(base / NEWEST, texts.get(_DECLARATION, b""), mode=0o600)
        _seen.add(base)


def _make(location: Location, base: Path, commit: str) -> None:
    new = clone.empty(base / "new")
    taken = dict(_texts(location, clone.mirror_in(base), commit))
    remotes: tuple[ForeignRemote, ...] = ()
    refused = ""
    try:
        remotes = foreign_remote.read(taken.pop(_CONFIG, b""), origin=location.folder)
    except ValueError as error:
        refused = str(error)
    found = Served(
        address=str(location),
        url=location.url,
        commit=commit,
        remotes=remotes,
        refused=refused,
        subfolder=location.subfolder,
    )
    ours = {
        _CONFIG: _CACHE_CONFIG.encode(),
        _RECORD: json.dumps(asdict(found)).encode(),
    }
    for path, data in {**ours, **taken}.items():
        try:
            files.write_atomic(new / path, data, mode=0o444)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            taken_already = "a path that leads through another file of it"
            raise _odd(location, path, "a path of its own", taken_already) from None
    made = base / _FOLDER / commit
    made.parent.mkdir(exist_ok=True)
    new.rename(made)


def _texts(location: Location, mirror: Path, commit: str) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each text that is taken."""
    tree = _tree(location, mirror, commit)
    imports = [path for path in tree if _IMPORT.fullmatch(path.rpartition("/")[2])]
    named = {pins.LOCK: _LARGE, ledger.FILE: _LARGE, _DECLARATION: _LARGE, _CONFIG: _SMALL}
    texts = dict(_read(location, mirror, tree, {**dict.fromkeys(imports, _SMALL), **named}))
    yield from texts.items()
    try:
        pinned = pins.parse(texts[pins.LOCK]) if pins.LOCK in texts else {}
    except ChainError as error:
        raise error.but(
            subject=f"registry {location}: {error.subject}",
            remedy="name another revision, or tell those who keep the registry",
        ) from None
    # bytes, too, where they are small enough for somebody to keep them in git
    fixtures = {pin.path: pin.size for pin in pinned.values()}
    sidecars = dict.fromkeys((pin.sidecar_path for pin in pinned.values()), _LARGE)
    certificates = dict.fromkeys(map(certificate.path, pinned), _LARGE)
    yield from _read(location, mirror, tree, {**fixtures, **sidecars, **certificates})


def _tree(location: Location, mirror: Path, commit: str) -> dict[str, git.Entry]:
    """Every file of the registry's folder at a commit, by its path from there."""
    above = f"{location.subfolder}/" if location.subfolder else ""
    tree = git.tree(mirror, commit)
    return {path[len(above) :]: tree[path] for path in tree if path.startswith(above)}


def _read(
    location: Location, mirror: Path, tree: Mapping[str, git.Entry], limits: Mapping[str, int]
) -> Iterator[tuple[str, bytes]]:
    entries = {path: tree[path] for path in limits if path in tree}
    for path, entry in entries.items():
        if not entry.is_file:
            raise _odd(location, path, "a file", entry.kind)
        if entry.size > limits[path]:
            raise _odd(location, path, f"at most {limits[path]} bytes", f"{entry.size} bytes")
    total = sum(entry.size for entry in entries.values())
    if total > _ALL:
        raise _odd(location, "its texts", f"at most {_ALL} bytes together", f"{total} bytes")
    try:
        read = git.blobs(mirror, [entry.blob for entry in entries.values()])
    except UsageError as error:
        raise clone.unreachable(location, error.found) from None
    yield from zip(entries, read, strict=True)


def _odd(location: Location, path: str, expected: str, found: str) -> ChainError:
    return ChainError(
        f"registry {location}: {path}",
        expected=expected,
        found=found,
        remedy="name another revision, or tell those who keep the registry",
    )
