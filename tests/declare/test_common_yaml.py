"""Tests of `registry.declare.common_yaml`: what it reads is what DVC reads, or it reads nothing."""

from __future__ import annotations

import re
from random import Random

from dvc.utils.serialize import parse_yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.declare import FILE, common_yaml, yaml_text
from registry.errors import CheckError
from tests.fuzz import params as target
from tests.fuzz.equality import same
from tests.kit.repository import REPOSITORY

# As people write them, and what they say.
READ = [
    ("a: text\n", {"a": "text"}),
    ("a: some words, and more; (1/2) it's = 3%\n", {"a": "some words, and more; (1/2) it's = 3%"}),
    ("a: 12\nb: -3\nc: 0\n", {"a": 12, "b": -3, "c": 0}),
    ("a: 1.5\nb: -0.0\nc: 1e6\nd: 2.5e-3\n", {"a": 1.5, "b": -0.0, "c": 1e6, "d": 0.0025}),
    ("a: true\nb: false\n", {"a": True, "b": False}),
    ("yes: no\nY: y\non: Off\nNaN: NaN\n", {"yes": "no", "Y": "y", "on": "Off", "NaN": "NaN"}),
    ("a: '12'\nb: \"true\"\nc: 'it''s: # \"x\"'\n", {"a": "12", "b": "true", "c": "it's: # \"x\""}),
    ("a: ''\nb: \"\"\nc: '<<'\nd: '~'\n", {"a": "", "b": "", "c": "<<", "d": "~"}),
    ("a: 1.0.0\nb: CC0-1.0\nc: https://x.org/a_b?\n".replace("?", ""),
     {"a": "1.0.0", "b": "CC0-1.0", "c": "https://x.org/a_b"}),
    ("a: ../x.npz\nb: /x\nc: ./x\nd: 0123abc\n",
     {"a": "../x.npz", "b": "/x", "c": "./x", "d": "0123abc"}),
    ("a: first\n  second,\n\n  third # 1\n".replace(" # 1", ""), {"a": "first second,\nthird"}),
    ("a: >-\n  one\n  two\n\n  three\nb: |\n  one\n    two\n",
     {"a": "one two\nthree", "b": "one\n  two\n"}),
    ("a: [1, b c, 'd', 1.5]\nb: []\nc: {}\n", {"a": [1, "b c", "d", 1.5], "b": [], "c": {}}),
    ("a:\n- 1\n- b: 2\n  c: 3\n", {"a": [1, {"b": 2, "c": 3}]}),
    ("# before\n\na: 1  # beside: it's \"x\"\n  # below\n", {"a": 1}),
    ("a: Müller\n", {"a": "Müller"}),
]  # fmt: skip
# What readers differ about, or might; and what is wrong.
LEFT = [
    *(f"a: {value}\n" for value in (
        "1_000", "0o7", "010", "0x1f", "0b1", "1.e3", ".5", "+1", "+1.5", "-0", "1e400", "1e", "~",
        "null", "Null", "True", "TRUE", "2026-11-23", "2026-11-23 12:30:45", "2026-11-23T00:00:00Z",
        "12:30:45", "1:2", "=", "<<", ".nan", ".inf", "-.INF", "9" * 19, "1." + "1" * 20,
        "!x y", "!!str 1", "? b", "a: b", "- b", "'a", '"a\\n"', "'a' b", "@a", "`a`",
        "%a", "&b", "*b", "[a", "{a}", "{a:1}", "{? a}", "[[1]]", "a\tb", "a\rb", "a\x85b",
        "a\u2028b", "\ufeff", "'\U0001f600'", "x\U00020000", "\u0661", "--", "|+", ">1", "x ",
        "[1,]",
    )),
    "", "a\n", "- a\n", "12\n", "a: 1", "a:\n", "a: 1\r\n", "\ufeffa: 1\n",
    "%YAML 1.1\n---\na: 1\n",
    "---\na: 1\n", "a: 1\n...\n", "a: 1\n---\nb: 1\n", "\ta: 1\n", "a: 1\na: 2\n", "1: a\n",
    "true: a\n", "null: a\n", "'a': 1\n", "? a\n: 1\n", "a: &x 1\nb: &x 2\n", "a: *x\nb: &x 1\n",
    "a: &x\n  <<: *x\n", "a: &x [1]\nb: {<<: *x}\n", "a: &x {b: 1}\nc: {<<: [*x]}\n",
    "a: &x {b: 1}\nc: {<<: *x, <<: *x}\n", "a: &x b\n*x : 1\n", "a: 'b\n  c'\n", "a: [1,\n  2]\n",
    "a: 1\n b: 2\n", "a: |\n \n   x\n", "a: 1\n \nb: 2\n", f"{' ' * 30}a: 1\n",
    f"{'a' * 200}: 1\n", "a: b\n  # c\n  d\n", "a: b\n  c: d\n",
]  # fmt: skip


def read(text):
    """What it reads, or None where it leaves a text to the other reader."""
    try:
        return common_yaml.parse(text)
    except ValueError:
        return None


def hold(text):
    """Whether a text is read; then the other reader must read the same of it."""
    found = read(text)
    if found is None:
        return False
    try:
        expected = yaml_text.parse_exactly(text)
    except CheckError as error:
        expected = error.found
    assert same(found, expected), f"{text!r}: {found}, not {expected}"
    return True


def test_plain_lines():
    """Each value has the type that DVC's reader gives it."""
    for text, expected in READ:
        found = read(text)
        assert same(found, expected), f"{text!r} is {found}"
        assert same(parse_yaml(text, FILE), expected), f"DVC reads {text!r} otherwise"


def test_what_is_left_to_the_other_reader():
    """Whatever is not plain is not read at all, right or wrong."""
    read_all_the_same = [text for text in LEFT if read(text) is not None]
    assert read_all_the_same == []


def test_what_is_merged():
    """Its keys come first, in their order, and what a mapping says itself takes their place."""
    text = (
        "a: &a {x: 1, y: 2}\nb: &b\n  z: 0\n  <<: *a\n  y: 3\nc:\n  <<: *b\n  w: {v: 4}\n"
        "  x: true\n"
    )
    found = read(text)
    assert list(found["b"].items()) == [("x", 1), ("y", 3), ("z", 0)]
    assert list(found["c"].items()) == [("x", True), ("y", 3), ("z", 0), ("w", {"v": 4})]
    assert hold(text), "not what DVC's reader has"


def test_more_is_merged_than_anybody_means():
    """Where merges make much of little, the other reader tells how much."""
    many = "a: &a\n" + "".join(f"  k{number}: 1\n" for number in range(1001)) + "b: {<<: *a}\n"
    assert read(many) is None
    assert hold(many.replace("  k0: 1\n", ""))


def test_this_repository(monkeypatch):
    """Its declaration is read so, with variants switched on as well, and by no other reader."""
    text = (REPOSITORY / FILE).read_text()
    assert hold(text)
    assert hold(text.replace("  # run1084", "  run1084").replace("  # minimal", "  minimal"))
    monkeypatch.setattr(yaml_text, "parse_exactly", None)
    assert list(yaml_text.parse(text)["sources"]) == ["run1084_twin"]


def test_mutants():
    """Of declarations that somebody or something has changed at random."""
    accepted = 0
    for number in range(150):
        text = target.mutant(Random(number)).decode(errors="replace")
        accepted += hold(text)
    lines = 4 * [line for text, _ in READ for line in text.splitlines()]
    lines += [line for text in LEFT for line in text.splitlines()]
    for number in range(400):
        random = Random(number)
        chosen = [re.sub(r"^[a-d]:", f"{key}:", random.choice(lines)) for key in "efg"]
        chosen = [" " * random.choice((0, 0, 0, 2)) + line for line in chosen]
        accepted += hold("\n".join(["z: &x {y: 1}", *chosen, ""]))
    assert accepted > 30, f"hardly anything was read: {accepted}"


WORDS = st.text("aZ09_.-/+:e ,'\"#&*<>|%~ü{}[]!?=\n", max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 0, 2, 4]), WORDS, WORDS), max_size=4))
def test_any_lines(lines):
    """Whatever stands in them."""
    hold("".join(f"{' ' * indent}{key}: {value}\n" for indent, key, value in lines))
