"""Flags for the keys of an entry of params.yaml, as each generator's schema lists them.

So a generator that is added has its flags, and no command is edited.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from registry.declare import generator_keys, params
from registry.declare.generator_keys import Generator, Generators, Key
from registry.errors import RegistryError, UsageError, perhaps
from registry.storage.root import find_root

# Keys without a flag of their own, for SOURCE says them.
_NO_FLAG = ("source", "path", "url")
_FIRST = ("generator", "source", "path", "url", "sha256", "blob")
_LAST = ("created", "licence")
# Whose entry a flag is for: --seed, --fixture-seed, --source-seed.
_EITHER, _FIXTURE, _SOURCE = "either", "fixture", "source"
# By which a generator is named.
_CHOOSING = {_FIXTURE: "--generator", _SOURCE: "--source-generator"}


def add_flags(parser: argparse.ArgumentParser, *, fixture: bool) -> None:
    """Give a command a flag for each key of a new source's entry, and of a fixture's too.

    Outside a registry there are no keys. The command then takes what it is given, and says what is
    wrong when it looks for the registry itself.
    """
    try:
        words = generator_keys.load(find_root())
    except RegistryError:
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        return
    flags: set[str] = set()
    if fixture:
        _add(parser, flags, _FIXTURE, "keys of the fixture", words.fixtures)
    group = _add(
        parser, flags, _SOURCE, "keys of a new source, where SOURCE is a file", words.sources
    )
    group.add_argument(
        "--source-name", metavar="NAME", help="name of the new source (default: the file's)"
    )
    group.add_argument(
        _CHOOSING[_SOURCE],
        metavar="GENERATOR",
        help="default: the first that reads a file and has the keys given",
    )


def _add(
    parser: argparse.ArgumentParser,
    flags: set[str],
    kind: str,
    title: str,
    generators: Mapping[str, Generator],
) -> argparse._ArgumentGroup:
    """Add a flag for each key; of dozens help has those of the generator named, or the only one."""
    choosing = _CHOOSING[kind]
    typed = [part for word in getattr(parser, "words", ()) for part in word.split("=", 1)]
    only = next(iter(generators)) if len(generators) == 1 else ""
    named = next((word for before, word in pairwise(typed) if before == choosing), only)
    shown = generators[named].keys if named in generators else {}
    others = f"--help {choosing} NAME shows those of {', '.join(generators)}"
    group = parser.add_argument_group(title, f"those of {named}" if shown else others)
    owners: dict[str, list[Key]] = {}
    for generator in generators.values():
        for key in generator.keys.values():
            if key.name not in _NO_FLAG:
                owners.setdefault(key.name, []).append(key)
    for name, keys in owners.items():
        options: dict[str, Any] = {"default": argparse.SUPPRESS}
        if all(key.is_switch for key in keys):
            options["action"] = argparse.BooleanOptionalAction
        else:
            options["metavar"] = "VALUE"
        text = argparse.SUPPRESS
        if name in shown:
            text = "" if shown[name].is_switch else shown[name].rule.replace("%", "%%")
        flag = name.replace("_", "-")
        if name not in flags:
            dest = f"{_EITHER} {name}"
            group.add_argument(f"--{flag}", dest=dest, help=text, **options)
            if flag != name:
                # as the key is written in params.yaml
                parser.add_argument(f"--{name}", dest=dest, help=argparse.SUPPRESS, **options)
            flags.add(name)
            text = argparse.SUPPRESS
        if f"--{kind}-{flag}" not in ("--source-name", _CHOOSING[_SOURCE]):
            group.add_argument(f"--{kind}-{flag}", dest=f"{kind} {name}", help=text, **options)
    return group


def _given(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Keys and their values as they were given, by whose entry they are for."""
    given: dict[str, dict[str, Any]] = {_EITHER: {}, _FIXTURE: {}, _SOURCE: {}}
    for name, value in vars(arguments).items():
        kind, _, key = name.partition(" ")
        if key:
            given[kind][key] = value
    return given


def of_source(arguments: argparse.Namespace, reserved: Iterable[str]) -> set[str]:
    """Keys that were given for the new source; ``reserved`` are the fixture's."""
    given = _given(arguments)
    return given[_SOURCE].keys() | (given[_EITHER].keys() - set(reserved))


def values(
    arguments: argparse.Namespace,
    words: Generators,
    fixture: Generator | None,
    source: Generator | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was given, for the fixture's entry and for the new source's.

    Raises
    ------
    UsageError
        A key belongs to neither, or to both and it is not said which one is meant.
    """
    given = _given(arguments)
    owners = {_FIXTURE: fixture, _SOURCE: source}
    for name, value in given[_EITHER].items():
        having = [kind for kind, owner in owners.items() if owner and name in owner.keys]
        if len(having) == 2:
            flag = name.replace("_", "-")
            raise UsageError(
                f"--{flag}",
                expected="a flag that says whose key it is",
                found=f"{_names(owners.values())} both have a key {name}",
                remedy=f"--fixture-{flag} for the fixture, --source-{flag} for the source",
            )
        if not having:
            raise _no_key(words, name, "", owners.values())
        given[having[0]].setdefault(name, value)
    for kind, owner in owners.items():
        for name, value in given[kind].items():
            if owner is None or name not in owner.keys:
                raise _no_key(words, name, f"{kind}-", [owner])
            if isinstance(value, str):
                given[kind][name] = params.value(owner.keys[name], value)
    return given[_FIXTURE], given[_SOURCE]


def _no_key(
    words: Generators, name: str, prefix: str, owners: Iterable[Generator | None]
) -> UsageError:
    flag = f"--{prefix}{name.replace('_', '-')}"
    known = [key for owner in owners if owner for key in owner.keys if key not in _NO_FLAG]
    if not known:
        return UsageError(
            flag,
            expected="no key of a source that is declared already",
            found=name,
            remedy="leave the flag out; a file is declared anew where SOURCE is a path: ./FILE",
        )
    having = [item.name for item in words.fixtures.values() if name in item.keys]
    others = f", or take a generator that has it: --generator {' or '.join(having)}"
    return UsageError(
        flag,
        expected=f"a key of {_names(owners)}: {', '.join(dict.fromkeys(known))}",
        found=name,
        remedy=f"leave the flag out{others if having else ''}",
    )


def _names(owners: Iterable[Generator | None]) -> str:
    return " and ".join(owner.name for owner in owners if owner)


def ordered(entry: Mapping[str, Any], generator: Generator) -> dict[str, Any]:
    """An entry in the order in which people write one."""
    between = [key for key in generator.keys if key not in (*_FIRST, *_LAST)]
    return {key: entry[key] for key in (*_FIRST, *between, *_LAST) if key in entry}


def find_generator(known: Mapping[str, Generator], name: str, flag: str) -> Generator:
    """A generator by its name.

    Raises
    ------
    UsageError
        There is none of that name.
    """
    if name not in known:
        raise UsageError(
            f"{flag} {name}",
            expected=f"one of {', '.join(known)}{perhaps(name, known)}",
            found=f"no file generators/{name}.schema.json that says so",
            remedy=f"correct the name; flags follow it: fixtures add --help {flag} NAME",
        )
    return known[name]
