"""The command ``fixtures``. Each subcommand is a module of this package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from registry import console


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``fixtures``; returns the exit code."""
    return console.run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    from registry.cli import check_params, listing, merge_lock, profile, pull, show, verify

    parser = argparse.ArgumentParser(
        prog="fixtures",
        description="Versioned test data whose every byte is verified.",
        allow_abbrev=False,
        epilog="exit codes: 0 fine, 1 a check failed, 2 wrong use, 3 missing or unreachable, "
        "4 locked by another process",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in (listing, show, pull, verify, profile, check_params, merge_lock):
        module.add(commands)
    arguments = parser.parse_args(argv)
    code: int = arguments.run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
