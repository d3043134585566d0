"""``fixtures unpin NAME``: take the pin of a retired version away."""

from __future__ import annotations

import argparse

from registry import console
from registry.storage.root import find_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a version that params.yaml retires")


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import retiring

    pin = retiring.unpin(find_root(), arguments.name)
    console.say(f"{pin.name}: taken out of dvc.lock; removed {pin.path} and {pin.sidecar_path}")
    console.say("its bytes stay in the cache and on the remote, for older revisions")
    return 0
