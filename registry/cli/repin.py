"""``fixtures repin PATH...``: write the digests that are pinned now into addresses of tests."""

from __future__ import annotations

import argparse
from pathlib import Path

from registry import console
from registry.errors import printable
from registry.storage.root import locate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="a file with addresses NAME@sha256:DIGEST, or a folder of Python files",
    )


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import repinning

    found = repinning.repin(locate(None), arguments.paths)
    for each in found:
        place = printable(f"{each.path}:{each.line}")
        console.say(f"{place}: {each.name}  {each.before[:12]} -> {each.after[:12]}")
    if not found:
        console.say("nothing to rewrite: each address has the digest that is pinned")
    return 0
