"""Tests of `registry.declare.yaml_text`: what is refused though YAML allows it."""

from __future__ import annotations

import pytest

from registry.declare import yaml_text
from registry.errors import CheckError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[" * 40_000, "line 1, column 101"),
        ("[" * 40_000 + "]" * 40_000, "line 1, column 101"),
        ("a: " + "{b: " * 40_000, "line 1, column 404"),
        ("a:\n- " + "\n  [" * 40_000, "line 103, column 3"),
        # which libyaml does not read as far as to the brackets
        (r'["\/", ' + "[" * 40_000, "line 1, column 107"),
    ],
    ids=["open", "closed", "mappings", "a line each", "YAML 1.2"],
)
def test_more_brackets_than_anybody_means(text, place):
    """They are refused at the first that is too many, and no further one is looked at."""
    with pytest.raises(CheckError) as caught:
        yaml_text.parse(text)
    found = caught.value.found
    assert found.splitlines()[0] == f"{place}: more than 100 brackets in each other", found
    assert len(found) < 400, "the line is not cut"


@pytest.mark.parametrize(
    "text",
    [
        f"a: '{'[' * 5000}'",
        f'a: "{"{" * 5000}"',
        f"a: x{'[' * 5000}",
        f"a: |\n  {'[' * 5000}",
        f"a: 1 # {'[' * 5000}",
        f"a: [{'[],' * 500}]",
        "[" * 100 + "]" * 100,
    ],
    ids=["quotes", "double quotes", "plain", "block", "comment", "side by side", "just enough"],
)
def test_brackets_that_are_none(text):
    """In texts and comments they have no depth, and side by side none together."""
    yaml_text.parse(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%YAML 1.1\n---\na: yes\n", "line 1, column 1: a directive (%), of which readers"),
        ("%YAML 1.20\n---\na: yes\n", "line 1, column 1: a directive (%), of which readers"),
        ("a: 1\n...\n%TAG ! x\n---\nb: 1\n", "line 3, column 1: a directive (%), of which"),
        ("a: !\n", "line 1, column 4: a tag (!) without a name, of which readers"),
        ("a: [!, 1]\n", "line 1, column 5: a tag (!) without a name, of which readers"),
        ("a: ! 1\n", "line 1, column 4: a tag (!) without a name, of which readers"),
    ],
)
def test_what_readers_disagree_on(text, found):
    """DVC may read by another reader than this one, which makes something else of it."""
    with pytest.raises(CheckError) as caught:
        yaml_text.parse(text)
    assert caught.value.found.startswith(found), caught.value.found


@pytest.mark.parametrize(
    ("text", "said", "line", "sign"),
    [
        ("a: 1\nb: {c: 1, c: 2}\n", "2, column 11: found duplicate", "b: {c: 1, c: 2}", 10),
        ("a:\n  - !!int x\n", '2, column 5: a.0: "x", which is no integer', "  - !!int x", 4),
        ("a: [1,\n  b: }\n", "2, column 6: expected the node content", "  b: }", 5),
    ],
)
def test_the_line_that_is_wrong(text, said, line, sign):
    """It is shown, with a sign beneath the place."""
    with pytest.raises(CheckError) as caught:
        yaml_text.parse(text)
    first, *shown = caught.value.found.splitlines()
    assert first.startswith(f"line {said}"), first
    assert shown == [" " * 12 + line, " " * (12 + sign) + "^"]


def test_no_line_is_shown_of_an_end():
    """The file ends where something is wanted."""
    with pytest.raises(CheckError) as caught:
        yaml_text.parse("a: [1\n")
    assert caught.value.found == "line 2, column 1: expected ',' or ']', but got '<stream end>'"


def test_the_version_that_all_readers_read():
    """It may be said."""
    assert yaml_text.parse("%YAML 1.2\n---\na: yes\n") == {"a": "yes"}


def merges(count: int) -> str:
    """Mappings of which each merges the one before it twice: 2 ** count keys."""
    lines = [f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}" for n in range(1, count)]
    return "\n".join(["x0: &x0 {a: 1}", *lines, ""])


@pytest.mark.parametrize("count", [20, 60, 400])
def test_more_merges_than_anybody_means(count):
    """Merges of merges, which ruamel would write out until the memory is full, are refused."""
    with pytest.raises(CheckError) as caught:
        yaml_text.parse(merges(count))
    said, *_ = caught.value.found.splitlines()
    assert said.endswith("merge keys (<<) that stand for more than 100000 keys")


def test_merges_of_merges():
    """Some are fine, and so is one mapping that many merge."""
    assert yaml_text.parse(merges(10))["x9"] == {"a": 1}
    many = "a: &a {" + ", ".join(f"k{n}: {n}" for n in range(300)) + "}\n"
    many += "".join(f"b{n}: {{<<: *a}}\n" for n in range(300))
    assert yaml_text.parse(many)["b299"]["k299"] == 299
