"""Regular expressions of the package match the same on each Python that it runs on."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import registry
from tests.kit.repository import REPOSITORY

# What a possessive repeat may repeat: before Python 3.11.5 one that gives up in the middle of
# anything longer goes on from there, and not from where it began.
SAFE = ("ATOMIC_GROUP", "IN", "LITERAL", "NOT_LITERAL", "ANY", "CATEGORY")


def patterns() -> Iterator[tuple[str, re.Pattern]]:
    """Each compiled pattern of a module, with where it is."""
    for found in pkgutil.walk_packages(registry.__path__, "registry."):
        if found.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{found.name}.{name}", value


def written() -> Iterator[tuple[str, str]]:
    """Each text that a call of a function of `re` has, with where it is."""
    for package in ("registry", "fixture_registry", "generators"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_bytes())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="re")),
                        args=[ast.Constant(value=str() | bytes() as text), *_],
                    ):
                        yield f"{path.name}:{node.lineno}", text


def unsafe(parsed: object) -> bool:
    """Whether a possessive repeat, at any depth of a parsed pattern, is of a longer part."""
    if isinstance(parsed, list | tuple):
        operator = str(parsed[0]) if parsed else ""
        if operator == "POSSESSIVE_REPEAT":
            repeated = list(parsed[1][2])
            if len(repeated) != 1 or str(repeated[0][0]) not in SAFE:
                return True
        return any(unsafe(part) for part in parsed)
    return isinstance(parsed, re._parser.SubPattern) and unsafe(list(parsed))


def of(pattern: re.Pattern) -> bool:
    """The same of a compiled pattern."""
    return unsafe(list(re._parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)))


def test_possessive_repeats_where_they_are_used():
    """The same of what is not compiled when a module is imported."""
    found = list(written())
    assert len(found) > 50, "hardly any patterns were found"
    assert [where for where, text in found if of(re.compile(text))] == []


@pytest.mark.slow
def test_possessive_repeats():
    """Each is of one character at a time, or of an atomic group."""
    found = dict(patterns())
    assert len(found) > 50, "hardly any patterns were found"
    assert [name for name, pattern in found.items() if of(pattern)] == []


def test_which_ones_are_unsafe():
    """What Python 3.11.2 matches otherwise."""
    for text in ("(?:ab?c)*+", "x(?::(?=a))?+", "(?:(?:ab)++c)?", "(a|bc)++"):
        assert of(re.compile(text)), text
    for text in ("[ab]*+c", "a++", r"(?>ab?c)*+", r"(?:ab?c)*", r"(?:x[\w-]*+)+"):
        assert not of(re.compile(text)), text
