"""Tests of `registry.declare.edit`: what is put into a text, where, and that all else stays."""

from __future__ import annotations

import pytest

from registry.declare import edit, yaml_text
from registry.errors import CheckError
from tests.kit.repository import REPOSITORY

ENTRY = {
    "generator": "subset_v1",
    "n_subset": 32,
    "diff3d": True,
    "created": "2026-11-24T00:00:00Z",
}
WRITTEN = """\
  new_v1:
    generator: subset_v1
    n_subset: 32
    diff3d: true
    created: "2026-11-24T00:00:00Z"
"""
# Full of what an editor that parses and prints would lose.
TEXT = """\
# The top.   With spaces at its end.\x20\x20

sources:  # of data
  # one
  twin: {generator: simulate_v1, seed: 0x10, licence: 'it''s ours'}   # flow

  # two, µm and °
  mine:
      generator:   file_v1
      path: "data/ü.npz"
      note: >-
        folded
        text
  # the end of the sources

fixtures:
  # The target.
  a_v1: &a   # an anchor
    generator: subset_v1
    n_subset: 64   # many
    diff3d: yes

  b_v1:
    <<: *a
    n_subset: 16
    # seed: 3

  # Below all fixtures.

# Nobody uses these.
deprecated:
  b_v1: {reason: "too few"}
# the end
"""


def insert(text: str, entry=ENTRY, section="fixtures", name="new_v1", like=None) -> str:
    """Put an entry in."""
    return edit.insert(text, section, name, entry, like=like)


def check_added(before: str, after: str, lines: str) -> None:
    """The lines are in `after`, and without them it is `before`, byte for byte."""
    assert lines in after, f"not these lines:\n{after}"
    assert after.replace(lines, "", 1) == before, "something else changed"


def test_only_lines_are_added():
    """In a text full of comments nothing else changes, and the entry says what it should."""
    found = insert(TEXT)
    check_added(TEXT, found, "\n" + WRITTEN)
    assert yaml_text.parse(found)["fixtures"]["new_v1"] == ENTRY


def test_where_an_entry_goes():
    """After the last entry and the comments indented like its keys, before the section's own."""
    head, _, tail = insert(TEXT).partition("\n" + WRITTEN)
    assert head.endswith("    # seed: 3\n"), "not after what belongs to the last entry"
    assert tail.startswith("\n  # Below all fixtures.\n"), "after what is not the last entry's"


def test_a_source():
    """The sources' section is found in the same way; keys are indented as its last entry's are."""
    found = insert(TEXT, {"seed": 1}, "sources", "third")
    check_added(TEXT, found, "\n  third:\n      seed: 1\n")
    assert found.index("  third:") < found.index("  # the end of the sources")


def test_an_entry_like_one_with_an_anchor():
    """It merges the anchor and names what differs."""
    entry = {**yaml_text.parse(TEXT)["fixtures"]["a_v1"], "n_subset": 32, "created": "x"}
    found = insert(TEXT, entry, like="a_v1")
    check_added(TEXT, found, "\n  new_v1:\n    <<: *a\n    n_subset: 32\n    created: x\n")
    assert yaml_text.parse(found)["fixtures"]["new_v1"] == entry, "it says something else"


def test_an_entry_like_one_without_an_anchor():
    """It is written in full, and no other line gets an anchor."""
    found = insert(TEXT, like="b_v1")
    check_added(TEXT, found, "\n" + WRITTEN)


def test_an_entry_without_a_key_of_the_one_it_is_like():
    """A merge cannot take a key away: the entry is written in full."""
    found = insert(TEXT, {"n_subset": 32}, like="a_v1")
    check_added(TEXT, found, "\n  new_v1:\n    n_subset: 32\n")


def test_an_anchor_that_is_there_twice():
    """Which of the two a merge means would be anybody's guess: the declaration is refused."""
    text = "fixtures:\n  a_v1: &a {n: 1}\n  b_v1: &a {n: 2}\nsources: {}\n"
    with pytest.raises(CheckError) as caught:
        insert(text, {"n": 1, "m": 3}, like="a_v1")
    assert caught.value.found == "found duplicate anchor 'a'"


@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["crlf", "lf"])
def test_ends_of_lines(end):
    """New lines end as the file's do."""
    text = TEXT.replace("\n", end)
    found = insert(text)
    assert found.replace(("\n" + WRITTEN).replace("\n", end), "", 1) == text, "more than the entry"


@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["crlf", "lf"])
def test_no_end_of_the_last_line(end):
    """The last line gets one, and so has the new last line; no byte before it changes."""
    text = f"sources: {{}}{end}fixtures:{end}  a_v1: {{n: 1}}{end}  b_v1: {{n: 2}}"
    assert insert(text, {"n": 3}) == f"{text}{end}  new_v1:{end}    n: 3{end}"


def test_entries_without_empty_lines_between():
    """Where none is apart from the one before, the new one is not either."""
    text = "fixtures:\n  a_v1:\n    n: 1\n  b_v1:\n    n: 2\nsources: {}\n"
    assert insert(text, {"n": 3}) == text.replace("sources", "  new_v1:\n    n: 3\nsources")


def test_indented_by_four():
    """The new entry is indented as the others are."""
    text = "fixtures:\n    a_v1:\n        n: 1\n    b_v1: {n: 2}\nsources: {}\n"
    check_added(text, insert(text, {"n": 3}), "    new_v1:\n        n: 3\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sources: {}\nfixtures:\n# end\n", "sources: {}\nfixtures:\n  new_v1:\n    n: 3\n# end\n"),
        ("sources: {}\nfixtures:", "sources: {}\nfixtures:\n  new_v1:\n    n: 3\n"),
        ("fixtures: {} # none yet\nsources: {}\n",
         "fixtures: # none yet\n  new_v1:\n    n: 3\nsources: {}\n"),
        ("sources:\n    a: {}\nfixtures: {}\n",
         "sources:\n    a: {}\nfixtures:\n    new_v1:\n      n: 3\n"),
    ],
    ids=["nothing", "nothing-at-the-end", "braces", "indented-as-the-sources"],
)  # fmt: skip
def test_the_first_entry(text, expected):
    """A section without entries gets one; braces with nothing inside make room for it."""
    assert insert(text, {"n": 3}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "sources: {}\n",
        "{sources: {}, fixtures: {}}\n",
        "- fixtures\n",
        "sources: {}\nfixtures: [1]\n",
        "sources: {}\nfixtures: { # a comment\n}\n",
        "sources: {}\nfixtures: text\n",
        '{"fixtures": {"a_v1": {"n": 1}}, "sources": {}}\n',
        "sources: {}\nfixtures: {\n  a_v1: {n: 1}, # one\n}\n",
        "one: &a {a_v1: {n: 1}}\nsources: {}\nfixtures: *a\n",
        # an empty line that is part of a text
        "sources: {}\nfixtures:\n  a_v1: {}\n  b_v1: |+\n    text\n\n",
    ],
    ids=["none", "all-in-braces", "list", "list-of-fixtures", "comment", "text", "json",
         "entries-in-braces", "alias", "kept-lines"],
)  # fmt: skip
def test_no_place_for_an_entry(text):
    """Where it cannot be put in without a change elsewhere, the error has the entry to put in."""
    with pytest.raises(CheckError) as caught:
        insert(text, {"n": 3})
    assert str(caught.value) == (
        "params.yaml: fixtures\n"
        "  expected: a section fixtures: to which an entry can be added\n"
        "  found:    none, or one that is written in another way\n"
        "  to mend:  put the entry there by hand:\n"
        "            new_v1:\n"
        "              n: 3"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fixtures:\n  a_v1: {}\n  a_v1: {}\n", 'line 3, column 3: found duplicate key "a_v1"'),
        ("fixtures:\n\ta_v1: {}\n", "line 2, column 1: found character '\\t' that cannot start"),
    ],
    ids=["duplicate", "tab"],
)
def test_not_yaml(text, found):
    """What DVC could not read is refused as such, before anything is put in."""
    with pytest.raises(CheckError) as caught:
        insert(text)
    assert caught.value.found.startswith(found), caught.value.found


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"), (False, "false"), (None, "null"), (64, "64"), (1e6, "1000000.0"),
        (1e-20, "1e-20"), (float("nan"), ".nan"), (float("-inf"), "-.inf"), ("grid", "grid"),
        ("not ours to publish", "not ours to publish"), ("private/a-b.npz", "private/a-b.npz"),
        ("CC0-1.0", "CC0-1.0"), ("", '""'), ("64", '"64"'), ("1e6", '"1e6"'), ("yes", '"yes"'),
        ("Null", '"Null"'), ("a: b", '"a: b"'), ("a #b", '"a #b"'), (" a", '" a"'), ("-a", '"-a"'),
        ("*a", '"*a"'), ("2026-11-24", '"2026-11-24"'), ("ü", '"ü"'), ('"', '"\\""'), ("~", '"~"'),
        ("probe[0,0]", '"probe[0,0]"'), ([1, "a, b"], '[1, "a, b"]'), ({"a": [1.5]}, "{a: [1.5]}"),
    ],
)  # fmt: skip
def test_scalars(value, written):
    """A value is written so that it is read as that value, in quotes where it has to be."""
    assert edit.scalar(value) == written
    assert repr(yaml_text.parse(f"a: {written}\n")["a"]) == repr(value), "it is read as another one"


def test_the_key_y():
    """It is written as people write it, without quotes."""
    text = "sources: {}\nfixtures:\n"
    assert insert(text, {"Y": True}).endswith("    Y: true\n")


def test_the_declaration_of_this_repository():
    """What is committed here takes an entry, and nothing but its lines is new."""
    text = (REPOSITORY / "params.yaml").read_text()
    entry = {**yaml_text.parse(text)["fixtures"]["minimal_dataset_v1"], "n_subset": 32}
    found = insert(text, entry, like="minimal_dataset_v1")
    lines = "\n  new_v1:\n    <<: *minimal_dataset_v1\n    n_subset: 32\n"
    check_added(text, found, lines)


@pytest.mark.parametrize(
    ("text", "entry", "written"),
    [
        ("  a_v1: {<<: *b, n: 1}\n", {"m": 2, "n": 1}, "  a_v1:\n    m: 2\n    n: 1\n"),
        ("  a_v1: &a {<<: *b}\n", {"m": 2}, "  a_v1: &a\n    m: 2\n"),
        (
            "\n  # one\n  a_v1:\n    <<: *b\n    # m\n    m: 2\n    # two\n",
            {"n": "2026-11-23", "m": 2},
            '\n  # one\n  a_v1:\n    n: "2026-11-23"\n    m: 2\n    # two\n',
        ),
    ],
    ids=["braces", "anchor", "comments"],
)
def test_an_entry_written_out(text, entry, written):
    """What it inherits stands in it, in its order; what is above and below it stays."""
    assert edit.written_out(text, "a_v1", entry) == written


def test_an_entry_that_cannot_be_written_out():
    """What would be read as something else stays as it is."""
    text = "  a_v1: {<<: *b}\n"
    assert edit.written_out(text, "a_v1", {"n": {1, 2}}) == text
