"""``fixtures check-params``: is the declaration fit to build from?"""

from __future__ import annotations

import argparse

from registry import console
from registry.cli import json_output
from registry.errors import CheckError, worst
from registry.storage.root import find_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import publishing
    from registry.declare import params

    root = find_root()
    declared, errors = None, []
    try:
        declared = params.load(root)
        errors = publishing.redeclared(root)
    except CheckError as error:
        errors = [error]
    if arguments.json:
        json_output.say(
            {
                "root": str(root),
                "holds": not errors,
                "sources": list(declared.sources) if declared else [],
                "fixtures": list(declared.fixtures) if declared else [],
                "errors": [json_output.error(error) for error in errors],
            }
        )
        return worst(error.exit_code for error in errors)
    console.print_errors(errors)
    if declared is not None and not errors:
        console.say(f"params.yaml: {declared.summary}")
    return worst(error.exit_code for error in errors)
