"""``fixtures check-params``: is the declaration fit to build from?"""

from __future__ import annotations

import argparse
from typing import Any

from registry.storage.root import locate


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "check-params", help="hold params.yaml against its schema", allow_abbrev=False
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from registry.declare import params

    declared = params.load(locate(None))
    print(f"params.yaml: {declared.summary}")
    return 0
