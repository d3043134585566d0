"""``fixtures check-params``: is the declaration fit to build from?"""

from __future__ import annotations

import argparse

from registry import console
from registry.storage.root import find_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import publishing
    from registry.declare import params

    root = find_root()
    declared = params.load(root)
    changed = publishing.redeclared(root)
    console.print_errors(changed)
    if changed:
        return changed[0].exit_code
    console.say(f"params.yaml: {declared.summary}")
    return 0
