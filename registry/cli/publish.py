"""``fixtures publish [NAME...]``: write down what versions are, for good."""

from __future__ import annotations

import argparse

from registry import console
from registry.storage.root import find_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="default: all that are pinned")


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import publishing
    from registry.identity import ledger

    added = publishing.publish(find_root(), arguments.names)
    for line in added:
        console.say(f"published {line.name}  ({line.bytes[:12]})")
    console.say(
        f"commit {ledger.FILE} with params.yaml, dvc.lock and the sidecars; what is published "
        "never changes"
        if added
        else f"nothing to publish: {ledger.FILE} has a line of each"
    )
    return 0
