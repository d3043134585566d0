"""What the two runners share: flags, the identity of a generator, reading and writing."""

import argparse
import importlib
import json
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from registry.digests import git_blob_id
from registry.errors import CheckError, MissingError
from registry.ptychography import readers

SOURCES = Path("build/sources")
FIXTURES = Path("tests/fixtures/pytorch_integration")


def parse_flags(
    argv: Sequence[str] | None,
    options: dict[str, type[int] | type[float] | type[str]],
    switches: Sequence[str] = (),
) -> tuple[str, str, dict[str, Any]]:
    """Name, generator and parameters from the flags into which DVC turns a params.yaml entry.

    A generator's own flags are in its ``OPTIONS`` (key to type) and ``SWITCHES`` (keys).
    """
    argv = _joined(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("name")
    parser.add_argument("--generator", required=True)
    named = [value for key, value in pairwise(argv) if key == "--generator"]
    generator = load_generator(named[0]) if named else None
    for key, form in {**options, **getattr(generator, "OPTIONS", {})}.items():
        parser.add_argument(f"--{key}", type=form, default=argparse.SUPPRESS)
    for key in (*switches, *getattr(generator, "SWITCHES", ())):
        parser.add_argument(f"--{key}", action="store_true")
    values = vars(parser.parse_args(argv))
    return values.pop("name"), values.pop("generator"), values


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
    except ModuleNotFoundError:
        raise CheckError(
            f"generator {name}",
            expected=f"a file generators/{name}.py",
            found="none",
            remedy="name an existing generator in params.yaml",
        ) from None


def identity(generator: ModuleType) -> dict[str, Any]:
    """Path and blob id of a generator's file, and of the versioned files that it builds on."""
    script = f"generators/{generator.__name__.rsplit('.', 1)[-1]}.py"
    return {
        "generator_script": script,
        "generator_commit": _blob(Path(script)),
        "generator_helpers": {path: _blob(Path(path)) for path in generator.HELPERS},
    }


def code_of(module: str) -> dict[str, str]:
    """Names and blob ids of what reads and turns a source's frames: one generator, all readers."""
    folder = Path(readers.__file__).parent
    found = {f"readers/{path.name}": _blob(path) for path in sorted(folder.glob("*.py"))}
    script = f"generators/{module}.py"
    return {script: _blob(Path(script)), **found}


def _blob(path: Path) -> str:
    # git hashes text with LF endings, whatever the checkout has
    return "blob:" + git_blob_id(path.read_bytes().replace(b"\r\n", b"\n"))


def refused(subject: str, error: ValueError, remedy: str) -> CheckError:
    """A generator's ValueError as an error for the user."""
    return CheckError(
        subject,
        expected="what the generator can work with",
        found=str(error),
        remedy=remedy,
    )


def encode_record(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()


def read_record(name: str) -> dict[str, Any]:
    """The record that the source stage wrote beside a source's file."""
    path = SOURCES / f"{name}.json"
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise MissingError(
            f"source {name}",
            expected=f"{path}, which the source's stage writes",
            found="no such file",
            remedy=f"dvc repro source@{name}",
        ) from None
    except ValueError as error:
        raise CheckError(
            f"source {name}",
            expected=f"{path}, as the source's stage writes it",
            found=str(error),
            remedy=f"dvc repro --force source@{name}",
        ) from None
    return record
