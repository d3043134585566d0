"""``fixtures check-params``: is the declaration fit to build from?"""

from __future__ import annotations

import argparse

from registry import console
from registry.storage.root import find_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(arguments: argparse.Namespace) -> int:
    from registry.declare import params

    declared = params.load(find_root())
    console.say(f"params.yaml: {declared.summary}")
    return 0
