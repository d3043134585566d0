"""The sidecar: what a fixture is, where it came from and what was measured on it.

JSON beside each fixture, tracked by git and pinned in ``dvc.lock``. Nothing in it depends on the
clock, the machine or library versions, so that the same declaration gives the same text.

There are two versions, told apart by the schema that a sidecar names. Version 2 has three fields
more; a sidecar of version 1 says by its version what they would be.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from registry.errors import ChainError
from registry.identity.schema import DATA_CONTRACT, SIDECAR, SIDECAR_V2

CHECKED, NOT_CHECKED = "checked", "not checked"
_SINCE_V2 = ("contract", "physics", "defect")

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_(v[1-9][0-9]*)(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sidecar:
    """A sidecar's fields; those that PtychoPINN's own sidecars have keep their names.

    ``generator_commit`` is ``blob:`` and the id that git gives the generator's file, which is
    known before a commit exists. ``arrays`` is the inventory of DATA-001.

    The fields of version 2: ``contract`` is the file of the schema that ``arrays`` are held
    against. ``physics`` is ``checked``, or ``not checked`` where the source has no object that the
    forward model could be held against; ``checks`` then has null for what was not measured.
    ``defect`` is None, or names the mistake that was planted on purpose, describes it, and lists
    the criteria that refuse it (``refused_by``); ``checks`` are then of the good arrays.
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
    contract: str = DATA_CONTRACT
    physics: str = CHECKED
    defect: dict[str, Any] | None = None
    checks: dict[str, Any]
    schemas: dict[str, str]

    @property
    def schema_file(self) -> str:
        """File of the schema that this sidecar satisfies, which tells its version."""
        return _schema_file(self.schemas)

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
        schema_file = _schema_file(document.get("schemas"))
        known = _known(schema_file)
        for key in known:
            if key not in document:
                raise _refused(subject, key, "a value", None)
        for key in document:
            if key not in known:
                raise _refused(subject, str(key), "no such field", document[key])
        for key in known:
            expected, fits = _FORMS[key]
            if not fits(document[key]):
                raise _refused(subject, key, expected, document[key])
        needed = (schema_file, document.get("contract", DATA_CONTRACT))
        for file in needed:
            if file not in document["schemas"]:
                raise _refused(subject, f"schemas.{file}", "a value", None)
        array_forms = _ARRAY_FORMS if schema_file == SIDECAR else _ARRAY_FORMS_V2
        for name, record in document["arrays"].items():
            if not (isinstance(record, dict) and record.keys() == array_forms.keys()):
                keys = ", ".join(array_forms)
                raise _refused(subject, f"arrays.{name}", f"an object with {keys}", record)
            for key, (expected, fits) in array_forms.items():
                if not fits(record[key]):
                    raise _refused(subject, f"arrays.{name}.{key}", expected, record[key])
        return cls(**document)

    def to_dict(self) -> dict[str, Any]:
        """The fields of its version in declared order, as JSON values."""
        return {name: getattr(self, name) for name in _known(self.schema_file)}


def _schema_file(schemas: Any) -> str:
    return SIDECAR_V2 if isinstance(schemas, dict) and SIDECAR_V2 in schemas else SIDECAR


def _known(schema_file: str) -> list[str]:
    """Names of the fields that a sidecar of a version has, in order."""
    names = [item.name for item in fields(Sidecar)]
    return names if schema_file == SIDECAR_V2 else [name for name in names if name not in _SINCE_V2]


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


def _is_defect(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and value.keys() == {"name", "description", "refused_by"}
        and all(isinstance(value[key], str) and value[key] for key in ("name", "description"))
        and isinstance(value["refused_by"], list)
        and bool(value["refused_by"])
        and all(isinstance(item, str) for item in value["refused_by"])
    )


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
    "contract": _text("the name of a schema's file", r"[a-z0-9_]+\.schema\.json"),
    "physics": (f"{CHECKED!r} or {NOT_CHECKED!r}", lambda value: value in (CHECKED, NOT_CHECKED)),
    "defect": ("null, or an object with name, description, refused_by", _is_defect),
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
# a defect may be a NaN
_ARRAY_FORMS_V2 = {**_ARRAY_FORMS, "finite": _one(bool, "true or false")}


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
