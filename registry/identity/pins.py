"""Pins: what each fixture and its sidecar are, as DVC recorded it.

In the registry itself that is ``dvc.lock``; in a repository that ran ``dvc import``, it is a pair
of ``.dvc`` files, one for the fixture and one for its sidecar. Both are read with libyaml, the
lock once for as long as it stays as it is.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from registry import files
from registry.environment import REGISTRY
from registry.errors import ChainError, MissingError, UsageError, perhaps
from registry.identity import canonical_lock, plain_yaml
from registry.identity.canonical_lock import CanonicalLock
from registry.identity.sidecar import NAME, match_name

LOCK = "dvc.lock"
STAGE = "fixture@"
# The mend in a repository that has no fixtures of its own.
IMPORT = (
    f"dvc import fixtures of a registry, or name the registry: {REGISTRY}, in pytest the ini "
    "option fixtures_registry"
)
_REMEDY = "git checkout dvc.lock; after a merge, settle its conflicts"
_DECLARES = re.compile(rb"^fixtures:", re.MULTILINE)
# Folders that hold no imports of the repository's own, and may be huge.
_SKIPPED = {"node_modules", "site-packages", "build", "dist", "__pycache__"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """Where a fixture and its sidecar lie, relative to the registry, and their md5 and size.

    ``targets`` are what ``dvc pull`` fetches them by. ``imported`` tells a pair of ``.dvc`` files
    from a stage of the lock; a stage's sidecar is git's and never in DVC's cache.
    """

    name: str
    path: str
    md5: str
    size: int
    sidecar_path: str
    sidecar_md5: str
    sidecar_size: int
    targets: tuple[str, ...] = ()
    imported: bool = False

    @property
    def pinned_by(self) -> str:
        """What pins it, for messages."""
        return " and ".join(self.targets) if self.imported else LOCK

    @property
    def restore(self) -> str:
        """The commands that bring back pin and sidecar as they were committed."""
        if self.imported:
            return f"git checkout -- {' '.join(self.targets)}, then fixtures pull {self.name}"
        return f"git checkout -- {LOCK} {self.sidecar_path}"


def read(root: Path) -> dict[str, Pin]:
    """All pins of the registry at ``root`` by name: imported ones, then the lock's in its order.

    Raises
    ------
    MissingError
        There is neither a lock nor an imported fixture.
    ChainError
        The lock, or an import, is not one that DVC writes.
    """
    locked = _lock(root)
    found = {**_imported(root), **({} if locked is None else locked.pins())}
    if not found and locked is None:
        build = _build(root)
        raise MissingError(
            LOCK,
            expected="the registry's pins",
            found="no such file",
            remedy=f"git checkout dvc.lock, or {build}" if build else IMPORT,
            needs_clone=True,
        )
    return found


def find(root: Path, name: str) -> Pin:
    """The pin of one fixture.

    Raises
    ------
    UsageError
        No fixture of that name is pinned.
    """
    locked = _lock(root)
    if locked is not None and (pin := locked.find(name)) is not None:
        return pin
    # only now, because looking for imports walks the repository
    imported = _imported(root, name)
    if name in imported:
        return imported[name]
    if any(path.name == f"{name}.npz.dvc" for path in _dvc_files(root)):
        raise UsageError(
            f"fixture {name}",
            expected=f"its sidecar imported, too: {name}.json.dvc beside {name}.npz.dvc",
            found=f"{name}.npz.dvc alone",
            remedy=f"dvc import the registry's {name}.json into the same folder; "
            "see docs/consuming.md",
            needs_clone=True,
        )
    known = read(root)
    raise UsageError(
        f"fixture {name}",
        expected=f"a fixture that is pinned here{perhaps(name, known)}",
        found=f"no such name among {', '.join(known) or 'none'}",
        remedy="fixtures list shows them; "
        + (
            "a new one is an entry in params.yaml and dvc repro"
            if _build(root)
            else "dvc import brings another one"
        ),
        needs_clone=True,
    )


def nothing_pinned(root: Path) -> str:
    """What to do where nothing is pinned: to build is for a registry alone."""
    return _build(root) or IMPORT


def _build(root: Path) -> str:
    """How fixtures are built here; nothing in a repository that declares none."""
    declared = None
    with suppress(OSError):
        declared = _DECLARES.search(files.read(root / "params.yaml"))
    return "build what params.yaml declares: dvc repro" if declared else ""


def parse(
    data: bytes,
    *,
    subject: str = LOCK,
    remedy: str = _REMEDY,
) -> dict[str, Pin]:
    """Pins in the bytes of a lock.

    Raises
    ------
    ChainError
        It is no lock as DVC writes it, or one of its fixture stages breaks a rule. None of its
        pins is then used: who wrote one that no pipeline writes may have written the others.
    """
    canonical = canonical_lock.read(data)
    return _parse(data, canonical, subject=subject, remedy=remedy)


def _parse(
    data: bytes, canonical: CanonicalLock | None, *, subject: str = LOCK, remedy: str = _REMEDY
) -> dict[str, Pin]:
    """As `parse`: fast where the form of the lock is known, and by YAML's rules elsewhere."""
    if canonical is not None and (outs := canonical.all()) is not None:
        return {name: _pin(said, name, (f"{STAGE}{name}",)) for name, said in outs.items()}
    found, where = {}, subject
    try:
        document = plain_yaml.load(data)
        if not isinstance(document, dict) or "schema" not in document:
            # an empty file, too: DVC writes a schema where nothing is pinned
            raise ValueError("no mapping with a schema")
        for name, stage in document.get("stages", {}).items():
            if name.startswith(STAGE):
                where = f"{subject}: stage {name}"
                pin = _pin(stage["outs"], name.removeprefix(STAGE), (name,))
                found[pin.name] = pin
    except _MALFORMED as error:
        raise ChainError(
            where,
            expected="a lock as DVC writes it: each fixture stage with the md5 and size of one "
            ".npz and one .json",
            found=_said(error),
            remedy=remedy,
        ) from None
    return found


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


_MD5 = re.compile(r"[0-9a-f]{32}")
# less than a petabyte, in the digits that DVC writes
_SIZE = re.compile(r"0|[1-9][0-9]{0,14}")
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
_Key = tuple[int, int, int, int]
_cache: dict[Path, tuple[_Key, _Lock]] = {}


class _Lock:
    """Pins of a lock: of all its stages, or of one, where that can be read without the others."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._canonical = canonical_lock.read(data)
        self._pins: dict[str, Pin] | None = None

    def find(self, name: str) -> Pin | None:
        if self._pins is None and self._canonical is not None:
            outs = self._canonical.outs(name)
            if outs is not None:
                return _pin(outs, name, (f"{STAGE}{name}",))
        return self.pins().get(name)

    def pins(self) -> dict[str, Pin]:
        if self._pins is None:
            self._pins = _parse(self._data, self._canonical)
            # nobody looks at the text again
            self._data, self._canonical = b"", None
        return self._pins


def _lock(root: Path) -> _Lock | None:
    """The lock at `root`, read once for as long as it stays as it is; None where there is none."""
    path = root / LOCK
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    key = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    cached = _cache.get(path)
    if cached is None or cached[0] != key:
        try:
            data = files.read(path)
        except OSError as error:
            raise _unreadable(error) from None
        cached = _cache[path] = (key, _Lock(data))
    return cached[1]


def _unreadable(error: OSError | ValueError) -> MissingError:
    return MissingError(
        LOCK,
        expected="the registry's pins, in a file that can be read",
        found=getattr(error, "strerror", None) or str(error),
        remedy="see that the registry's path is right and dvc.lock a file of yours; "
        "git checkout dvc.lock brings it back",
        needs_clone=True,
    )


def _pin(outs: list[dict[str, str]], name: str, targets: tuple[str, ...]) -> Pin:
    """The pin of a fixture's two files; a ValueError says which rule they break."""
    match_name(name)
    # Texts and no paths: pathlib would take a quarter of the time that a large lock takes.
    by_suffix: dict[str, dict[str, str]] = {}
    for out in outs:
        suffix = out["path"].rpartition(".")[2]
        if suffix in by_suffix:
            raise ValueError(f"two files that end with .{suffix}")
        by_suffix[suffix] = out
    data, text = by_suffix["npz"], by_suffix["json"]
    for suffix, out in (("npz", data), ("json", text)):
        _hold(out["path"], out["md5"], out["size"])
        if out["path"].rpartition("/")[2] != f"{name}.{suffix}":
            raise ValueError(f"path {out['path']} is not of a file {name}.{suffix}")
    return Pin(
        name=name,
        path=data["path"],
        md5=data["md5"],
        size=int(data["size"]),
        sidecar_path=text["path"],
        sidecar_md5=text["md5"],
        sidecar_size=int(text["size"]),
        targets=targets,
    )


def _hold(path: str, md5: str, size: str) -> None:
    """Hold what is said of a file to its rules.

    A registry may be somebody else's, and paths and digests become paths that are written.
    """
    parts = path.split("/")
    # a disk of Windows leads as far away as a path from the root
    foreign = "\\" in path or path[1:2] == ":"
    if foreign or not path.isprintable() or not {"", ".", ".."}.isdisjoint(parts):
        raise ValueError(f"path {path!r} leaves the registry, or is not as DVC writes one")
    if not _MD5.fullmatch(md5):
        raise ValueError(f"md5 {md5!r} is not 32 hexadecimal digits in lower case")
    if not _SIZE.fullmatch(size):
        raise ValueError(f"size {size!r} is no number of bytes")


def _imported(root: Path, only: str | None = None) -> dict[str, Pin]:
    """Fixtures that ``dvc import`` brought: NAME.npz.dvc with NAME.json.dvc beside it.

    A pair of another name is none of ours: DVC may track whatever else a repository has. Each pair
    stands for itself: of one that is asked for, the others are not read.
    """
    found = {}
    for path in _dvc_files(root):
        name = path.name.removesuffix(_NPZ_DVC)
        if only is not None and name != only:
            continue
        sidecar = path.with_name(f"{name}.json.dvc")
        if path.name.endswith(_NPZ_DVC) and NAME.fullmatch(name) and sidecar.is_file():
            outs = [_import(file, root) for file in (path, sidecar)]
            targets = tuple(file.relative_to(root).as_posix() for file in (path, sidecar))
            try:
                pin = _pin(outs, name, targets)
            except _MALFORMED as error:
                raise _no_import(targets[0], error) from None
            found[name] = replace(pin, imported=True)
    return found


_NPZ_DVC = ".npz.dvc"


def _import(path: Path, root: Path) -> dict[str, str]:
    """The only output of a ``.dvc`` file, its path made relative to the repository."""
    where = path.relative_to(root)
    try:
        document = plain_yaml.load(files.read(path))
        (out,) = document["outs"]
        _hold(out["path"], out["md5"], out["size"])
        # a working directory is relative to the file, and may be above it
        folder = PurePosixPath(where.parent.as_posix(), document.get("wdir", "."))
        joined = posixpath.normpath(str(folder / out["path"]))
        return {"path": joined, "md5": out["md5"], "size": out["size"]}
    except (*_MALFORMED, OSError) as error:
        raise _no_import(where.as_posix(), error) from None


def _no_import(where: str, error: Exception) -> ChainError:
    return ChainError(
        where,
        expected="a .dvc file as dvc import writes it, with the md5 and size of one file of the "
        "fixture's name",
        found=_said(error),
        remedy="git checkout the file, or run dvc import again",
    )


def _dvc_files(root: Path) -> Iterator[Path]:
    for folder, children, names in os.walk(root):
        children[:] = sorted(
            child
            for child in children
            if child not in _SKIPPED
            and not child.startswith(".")
            and not Path(folder, child, "pyvenv.cfg").exists()
        )
        yield from (Path(folder, file) for file in sorted(names) if file.endswith(".dvc"))
