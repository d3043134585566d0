"""``fixtures completion SHELL``: what makes a shell complete commands and the names in them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

from registry import console, extras

_SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Prints what a shell has to run at its start; see docs/command-line.md. Commands, options, "
        "fixtures, sources and generators are completed then, by this program and as they are now."
    )
    parser.add_argument("shell", metavar="SHELL", choices=_SHELLS, help=" | ".join(_SHELLS))


def run(arguments: argparse.Namespace) -> int:
    extras.require("completion", "fixtures completion", "argcomplete", expected="argcomplete")
    from argcomplete.shell_integration import shellcode

    console.say(shellcode(["fixtures"], shell=arguments.shell).strip())
    return 0


def complete(parser: argparse.ArgumentParser, command: str | None) -> None:
    """Tell the shell what may come next, and end the program; return where argcomplete is absent.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of the command, whose arguments are completed by what their placeholders stand for.
    command : str or None
        Its name.
    """
    try:
        import argcomplete
    except ImportError:
        return
    for parsed in _parsers(parser):
        for action in parsed._actions:
            names = _names(command, action)
            if names is not None:
                action.completer = _completer(names)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options=False)


def _parsers(parser: argparse.ArgumentParser) -> Iterable[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _names(command: str | None, action: argparse.Action) -> Callable[[], Iterable[str]] | None:
    """What finds the names that an argument may have; None for files and free text."""
    match action.metavar:
        case "A" | "B":
            return _pinned
        case "NAME" if command == "build":
            return lambda: [*_declared("fixtures"), *_declared("sources")]
        # which give a new name
        case "NAME" if command == "add" or action.option_strings == ["--source-name"]:
            return list
        case "NAME":
            return _pinned
        case "FIXTURE":
            return lambda: _declared("fixtures")
        case "SOURCE":
            return lambda: _declared("sources")
        case "GENERATOR":
            kind = "sources" if "--source-generator" in action.option_strings else "fixtures"
            return lambda: _generators(kind)
    return None


def _completer(names: Callable[[], Iterable[str]]) -> Callable[..., list[str]]:
    # outside a registry this is an error, which a shell keeps to itself
    return lambda prefix, **_: [name for name in names() if name.startswith(prefix)]


def _pinned() -> Iterable[str]:
    from registry.identity import pins
    from registry.storage.root import locate

    return pins.read(locate(None))


def _declared(section: str) -> Iterable[str]:
    from registry.cli import source_argument
    from registry.declare import yaml_text
    from registry.storage.root import find_root

    return source_argument.declared(yaml_text.parse(yaml_text.read(find_root())), section)


def _generators(kind: str) -> Iterable[str]:
    from registry.declare import generator_keys
    from registry.storage.root import find_root

    found: Iterable[str] = getattr(generator_keys.load(find_root()), kind)
    return found
