"""Which generators there are, what each makes, and which keys its entries have.

A generator is a file ``generators/NAME_vN.py`` with its schema ``NAME_vN.schema.json`` beside it.
The schema is all that is known of a generator: validator, command line and stages read it, and a
new one is two new files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import field
from registry.errors import CheckError, MissingError
from registry.identity import schema

FOLDER = "generators"
SUFFIX = ".schema.json"
SOURCES, FIXTURES = "sources", "fixtures"
SOURCE, FIXTURE = "source", "fixture"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_v[1-9][0-9]*")


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

    @property
    def type(self) -> type[int] | type[float] | type[str]:
        """What a text on a stage's command line is turned into."""
        if "string" in self.types:
            return str
        return float if "number" in self.types else int


@dataclass(frozen=True, kw_only=True, slots=True)
class Generator:
    """A generator, as its schema says: its keys by name, in the schema's order.

    ``kind`` is ``source`` or ``fixture``, what it makes. ``needs_file`` tells whether an entry has
    to have a ``path``, or something in its place; ``opens``, whether that file is one which a
    reader opens for the generator. ``field`` is the field of science that its arrays are of.
    ``contracts`` are the files of the schemas that a fixture's
    arrays satisfy: its own, and then that of its canonical form where that is another one.
    """

    name: str
    kind: str
    field: str
    keys: dict[str, Key]
    required: frozenset[str]
    needs_file: bool
    opens: bool
    contracts: tuple[str, ...]

    @property
    def script(self) -> str:
        """Path of its code in the registry."""
        return f"{FOLDER}/{self.name}.py"


@dataclass(frozen=True, kw_only=True, slots=True)
class Generators:
    """Generators by name: of sources, and of fixtures."""

    sources: dict[str, Generator]
    fixtures: dict[str, Generator]

    def of(self, section: str) -> dict[str, Generator]:
        """Those that entries of a section of ``params.yaml`` may name."""
        return self.sources if section == SOURCES else self.fixtures


def schema_path(root: Path, name: str) -> Path:
    """Where the schema of a generator lies."""
    return root / FOLDER / f"{name}{SUFFIX}"


def load(root: Path) -> Generators:
    """Read the schemas of all generators of the registry at ``root``.

    Raises
    ------
    MissingError
        There is no folder of generators.
    CheckError
        A schema does not say what its generator makes.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        raise MissingError(
            FOLDER,
            expected="the registry's generators, each with its schema beside it",
            found=f"no folder {FOLDER} in {root.name or root}",
            remedy="run the command in the registry's top folder",
        )
    names = sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
    found = [read(root, name) for name in names]
    return Generators(
        sources={item.name: item for item in found if item.kind == SOURCE},
        fixtures={item.name: item for item in found if item.kind == FIXTURE},
    )


def read(root: Path, name: str) -> Generator:
    """One generator, from its schema.

    Raises
    ------
    MissingError
        It has no schema.
    CheckError
        Its schema does not say what it makes, or is no schema.
    """
    path = schema_path(root, name)
    if not path.is_file():
        raise MissingError(
            f"generator {name}",
            expected=f"{FOLDER}/{path.name}, which says what it makes and which keys it has",
            found="no such file",
            remedy="name an existing generator in params.yaml",
        )
    document = schema.read(path)
    kind = document.get("generates") if isinstance(document, dict) else None
    if kind not in (SOURCE, FIXTURE):
        expected = f'"generates": "{SOURCE}" or "generates": "{FIXTURE}"'
        raise _incomplete(path, expected, schema.shown(kind), "what the generator makes")
    named = document.get("field")
    if not isinstance(named, str) or not field.NAME.fullmatch(named):
        # none by default: that one's checks would pass for the right ones
        expected = f'"field": "{field.NEUTRAL}", or the name of another field'
        raise _incomplete(path, expected, schema.shown(named), "which field's checks are made")
    contracts = tuple(document.get("contracts", ()))
    if kind == FIXTURE and not contracts:
        expected = '"contracts": a list of files in schemas/'
        raise _incomplete(path, expected, "none", "which contract a fixture's arrays satisfy")
    parts = list(_parts(document, path))
    properties = {
        key: (rule, at) for part, at in parts for key, rule in part.get("properties", {}).items()
    }
    return Generator(
        name=name,
        kind=kind,
        field=named,
        keys={key: _key(key, rule, at) for key, (rule, at) in properties.items()},
        required=frozenset(key for part, _ in parts for key in part.get("required", ())),
        needs_file=any(
            "path" in rule.get("required", ())
            for part, _ in parts
            for rule in (part, *part.get("oneOf", ()))
        ),
        opens=bool(document.get("opens")),
        contracts=contracts,
    )


def _incomplete(path: Path, expected: str, found: str, what: str) -> CheckError:
    file = f"{FOLDER}/{path.name}"
    return CheckError(file, expected=expected, found=found, remedy=f"say in {file} {what}")


def _parts(rule: Any, path: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """A schema without references, and all that it says must hold besides, with their files."""
    rule, path = _resolved(rule, path)
    yield rule, path
    for other in rule.get("allOf", ()):
        if "if" not in other:
            yield from _parts(other, path)


def _resolved(rule: Any, path: Path) -> tuple[dict[str, Any], Path]:
    """A schema, its reference followed, into another file too, and the file that it is then in."""
    if not isinstance(rule, dict):
        return {}, path
    file, mark, place = str(rule.get("$ref", "")).partition("#")
    if not mark:
        return rule, path
    target_path = path.parent / file if file else path
    target = schema.read(target_path)
    try:
        for part in filter(None, place.split("/")):
            target = target[part.replace("~1", "/").replace("~0", "~")]
    except (KeyError, TypeError):
        raise CheckError(
            f"schema {path.name}",
            expected=f"a definition at {rule['$ref']}",
            found="none",
            remedy=f"correct the reference in {path.parent.name}/{path.name}",
        ) from None
    found, target_path = _resolved(target, target_path)
    return {**found, **{key: rule[key] for key in rule if key != "$ref"}}, target_path


_ANY = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})


def _key(name: str, rule: Any, path: Path) -> Key:
    rule, path = _resolved(rule, path)
    return Key(name=name, types=_types(rule, path), rule=_words(rule))


def _types(rule: Any, path: Path) -> frozenset[str]:
    rule, path = _resolved(rule, path)
    if "type" in rule:
        named = rule["type"]
        return frozenset([named] if isinstance(named, str) else named)
    values = [rule["const"]] if "const" in rule else rule.get("enum")
    if values is not None:
        return frozenset(map(type_of, values))
    for several in ("anyOf", "oneOf"):
        if several in rule:
            return frozenset().union(*(_types(one, path) for one in rule[several]))
    return _ANY


def type_of(value: Any) -> str:
    """Type of JSON of a value that was read from YAML."""
    if value is None:
        return "null"
    kinds: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return kinds.get(type(value), "array" if isinstance(value, list) else "object")


def _words(rule: Mapping[str, Any]) -> str:
    """A schema's rule, short enough for a line of help."""
    if "enum" in rule:
        values = [value if isinstance(value, str) else json.dumps(value) for value in rule["enum"]]
        return f"{rule.get('description', '')} {' | '.join(values)}".strip()
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
