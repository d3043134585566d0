"""What `registry.compare.params_merge` makes of random declarations and edits on two sides."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from registry.compare.params_merge import merge
from registry.declare import yaml_text
from registry.errors import CheckError
from registry.storage import git

KEYS = st.dictionaries(st.sampled_from(["m", "n", "s"]), st.integers(1, 2), max_size=3)
# An entry: what it inherits, by the name of an entry above it, and its own keys.
ENTRY = st.tuples(st.sampled_from([None, "a_v1", "b_v1"]), KEYS)
Entries = dict[str, tuple[str | None, dict[str, int]]]


@st.composite
def edited(draw, base: Entries, names: str) -> Entries:
    """The entries after some were changed, removed and added."""
    entries = dict(base)
    for _ in range(draw(st.integers(0, 3))):
        name = f"{draw(st.sampled_from(names))}_v1"
        if name in entries and draw(st.booleans()):
            del entries[name]
        else:
            entries[name] = draw(ENTRY)
    return entries


@st.composite
def sides(draw) -> tuple[Entries, Entries, Entries]:
    """Three versions."""
    base = {f"{name}_v1": draw(ENTRY) for name in "abcd"[: draw(st.integers(0, 4))]}
    return base, draw(edited(base, "abcdefx")), draw(edited(base, "abcdefy"))


def text(entries: Entries, end: str) -> str:
    """A declaration of these entries, each with a comment above it."""
    lines = ["fixtures: {}" if not entries else "fixtures:"]
    for name, (inherited, keys) in entries.items():
        lines += [f"  # of {name}", f"  {name}: &{name[0]}"]
        lines += [f"    <<: *{inherited[0]}"] if inherited else []
        lines += [f"    {key}: {value}" for key, value in keys.items()]
        lines += ["    z: 0", ""]
    return "\n".join(lines) + f"\n{end}"


def declared(text: str) -> dict[str, Any]:
    """What a text declares; what has an entry inherit from nothing is not tried."""
    try:
        found: dict[str, Any] = yaml_text.parse(text)["fixtures"]
    except CheckError:
        assume(False)
    return found


def meant(base: Any, ours: Any, theirs: Any) -> tuple[dict[str, Any], set[str]]:
    """What each entry has to be, and those of which both sides say different things."""
    right, conflicts = {}, set()
    for name in {**base, **ours, **theirs}:
        old, left, other = (side.get(name) for side in (base, ours, theirs))
        if left != other and left != old and other != old:
            conflicts.add(name)
        elif (found := other if left == old else left) is not None:
            right[name] = found
    return right, conflicts


@pytest.fixture(params=[True, False], ids=["lines first", "entries alone"])
def merged(request, monkeypatch) -> Callable[..., Any]:
    """Merge texts, with what git makes of their lines or without."""
    if not request.param:
        monkeypatch.setattr(git, "merge_file", lambda *_: None)
    return lambda *texts: merge(*map(str.encode, texts))


MARKED = r"<<<<<<< ours\n(.*?)=======\n(.*?)>>>>>>> theirs\n"
ENDS = st.sampled_from(["", "  # the end\n", "# the end\n", "deprecated:\n  a_v1: {n: 1}\n"])


def check(merged: Callable[..., Any], versions: tuple[Entries, Entries, Entries], end: str) -> Any:
    """Hold a merge against the rule; what came of it, or None where it was refused."""
    texts = [text(version, end) for version in versions]
    right, conflicts = meant(*map(declared, texts))
    try:
        found = merged(*texts)
    except CheckError as error:
        if error.subject != "params.yaml (merged)":
            raise
        return None
    if found.conflicts:
        for which in (1, 2):
            taken = re.sub(MARKED, rf"\{which}", found.data.decode(), flags=re.DOTALL)
            assert taken != found.data.decode(), "no markers"
            with suppress(CheckError):
                # whichever side is taken, all else is what it has to be
                says = yaml_text.parse(taken)["fixtures"] or {}
                others = {name for name in right if f"fixtures.{name}" not in found.conflicts}
                assert {name: says.get(name) for name in others} == {
                    name: right[name] for name in others
                }, taken
        return found
    assert not conflicts, f"merged all the same: {conflicts}"
    says = found.data.decode()
    assert declared(says) == right, f"not what it has to be:\n{says}"
    lines = says.splitlines()
    for name in right:
        place = lines.index(f"  {name}: &{name[0]}")
        assert lines[place - 1] == f"  # of {name}", f"a comment went elsewhere:\n{says}"
    return found


# the fixture only stands in for git, or does not
GIVEN = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@GIVEN
@given(versions=sides(), end=ENDS)
def test_any_edits(merged, versions, end):
    """Each entry is what the side has made of it that changed it; or there is a conflict."""
    check(merged, versions, end)


@GIVEN
@given(versions=sides(), added=ENTRY, name=st.sampled_from("ab"), to=KEYS, end=ENDS)
def test_an_addition_taken_from_between_the_markers(merged, versions, added, name, to, end):
    """Where the other side changed what it inherits, it says there what it says on its branch."""
    before = versions[0]
    ours, theirs = {**before, f"{name}_v1": (None, to)}, {**before, "x_v1": added}
    texts = [text(version, end) for version in (before, ours, theirs)]
    right, conflicts = meant(*map(declared, texts))
    found = merged(*texts)
    assert (conflicts, set(found.conflicts) - {"fixtures.x_v1"}) == (set(), set())
    taken, count = re.subn(MARKED, r"\2", found.data.decode(), flags=re.DOTALL)
    assert count == len(found.conflicts), "another kind of conflict"
    assert declared(taken) == right, f"not what it has to be:\n{taken}"


@GIVEN
@given(base=sides(), ours=st.lists(ENTRY, max_size=3), theirs=st.lists(ENTRY, max_size=3), end=ENDS)
def test_additions(merged, base, ours, theirs, end):
    """Where each side adds entries, whatever they inherit of what was there, nothing conflicts."""
    before = base[0]
    assume(before)
    left, right = (
        {**before, **{f"{name}_v1": entry for name, entry in zip(names, added, strict=False)}}
        for names, added in (("klm", ours), ("xyz", theirs))
    )
    found = check(merged, (before, left, right), end)
    assert found is not None, "refused"
    assert found.conflicts == [], f"a conflict:\n{found.data.decode()}"
