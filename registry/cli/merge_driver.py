"""What git's merge drivers share: of three versions of a file the second becomes the result."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from registry import console
from registry.compare.three_way import Merged

_WHICH = ("base", "ours", "theirs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name in _WHICH:
        parser.add_argument(name, metavar=name.upper(), type=Path)


def run(
    arguments: argparse.Namespace,
    file: str,
    merge: Callable[[bytes, bytes, bytes], Merged],
    conflict: str,
) -> int:
    """Merge; say of each part in conflict what `conflict` says, with its name in it."""
    from registry import files
    from registry.compare import three_way

    base, ours, theirs = (_read(getattr(arguments, name), file) for name in _WHICH)
    # git takes what is in OURS as the result. Whatever happens from here on, it is not one side,
    # which somebody could commit who overlooks that git calls it a conflict.
    files.write_output(arguments.ours, three_way.between(ours, theirs))
    merged = merge(base, ours, theirs)
    files.write_output(arguments.ours, merged.data)
    for name in merged.conflicts:
        console.say(f"{file}: {conflict.format(name)}", file=sys.stderr)
    return 1 if merged.conflicts else 0


def _read(path: Path, file: str) -> bytes:
    from registry import files
    from registry.errors import MissingError

    try:
        return files.read(path)
    except OSError as error:
        raise MissingError(
            f"{path}",
            expected=f"a version of {file}, as git hands it over",
            found=error.strerror or str(error),
            remedy="git calls this command: see docs/merging.md",
        ) from None
