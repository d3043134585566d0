"""``fixtures git-diff …``: git's diff driver for sidecars and ``.npz`` files."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from registry import console, files

if TYPE_CHECKING:
    from registry.compare.operand import Operand

_ABSENT = "/dev/null"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH")
    # none of them for a file with merge conflicts; two more for one that was renamed
    parser.add_argument("rest", metavar="OLD OLD-ID OLD-MODE NEW NEW-ID NEW-MODE", nargs="*")


def run(arguments: argparse.Namespace) -> int:
    from registry.errors import RegistryError, UsageError

    path, rest = arguments.path, arguments.rest
    if not rest:
        console.say(
            f"fixture {path}: unmerged; fixtures diff REVISION:NAME REVISION:NAME compares sides"
        )
        return 0
    if len(rest) not in (6, 8):
        raise UsageError(
            f"{path}: git-diff",
            expected="what git hands over: PATH OLD OLD-ID OLD-MODE NEW NEW-ID NEW-MODE",
            found=f"{1 + len(rest)} arguments",
            remedy="git calls this command: see docs/diff.md",
        )
    old, old_id, _, new, new_id, _ = rest[:6]
    new_path = rest[6] if len(rest) == 8 else path
    console.say(f"fixture {path}" if new_path == path else f"fixture {path} -> {new_path}")
    try:
        lines = _lines(path, old, old_id, new_path, new, new_id)
    except (RegistryError, OSError) as error:
        # an error here would keep git from showing the files that follow
        lines = [f"error: {error}", *_plain(path, old, new)]
    console.say(*lines)
    return 0


def _lines(path: str, old: str, old_id: str, new_path: str, new: str, new_id: str) -> list[str]:
    from registry.cli import diff
    from registry.compare import fixture_difference

    if _ABSENT in (old, new):
        label, file, blob, where = (
            ("added", new, new_id, new_path) if old == _ABSENT else ("removed", old, old_id, path)
        )
        return _alone(label, _side(label, file, blob, where))
    sides = (_side("old", old, old_id, path), _side("new", new, new_id, new_path))
    return diff.lines(fixture_difference.compare(*sides))


def _side(label: str, file: str, blob: str, path: str) -> Operand:
    from registry.compare import operand
    from registry.identity.opening import open_file
    from registry.storage.root import find_root

    if path.endswith(operand.SUFFIX):
        return operand.of_file(Path(file), label=label)
    # git runs this in the top folder, of which the registry may be a subfolder
    root = find_root(Path(path).absolute().parent)
    inside = Path(path).absolute().relative_to(root).as_posix()
    with open_file(Path(file), path) as text:
        return operand.of_sidecar(root, label, text.read(), blob, inside)


def _alone(label: str, operand: Operand) -> list[str]:
    from registry.cli.table import columns

    if operand.arrays is not None:
        rows = [
            (f"  {name}", str(item.shape), item.dtype.str) for name, item in operand.arrays.items()
        ]
    else:
        recorded = operand.sidecar.arrays if operand.sidecar else {}
        rows = [
            (f"  {name}", str(tuple(item["shape"])), str(item["dtype"]))
            for name, item in recorded.items()
        ]
    head = f"{label}: sha256 {operand.sha256[:12]}  {operand.note}".rstrip()
    return [head, *(columns(rows) if rows else [])]


def _plain(path: str, old: str, new: str) -> list[str]:
    """A diff of lines, as git would show it; of bytes there is none."""
    try:
        before, after = (
            [] if file == _ABSENT else files.read(Path(file)).decode().splitlines()
            for file in (old, new)
        )
    except (OSError, UnicodeDecodeError):
        return []
    return list(difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", lineterm=""))
