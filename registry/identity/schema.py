"""Hold a document against a JSON Schema, and say what is wrong in words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.digests import sha256
from registry.errors import MissingError
from registry.failure import Failure

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SIDECAR = "sidecar_v1.schema.json"
SIDECAR_V2 = "sidecar_v2.schema.json"
DATA_CONTRACT = "data_001_v1.schema.json"
PARAMS = "params.schema.json"


def problems(document: Any, schema: Path) -> list[Failure]:
    """Every rule of a schema (draft 2020-12) that a document breaks, sorted by path.

    Schemas may refer to others in the same folder by file name.

    Raises
    ------
    MissingError
        The schema's file is absent.
    """
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    def retrieve(uri: str) -> Resource[Any]:
        contents = read(schema.parent / uri.rsplit("/", 1)[-1])
        # where a schema names its draft, jsonschema would go on with a lax validator of its own
        contents.pop("$schema", None)
        return DRAFT202012.create_resource(contents)

    validator = _strict_validator()(
        read(schema),
        registry=Registry(retrieve=retrieve),  # type: ignore[call-arg]
    )
    found = {failure for error in validator.iter_errors(document) for failure in _problems(error)}
    return sorted(found, key=lambda failure: (failure.criterion, failure.expected))


def compiled(schema: Path) -> Callable[[Any], bool]:
    """A fast test of whether a document satisfies a schema, for many documents.

    A no has no reasons, and `problems` is a little stricter (64.0 is no integer there): it finds
    the words for a no, and is what decides before anything is pinned.

    Raises
    ------
    MissingError
        The schema's file is absent.
    """
    import jsonschema_rs

    def retrieve(uri: str) -> Any:
        return read(schema.parent / uri.rsplit("/", 1)[-1])

    validator = jsonschema_rs.Draft202012Validator(read(schema), retriever=retrieve)
    return validator.is_valid


def digest(schema: Path) -> str:
    """SHA-256 of a schema's file, which a sidecar records beside the schema's name."""
    return sha256(_bytes(schema))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingError(
            f"schema {path.name}",
            expected="a JSON Schema in the registry's schemas folder",
            found=str(error.strerror),
            remedy=f"git checkout -- schemas/{path.name}",
        ) from None


def read(path: Path) -> Any:
    """A schema as a document.

    Raises
    ------
    MissingError
        The schema's file is absent.
    """
    return json.loads(_bytes(path))


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


def _problems(error: ValidationError) -> list[Failure]:
    """One error of jsonschema in words; one that is about several keys gives one for each."""
    assert isinstance(error.schema, dict)
    value: Any = error.instance
    rule: Any = error.validator_value
    described = error.schema.get("description")
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            text = f"one of the known keys ({', '.join(sorted(known))})"
            return [
                Failure(criterion=_at(error, key), expected=text, found=f"key {shown(key)}")
                for key in value
                if key not in known
            ]
        case "required":
            return [
                Failure(criterion=_at(error, key), expected="a value", found="none")
                for key in rule
                if key not in value
            ]
        case "dependentRequired":
            return [
                Failure(
                    criterion=_at(error, key), expected=f"a value beside {present}", found="none"
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
        case "pattern":
            text = described or f"text that matches {rule}"
        case _:
            text = described or f"{error.validator} {json.dumps(rule)}"
    return [Failure(criterion=_at(error) or "document", expected=text, found=shown(value))]


def _at(error: ValidationError, *keys: object) -> str:
    return dotted([*error.absolute_path, *keys])


def dotted(path: Iterable[object]) -> str:
    """Dotted path of keys; one that is not a plain word is shown as JSON.

    >>> dotted(["fixtures", "../x", "seed"])
    'fixtures."../x".seed'
    """
    return ".".join(
        str(key) if re.fullmatch(r"\w+", str(key), re.ASCII) else shown(key) for key in path
    )


def shown(value: Any) -> str:
    """A value on one line, at most 80 characters of it."""
    if value is None or isinstance(value, (str, int, float, list, dict)):
        try:
            text = json.dumps(value, default=str)
        except (TypeError, ValueError):
            # YAML has keys that JSON has not, and lists that hold themselves
            text = repr(value)
    else:
        # what YAML makes of a bare date
        text = f"the {type(value).__name__} {value}"
    return text if len(text) <= 80 else text[:77] + "..."
