"""What differs between the committed pins and rebuilt ones, value by value."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import yaml

NOTHING = "nothing"


def lock_differences(committed: bytes, rebuilt: bytes | None) -> list[str]:
    """A line for each value of ``dvc.lock`` that differs; none if the bytes are the same."""
    if committed == rebuilt:
        return []
    if rebuilt is None:
        return ["dvc.lock: not built"]
    lines = _lines(dict(_lock_values(committed)), dict(_lock_values(rebuilt)))
    return lines or ["dvc.lock: the same values in other bytes"]


def file_differences(
    committed: bytes, stages: Collection[str], md5_of: Callable[[str], str | None]
) -> list[str]:
    """A line for each file that is not as ``dvc.lock`` has it: in place of a lock, without DVC.

    Parameters
    ----------
    committed : bytes
        The lock.
    stages : collection of str
        Those that were run.
    md5_of : callable
        md5 of a file by its path in the lock, None if there is none.
    """
    before = {
        (stage, what): value
        for (stage, what), value in _lock_values(committed)
        if stage in stages and what != "cmd"
    }
    return _lines(before, {key: md5_of(key[1].split(" ", 1)[1]) or NOTHING for key in before})


def _lines(
    before: Mapping[tuple[str, str], Any], after: Mapping[tuple[str, str], Any]
) -> list[str]:
    # a file's md5 stands in the entry of every stage that uses it: one line, with all of them
    stages: dict[str, list[str]] = {}
    for stage, what in {**before, **after}:
        old, new = before.get((stage, what), NOTHING), after.get((stage, what), NOTHING)
        if old != new:
            stages.setdefault(f"{what}: committed {old}, rebuilt {new}", []).append(stage)
    return [f"dvc.lock: {line} ({', '.join(names)})" for line, names in stages.items()]


def sidecar_differences(path: str, committed: bytes, rebuilt: bytes | None) -> list[str]:
    """A line for each value of a sidecar that differs; none if the bytes are the same."""
    if committed == rebuilt:
        return []
    if rebuilt is None:
        return [f"{path}: not built"]
    before, after = dict(_values(json.loads(committed))), dict(_values(json.loads(rebuilt)))
    lines = [
        f"{path}: {key}: committed {before.get(key, NOTHING)}, rebuilt {after.get(key, NOTHING)}"
        for key in {**before, **after}
        if before.get(key, NOTHING) != after.get(key, NOTHING)
    ]
    return lines or [f"{path}: the same values in other bytes"]


def _lock_values(lock: bytes) -> Iterator[tuple[tuple[str, str], Any]]:
    """Stage and what of it, with its value: its command, and the md5 of each of its files."""
    for stage, entry in yaml.safe_load(lock)["stages"].items():
        yield (stage, "cmd"), entry["cmd"]
        for kind in ("deps", "outs"):
            for item in entry.get(kind, []):
                yield (stage, f"{kind} {item['path']}"), item.get("md5")


def _values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of everything in a JSON document; a list counts as one value."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in value.items():
        yield from _values(item, f"{path}.{key}" if path else key)
