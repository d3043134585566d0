"""The command ``fixtures``. Each subcommand is a module of this package."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from registry import console

# Command and module. Only the module of the command that was asked for is imported: the others
# cost more than most commands take.
COMMANDS = {
    "list": "listing",
    "show": "show",
    "diff": "diff",
    "git-diff": "git_diff",
    "pull": "pull",
    "verify": "verify",
    "train": "train",
    "infer": "infer",
    "envelope": "envelope",
    "report": "report",
    "profile": "profile",
    "check-params": "check_params",
    "add": "add",
    "suggest": "suggest",
    "merge-lock": "merge_lock",
    "export": "export",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``fixtures``; returns the exit code."""
    return console.run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="fixtures",
        description="Versioned test data whose every byte is verified.",
        allow_abbrev=False,
        epilog="exit codes: 0 fine, 1 a check failed, 2 wrong use, 3 missing or unreachable, "
        "4 locked by another process",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    # none or an unknown one: the message lists them all
    wanted = argv[:1] if argv and argv[0] in COMMANDS else COMMANDS
    for command in wanted:
        importlib.import_module(f"registry.cli.{COMMANDS[command]}").add(commands)
    arguments = parser.parse_args(argv)
    code: int = arguments.run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
