"""Changes of JSON and YAML that know what a document is: keys, values, and what parsers dislike."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import yaml

from tests.fuzz.bytes_mutation import INTEGERS, few, mutated

# Values of each type, those that other programs take for something else, and those of bad intent.
VALUES = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 10**400, "", " ", "x", "1", "null", "no", "~",
    "0x10", "1e3", "1:30", "012", "2026-02-30T00:00:00Z", "2026-02-28", "..", "../x", "/x",
    "a/../../b", "a\\b", "a\nb", "a\0b", "\x1b[31m", "\x7f", "\u202e", "\ufeff", "\u2028",
    "\ud800", "\U0001f600", "$(id)", "`id`", "${x}", "-x", "=", "<<", "&a", "*a", "!x", "%", "@",
    "#", "'", '"', "A" * 5000, "__class__", "tmp_path", [], {}, [[]], [{}], {"": 0},
    {"a": {"a": {}}}, [1, 2], ["x"], *INTEGERS,
)  # fmt: skip
# Texts that stand for a value and that no program would write.
JSON_TEXTS = (
    "1e999", "-1e999", "NaN", "Infinity", "-0", "0.1e-999", "1" * 5000, "1." + "1" * 5000, "01",
    "+1", '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\0"', '"\x1b"', "[" * 100 + "]" * 100,
    "[" * 50_000, '{"a":' * 50_000, "[" * 990 + "]" * 990, '{"a":' * 400 + "1" + "}" * 400,
    '{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 2}', "/* x */ 1", "", ",", "}", "]", ":", "'x'",
)  # fmt: skip
_BOMB = "[&a [x,x,x,x,x,x,x,x,x], " + ", ".join(
    f"&{chr(97 + n)} [{','.join([f'*{chr(96 + n)}'] * 9)}]" for n in range(1, 12)
)
YAML_TEXTS = (
    *JSON_TEXTS, ".inf", ".nan", "0o17", "0b1", "1_000", "190:20:30", "2026-11-23", "Yes", "~",
    "&a [*a]", "&a {*a : 1}", "&a {b: *a}", "&a {<<: *a}", "{<<: 1}", "{<<: [1]}", "*nowhere",
    "{<<: {a: 1}, <<: {b: 2}}", "{<<: {a: 1}, a: 2}", "&a 1", "[&a 1, &a [*a]]", "? [a]\n: b",
    "{[a]: b}", "{{a: 1}: b}", "{1: a, '1': b}", "{null: a}", "{true: a}", "{? a, ? a}", "{a, b}",
    "!!python/object/apply:os.abort []", "!!binary aGk=", "!!set {a}", "!!omap [a: 1]", "!x y",
    "!!str 1", "!!int x", "!!float x", "!!null x", "!!timestamp x", "!!timestamp 2026-02-30",
    "! 1", "!!int ''", "!!bool x", "!!map [a]", "!!seq {a: 1}", "!!pairs [a: 1]", "!<x> y",
    "!!merge x", "|\n x\n", ">\n x\n", "|9\n x", "\t", "\tx", "- a", "a: b", "---", "\n---\n",
    "\n...\n", "'", "\n%YAML 1.1\n---\n", "\n%YAML 9.9\n---\n", "\n%TAG ! x\n---\n", '"\\x00"',
    '"\\ud800"', "'\x85'", '"', "\ufeff", "#", "@", "`", "{", "[", _BOMB + "]", "[" + "- " * 300,
    "- " * 2000, "? " * 2000, "&" + "a" * 2000 + " 1", "*a", "=", "2026-99-99", "0x", "1e", "--1",
    "0.", "\ud800", "0x" + "f" * 9000, "-0x" + "f" * 9000, "0b" + "1" * 9000,
)  # fmt: skip


def json_mutant(random: Random, documents: Sequence[Any]) -> bytes:
    """One of the documents after a few changes, as JSON, and sometimes with its bytes changed."""
    return _encoded(random, _mutant(random, documents, JSON_TEXTS, _json))


def yaml_mutant(random: Random, documents: Sequence[Any]) -> bytes:
    """One of the documents after a few changes, as YAML, and sometimes with its bytes changed."""
    text = _mutant(random, documents, YAML_TEXTS, random.choice((_json, _block)))
    if random.random() < 0.1:
        text = random.choice(YAML_TEXTS) + random.choice(("", "\n", " ")) + text
    return _encoded(random, text)


def _mutant(
    random: Random, documents: Sequence[Any], texts: Sequence[str], dump: Callable[[Any], str]
) -> str:
    kind = random.randrange(8)
    # As a list of one: the document itself can be changed, too
    held = [copy.deepcopy(random.choice(documents))]
    marks: list[str] = []
    for _ in range(few(random) if kind < 7 else 0):
        _change(random, held, marks)
    text = dump(held[0])
    for mark in marks:
        put = random.choice(texts)
        text = text.replace(f'"{mark}"', put).replace(mark, put)
    return text


def _encoded(random: Random, text: str) -> bytes:
    kind = random.random()
    if kind < 0.02:
        return text.encode(random.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig")), "replace")
    data = text.encode("utf-8", "surrogatepass")
    return mutated(random, data) if kind < 0.3 else data


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=len(str(document)) % 2 == 0)


def _block(document: Any) -> str:
    # libyaml writes no lone surrogates
    text: str = yaml.dump(document, Dumper=yaml.SafeDumper, sort_keys=False, width=1 << 30)
    return text


def _change(random: Random, held: list[Any], marks: list[str]) -> None:
    """Change what is at one place of a document."""
    parent, key = _place(random, held)
    old = parent[key]
    match random.randrange(10):
        case 0 | 1 | 2:
            parent[key] = copy.deepcopy(random.choice(VALUES))
        case 3 | 4:
            marks.append(f"MARK{len(marks)}MARK")
            parent[key] = marks[-1]
        case 5:
            del parent[key]
            if not held:
                held.append(None)
        case 6:
            parent[key] = random.choice(
                ([old], {"a": old}, [old, old], str(old), {str(old)[:9]: 1})
            )
        case 7 if isinstance(parent, dict):
            value = parent.pop(key)
            marks.append(f"MARK{len(marks)}MARK")
            parent[random.choice((f"{key}x", "name", "", marks[-1], "\ud800", "\0", "a\nb"))] = (
                value
            )
        case 8 if isinstance(parent, dict):
            parent[
                random.choice(("x", "a_v1", "fixture@x_v1", "<<", "wdir", "", "\x1b", "md5"))
            ] = old
        case _:
            other_parent, other = _place(random, held)
            parent[key] = copy.deepcopy(other_parent[other])


def _place(random: Random, held: list[Any]) -> tuple[Any, Any]:
    """A container, and an index or a key in it."""
    parent, key = held, 0
    while True:
        value = parent[key]
        inside = (
            list(value)
            if isinstance(value, dict)
            else range(len(value))
            if isinstance(value, list)
            else ()
        )
        if not inside or random.random() < 0.15:
            return parent, key
        parent, key = value, random.choice(inside)
