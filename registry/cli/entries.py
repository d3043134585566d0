"""Entries of params.yaml from flags, one for each key that the schema gives a generator.

So a generator that is added to the schema has its flags, and no command is edited.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from registry.build.scratch import Ended
from registry.declare import generator_keys, params
from registry.declare.generator_keys import Generator, Key, Vocabulary
from registry.errors import CheckError, MissingError, RegistryError, UsageError
from registry.storage.root import find_root

# Keys that are not given by flags of their own: the generators choose, the other two are SOURCE.
_FIXTURE_OWN, _SOURCE_OWN = ("source",), ("path", "url")
_FIRST = ("generator", "source", "path", "url", "sha256", "blob")
_LAST = ("created", "licence")


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """Keys that were given: for whichever entry has them, for the fixture, for the new source."""

    either: dict[str, Any]
    fixture: dict[str, Any]
    source: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceEntry:
    """An entry of the sources; a new one is not declared yet."""

    name: str
    entry: dict[str, Any]
    new: bool


def add_flags(parser: argparse.ArgumentParser, *, fixture: bool) -> None:
    """Give a command a flag for each key of the schema: of sources, and of fixtures too.

    Outside a registry there is no schema. The command then takes what it is given, and
    `root_and_words` says what is wrong.
    """
    try:
        words = generator_keys.load(find_root())
    except RegistryError:
        parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        return
    shown: set[str] = set()
    if fixture:
        group = parser.add_argument_group(
            "keys of the fixture", "as its generator has them; see docs/add-a-version.md"
        )
        _add(parser, group, words.fixtures.values(), _FIXTURE_OWN, "fixture", shown)
    group = parser.add_argument_group(
        "keys of a new source",
        "where SOURCE is a file; --source-KEY says the same of a KEY that both entries have",
    )
    _add(parser, group, words.sources.values(), _SOURCE_OWN, "source", shown)
    group.add_argument(
        "--source-name", metavar="NAME", help="name of the new source (default: the file's)"
    )
    group.add_argument(
        "--source-generator",
        metavar="GENERATOR",
        help="default: the first of the schema that reads a file and has the keys given",
    )


def _add(
    parser: argparse.ArgumentParser,
    group: Any,
    generators: Iterable[Generator],
    own: tuple[str, ...],
    kind: str,
    shown: set[str],
) -> None:
    owners: dict[str, list[tuple[str, Key]]] = {}
    generators = list(generators)
    for generator in generators:
        for key in generator.keys.values():
            if key.name not in own:
                owners.setdefault(key.name, []).append((generator.name, key))
    for name, found in owners.items():
        keys = [key for _, key in found]
        options: dict[str, Any] = {"default": argparse.SUPPRESS}
        if all(key.is_switch for key in keys):
            options["action"] = argparse.BooleanOptionalAction
        else:
            options["metavar"] = "VALUE"
        text = "; ".join(dict.fromkeys(key.rule for key in keys if not key.is_switch))
        if len(found) < len(generators):
            text += f" ({', '.join(generator for generator, _ in found)})"
        flag = name.replace("_", "-")
        if name not in shown:
            group.add_argument(
                f"--{flag}", dest=f"either {name}", help=text.replace("%", "%%"), **options
            )
            if flag != name:
                # as the key is written in params.yaml
                parser.add_argument(
                    f"--{name}", dest=f"either {name}", help=argparse.SUPPRESS, **options
                )
            shown.add(name)
        if f"{kind}-{flag}" not in ("source-name", "source-generator"):
            parser.add_argument(
                f"--{kind}-{flag}", dest=f"{kind} {name}", help=argparse.SUPPRESS, **options
            )


def root_and_words() -> tuple[Path, Vocabulary]:
    """Top folder of the registry that can be written to, and its vocabulary.

    Raises
    ------
    UsageError, MissingError
        There is no registry here, or it has no schema.
    """
    root = find_root()
    return root, generator_keys.load(root)


def given(arguments: argparse.Namespace) -> Given:
    """The keys that a command was given."""
    kinds: dict[str, dict[str, Any]] = {"either": {}, "fixture": {}, "source": {}}
    for name, value in vars(arguments).items():
        kind, _, key = name.partition(" ")
        if key:
            kinds[kind][key] = value
    return Given(**kinds)


def share(
    words: Vocabulary, keys: Given, fixture: Generator | None, source: Generator | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values for the fixture's entry and for the new source's.

    Raises
    ------
    UsageError
        A key belongs to neither, or to both and it is not said which one is meant.
    """
    shares: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    owners = (fixture, source)
    for name, value in keys.either.items():
        having = [n for n, owner in enumerate(owners) if owner and name in owner.keys]
        if len(having) == 2:
            flag = name.replace("_", "-")
            raise UsageError(
                f"--{flag}",
                expected="a flag that says whose key it is",
                found=f"{_names(owners)} both have a key {name}",
                remedy=f"--fixture-{flag} for the fixture, --source-{flag} for the source",
            )
        if not having:
            raise _no_key(words, name, "", owners)
        shares[having[0]][name] = value
    for n, (kind, own) in enumerate((("fixture", keys.fixture), ("source", keys.source))):
        owner = owners[n]
        for name, value in own.items():
            if owner is None or name not in owner.keys:
                raise _no_key(words, name, f"{kind}-", (owner,))
            shares[n][name] = value
    return _values(shares[0], fixture), _values(shares[1], source)


def _no_key(
    words: Vocabulary, name: str, prefix: str, owners: tuple[Generator | None, ...]
) -> UsageError:
    flag = f"--{prefix}{name.replace('_', '-')}"
    known = [key for owner in owners if owner for key in owner.keys]
    known = [key for key in known if key not in (*_FIXTURE_OWN, *_SOURCE_OWN)]
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


def _names(owners: tuple[Generator | None, ...]) -> str:
    return " and ".join(owner.name for owner in owners if owner)


def _values(texts: Mapping[str, Any], generator: Generator | None) -> dict[str, Any]:
    if generator is None:
        return {}
    return {
        name: params.value(generator.keys[name], value) if isinstance(value, str) else value
        for name, value in texts.items()
    }


def ordered(entry: Mapping[str, Any], generator: Generator) -> dict[str, Any]:
    """An entry in the order in which people write one."""
    between = [key for key in generator.keys if key not in (*_FIRST, *_LAST)]
    return {key: entry[key] for key in (*_FIRST, *between, *_LAST) if key in entry}


def find_generator(known: Mapping[str, Generator], name: str, flag: str) -> Generator:
    """A generator of the schema by its name.

    Raises
    ------
    UsageError
        The schema has none of that name.
    """
    if name not in known:
        raise UsageError(
            f"{flag} {name}",
            expected=f"one of {', '.join(known)}",
            found="no generator of that name in schemas/params.schema.json",
            remedy=f"correct the name; flags follow it: fixtures add --help, {flag}",
        )
    return known[name]


def resolve_source(
    document: Any, words: Vocabulary, named: str, arguments: argparse.Namespace, reserved: set[str]
) -> tuple[str, Generator | None]:
    """Name of the source that SOURCE stands for; and the generator of one that is not declared.

    ``reserved`` are keys that are the fixture's.

    Raises
    ------
    UsageError
        It is neither declared nor a file; or no generator has all the keys that were given.
    """
    declared = section(document, generator_keys.SOURCES)
    if named in declared:
        for flag in ("source_name", "source_generator"):
            if getattr(arguments, flag) is not None:
                raise UsageError(
                    f"--{flag.replace('_', '-')}",
                    expected="no such flag for a source that is declared already",
                    found=f"{named} under sources: in params.yaml",
                    remedy=f"leave the flag out; or give a file as a path, ./{named}",
                )
        return named, None
    if not is_url(named):
        _check_file(named, declared)
    file = urlsplit(named).path if is_url(named) else named
    name = arguments.source_name or _source_name(Path(file).name)
    if name in declared:
        raise UsageError(
            f"source {name}",
            expected="a name that is not declared",
            found="one under sources: in params.yaml",
            remedy=f"--from {name} to cut another fixture from it, or --source-name for this file",
        )
    if arguments.source_generator is not None:
        generator = find_generator(words.sources, arguments.source_generator, "--source-generator")
        if _place(named) not in generator.keys:
            raise UsageError(
                f"--source-generator {generator.name}",
                expected=f"a generator whose entries have a key {_place(named)}",
                found=f"the keys {', '.join(generator.keys)}",
                remedy="name another generator; or fetch the file, and give its path",
            )
        return name, generator
    keys = given(arguments)
    wanted = {*keys.source, *(key for key in keys.either if key not in reserved)}
    reading = [item for item in words.sources.values()
               if item.needs_file and _place(named) in item.keys
               # without a format declared, the file is a plain .npz
               and ("format" in item.keys or named.endswith(".npz"))]  # fmt: skip
    for generator in reading:
        if wanted <= generator.keys.keys():
            return name, generator
    unknown = sorted(key for key in wanted if not any(key in item.keys for item in reading))
    raise UsageError(
        f"source {name}",
        expected=f"flags of one generator that reads files: {', '.join(g.name for g in reading)}",
        found=f"none has {', '.join(unknown)}" if unknown else f"none has all of {sorted(wanted)}",
        remedy="leave out what is another's, or name it: --source-generator",
    )


def _check_file(named: str, declared: Mapping[str, Any]) -> None:
    path = Path(named)
    if path.is_file():
        return
    known = ", ".join(declared) or "none"
    raise UsageError(
        f"source {named}",
        expected=f"a declared source ({known}) or a file",
        found="a folder" if path.is_dir() else "no file there, and no source of that name",
        remedy="correct the name or the path",
    )


def _source_name(file: str) -> str:
    """A source's name from a file's.

    >>> _source_name("Run1084_recon3 (post-PC).npz.bz2")
    'run1084_recon3_post_pc'
    """
    stem = re.sub(r"(\.[A-Za-z]\w*)+$", "", file)
    words = "_".join(re.findall(r"[a-z0-9]+", stem.lower()))
    return words if words[:1].isalpha() else f"scan_{words}".rstrip("_")


def new_source(
    root: Path, name: str, named: str, generator: Generator, values: dict[str, Any]
) -> SourceEntry:
    """Entry of a file that is not declared yet: its path and SHA-256, or its URL.

    What is at a URL has to be known before it is fetched: its digest is one of the values.

    Raises
    ------
    MissingError
        The file cannot be read.
    CheckError
        A SHA-256 was given, and the file has another one.
    """
    entry = {**values, "generator": generator.name}
    if is_url(named):
        entry["url"] = named
    else:
        entry["path"] = _path_in(root, Path(named))
        # a file that is declared by the id that git gives it needs no other digest
        if "blob" not in values:
            entry["sha256"] = _digest(name, named, values.get("sha256"))
    return SourceEntry(name=name, entry=ordered(entry, generator), new=True)


def _digest(name: str, named: str, expected: Any) -> str:
    from registry import digests

    try:
        digest = digests.sha256_file(Path(named))
    except OSError as error:
        raise MissingError(
            f"source {name}",
            expected=f"a readable file at {named}",
            found=error.strerror or str(error),
            remedy="see that it is a file of yours, then run the command again",
        ) from None
    if expected not in (None, digest):
        raise CheckError(
            f"source {name}",
            expected=f"{named} with SHA-256 {expected}",
            found=digest,
            remedy="fetch the file again; or leave the flag out, if this one is meant",
        )
    return digest


def is_url(named: str) -> bool:
    """Whether SOURCE is an address, and not a path."""
    return re.match(r"(?i)[a-z][a-z0-9+.-]*://", named) is not None


def _place(named: str) -> str:
    return "url" if is_url(named) else "path"


def _path_in(root: Path, path: Path) -> str:
    """A path as params.yaml has it: relative to the registry, unless it is given from the top."""
    found = Path(os.path.abspath(path))  # noqa: PTH100 (a link stays one)
    for top in (root, root.resolve()):
        if found.is_relative_to(top):
            return found.relative_to(top).as_posix()
    return str(found) if path.is_absolute() else Path(os.path.relpath(found, root)).as_posix()


def section(document: Any, name: str) -> dict[str, Any]:
    """A section of a declaration that may break rules; nothing for one that is no mapping."""
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def relayed(ended: Ended, subject: str, remedy: str) -> RegistryError:
    """The error of a generator's program, with a remedy for whoever gave flags."""
    kind = MissingError if ended.code == MissingError.exit_code else CheckError
    match = re.fullmatch(
        r"(.*?)\n  expected: (.*?)\n  found:    (.*?)\n  to mend:  (.*)", ended.error, re.DOTALL
    )
    if match is None:
        return kind(
            subject,
            expected="its generator to build it",
            found="\n            ".join(ended.error.splitlines()),
            remedy="this is a fault of the generator; please report it",
        )
    return kind(match[1], expected=match[2], found=match[3], remedy=remedy or match[4])
