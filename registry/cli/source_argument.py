"""What the argument SOURCE of a command stands for: a declared source, or a file to declare."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from registry import digests
from registry.cli import key_flags
from registry.declare import FILE
from registry.declare.generator_keys import Generator, Generators
from registry.errors import CheckError, MissingError, RegistryError, UsageError


def resolve(
    sources: Mapping[str, Any],
    words: Generators,
    named: str,
    arguments: argparse.Namespace,
    reserved: set[str],
) -> tuple[str, Generator | None]:
    """Name of the source that SOURCE stands for; and the generator of one that is not declared.

    Parameters
    ----------
    sources : mapping
        The sources of params.yaml.
    words : Generators
        The generators and their keys.
    named : str
        SOURCE.
    arguments : argparse.Namespace
        The flags of `key_flags.add_flags`.
    reserved : set of str
        Keys that are the fixture's.

    Raises
    ------
    UsageError
        It is neither declared nor a file; or no generator has all the keys that were given.
    """
    if named in sources:
        for flag in ("source_name", "source_generator"):
            if getattr(arguments, flag) is not None:
                raise UsageError(
                    f"--{flag.replace('_', '-')}",
                    expected="no such flag for a source that is declared already",
                    found=f"{named} under sources: in params.yaml",
                    remedy=f"leave the flag out; or give a file as a path, ./{named}",
                )
        return named, None
    if not _is_url(named) and not Path(named).is_file():
        raise UsageError(
            f"source {named}",
            expected=f"a declared source ({', '.join(sources) or 'none'}) or a file",
            found="a folder"
            if Path(named).is_dir()
            else "no file there, and no source of that name",
            remedy="correct the name or the path",
        )
    file = urlsplit(named).path if _is_url(named) else named
    name = arguments.source_name or _name(Path(file).name)
    if name in sources:
        raise UsageError(
            f"source {name}",
            expected="a name that is not declared",
            found="one under sources: in params.yaml",
            remedy=f"--from {name} to cut another fixture from it, or --source-name for this file",
        )
    return name, _generator(words, name, named, arguments, reserved)


def declared(document: Any, section: str) -> dict[str, Any]:
    """Entries of a declaration that may break rules; none for a section that is no mapping."""
    found = document.get(section) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _generator(
    words: Generators, name: str, named: str, arguments: argparse.Namespace, reserved: set[str]
) -> Generator:
    """The generator that is named, or the first that reads a file and has the keys given."""
    place = "url" if _is_url(named) else "path"
    if arguments.source_generator is not None:
        generator = key_flags.find_generator(
            words.sources, arguments.source_generator, "--source-generator"
        )
        if place not in generator.keys:
            raise UsageError(
                f"--source-generator {generator.name}",
                expected=f"a generator whose entries have a key {place}",
                found=f"the keys {', '.join(generator.keys)}",
                remedy="name another generator; or fetch the file, and give its path",
            )
        return generator
    wanted = key_flags.of_source(arguments, reserved)
    reading = [item for item in words.sources.values()
               if item.needs_file and place in item.keys
               # without a format declared, the file is a plain .npz
               and ("format" in item.keys or named.endswith(".npz"))]  # fmt: skip
    for generator in reading:
        if wanted <= generator.keys.keys():
            return generator
    unknown = sorted(key for key in wanted if not any(key in item.keys for item in reading))
    raise UsageError(
        f"source {name}",
        expected=f"flags of one generator that reads files: {', '.join(g.name for g in reading)}",
        found=f"none has {', '.join(unknown)}" if unknown else f"none has all of {sorted(wanted)}",
        remedy="leave out what is another's, or name it: --source-generator",
    )


def _name(file: str) -> str:
    """A source's name from a file's.

    >>> _name("Run1084_recon3 (post-PC).npz.bz2")
    'run1084_recon3_post_pc'
    """
    stem = re.sub(r"(\.[A-Za-z]\w*)+$", "", file)
    words = "_".join(re.findall(r"[a-z0-9]+", stem.lower()))
    return words if words[:1].isalpha() else f"scan_{words}".rstrip("_")


def new_entry(
    root: Path, name: str, named: str, generator: Generator, values: Mapping[str, Any]
) -> dict[str, Any]:
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
    if _is_url(named):
        entry["url"] = named
    else:
        entry["path"] = _path_in(root, Path(named))
        # a file that is declared by the id that git gives it needs no other digest
        if "blob" not in values:
            entry["sha256"] = _digest(name, named, values.get("sha256"))
    return key_flags.ordered(entry, generator)


def by_flags(error: RegistryError) -> RegistryError:
    """An error of a source that is new, whose remedy is no entry that is not there yet."""
    return error.but(remedy="correct the file or the flags") if FILE in error.remedy else error


def _digest(name: str, named: str, expected: Any) -> str:
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


def _is_url(named: str) -> bool:
    return re.match(r"(?i)[a-z][a-z0-9+.-]*://", named) is not None


def _path_in(root: Path, path: Path) -> str:
    """A path as params.yaml has it: relative to the registry, unless it is given from the top."""
    found = Path(os.path.abspath(path))  # noqa: PTH100 (a link stays one)
    for top in (root, root.resolve()):
        if found.is_relative_to(top):
            return found.relative_to(top).as_posix()
    return str(found) if path.is_absolute() else Path(os.path.relpath(found, root)).as_posix()
