"""``fixtures report``: what the pinned fixtures are, as a folder of pages for a browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from registry import console
from registry.cli import scheduler_argument
from registry.errors import word
from registry.storage.root import find_root

_FOLDER = "build/report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="default: all")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help=f"the report's folder (default: {_FOLDER} in the registry)",
    )
    scheduler_argument.add(parser, "pages drawn")


def run(arguments: argparse.Namespace) -> int:
    from registry.report.build import build

    root = find_root()
    output = arguments.output or root / _FOLDER
    if arguments.scheduler is None:
        built = build(root, arguments.names, output)
    else:
        with scheduler_argument.cluster(root, arguments.scheduler) as cluster:
            built = build(root, arguments.names, output, cluster)
    for item in built.facts:
        made = "drawn" if item.name in built.drawn else "unchanged"
        console.say(f"{word(item.exit_code):<7} {item.name}  ({made})")
        console.print_errors(link.detail for link in item.broken)
    count = len(built.facts)
    console.say(f"{output / 'index.html'}: {count} fixture{'s' * (count != 1)}")
    return built.exit_code
