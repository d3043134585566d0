"""Which generators there are and which keys each one's entries have, as the schema says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.declare import params
from registry.errors import CheckError
from registry.identity import schema

SOURCES, FIXTURES = "sources", "fixtures"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key of an entry: the ``types`` of JSON that it admits, and the rule in words."""

    name: str
    types: frozenset[str]
    rule: str

    @property
    def is_switch(self) -> bool:
        """Whether it is true or false and nothing else."""
        return self.types == {"boolean"}

    def value(self, text: str) -> Any:
        """What a text stands for: what YAML reads, unless the key admits text alone.

        Whether it is one of the values that the key admits is the schema's to say.
        """
        try:
            value = params.parse(text)
        except CheckError:
            return text
        kind = _type_of(value)
        fits = kind in self.types or (kind == "integer" and "number" in self.types)
        return text if "string" in self.types and not fits else value


@dataclass(frozen=True, kw_only=True, slots=True)
class Generator:
    """A generator that the schema lists: its keys by name, in the schema's order.

    ``needs_file`` tells whether an entry has to have a ``path``, or something in its place.
    """

    name: str
    keys: dict[str, Key]
    required: frozenset[str]
    needs_file: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Generators by name, in the schema's order, of sources and of fixtures."""

    sources: dict[str, Generator]
    fixtures: dict[str, Generator]


def load(root: Path) -> Vocabulary:
    """Read the schema of the registry at ``root``.

    Raises
    ------
    MissingError
        There is none.
    """
    document = schema.read(root / "schemas" / schema.PARAMS)
    return Vocabulary(
        sources=_generators(document, SOURCES), fixtures=_generators(document, FIXTURES)
    )


def _generators(document: Mapping[str, Any], section: str) -> dict[str, Generator]:
    entry = document["properties"][section]["additionalProperties"]
    found = {}
    parts = list(_parts(document, entry))
    names = [name for part in parts for name in _names(part)]
    for name in names:
        chosen = [part for part in parts if "if" not in part]
        for part in parts:
            if name in _names(part.get("if", {})):
                chosen += _parts(document, part.get("then", {}))
        properties = {
            key: rule for part in chosen for key, rule in part.get("properties", {}).items()
        }
        found[name] = Generator(
            name=name,
            keys={
                key: _key(document, key, rule)
                for key, rule in properties.items()
                if key != "generator"
            },
            required=frozenset(key for part in chosen for key in part.get("required", ())),
            needs_file=any(
                "path" in rule.get("required", ())
                for part in chosen
                for rule in (part, *part.get("oneOf", ()))
            ),
        )
    return found


def _names(part: Mapping[str, Any]) -> list[str]:
    """Generators that a schema of an entry admits by their names."""
    rule = part.get("properties", {}).get("generator", {})
    if not isinstance(rule, dict):
        return []
    return [rule["const"]] if "const" in rule else list(rule.get("enum", ()))


def _parts(document: Any, rule: Any) -> Iterator[dict[str, Any]]:
    """A schema without references, and all that it says must hold besides."""
    rule = _resolved(document, rule)
    yield rule
    for other in rule.get("allOf", ()):
        yield from _parts(document, other)


def _resolved(document: Any, rule: Any) -> dict[str, Any]:
    """A schema, its reference to another part of the document followed."""
    if not isinstance(rule, dict):
        return {}
    reference = str(rule.get("$ref", ""))
    if not reference.startswith("#/"):
        return rule
    target = document
    for part in reference[2:].split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return {**_resolved(document, target), **{key: rule[key] for key in rule if key != "$ref"}}


_ANY = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})


def _key(document: Any, name: str, rule: Any) -> Key:
    rule = _resolved(document, rule)
    return Key(name=name, types=_types(document, rule), rule=_words(rule))


def _types(document: Any, rule: Any) -> frozenset[str]:
    rule = _resolved(document, rule)
    if "type" in rule:
        named = rule["type"]
        return frozenset([named] if isinstance(named, str) else named)
    values = [rule["const"]] if "const" in rule else rule.get("enum")
    if values is not None:
        return frozenset(map(_type_of, values))
    for several in ("anyOf", "oneOf"):
        if several in rule:
            return frozenset().union(*(_types(document, one) for one in rule[several]))
    return _ANY


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    kinds: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return kinds.get(type(value), "array" if isinstance(value, list) else "object")


def _words(rule: Mapping[str, Any]) -> str:
    """A schema's rule, short enough for a line of help."""
    if "enum" in rule:
        values = [value if isinstance(value, str) else json.dumps(value) for value in rule["enum"]]
        return " | ".join(values)
    if "description" in rule:
        return str(rule["description"])
    limits = [
        f"{sign} {rule[key]}"
        for key, sign in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "more than"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "less than"),
        )
        if key in rule
    ]
    named = rule.get("type", "")
    return ", ".join([named if isinstance(named, str) else " or ".join(named), *limits]).strip(", ")
