"""Tests of `registry.compare.three_way`."""

from __future__ import annotations

import pytest

from registry.compare import three_way
from registry.compare.three_way import Conflict


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("a1", "a1", "a1", "a1"),
        ("a1", "a2", "a1", "a2"),
        ("a1", "a1", "a2", "a2"),
        ("a1", "a2", "a2", "a2"),
        ("", "a1", "a1", "a1"),
        ("a1 b1", "a1", "a1 b1", "a1"),
        ("a1 b1", "a1 b1", "b1", "b1"),
        ("a1 b1", "a1 b1 c1", "a1 b1 d1", "a1 b1 c1 d1"),
        ("a1 b1", "c1 a1 b1", "d1 a1 b1", "c1 d1 a1 b1"),
        ("a1 b1", "a1 c1 b1", "a1 d1 b1", "a1 c1 d1 b1"),
        ("a1 b1", "b1 a1", "a1 d1 b1", "b1 a1 d1"),
        ("a1 b1", "b1", "a1 d1 b1", "d1 b1"),
        ("", "c1", "d1", "c1 d1"),
    ],
)
def test_what_one_side_changed(base, ours, theirs, merged):
    """It is taken; what theirs alone has follows what it follows there, after ours."""
    sides = (dict(part) for part in map(str.split, (base, ours, theirs)))
    found = three_way.merge(*sides)
    assert [*found.items()] == [tuple(part) for part in merged.split()]


@pytest.mark.parametrize(
    ("base", "ours", "theirs"), [(1, 2, 3), (None, 2, 3), (1, None, 3), (1, 2, None)]
)
def test_what_both_changed_in_different_ways(base, ours, theirs):
    """It is a conflict of both versions, or of one and none."""
    sides = ({} if part is None else {"a": part} for part in (base, ours, theirs))
    assert three_way.merge(*sides) == {"a": Conflict(ours, theirs)}


def test_the_text_of_a_conflict():
    """Each marker starts a line, whether or not the last line of a version ends."""
    text = three_way.text([b"a\n", Conflict(b"b", None), b"c\n"])
    assert text == b"a\n<<<<<<< ours\nb\n=======\n>>>>>>> theirs\nc\n"


def test_many_parts():
    """The time it takes grows as their number does: quadratic, this would take hours."""
    base = dict.fromkeys(range(0, 600_000, 2), 1)
    ours, theirs = ({**base, **dict.fromkeys(range(at, 600_000, 4), 2)} for at in (1, 3))
    assert three_way.merge(base, ours, theirs).keys() == {*range(600_000)}
