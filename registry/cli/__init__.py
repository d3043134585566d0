"""The command ``fixtures``. Each subcommand is a module of this package, by its name.

A module has `add_arguments`, which tells the parser of its command what it takes, and `run`, which
returns the exit code.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from registry import console
from registry.errors import UsageError, perhaps, printable

# What each is for. Only the module of the command that was asked for is imported: the others cost
# more than most commands take.
COMMANDS = {
    "init": "lay out a registry of your own",
    "list": "list the pinned fixtures",
    "show": "show one fixture's record",
    "diff": "compare two fixtures, revisions or files, value by value",
    "git-diff": "diff driver for sidecars and .npz files; see docs/diff.md",
    "pull": "bring verified bytes into the workspace",
    "import": "pin a fixture of another registry in this repository, or pin it anew",
    "verify": "test every link of the chain of identity",
    "train": "train the reference model on a fixture",
    "infer": "reconstruct a fixture's object with a checkpoint",
    "envelope": "measure what the reference training takes, and hold it against the budgets",
    "report": "write an HTML report on fixtures",
    "mutants": "show which mistakes in fixtures a test suite would notice",
    "profile": "what a file of a scan holds, and how far it is from the data contract",
    "check-params": "hold params.yaml against its schema",
    "build": "build what is declared and not up to date, several fixtures at a time",
    "add": "declare a new fixture in params.yaml, once it is known to be good",
    "publish": "write down what versions are, for good",
    "unpin": "take the pin of a retired version away",
    "gc": "collect what was pinned once and nobody keeps any more",
    "repin": "write the pinned digests into addresses of tests",
    "suggest": "show what each strategy and size would make of a source",
    "merge-lock": "merge driver for dvc.lock; see docs/merging.md",
    "merge-params": "merge driver for params.yaml; see docs/merging.md",
    "export": "write metadata of fixtures for other tools",
    "completion": "print what makes a shell complete commands and names",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``fixtures``; returns the exit code."""
    return console.run(lambda: _main(argv))


class _Help(argparse.HelpFormatter):
    """Help that says what an option is where it is not given."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help or ""
        unsaid = action.default in (None, False, [], argparse.SUPPRESS) or "default" in text
        return text if unsaid else f"{text} (default: %(default)s)"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors steer no terminal: they repeat what was typed, or pasted.

    ``words`` is what was typed, for a command whose help is of what else was said.
    """

    words: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


class _Version(argparse.Action):
    """Looks the version up when it is asked for: no other command waits for that."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import registry

        console.say(f"fixture-registry {registry.__version__}")
        parser.exit()


def _main(argv: Sequence[str] | None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    parser = _Parser(
        prog="fixtures",
        description="Versioned test data whose every byte is verified.",
        allow_abbrev=False,
        epilog="exit codes: 0 fine, 1 a check failed, 2 wrong use, 3 missing or unreachable, "
        "4 locked by another process",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version, and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    # a shell that has something completed says so, and gives its line in the same way
    completes = "_ARGCOMPLETE" in os.environ
    words = os.environ.get("COMP_LINE", "").split()[1:] if completes else argv
    # there is no option before the command that takes a value
    asked_for = next((word for word in words if not word.startswith("-")), None)
    if not completes and asked_for is not None and asked_for not in COMMANDS:
        raise UsageError(
            f"fixtures {asked_for}",
            expected=f"a command{perhaps(asked_for, COMMANDS)}",
            found="no such one",
            remedy="fixtures --help lists them, with what each is for",
        )
    for command, purpose in COMMANDS.items():
        of_command = commands.add_parser(
            command, help=purpose, allow_abbrev=False, formatter_class=_Help
        )
        if command == asked_for:
            of_command.words = words
            module = importlib.import_module(f"registry.cli.{command.replace('-', '_')}")
            module.add_arguments(of_command)
            of_command.set_defaults(run=module.run, refuse=of_command.error)
    if completes:
        from registry.cli import completion

        completion.complete(parser, asked_for)
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        # by the command's own parser, whose usage says what it takes
        arguments.refuse(f"unrecognized arguments: {' '.join(unknown)}")
    code: int = arguments.run(arguments)
    return code
