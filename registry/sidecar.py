"""The sidecar: what a fixture is, where it came from and what was measured on it.

JSON beside each fixture, tracked by git and pinned in ``dvc.lock``. Nothing in it depends on the
clock, the machine or library versions, so that the same declaration gives the same text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from registry.errors import ChainError

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_(v[1-9][0-9]*)(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sidecar:
    """A sidecar's fields; those that PtychoPINN's own sidecars have keep their names.

    ``generator_commit`` is ``blob:`` and the id that git gives the generator's file, which is
    known before a commit exists. ``arrays`` is the inventory of DATA-001.
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
    source_commit: str | None
    source_declaration: dict[str, Any]
    subset_strategy: str
    subset_size: int
    subset_indices: list[int]
    transformations: list[str]
    sha256_checksum: str
    content_sha256: str
    size: int
    arrays: dict[str, dict[str, Any]]
    checks: dict[str, Any]
    schemas: dict[str, str]

    @classmethod
    def from_dict(cls, document: Any, *, subject: str) -> Sidecar:
        """Build from parsed JSON, whose every field has to be there and of its form.

        Numbers out of range and arrays that break DATA-001 are for the schemas to refuse.

        Raises
        ------
        ChainError
            A field is missing, unknown, or not of its form; the message has its dotted path.
        """
        if not isinstance(document, dict):
            raise _refused(subject, "document", "a JSON object", document)
        known = [item.name for item in fields(cls)]
        for key in known:
            if key not in document:
                raise _refused(subject, key, "a value", None)
        for key in document:
            if key not in known:
                raise _refused(subject, str(key), "no such field", document[key])
        for key, (expected, fits) in _FORMS.items():
            if not fits(document[key]):
                raise _refused(subject, key, expected, document[key])
        for name, record in document["arrays"].items():
            if not (isinstance(record, dict) and record.keys() == _ARRAY_FORMS.keys()):
                keys = ", ".join(_ARRAY_FORMS)
                raise _refused(subject, f"arrays.{name}", f"an object with {keys}", record)
            for key, (expected, fits) in _ARRAY_FORMS.items():
                if not fits(record[key]):
                    raise _refused(subject, f"arrays.{name}.{key}", expected, record[key])
        return cls(**document)

    def to_dict(self) -> dict[str, Any]:
        """The fields in declared order, as JSON values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


# What a field has to be: in words, and as a test.
_Form = tuple[str, Callable[[Any], bool]]


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _one(kind: type, expected: str) -> _Form:
    return expected, lambda value: isinstance(value, kind)


def _text(expected: str, pattern: str) -> _Form:
    form = re.compile(pattern)
    return expected, lambda value: isinstance(value, str) and bool(form.fullmatch(value))


def _list(expected: str, fits: Callable[[Any], bool]) -> _Form:
    return expected, lambda value: isinstance(value, list) and all(map(fits, value))


def _mapping(expected: str, fits: Callable[[Any], bool]) -> _Form:
    return expected, lambda value: isinstance(value, dict) and all(map(fits, value.values()))


_ANY_TEXT = _one(str, "text")
_OBJECT = _one(dict, "an object")
_INTEGER: _Form = ("an integer", _is_integer)
_SHA256 = _text("64 hexadecimal digits in lower case", "[0-9a-f]{64}")
_BLOB = _text("blob: and 40 hexadecimal digits in lower case", "blob:[0-9a-f]{40}")
_FORMS: dict[str, _Form] = {
    "name": _text("a name with its version, such as minimal_dataset_v1", NAME.pattern),
    "version": _text("a version such as v1", "v[1-9][0-9]*"),
    "created": _text(
        "an ISO 8601 instant",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})",
    ),
    "licence": _text("text", "(?s).+"),
    "generator_script": _text(
        "a path such as generators/subset_v1.py", r"generators/[a-z0-9_]+_v[1-9][0-9]*\.py"
    ),
    "generator_commit": _BLOB,
    "generator_helpers": _mapping(f"an object of {_BLOB[0]}", _BLOB[1]),
    "generator_parameters": _OBJECT,
    "source_dataset": _text("a path relative to the registry", r"[^/\\].*"),
    "source_sha256": _SHA256,
    "source_commit": ("text or null", lambda value: value is None or isinstance(value, str)),
    "source_declaration": _OBJECT,
    "subset_strategy": _ANY_TEXT,
    "subset_size": _INTEGER,
    "subset_indices": _list("a list of integers", _is_integer),
    "transformations": _list("a list of texts", lambda value: isinstance(value, str)),
    "sha256_checksum": _SHA256,
    "content_sha256": _SHA256,
    "size": _INTEGER,
    "arrays": _OBJECT,
    "checks": _OBJECT,
    "schemas": _mapping(f"an object of {_SHA256[0]}", _SHA256[1]),
}
_ARRAY_FORMS: dict[str, _Form] = {
    "dtype": _ANY_TEXT,
    "shape": _list("a list of integers", _is_integer),
    "range": (
        "a list of two numbers",
        lambda value: isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)),
    ),
    "finite": ("true", lambda value: value is True),
    "sha256": _SHA256,
}


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
        It is not JSON, or not a sidecar.
    """
    try:
        document = json.loads(data)
    except ValueError as error:
        raise _refused(subject, "sidecar", "JSON", str(error)) from None
    return Sidecar.from_dict(document, subject=subject)


def _refused(subject: str, path: str, expected: str, found: Any) -> ChainError:
    shown = "nothing" if found is None else repr(found)
    return ChainError(
        f"{subject}: sidecar field {path}",
        expected=expected,
        found=shown if len(shown) <= 80 else shown[:77] + "...",
        remedy="git checkout the sidecar, or rebuild it: dvc repro",
    )
