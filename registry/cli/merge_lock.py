"""``fixtures merge-lock BASE OURS THEIRS``: git's merge driver for ``dvc.lock``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from registry import console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name in ("base", "ours", "theirs"):
        parser.add_argument(name, metavar=name.upper(), type=Path)


def run(arguments: argparse.Namespace) -> int:
    from registry import files
    from registry.compare import lock_merge

    merged = lock_merge.merge(
        *(_read(getattr(arguments, name)) for name in ("base", "ours", "theirs"))
    )
    # git takes what is in OURS as the result
    files.write_output(arguments.ours, merged.data)
    for name in merged.conflicts:
        console.say(
            f"dvc.lock: both sides changed stage {name}; take one between the markers, then run "
            "dvc repro",
            file=sys.stderr,
        )
    return 1 if merged.conflicts else 0


def _read(path: Path) -> bytes:
    from registry import files
    from registry.errors import MissingError

    try:
        return files.read(path)
    except OSError as error:
        raise MissingError(
            f"{path}",
            expected="a version of dvc.lock, as git hands it over",
            found=error.strerror or str(error),
            remedy="git calls this command: see docs/merging.md",
        ) from None
