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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from registry.errors import ChainError

SCHEMA = "sidecar_v3.schema.json"
CHECKED, UNDECIDED, NOT_CHECKED = "checked", "undecided", "not checked"

# Starts of the names of fields that say what was declared, and from what it was made.
DECLARED = ("created", "licence", "generator_", "source_", "subset_")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_(v[1-9][0-9]*)(_[a-z0-9]+)*")
# Ours have four levels. With a limit nothing that walks through them runs out of stack.
_LEVELS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Sidecar:
    """A sidecar's fields; those that PtychoPINN's own sidecars have keep their names.

    ``generator_commit`` is ``blob:`` and the id that git gives the generator's file, which is
    known before a commit exists; ``generator_helpers`` are those of the generators that it
    imports, and ``source_generators`` those of everything in ``generators/`` that made the source.
    ``arrays`` has dtype, shape, range, whether all is finite, and SHA-256 of each. ``contract`` is
    the file of the schema that they satisfy.

    ``field`` names the field of science whose checks were made, and ``details`` holds what is the
    field's own: in the text it stands under the field's name. A field that is called like a member
    of a sidecar, as the neutral one is, has nothing of its own. ``verdict`` is ``checked``,
    ``undecided`` or ``not checked``, with the ``reason`` in words; ``checks`` are the figures of
    the ``suite``. ``mistakes`` are those that were planted in the arrays and found or missed.
    ``defect`` names the mistake that was planted on purpose, describes it, and lists the criteria
    that refuse it (``refused_by``); ``checks`` are then of the good arrays. What a fixture does not
    have, such as a defect, or a subset where it was not cut from a longer scan, is not in the text.

    Nothing in it can be changed, at whatever depth: all tests of a process share it.
    """

    name: str
    version: str
    created: str
    licence: str
    generator_script: str
    generator_commit: str
    generator_helpers: Mapping[str, str]
    generator_parameters: Mapping[str, Any]
    source_dataset: str
    source_sha256: str
    source_commit: str
    source_generators: Mapping[str, str]
    source_declaration: Mapping[str, Any]
    subset_strategy: str = ""
    subset_size: int = 0
    subset_indices: Sequence[int] = ()
    transformations: Sequence[str]
    sha256_checksum: str
    content_sha256: str
    size: int
    arrays: Mapping[str, Mapping[str, Any]]
    contract: str
    field: str
    verdict: str
    reason: str = ""
    suite: str
    checks: Mapping[str, Any]
    mistakes: Mapping[str, Any] | None = None
    defect: Mapping[str, Any] | None = None
    details: Mapping[str, Any]
    schemas: Mapping[str, str]

    def __post_init__(self) -> None:
        for name in _types():
            object.__setattr__(self, name, _frozen(getattr(self, name)))

    def __reduce__(self) -> tuple[object, ...]:
        # read-only mappings are not pickled
        return (_restored, ({name: _plain(getattr(self, name)) for name in _types()},))

    @property
    def doubt(self) -> str:
        """Why the verdict is not ``checked``, in words; empty where it is."""
        return "" if self.verdict == CHECKED else self.reason or "its sidecar gives no reason"

    @property
    def is_measured(self) -> bool:
        """Whether its figures were measured, be it that they decide nothing."""
        return self.verdict in (CHECKED, UNDECIDED)

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
        given = dict(document)
        if own in types:
            given["details"] = {}
        elif own in given:
            given["details"] = given.pop(own)
        for key, kind in types.items():
            shown = own if key == "details" else key
            if key not in given:
                if key not in _optional():
                    raise _refused(subject, shown, "a value", None)
            elif not _fits(given[key], kind.removesuffix(" | None")):
                raise _refused(subject, shown, _WORDS[kind.removesuffix(" | None")], given[key])
        for key in document:
            if key == "details" or (key != own and key not in types):
                raise _refused(subject, str(key), "no such field", document[key])
        try:
            match_name(given["name"])
        except ValueError:
            raise _refused(subject, "name", "a name with its version", given["name"]) from None
        parts = [(f"arrays.{name}", _ARRAY, record) for name, record in given["arrays"].items()]
        if given.get("defect") is not None:
            parts.append(("defect", _DEFECT, given["defect"]))
        if given.get("mistakes") is not None:
            parts.append(("mistakes", _MISTAKES, {"none": [], "smallest": {}, **given["mistakes"]}))
        for path, kinds, part in parts:
            for key, kind in kinds.items():
                if not _fits(part.get(key), kind):
                    raise _refused(subject, f"{path}.{key}", _WORDS[kind], part.get(key))
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """The fields in declared order, as JSON values."""
        found = {name: _plain(getattr(self, name)) for name in _types()}
        return {
            self.field if name == "details" else name: value
            for name, value in found.items()
            # an empty object that is there is not the same as none
            if name not in _optional() or getattr(self, name) != _optional()[name]
            if name != "details" or self.field not in found
        }


@cache
def _optional() -> dict[str, Any]:
    """Fields that a sidecar need not have, each with what it then is."""
    return {item.name: item.default for item in fields(Sidecar) if item.default is not MISSING}


@cache
def _types() -> dict[str, str]:
    """The annotation of each field, as it is written above."""
    return {item.name: str(item.type) for item in fields(Sidecar)}


def _frozen(value: Any) -> Any:
    """A value of JSON that nobody can write to, copied."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    return value


def _plain(value: Any) -> Any:
    """What `_frozen` was given."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return list(map(_plain, value))
    return value


def _restored(values: dict[str, Any]) -> Sidecar:
    return Sidecar(**values)


_ARRAY = {
    "dtype": "str",
    "shape": "Sequence[int]",
    "range": "Sequence[float]",
    "finite": "bool",
    "sha256": "str",
}
_DEFECT = {"name": "str", "description": "str", "refused_by": "Sequence[str]"}
_MISTAKES = {
    "found": "Mapping[str, Sequence[str]]",
    "missed": "Sequence[str]",
    "none": "Sequence[str]",
    "smallest": "Mapping[str, float]",
}
_WORDS = {
    "str": "text",
    "int": "an integer",
    "bool": "true or false",
    "Sequence[int]": "a list of integers",
    "Sequence[float]": "a list of numbers, lowest and highest",
    "Sequence[str]": "a list of texts",
    "Mapping[str, str]": "an object of texts",
    "Mapping[str, float]": "an object of numbers",
    "Mapping[str, Any]": "an object",
    "Mapping[str, Sequence[str]]": "an object of lists of texts",
    "Mapping[str, Mapping[str, Any]]": "an object of objects",
}


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of a type that is written as in `_WORDS`."""
    outer, _, inner = kind.removesuffix("]").partition("[")
    match outer:
        case "Mapping":
            inner = inner.removeprefix("str, ")
            return isinstance(value, dict) and all(_fits(item, inner) for item in value.values())
        case "Sequence":
            # of numbers there is one list, a range
            fitting = isinstance(value, list) and all(_fits(item, inner) for item in value)
            return fitting and (inner != "float" or len(value) == 2)
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


def match_name(name: str) -> re.Match[str]:
    """The match of `NAME` with a fixture's name; every name is held to it where it comes in.

    Raises
    ------
    ValueError
        No fixture can have that name.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} has no version such as _v1")
    return match


def version_of(name: str) -> str:
    """Version in a fixture's name.

    >>> version_of("minimal_dataset_v1_n16")
    'v1'
    """
    return match_name(name)[2]


def next_free_version(name: str, taken: Collection[str]) -> str:
    """The name with the lowest version above its own that is not taken.

    >>> next_free_version("minimal_dataset_v1_n16", {"minimal_dataset_v2_n16"})
    'minimal_dataset_v3_n16'
    """
    match = match_name(name)
    number = int(match[2][1:])
    start, end = match.span(2)
    while True:
        number += 1
        candidate = f"{name[:start]}v{number}{name[end:]}"
        if candidate not in taken:
            return candidate


# A number, or a name.
_ITEM = r'(?:-?[0-9][^\s,]*|"[\w:. -]*")'


def encode(sidecar: Sidecar) -> bytes:
    """Text of a sidecar: UTF-8, two spaces of indent, lists of numbers or names on one line."""
    text = json.dumps(sidecar.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    # One line per list of numbers keeps 128 indices from burying the rest of a diff, and one per
    # list of names keeps a planted mistake beside what finds it. JSON strings hold no raw newline,
    # so nothing inside one can match.
    text = re.sub(
        rf"\[\n\s*((?:{_ITEM},\n\s*)*{_ITEM})\n\s*\]",
        lambda match: "[" + re.sub(r",\s+", ", ", match[1]) + "]",
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
        found = json.loads(
            data.decode(),
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_float=_number,
            parse_int=_integer,
        )
        _hold_to_limits(found)
    except (ValueError, RecursionError) as error:
        said = _TOO_DEEP if isinstance(error, RecursionError) else str(error)
        raise _refused(subject, "document", "JSON, each key once", said) from None
    return found


_TOO_DEEP = "more levels than can be read"


def _hold_to_limits(document: Any) -> None:
    """Refuse what Python reads as JSON, and what ends programs that print it or walk through it."""
    level = [document]
    for _ in range(_LEVELS):
        objects = [value for value in level if isinstance(value, dict)]
        lists = [value for value in level if isinstance(value, list)]
        for text in chain(*objects, (value for value in level if isinstance(value, str))):
            # nearly all are ASCII, which takes no time to see
            if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
                raise ValueError(f"{text!r}, which has half of a surrogate pair")
        level = [*chain(*lists, *(value.values() for value in objects))]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice} twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text}, which is no number of JSON")


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text[:40]}, which is too large a number")
    return found


def _integer(text: str) -> int:
    # what is no number of 64 bits is no figure of ours, and some of it Python will not print
    if len(text) > 20:
        raise ValueError(f"{text[:40]}, which is too large a number")
    return int(text)


def _refused(subject: str, path: str, expected: str, found: Any) -> ChainError:
    shown = "nothing" if found is None else repr(found)
    return ChainError(
        f"{subject}: sidecar field {path}",
        expected=expected,
        found=shown if len(shown) <= 80 else shown[:77] + "...",
        remedy="git checkout the sidecar, or rebuild it: dvc repro",
    )
