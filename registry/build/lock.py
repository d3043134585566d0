"""What DVC's lock says of stages: read, and written as DVC writes it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry import files
from registry.compare import lock_merge
from registry.errors import ChainError
from registry.identity import plain_yaml
from registry.identity.pins import LOCK


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file's md5 and its size in bytes."""

    md5: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One stage: the command that was run, and what it was run on and made, by path."""

    command: str
    deps: Mapping[str, File]
    outs: Mapping[str, File]


def read(folder: Path) -> dict[str, Entry]:
    """What the lock in a folder says of each stage; none where there is no lock.

    Raises
    ------
    ChainError
        It is no lock as DVC writes it.
    """
    try:
        data = files.read(folder / LOCK)
    except FileNotFoundError:
        return {}
    try:
        document = plain_yaml.load(data)
        return {
            name: Entry(
                command=stage["cmd"],
                deps=_files(stage.get("deps", ())),
                outs=_files(stage.get("outs", ())),
            )
            for name, stage in (document["stages"] or {}).items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ChainError(
            LOCK,
            expected="a lock as DVC writes it",
            found=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            remedy="git checkout dvc.lock; after a merge, settle its conflicts",
        ) from None


def write(folder: Path, new: Mapping[str, Entry]) -> None:
    """Put stages into the lock in a folder, each where it was, new ones behind all others.

    Every other byte stays as it is.

    Raises
    ------
    CheckError
        The lock that is there is none as DVC writes it.
    OSError
        As the system reports it.
    """
    path = folder / LOCK
    try:
        before = files.read(path)
    except FileNotFoundError:
        before = b""
    after = lock_merge.replaced(before, _texts(new))
    if after != before:
        files.write_atomic(path, after)


def _files(items: list[dict[str, str]]) -> dict[str, File]:
    return {item["path"]: File(md5=item["md5"], size=int(item["size"])) for item in items}


def _texts(entries: Mapping[str, Entry]) -> dict[str, bytes]:
    """The lines of each stage."""
    from ruamel.yaml import YAML

    # DVC's own writer, so that long commands are folded in the same places
    writer = YAML()
    texts = {}
    for name, entry in entries.items():
        parts = {"deps": _items(entry.deps), "outs": _items(entry.outs)}
        stage = {"cmd": entry.command, **{key: items for key, items in parts.items() if items}}
        stream = io.BytesIO()
        writer.dump({"stages": {name: stage}}, stream)
        texts[name] = stream.getvalue().removeprefix(b"stages:\n")
    return texts


def _items(found: Mapping[str, File]) -> list[dict[str, str | int]]:
    return [
        {"path": path, "hash": "md5", "md5": file.md5, "size": file.size}
        for path, file in sorted(found.items())
    ]
