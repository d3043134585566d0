"""A quick yes to whether a document satisfies a schema; `registry.schema` has the last word.

jsonschema takes a millisecond and more for a sidecar, and a while to be imported, which is what
verifying hundreds of good fixtures would mostly consist of. Here the rules become Python functions
once. Never more lenient than `registry.schema.problems`: whatever is not plainly good, and every
schema with a rule that is not known here, gets a no, and is then looked at closely.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

Test = Callable[[Any], bool]

_ANNOTATIONS = {"$schema", "$defs", "$comment", "title", "description"}


def compiled(schema: Path) -> Test:
    """Function that tells whether a parsed JSON document surely satisfies a schema.

    Schemas may refer to others in the same folder by file name. One that cannot be read, or has
    unknown rules, gives a function that is always false.
    """
    try:
        return _compile(_read(schema), partial(_resolve, schema))
    except (LookupError, OSError, RecursionError, TypeError, ValueError):
        return lambda _: False


def _read(schema: Path) -> Any:
    return json.loads(schema.read_bytes())


def _resolve(schema: Path, reference: str) -> Test:
    """The test for what a schema in this file refers to."""
    name, _, pointer = reference.partition("#")
    # as registry.schema does: in the same folder, whatever comes before the file's name
    file = schema.parent / name.rsplit("/", 1)[-1] if name else schema
    part = _read(file)
    if pointer and not pointer.startswith("/"):
        raise ValueError("an anchor")
    for key in pointer.split("/")[1:]:
        part = part[key]
    return _compile(part, partial(_resolve, file))


def _compile(schema: Any, resolve: Callable[[str], Test]) -> Test:
    if not isinstance(schema, dict):
        raise TypeError("a schema that is no object")

    def test(part: Any) -> Test:
        return _compile(part, resolve)

    tests: list[Test] = []
    for rule, value in schema.items():
        if rule == "$ref":
            tests.append(resolve(value))
        elif rule == "properties":
            tests.append(partial(_properties, {key: test(part) for key, part in value.items()}))
        elif rule == "additionalProperties":
            known = frozenset(schema.get("properties", ()))
            others = test(value) if value is not False else _never
            tests.append(partial(_additional, known, others))
        elif rule == "prefixItems":
            tests.append(partial(_prefix, [test(part) for part in value]))
        elif rule == "items":
            tests.append(partial(_items, len(schema.get("prefixItems", ())), test(value)))
        elif rule not in _ANNOTATIONS:
            tests.append(_SIMPLE[rule](value))
    return lambda found: all(passes(found) for passes in tests)


def _never(found: Any) -> bool:
    return False


def _properties(tests: dict[str, Test], found: Any) -> bool:
    if type(found) is not dict:
        return True
    return all(passes(found[key]) for key, passes in tests.items() if key in found)


def _additional(known: frozenset[str], passes: Test, found: Any) -> bool:
    if type(found) is not dict:
        return True
    return all(passes(found[key]) for key in found.keys() - known)


def _prefix(tests: list[Test], found: Any) -> bool:
    if type(found) is not list:
        return True
    return all(passes(item) for passes, item in zip(tests, found, strict=False))


def _items(first: int, passes: Test, found: Any) -> bool:
    return type(found) is not list or all(map(passes, found[first:]))


def _type(names: str | list[str]) -> Test:
    tests = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    return tests[0] if len(tests) == 1 else lambda found: any(fits(found) for fits in tests)


def _enum(values: list[Any]) -> Test:
    if not all(type(value) in (str, int, bool, type(None)) for value in values):
        raise ValueError("a constant that has parts")
    # with the type, because True equals 1
    known = {(type(value), value) for value in values}
    return lambda found: (
        type(found) in (str, int, bool, type(None)) and (type(found), found) in known
    )


def _pattern(rule: str) -> Test:
    # the standard means the end of the text by $, Python also the place before a last newline
    search = re.compile(re.sub(r"\$$", r"\\Z", rule)).search
    return lambda found: type(found) is not str or search(found) is not None


def _unique(wanted: bool) -> Test:
    # of numbers and texts of one type; anything else is not plainly good
    return lambda found: (
        not wanted
        or type(found) is not list
        or (len({type(item) for item in found}) <= 1 and _all_differ(found))
    )


def _all_differ(found: list[Any]) -> bool:
    return all(type(item) in (int, str) for item in found) and len(set(found)) == len(found)


def _number(limit: float, fits: Callable[[Any, Any], bool]) -> Test:
    _check_limit(limit)
    return lambda found: type(found) not in (int, float) or fits(found, limit)


def _size(
    limit: float, kind: type[str] | type[list[Any]], fits: Callable[[Any, Any], bool]
) -> Test:
    _check_limit(limit)
    return lambda found: type(found) is not kind or fits(len(found), limit)


def _check_limit(limit: Any) -> None:
    if type(limit) not in (int, float):
        raise TypeError("a limit that is no number")


def _required(keys: list[str]) -> Test:
    wanted = frozenset(keys)
    return lambda found: type(found) is not dict or found.keys() >= wanted


_TYPES: dict[str, Test] = {
    "string": lambda found: type(found) is str,
    "integer": lambda found: type(found) is int,
    "number": lambda found: type(found) is int or (type(found) is float and math.isfinite(found)),
    "boolean": lambda found: type(found) is bool,
    "null": lambda found: found is None,
    "array": lambda found: type(found) is list,
    "object": lambda found: type(found) is dict,
}
_SIMPLE: dict[str, Callable[[Any], Test]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda value: _enum([value]),
    "pattern": _pattern,
    "minimum": partial(_number, fits=operator.ge),
    "maximum": partial(_number, fits=operator.le),
    "exclusiveMinimum": partial(_number, fits=operator.gt),
    "exclusiveMaximum": partial(_number, fits=operator.lt),
    "minLength": partial(_size, kind=str, fits=operator.ge),
    "maxLength": partial(_size, kind=str, fits=operator.le),
    "minItems": partial(_size, kind=list, fits=operator.ge),
    "maxItems": partial(_size, kind=list, fits=operator.le),
    "uniqueItems": _unique,
    "required": _required,
}
