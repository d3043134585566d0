"""``fixtures unpin NAME``: take the pin of a retired version away."""

from __future__ import annotations

import argparse

from registry import console
from registry.identity import certificate
from registry.storage.root import find_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a version that params.yaml retires")


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import retiring

    root = find_root()
    also = " and its certificate" if arguments.name in certificate.names(root) else ""
    pin = retiring.unpin(root, arguments.name)
    removed = f"{pin.path} and {pin.sidecar_path}{also}"
    console.say(f"{pin.name}: taken out of dvc.lock; removed {removed}")
    console.say("its bytes stay in the cache and on the remote, for older revisions")
    return 0
