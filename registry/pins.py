"""Pins: what ``dvc.lock`` says each fixture and its sidecar are.

The lock is read with libyaml, once for as long as the file stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from registry.errors import ChainError, MissingError, UsageError

LOCK = "dvc.lock"
_STAGE = "fixture@"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """Where a fixture and its sidecar lie, relative to the registry, and their md5 and size."""

    name: str
    path: str
    md5: str
    size: int
    sidecar_path: str
    sidecar_md5: str
    sidecar_size: int


def read(root: Path) -> dict[str, Pin]:
    """All pins of the registry at ``root`` by name, in the lock's order.

    Raises
    ------
    MissingError
        There is no lock.
    ChainError
        The lock is not one that DVC writes.
    """
    path = root / LOCK
    try:
        status = path.stat()
    except FileNotFoundError:
        raise MissingError(
            LOCK,
            expected="the registry's pins",
            found="no such file",
            remedy="git checkout dvc.lock, or build the fixtures: make fixtures",
        ) from None
    key = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    cached = _cache.get(path)
    if cached is None or cached[0] != key:
        cached = _cache[path] = (key, parse(path.read_bytes()))
    return cached[1]


_cache: dict[Path, tuple[tuple[int, ...], dict[str, Pin]]] = {}


def find(root: Path, name: str) -> Pin:
    """The pin of one fixture.

    Raises
    ------
    UsageError
        No fixture of that name is pinned.
    """
    pins = read(root)
    if name in pins:
        return pins[name]
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
    import yaml

    # libyaml is ten times faster, and absent from some builds of PyYAML
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        stages = (yaml.load(data, Loader=loader) or {}).get("stages", {})
        found = (_pin(outs) for stage, outs in _outs(stages) if stage.startswith(_STAGE))
        return {pin.name: pin for pin in found}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ChainError(
            LOCK,
            expected="a lock as DVC writes it: each fixture stage with the md5 and size of one "
            ".npz and one .json",
            found=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            remedy="git checkout dvc.lock; after a merge, settle its conflicts",
        ) from None


def _outs(stages: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(name, stage["outs"]) for name, stage in stages.items() if "outs" in stage]


def _pin(outs: list[dict[str, Any]]) -> Pin:
    by_suffix = {PurePosixPath(out["path"]).suffix: out for out in outs}
    data, text = by_suffix[".npz"], by_suffix[".json"]
    return Pin(
        name=PurePosixPath(data["path"]).stem,
        path=str(data["path"]),
        md5=str(data["md5"]),
        size=int(data["size"]),
        sidecar_path=str(text["path"]),
        sidecar_md5=str(text["md5"]),
        sidecar_size=int(text["size"]),
    )
