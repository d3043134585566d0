"""``--config FILE.yaml``: options of a command in a file. Those on the command line come first."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from registry import files
from registry.errors import MissingError, UsageError, perhaps

_OPTION = "--config"


def add_arguments(
    parser: argparse.ArgumentParser,
    options: Sequence[argparse.Action],
    words: Sequence[str],
    *,
    free: str,
) -> None:
    """Give a command the option; where it was typed, the file's values are the others' defaults.

    Parameters
    ----------
    options : sequence of argparse.Action
        Those that a file may have, by their names with ``_`` for ``-``.
    words : sequence of str
        What was typed.
    free : str
        The key of a mapping of whatever names to values.

    Raises
    ------
    MissingError, UsageError
        There is no such file, or it has what is no option, or no value of one.
    """
    parser.add_argument(
        _OPTION, metavar="FILE.yaml", type=Path, help="options in a file, such as max_epochs: 20"
    )
    path = _typed(words)
    if path is None:
        return
    known = {option.dest: option for option in options}
    for key, found in _read(path).items():
        if key == free and _is_plain(found):
            parser.set_defaults(**{free: found})
        elif key in known:
            known[key].default = _of_option(path, known[key], found)
            known[key].required = False
        elif key == free:
            raise UsageError(
                f"{path}: {key}",
                expected="a mapping of names to numbers, texts, true or false, and lists of them",
                found=repr(found),
                remedy=f"correct {path}",
            )
        else:
            raise UsageError(
                f"{path}: {key}",
                expected=f"an option of this command{perhaps(str(key), known)}",
                found="no such one",
                remedy=f"those are {', '.join([*known, free])}",
            )


def value(text: str) -> Any:
    """What a text means in JSON: a number, true or false, a list, else itself."""
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


def _is_plain(document: Any) -> bool:
    """Whether JSON has it: YAML has dates, too."""
    try:
        json.dumps(document, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return isinstance(document, dict) and all(isinstance(key, str) for key in document)


def _typed(words: Sequence[str]) -> Path | None:
    for word, following in pairwise([*words, ""]):
        if word == _OPTION and following:
            return Path(following)
        if word.startswith(f"{_OPTION}="):
            return Path(word.removeprefix(f"{_OPTION}="))
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(files.read(path))
    except OSError as error:
        raise MissingError(
            f"{_OPTION} {path}",
            expected="a YAML file of options",
            found=error.strerror or str(error),
            remedy="name a file that is there",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{_OPTION} {path}",
            expected="YAML, such as max_epochs: 20",
            found=" ".join(str(error).split()),
            remedy="correct the file",
        ) from None
    if not isinstance(document, dict):
        raise UsageError(
            f"{_OPTION} {path}",
            expected="a mapping of options to values, such as max_epochs: 20",
            found=f"a {type(document).__name__}",
            remedy="correct the file",
        )
    return document


def _of_option(path: Path, option: argparse.Action, found: Any) -> Any:
    """A value as the option itself would have made it of a text."""
    text = str(found)
    try:
        made = option.type(text) if callable(option.type) else text
        if option.choices is not None and made not in option.choices:
            raise argparse.ArgumentTypeError(f"expected one of {', '.join(option.choices)}")
    except argparse.ArgumentTypeError as error:
        raise UsageError(
            f"{path}: {option.dest}",
            expected=str(error).partition(", found")[0].removeprefix("expected "),
            found=text,
            remedy=f"correct {path}",
        ) from None
    return made
