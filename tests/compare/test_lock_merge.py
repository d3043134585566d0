"""Tests of `registry.compare.lock_merge`. With git and DVC: tests/cli/test_merge_lock.py."""

from __future__ import annotations

import json

import pytest

from registry.compare.lock_merge import merge, replaced, without
from registry.errors import CheckError


def stage(name: str, digest: str) -> str:
    """A stage as DVC writes it, its digest standing for all that may differ."""
    return (
        f"  {name}:\n    cmd: python -m registry.build.fixture {name} --generator subset_v1\n"
        f"      --n_subset 64\n    outs:\n    - path: {name}.npz\n      hash: md5\n"
        f"      md5: {digest}\n      size: 10\n"
    )


def lock(*stages: str) -> bytes:
    """A lock with these stages, in this order."""
    return ("schema: '2.0'\nstages:\n" + "".join(stages)).encode()


A, B, C = (stage(name, "0") for name in ("fixture@a_v1", "fixture@b_v1", "fixture@c_v1"))
A_1, A_2 = stage("fixture@a_v1", "1"), stage("fixture@a_v1", "2")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ((A,), (A, B), (A, C), (A, B, C)),
        ((A,), (B, A), (A, C), (B, A, C)),
        ((A, B), (A_1, B), (A, B, C), (A_1, B, C)),
        ((A, B), (A, B, C), (A_1, B), (A_1, B, C)),
        ((A,), (A_1, B), (A_1, C), (A_1, B, C)),
        ((A, B), (B,), (A, B, C), (B, C)),
        ((A, B), (A, B, C), (B,), (B, C)),
        ((A, B), (A,), (A,), (A,)),
        ((A,), (A,), (A,), (A,)),
    ],
    ids=[
        "each adds one", "one adds at the top", "ours changes", "theirs changes",
        "both change alike", "ours removes", "theirs removes", "both remove",
        "nothing",
    ],
)  # fmt: skip
def test_stages_that_one_side_changed(base, ours, theirs, merged):
    """They merge, in our order, theirs after ours."""
    found = merge(lock(*base), lock(*ours), lock(*theirs))
    assert found.data == lock(*merged), "not the stages of both sides"
    assert found.conflicts == [], "a merge without conflict reports one"


def test_both_sides_changed_a_stage():
    """Both versions stand between markers, and the stages around them are merged."""
    found = merge(lock(A, B), lock(A_1, B), lock(A_2, B, C))
    markers = ("<<<<<<< ours\n", "=======\n", ">>>>>>> theirs\n")
    assert found.data == lock(markers[0], A_1, markers[1], A_2, markers[2], B, C)
    assert found.conflicts == ["fixture@a_v1"], "the stage is not named"


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ((B,), (A_2, B), ("<<<<<<< ours\n", "=======\n", A_2, ">>>>>>> theirs\n", B)),
        ((A_1, B), (B,), ("<<<<<<< ours\n", A_1, "=======\n", ">>>>>>> theirs\n", B)),
    ],
    ids=["ours removes", "theirs removes"],
)
def test_removed_on_one_side_and_changed_on_the_other(ours, theirs, merged):
    """That is a conflict, with nothing on the side that removed it."""
    found = merge(lock(A, B), lock(*ours), lock(*theirs))
    assert found.data == lock(*merged), "not the markers with one side empty"
    assert found.conflicts == ["fixture@a_v1"], "the stage is not named"


def test_both_added_a_stage_of_one_name():
    """Two versions of one name that differ are a conflict, the same one twice is none."""
    assert merge(lock(B), lock(A_1, B), lock(A_2, B)).conflicts == ["fixture@a_v1"]
    assert merge(lock(B), lock(A_1, B), lock(A_1, B)).data == lock(A_1, B), "not once"


def test_several_conflicts():
    """Each is named, in the order of the lock."""
    others = stage("fixture@c_v1", "1"), stage("fixture@c_v1", "2")
    found = merge(lock(A, B, C), lock(A_1, B, others[0]), lock(A_2, B, others[1]))
    assert found.conflicts == ["fixture@a_v1", "fixture@c_v1"], "not both, or not in order"


def test_a_lock_without_a_stage():
    """All others stay, byte for byte; one that is not there leaves all of them."""
    assert without(lock(A, B, C), "fixture@b_v1") == lock(A, C)
    assert without(lock(A), "fixture@a_v1") == lock()
    assert without(lock(A, B), "fixture@x_v1") == lock(A, B)


def test_a_lock_with_other_stages():
    """Each takes the place of the one of its name; new ones come last."""
    stages = {"fixture@c_v1": C.encode(), "fixture@a_v1": A_1.encode()}
    assert replaced(lock(A, B), stages) == lock(A_1, B, C)
    assert replaced(lock(A, B), {}) == lock(A, B)
    assert replaced(b"", {"fixture@a_v1": A.encode()}) == lock(A)


def test_no_common_ancestor():
    """Two branches that each made a lock: git hands over an empty base."""
    assert merge(b"", lock(A, B), lock(A, C)).data == lock(A, B, C), "not the stages of both"


def test_quoted_names_and_names_with_spaces():
    """A name that YAML quotes is the name it quotes."""
    quoted = "  'fixture@x_v1':\n    cmd: x\n", '  "fixture@x_v2":\n    cmd: x\n'
    assert merge(lock(A), lock(A, quoted[0]), lock(A, quoted[1])).data == lock(A, *quoted)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"\x93NUMPY\x01\x00", "unacceptable character"),
        (b"stages: [1\n", "while parsing a flow sequence"),
        (b"just text\n", "no stages"),
        (b"- a list\n", "no stages"),
        (b"schema: '2.0'\nstages: 1\n", "no stages"),
        (lock(A) + b">>>>>>> theirs\n", "line 11"),
        (lock(A).rstrip(), "a last line without an end"),
        (b"stages: {fixture@a_v1: {cmd: x}}\n", "stages that do not stand as DVC writes them"),
        (
            lock(A).replace(b"  fixture@a_v1", b"    fixture@a_v1", 1),
            "stages that do not stand as DVC writes them",
        ),
    ],
    ids=["binary", "bracket", "text", "list", "number", "markers", "cut", "flow", "indented"],
)
@pytest.mark.parametrize("which", ["base", "ours", "theirs"])
def test_what_is_no_lock(text, found, which):
    """Each side is named when it is none, with what is wrong with it and the way out."""
    sides = {"base": lock(A), "ours": lock(A, B), "theirs": lock(A, C), which: text}
    with pytest.raises(CheckError) as caught:
        merge(**sides)
    error = caught.value
    assert error.subject == f"dvc.lock ({which})", "not the side that is wrong"
    assert found in error.found, f"found reads: {error.found}"
    assert "git checkout --ours dvc.lock" in error.remedy, "no way out is told"


def test_what_stands_after_the_stages():
    """A section after them, which the next stage would become a part of, is refused."""
    ours = lock(A) + b"datasets:\n- name: scans\n"
    with pytest.raises(CheckError, match=r"dvc\.lock \(merged\)"):
        merge(lock(A), ours, lock(A, B))


@pytest.mark.parametrize("which", ["ours", "theirs"])
@pytest.mark.parametrize("name", ["x", "request", "__class__", "a_v1\x1b[2J", ""])
def test_a_name_that_no_fixture_has(name, which):
    """A merge brings no name that the readers of a lock refuse, whichever side has it."""
    odd = f"  {json.dumps(f'fixture@{name}')}:\n    cmd: x\n"
    sides = {"base": lock(A), "ours": lock(A), "theirs": lock(A), which: lock(A, odd)}
    with pytest.raises(CheckError) as caught:
        merge(**sides)
    assert caught.value.subject == f"dvc.lock ({which})", "not the side that is wrong"
    assert f"{name!r} has no version" in caught.value.found, caught.value.found


def test_a_name_that_both_sides_took_away():
    """What the base had and nobody has any more is in nobody's way."""
    odd = stage("fixture@x", "1")
    assert merge(lock(odd, A), lock(A), lock(A, B)).data == lock(A, B)


@pytest.mark.parametrize(
    "text",
    [
        b"stages: {a: 2026-02-30}\n",
        b"a: " + b"[" * 5000,
        b"stages: {a: " + b"1" * 5000 + b"}\n",
        b"stages: {[a]: 1}\n",
    ],
)
def test_values_that_a_reader_of_yaml_trips_over(text):
    """No value of a lock is a traceback."""
    with pytest.raises(CheckError, match=r"dvc\.lock \(theirs\)"):
        merge(lock(A), lock(A), text)
