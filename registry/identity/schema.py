"""Hold a document against a JSON Schema, and say what is wrong in words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from registry import extras, files
from registry.digests import sha256
from registry.errors import CheckError, MissingError, RegistryError
from registry.failure import Failure
from registry.identity.common_schema import (
    NO_FLOAT,
    is_common_document,
    is_common_schema,
    without_floats,
)

if TYPE_CHECKING:
    import jsonschema_rs
    from jsonschema.exceptions import ValidationError

PARAMS = "params.schema.json"
# Far more than a document of ours has. YAML can repeat a part of itself by name, and so state in a
# thousand bytes what no memory holds once it is written out, as messages would.
_MAX_VALUES = 1_000_000
_MAX_LEVELS = 100
_MAX_BITS = 1024  # of a whole number; Python writes no more than some 14000 of them as digits
_MAX_SHOWN = 80
# Rules of a document whose failures are those of keys in it.
_OF_KEYS = {"additionalProperties", "dependentRequired", "required"}


def problems(document: Any, schema: Path) -> list[Failure]:
    """Every rule of a schema (draft 2020-12) that a document breaks, sorted by path.

    Schemas may refer to others by their path from the schema's own folder.

    Raises
    ------
    MissingError
        The schema's file is absent.
    """
    return validator(schema)(document)


def validator(schema: Path) -> Callable[..., list[Failure]]:
    """`problems` of one schema, for many documents; a second argument is where a document is.

    What is plain and passes the compiled schema is not asked further; jsonschema, far slower, says
    the rest, and all words.

    Raises
    ------
    MissingError
        The schema's file is absent, or the extra ``build`` is not installed.
    """
    expected = "jsonschema, which holds documents against it"
    extras.require("build", f"schema {schema.name}", "jsonschema", expected=expected)
    found: Callable[..., list[Failure]] = _made(_validator, schema)
    return found


def _validator(schema: Path) -> Callable[..., list[Failure]]:
    passes = _passes(schema)
    strict = cache(lambda: _strict(schema))
    if passes is None:
        # what is wrong with the schema itself is said now
        strict()

    def check(document: Any, at: Sequence[object] = ()) -> list[Failure]:
        beyond = beyond_limits(document, at)
        if beyond is not None:
            return [beyond]
        if passes is not None and is_common_document(document) and passes.is_valid(document):
            return []
        errors = strict().iter_errors(document)
        found = {problem for error in errors for problem in _problems(error, at)}
        return sorted(found, key=lambda problem: (problem.criterion, problem.expected))

    return check


def failing(schema: Path) -> Callable[[Any], list[str]]:
    """The criteria of `problems` alone, each once and sorted, for many documents of any kind.

    The compiled schema knows them, too, and jsonschema takes longer to import than most stages have
    other work. What that one raises is raised once a document is held.
    """
    fast = _passes(schema)

    def criteria(document: Any) -> list[str]:
        if fast is not None and not beyond_limits(document) and is_common_document(document):
            errors = list(fast.iter_errors(document))
            if _OF_KEYS.isdisjoint(error.schema_path[-1] for error in errors):
                return sorted({dotted(error.instance_path) or "document" for error in errors})
        return sorted({problem.criterion for problem in problems(document, schema)})

    return criteria


# By a function and the file of a schema, what was made of it, and the texts that it was made of. To
# make it takes longer than to use it, and some programs hold hundreds of documents against it.
_kept: dict[tuple[Any, Path], tuple[dict[Path, bytes], Any]] = {}


def _made(make: Callable[[Path], Any], schema: Path) -> Any:
    """What a function makes of a schema, while it and those that it refers to stay as they are."""
    place = schema.resolve()
    texts, made = _kept.get((make, place), ({}, None))
    if not texts or any(_bytes(path) != text for path, text in texts.items()):
        texts, made = {path: _bytes(path) for path in closure([place])}, make(place)
        _kept[make, place] = texts, made
    return made


def _passes(schema: Path) -> jsonschema_rs.Draft202012Validator | None:
    """The compiled schema where it says what jsonschema does, of documents that are common."""
    try:
        if _compiles() and all(is_common_schema(read(file)) for file in closure([schema])):
            return _ready(schema)
    except (RegistryError, ValueError):
        pass
    return None


def _strict(schema: Path) -> Any:
    """What holds documents against a schema, as strictly as is needed, and has reasons."""
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    def retrieve(uri: str) -> Resource[Any]:
        contents = read(schema.parent / uri)
        # where a schema names its draft, jsonschema would go on with a lax validator of its own
        contents.pop("$schema", None)
        return DRAFT202012.create_resource(contents)

    contents = read(schema)
    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    # ahead of the first document, or each reference of each document would read its file again
    for file in sorted(set(_referred(contents))):
        registry = registry.get_or_retrieve(file).registry
    return _strict_validator()(contents, registry=registry, format_checker=_formats())


def beyond_limits(document: Any, at: Sequence[object] = ()) -> Failure | None:
    """The limit that a document is beyond; a part counts as often as it is used.

    What is beyond one is not to be gone through, copied or written out.
    """
    count = 0
    left: list[tuple[Any, int]] = [(document, 0)]
    while left:
        value, level = left.pop()
        count += 1
        if count > _MAX_VALUES:
            return _beyond(at, f"at most {_MAX_VALUES} values", "more")
        if level > _MAX_LEVELS:
            return _beyond(at, f"at most {_MAX_LEVELS} levels", "more")
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            rule = f"numbers of at most {_MAX_BITS} bits"
            return _beyond(at, rule, f"one of {value.bit_length()}")
        if isinstance(value, dict):
            left += [(key, level + 1) for key in value]
            left += [(item, level + 1) for item in value.values()]
        elif isinstance(value, (list, tuple)):
            left += [(item, level + 1) for item in value]
    return None


def _beyond(at: Sequence[object], rule: str, found: str) -> Failure:
    return Failure(criterion=dotted(at) or "document", expected=rule, found=found)


def compiled(schema: Path) -> Callable[[Any], bool]:
    """A fast test of whether a document satisfies a schema, for many documents.

    A no has no reasons, and `problems` may be a little stricter, but for what `common_schema` says
    is common: it finds the words for a no, and is what decides before anything is pinned. It is all
    there is on a machine for which jsonschema_rs has no wheel.

    Raises
    ------
    MissingError
        The schema's file is absent, or the extra ``build`` is not installed.
    """
    if not _compiles():
        check = validator(schema)
        return lambda document: not check(document)
    return _ready(schema).is_valid


def _compiles() -> bool:
    return extras.installed("jsonschema_rs")


def _ready(schema: Path) -> jsonschema_rs.Draft202012Validator:
    found: jsonschema_rs.Draft202012Validator = _made(_compiled, schema)
    return found


def _compiled(schema: Path) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    # it makes addresses of paths, and needs a whole one to go up from
    path = schema.parent.resolve() / schema.name
    base = f"json-schema:///{quote(path.relative_to(path.anchor).as_posix())}"

    def retrieve(uri: str) -> Any:
        file = Path(path.anchor, unquote(uri.removeprefix("json-schema:///")))
        return without_floats(read(file))

    return jsonschema_rs.Draft202012Validator(
        without_floats(read(schema)),
        base_uri=base,
        retriever=retrieve,
        validate_formats=True,
        formats={"date-time": lambda text: is_instant(text)},
        keywords={NO_FLOAT: _NoFloat},
    )


class _NoFloat:
    """The keyword as the compiled schema asks it: 64.0 would reach a generator as the text 64.0."""

    def __init__(self, *_: object) -> None:
        pass

    def validate(self, value: object) -> None:
        if isinstance(value, float):
            raise ValueError("a float")


def digest(schema: Path) -> str:
    """SHA-256 of a schema's file, which a sidecar records beside the schema's name."""
    return sha256(_bytes(schema))


def closure(paths: Iterable[Path]) -> list[Path]:
    """Schemas and all files that they refer to, each once, sorted.

    Raises
    ------
    MissingError
        One of the files is absent.
    """
    found: set[Path] = set()
    left = [path.resolve() for path in paths]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += [(path.parent / file).resolve() for file in _referred(read(path))]
    return sorted(found)


def _referred(document: Any) -> Iterator[str]:
    """Files that references in a schema lead to."""
    if isinstance(document, dict):
        file = str(document.get("$ref", "")).partition("#")[0]
        if file:
            yield file
    inside = document.values() if isinstance(document, dict) else document
    if isinstance(document, (dict, list)):
        for item in inside:
            yield from _referred(item)


def _bytes(path: Path) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        raise MissingError(
            f"schema {path.name}",
            expected=f"a JSON Schema in the registry's folder {path.parent.name}",
            found=error.strerror or str(error),
            remedy=f"git checkout -- {path.parent.name}/{path.name}",
        ) from None


def read(path: Path) -> Any:
    """A schema as a document.

    Raises
    ------
    MissingError
        The schema's file is absent.
    CheckError
        It is not JSON.
    """
    data = _bytes(path)
    try:
        return json.loads(data)
    except ValueError as error:
        raise CheckError(
            f"schema {path.name}",
            expected="a JSON Schema",
            found=str(error),
            remedy=f"correct {path.parent.name}/{path.name}",
        ) from None


def _strict_validator() -> Any:
    """Draft 2020-12 without three laxities that would let a shell command or a NaN through."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(validator: Any, rule: str, value: Any, schema: Any) -> Iterator[ValidationError]:
        # the standard means the end of the text by $, Python also the place before a last newline
        if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", rule), value):
            yield ValidationError(f"{value!r} does not match {rule!r}")

    def integer(checker: Any, value: Any) -> bool:
        # 64.0 would reach a generator as the text 64.0
        return isinstance(value, int) and not isinstance(value, bool)

    def number(checker: Any, value: Any) -> bool:
        # YAML and Python's JSON know NaN, which no minimum refuses
        return integer(checker, value) or (isinstance(value, float) and math.isfinite(value))

    types = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": integer, "number": number})
    return extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"pattern": pattern}, type_checker=types
    )


def is_instant(text: object) -> bool:
    """Whether a text is an ISO 8601 instant that the calendar has, with its offset from UTC.

    >>> is_instant("2026-02-28T00:00:00Z"), is_instant("2026-02-30T00:00:00Z")
    (True, False)
    """
    try:
        return datetime.fromisoformat(str(text)).utcoffset() is not None
    except ValueError:
        return False


def _formats() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("date-time")(lambda value: not isinstance(value, str) or is_instant(value))
    return checker


def _problems(error: ValidationError, at: Sequence[object] = ()) -> list[Failure]:
    """One error of jsonschema in words; one that is about several keys gives one for each."""
    value: Any = error.instance
    rule: Any = error.validator_value
    if not isinstance(error.schema, dict):
        place = _at(error, at) or "document"
        return [Failure(criterion=place, expected="nothing here", found=shown(value))]
    described = error.schema.get("description")
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            text = f"one of the known keys ({', '.join(sorted(known))})"
            return [
                Failure(criterion=_at(error, at, key), expected=text, found=f"key {shown(key)}")
                for key in value
                if key not in known
            ]
        case "required":
            return [
                Failure(criterion=_at(error, at, key), expected="a value", found="none")
                for key in rule
                if key not in value
            ]
        case "dependentRequired":
            return [
                Failure(
                    criterion=_at(error, at, key),
                    expected=f"a value beside {present}",
                    found="none",
                )
                for present, keys in rule.items()
                for key in keys
                if present in value and key not in value
            ]
        case "enum":
            text = f"{described or 'one of'} {', '.join(map(json.dumps, rule))}"
        case "minimum":
            text = f"at least {rule}"
        case "maximum":
            text = f"at most {rule}"
        case "exclusiveMaximum":
            text = f"less than {rule}"
        case "exclusiveMinimum":
            text = f"more than {rule}"
        case "minItems":
            text = f"at least {rule} items"
        case "maxItems":
            text = f"at most {rule} items"
        case "const":
            text = described or json.dumps(rule)
        case "type":
            text = described or (rule if isinstance(rule, str) else " or ".join(rule))
        case "pattern" | "format":
            text = described or f"text that matches {rule}"
        case _:
            text = described or f"{error.validator} {json.dumps(rule)}"
    return [Failure(criterion=_at(error, at) or "document", expected=text, found=shown(value))]


def _at(error: ValidationError, at: Sequence[object], *keys: object) -> str:
    return dotted([*at, *error.absolute_path, *keys])


def dotted(path: Iterable[object]) -> str:
    """Dotted path of keys; one that is not a plain word is shown as JSON.

    >>> dotted(["fixtures", "../x", "seed"])
    'fixtures."../x".seed'
    """
    # of what is no text, only so much is written out as is shown
    words = ((key if isinstance(key, str) else shown(key), key) for key in path)
    return ".".join(
        word if re.fullmatch(r"\w+", word, re.ASCII) else shown(key) for word, key in words
    )


def shown(value: Any) -> str:
    """A value on one line, at most 80 characters of it."""
    if value is None or isinstance(value, (str, int, float, list, dict)):
        text = ""
        try:
            # part by part: the whole of it may be more than memory holds
            for part in json.JSONEncoder(default=str).iterencode(value):
                text += part
                if len(text) > _MAX_SHOWN:
                    break
        except (TypeError, ValueError):
            # YAML has keys that JSON has not, lists that hold themselves, and hexadecimal numbers
            unshown = beyond_limits(value) is not None
            text = (
                f"a value of type {type(value).__name__} that cannot be shown"
                if unshown
                else repr(value)
            )
    else:
        # what YAML makes of a bare date
        text = f"the {type(value).__name__} {value}"
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."
