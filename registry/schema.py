"""Hold a document against a JSON Schema, and say what is wrong in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import MissingError
from registry.hashing import sha256

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SIDECAR = "sidecar_v1.schema.json"
DATA_CONTRACT = "data_001_v1.schema.json"
PARAMS = "params.schema.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One rule that a document breaks: where (a dotted path), the rule, the value."""

    path: str
    rule: str
    value: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.rule}; found {self.value}"


def problems(document: Any, schema: Path) -> list[Problem]:
    """Every rule of a schema (draft 2020-12) that a document breaks, in document order.

    Schemas may refer to others in the same folder by file name.

    Raises
    ------
    MissingError
        The schema's file is absent.
    """
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    def retrieve(uri: str) -> Resource[Any]:
        return Resource.from_contents(_read(schema.parent / uri.rsplit("/", 1)[-1]))

    validator = Draft202012Validator(
        _read(schema),
        registry=Registry(retrieve=retrieve),  # type: ignore[call-arg]
    )
    found = {problem for error in validator.iter_errors(document) for problem in _leaves(error)}
    return sorted(found, key=lambda problem: (problem.path, problem.rule))


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


def _read(path: Path) -> Any:
    return json.loads(_bytes(path))


def _leaves(error: ValidationError) -> list[Problem]:
    """The errors inside an anyOf or oneOf, where there are some, else the error itself."""
    path = ".".join(str(part) for part in error.absolute_path)
    value: Any = error.instance
    rule: Any = error.validator_value
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties" | "propertyNames":
            return _unknown(error, path)
        case "required":
            missing = [name for name in rule if name not in value]
            return [
                Problem(path=_join(path, name), rule="a value", value="none") for name in missing
            ]
        case "const":
            text = json.dumps(rule)
        case "enum":
            text = "one of " + ", ".join(json.dumps(item) for item in rule)
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
        case "type":
            text = rule if isinstance(rule, str) else " or ".join(rule)
        case "pattern":
            text = _described(error, f"text that matches {rule}")
        case _:
            text = _described(error, f"{error.validator} {json.dumps(rule)}")
    return [Problem(path=path or "document", rule=text, value=_shown(value))]


def _unknown(error: ValidationError, path: str) -> list[Problem]:
    assert isinstance(error.schema, dict)
    if error.validator == "propertyNames":
        inner = error.context[0] if error.context else error
        return [
            Problem(
                path=path or "document",
                rule=_described(inner, f"names that match {error.validator_value}"),
                value=_shown(inner.instance),
            )
        ]
    known = set(error.schema.get("properties", {}))
    instance: Any = error.instance
    names = [name for name in instance if f"'{name}'" in error.message]
    rule = "one of the known keys"
    if known:
        rule += " (" + ", ".join(sorted(known)) + ")"
    return [
        Problem(path=_join(path, str(name)), rule=rule, value=f"key {_shown(name)}")
        for name in names
    ]


def _described(error: ValidationError, otherwise: str) -> str:
    """The schema's own words for a rule, where it has some."""
    assert isinstance(error.schema, dict)
    return str(error.schema.get("description", otherwise))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
