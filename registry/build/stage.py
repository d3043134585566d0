"""What the two runners share: their flags, and the generator that these name."""

import argparse
import importlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from registry.declare import generator_keys
from registry.declare.generator_keys import Generator
from registry.errors import CheckError, UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a stage is asked for: an entry's name, its generator, and the values of its keys.

    ``folder`` is where a fixture is to lie, relative to the registry.
    """

    name: str
    folder: Path
    generator: Generator
    code: ModuleType
    params: dict[str, Any]


def parse(argv: Sequence[str] | None, kind: str) -> Request:
    """Read the flags into which DVC turns an entry of params.yaml.

    Raises
    ------
    UsageError
        No generator is named, or one that makes something else.
    MissingError, CheckError
        There is no generator of that name.
    """
    argv = _joined(sys.argv[1:] if argv is None else argv)
    named = [value for key, value in pairwise(argv) if key == "--generator"]
    if not named or not generator_keys.NAME.fullmatch(named[0]):
        raise UsageError(
            f"{kind} stage",
            expected="--generator NAME, with its version",
            found=named[0] if named else "no such flag",
            remedy=f"dvc repro runs the stage as params.yaml says, dvc repro {kind}@NAME this one",
        )
    generator = generator_keys.read(Path(), named[0])
    if generator.kind != kind:
        raise UsageError(
            f"generator {generator.name}",
            expected=f"a generator of {kind}s",
            found=f"one of {generator.kind}s",
            remedy="name another generator in params.yaml",
        )
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("place")
    parser.add_argument("--generator", required=True)
    for key in generator.keys.values():
        if key.is_switch:
            parser.add_argument(f"--{key.name}", action="store_true")
        else:
            parser.add_argument(f"--{key.name}", type=key.type, default=argparse.SUPPRESS)
    values = vars(parser.parse_args(argv))
    del values["generator"]
    place = PurePosixPath(values.pop("place"))
    return Request(
        name=place.name,
        folder=Path(place.parent),
        generator=generator,
        code=load_generator(generator.name),
        params=values,
    )


def _joined(argv: Sequence[str]) -> list[str]:
    """Flags with their negative numbers: argparse takes -1e-05 for a flag, and --key=-1e-05 not."""
    joined: list[str] = []
    for word in argv:
        if joined and re.fullmatch(r"-[.0-9].*", word) and joined[-1].startswith("--"):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def load_generator(name: str) -> ModuleType:
    """Import ``generators/NAME.py``."""
    try:
        return importlib.import_module(f"generators.{name}")
    except ModuleNotFoundError as error:
        raise CheckError(
            f"generator {name}",
            expected=f"a file generators/{name}.py, and what it imports",
            found=str(error),
            remedy="name an existing generator in params.yaml",
        ) from None


def refused(subject: str, error: ValueError, remedy: str) -> CheckError:
    """A generator's ValueError as an error for the user."""
    return CheckError(
        subject,
        expected="what the generator can work with",
        found=str(error),
        remedy=remedy,
    )
