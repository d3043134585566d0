"""Pins: what each fixture and its sidecar are, as DVC recorded it.

In the registry itself that is ``dvc.lock``; in a repository that ran ``dvc import``, it is a pair
of ``.dvc`` files, one for the fixture and one for its sidecar. Both are read with libyaml, the
lock once for as long as it stays as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from registry import files
from registry.errors import ChainError, MissingError, UsageError
from registry.identity import plain_yaml

LOCK = "dvc.lock"
_STAGE = "fixture@"
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


def read(root: Path) -> dict[str, Pin]:
    """All pins of the registry at ``root`` by name: the lock's in its order, then imported ones.

    Raises
    ------
    MissingError
        There is neither a lock nor an imported fixture.
    ChainError
        The lock, or an import, is not one that DVC writes.
    """
    found = {**_imported(root), **_locked(root)}
    if not found and not (root / LOCK).is_file():
        raise MissingError(
            LOCK,
            expected="the registry's pins",
            found="no such file",
            remedy="git checkout dvc.lock, or build the fixtures: make fixtures",
        )
    return found


def find(root: Path, name: str) -> Pin:
    """The pin of one fixture.

    Raises
    ------
    UsageError
        No fixture of that name is pinned.
    """
    locked = _locked(root)
    if name in locked:
        return locked[name]
    # only now, because looking for imports walks the repository
    imported = _imported(root)
    if name in imported:
        return imported[name]
    if any(path.name == f"{name}.npz.dvc" for path in _dvc_files(root)):
        raise UsageError(
            f"fixture {name}",
            expected=f"its sidecar imported, too: {name}.json.dvc beside {name}.npz.dvc",
            found=f"{name}.npz.dvc alone",
            remedy=f"dvc import the registry's {name}.json into the same folder; "
            "see docs/consuming.md",
        )
    pins = read(root)
    import difflib

    close = difflib.get_close_matches(name, pins, n=3)
    raise UsageError(
        f"fixture {name}",
        expected="a fixture that dvc.lock pins"
        + (f"; perhaps {' or '.join(close)}" if close else ""),
        found=f"no such name among {', '.join(pins) or 'none'}",
        remedy="fixtures list shows them; a new one is an entry in params.yaml and dvc repro",
    )


def parse(data: bytes) -> dict[str, Pin]:
    """Pins in the bytes of a lock."""
    try:
        stages = (plain_yaml.load(data) or {}).get("stages", {})
        found = [
            _pin(stage["outs"], name) for name, stage in stages.items() if name.startswith(_STAGE)
        ]
        return {pin.name: pin for pin in found}
    except _MALFORMED as error:
        raise ChainError(
            LOCK,
            expected="a lock as DVC writes it: each fixture stage with the md5 and size of one "
            ".npz and one .json",
            found=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            remedy="git checkout dvc.lock; after a merge, settle its conflicts",
        ) from None


_MD5 = re.compile(r"[0-9a-f]{32}")
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
_Key = tuple[int, int, int, int]
_cache: dict[Path, tuple[_Key, dict[str, Pin]]] = {}


def _locked(root: Path) -> dict[str, Pin]:
    path = root / LOCK
    try:
        status = path.stat()
    except FileNotFoundError:
        return {}
    key = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    cached = _cache.get(path)
    if cached is None or cached[0] != key:
        cached = _cache[path] = (key, parse(files.read_bytes(path)))
    return cached[1]


def _pin(outs: list[dict[str, Any]], stage: str) -> Pin:
    # Texts and no paths: pathlib would take a quarter of the time that a large lock takes.
    by_suffix = {out["path"].rpartition(".")[2]: out for out in outs}
    data, text = by_suffix["npz"], by_suffix["json"]
    for out in (data, text):
        # A registry may be somebody else's, and paths and digests become paths that are written.
        path = out["path"]
        if path.startswith("/") or ".." in path.split("/") or "\\" in path:
            raise ValueError(f"path {path} leaves the registry")
        if not _MD5.fullmatch(str(out["md5"])):
            raise ValueError(f"md5 {out['md5']} is not 32 hexadecimal digits")
    return Pin(
        name=data["path"].rpartition("/")[2].removesuffix(".npz"),
        path=str(data["path"]),
        md5=str(data["md5"]),
        size=int(data["size"]),
        sidecar_path=str(text["path"]),
        sidecar_md5=str(text["md5"]),
        sidecar_size=int(text["size"]),
        targets=(stage,),
    )


def _imported(root: Path) -> dict[str, Pin]:
    """Fixtures that ``dvc import`` brought: NAME.npz.dvc with NAME.json.dvc beside it."""
    found = {}
    for path in _dvc_files(root):
        sidecar = path.with_name(path.name.removesuffix(".npz.dvc") + ".json.dvc")
        if not path.name.endswith(".npz.dvc") or not sidecar.is_file():
            continue
        pair = (path, sidecar)
        outs = [_import(file, root) for file in pair]
        pin = _pin(outs, "")
        targets = tuple(file.relative_to(root).as_posix() for file in pair)
        found[pin.name] = Pin(
            name=pin.name,
            path=pin.path,
            md5=pin.md5,
            size=pin.size,
            sidecar_path=pin.sidecar_path,
            sidecar_md5=pin.sidecar_md5,
            sidecar_size=pin.sidecar_size,
            targets=targets,
            imported=True,
        )
    return found


def _import(path: Path, root: Path) -> dict[str, Any]:
    """The only output of a ``.dvc`` file, its path made relative to the repository."""
    try:
        document = plain_yaml.load(files.read_bytes(path))
        (out,) = document["outs"]
        folder = path.parent.relative_to(root) / document.get("wdir", ".")
        relative = PurePosixPath(folder.as_posix()) / out["path"]
        return {"path": str(relative), "md5": out["md5"], "size": out["size"]}
    except _MALFORMED as error:
        raise ChainError(
            path.relative_to(root).as_posix(),
            expected="a .dvc file as dvc import writes it, with the md5 and size of one file",
            found=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            remedy="git checkout the file, or run dvc import again",
        ) from None


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
