"""``fixtures export``: what is published of fixtures, in the forms that other tools read."""

from __future__ import annotations

import argparse
from pathlib import Path

from registry.storage.root import find_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="default: all that are pinned")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--croissant",
        action="store_true",
        help="Croissant 1.1; for one NAME under its own name and version",
    )
    form.add_argument(
        "--in-toto",
        action="store_true",
        help="an in-toto statement for each fixture, one on a line",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="default: standard output")


def run(arguments: argparse.Namespace) -> int:
    from registry import export, files
    from registry.declare import params
    from registry.export import croissant, in_toto

    root = find_root()
    fixtures = export.read(root, arguments.names)
    if arguments.in_toto:
        data = in_toto.encode(fixtures)
    else:
        data = croissant.encode(
            fixtures, params.load(root).dataset, alone=len(set(arguments.names)) == 1
        )
    if arguments.output is None:
        # ASCII, whatever the terminal can show
        print(data.decode("ascii"), end="")
    else:
        files.write_output(arguments.output, data)
    return 0
