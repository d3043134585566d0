"""The sidecar: what a fixture is, where it came from and what was found of it.

JSON beside each fixture, tracked by git and pinned in ``dvc.lock``. Nothing in it depends on the
clock, the machine or library versions, so that the same declaration gives the same text. What it
may hold is said by ``schemas/sidecar_v3.schema.json`` and by the field's own schema; here it is
only seen to that every field is there and of its type.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any

from registry.errors import ChainError

SCHEMA = "sidecar_v3.schema.json"
CHECKED, UNDECIDED, NOT_CHECKED = "checked", "undecided", "not checked"

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_(v[1-9][0-9]*)(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sidecar:
    """A sidecar's fields; those that PtychoPINN's own sidecars have keep their names.

    ``generator_commit`` is ``blob:`` and the id that git gives the generator's file, which is
    known before a commit exists; ``generator_helpers`` are those of the generators that it
    imports, and ``source_generators`` those of everything in ``generators/`` that made the source.
    ``arrays`` has dtype, shape, range, whether all is finite, and SHA-256 of each. ``contract`` is
    the file of the schema that they satisfy.

    ``field`` names the field of science whose checks were made, and ``details`` holds what is the
    field's own: in the text it stands under the field's name. ``verdict`` is ``checked``,
    ``undecided`` or ``not checked``, with the ``reason`` in words; ``checks`` are the figures of
    the ``suite``. ``mistakes`` are those that were planted in the arrays and found or missed.
    ``defect`` names the mistake that was planted on purpose, describes it, and lists the criteria
    that refuse it (``refused_by``); ``checks`` are then of the good arrays. What a fixture does not
    have, such as a defect, or a subset where it was not cut from a longer scan, is not in the text.
    """

    name: str
    version: str
    created: str
    licence: str
    generator_script: str
    generator_commit: str
    generator_helpers: dict[str, str]
    generator_parameters: dict[str, Any]
    source_dataset: str
    source_sha256: str
    source_commit: str
    source_generators: dict[str, str]
    source_declaration: dict[str, Any]
    subset_strategy: str = ""
    subset_size: int = 0
    subset_indices: list[int] = field(default_factory=list)
    transformations: list[str]
    sha256_checksum: str
    content_sha256: str
    size: int
    arrays: dict[str, dict[str, Any]]
    contract: str
    field: str
    verdict: str
    reason: str = ""
    suite: str
    checks: dict[str, Any]
    mistakes: dict[str, Any] | None = None
    defect: dict[str, Any] | None = None
    details: dict[str, Any]
    schemas: dict[str, str]

    @classmethod
    def from_dict(cls, document: Any, *, subject: str) -> Sidecar:
        """Build from parsed JSON, whose every field has to be there and of its type.

        Raises
        ------
        ChainError
            A field is missing, unknown, or not of its type; the message has its dotted path.
        """
        if not isinstance(document, dict):
            raise _refused(subject, "document", "a JSON object", document)
        types, own = _types(), str(document.get("field"))
        if own in types:
            raise _refused(subject, "field", "no name that another field has", own)
        given = {"details" if key == own else key: value for key, value in document.items()}
        for key, kind in types.items():
            shown = own if key == "details" else key
            if key not in given:
                if key not in _optional():
                    raise _refused(subject, shown, "a value", None)
            elif not _fits(given[key], kind.removesuffix(" | None")):
                raise _refused(subject, shown, _WORDS[kind.removesuffix(" | None")], given[key])
        for key in document:
            if key != own and (key not in types or key == "details"):
                raise _refused(subject, str(key), "no such field", document[key])
        if not NAME.fullmatch(given["name"]):
            raise _refused(subject, "name", "a name with its version", given["name"])
        for name, record in given["arrays"].items():
            for key, kind in _ARRAY.items():
                if not _fits(record.get(key), kind):
                    raise _refused(subject, f"arrays.{name}.{key}", _WORDS[kind], record.get(key))
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """The fields in declared order, as JSON values."""
        found = {name: getattr(self, name) for name in _types()}
        return {
            self.field if name == "details" else name: value
            for name, value in found.items()
            if value or name not in _optional()
        }


@cache
def _optional() -> set[str]:
    """Names of fields that a sidecar need not have."""
    return {
        item.name
        for item in fields(Sidecar)
        if item.default is not MISSING or item.default_factory is not MISSING
    }


@cache
def _types() -> dict[str, str]:
    """The annotation of each field, as it is written above."""
    return {item.name: str(item.type) for item in fields(Sidecar)}


_ARRAY = {
    "dtype": "str",
    "shape": "list[int]",
    "range": "list[float]",
    "finite": "bool",
    "sha256": "str",
}
_WORDS = {
    "str": "text",
    "int": "an integer",
    "bool": "true or false",
    "list[int]": "a list of integers",
    "list[float]": "a list of numbers",
    "list[str]": "a list of texts",
    "dict[str, str]": "an object of texts",
    "dict[str, Any]": "an object",
    "dict[str, dict[str, Any]]": "an object of objects",
}


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of a type that is written as in `_WORDS`."""
    outer, _, inner = kind.removesuffix("]").partition("[")
    match outer:
        case "dict":
            inner = inner.removeprefix("str, ")
            return isinstance(value, dict) and all(_fits(item, inner) for item in value.values())
        case "list":
            return isinstance(value, list) and all(_fits(item, inner) for item in value)
        case "str":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return _fits(value, "int") or (isinstance(value, float) and math.isfinite(value))
        case _:
            return True


def version_of(name: str) -> str:
    """Version in a fixture's name.

    >>> version_of("minimal_dataset_v1_n16")
    'v1'
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} has no version such as _v1")
    return match[2]


def encode(sidecar: Sidecar) -> bytes:
    """Text of a sidecar: UTF-8, two spaces of indent, lists of numbers on one line."""
    text = json.dumps(sidecar.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    # One line per list of numbers keeps 128 indices from burying the rest of a diff. JSON strings
    # hold no raw newline, so nothing inside one can match.
    text = re.sub(
        r"\[\n\s*(-?[0-9][^\[\]{}\"]*?)\n\s*\]",
        lambda match: "[" + re.sub(r"\s+", " ", match[1]) + "]",
        text,
    )
    return (text + "\n").encode()


def parse(data: bytes, *, subject: str) -> Sidecar:
    """Read a sidecar's text.

    Raises
    ------
    ChainError
        It is not JSON, has a key twice, or is not a sidecar.
    """
    return Sidecar.from_dict(document(data, subject=subject), subject=subject)


def document(data: bytes, *, subject: str) -> Any:
    """What a sidecar's text says, of whichever format it is.

    Raises
    ------
    ChainError
        It is not JSON, or has a key twice.
    """
    try:
        return json.loads(data, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        found = "more levels than can be read" if isinstance(error, RecursionError) else str(error)
        raise _refused(subject, "document", "JSON, each key once", found) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice} twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text}, which is no number of JSON")


def _refused(subject: str, path: str, expected: str, found: Any) -> ChainError:
    shown = "nothing" if found is None else repr(found)
    return ChainError(
        f"{subject}: sidecar field {path}",
        expected=expected,
        found=shown if len(shown) <= 80 else shown[:77] + "...",
        remedy="git checkout the sidecar, or rebuild it: dvc repro",
    )
