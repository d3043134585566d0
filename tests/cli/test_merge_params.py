"""Tests of `fixtures merge-params`: called by hand, and by git. See also test_merge_drivers.py."""

from __future__ import annotations

import itertools

import pytest
import yaml

from registry.cli import main
from tests.kit import merging
from tests.kit.repository import REPOSITORY

BASE = "fixtures:\n  a_v1: &a\n    n_subset: 64\n"
CONFLICT = (
    "params.yaml: both sides changed {}, or one what it inherits; settle it between the markers, "
    "then run fixtures check-params\n"
)


@pytest.fixture
def merge(tmp_path, capsys):
    """Call the command on three files; its exit code, what is in OURS then, and what it printed."""
    return merging.command("merge-params", tmp_path, capsys)


def test_a_clean_merge(merge):
    """The result replaces OURS, and nothing is said."""
    ours, theirs = ("  b_v1: {<<: *a, Y: true}\n", "  c_v1: {<<: *a, Y: false}\n")
    assert merge(BASE, BASE + ours, BASE + theirs) == (0, BASE + ours + theirs, "")


def test_a_conflict(merge):
    """It has exit code 1, markers in OURS, and a line that names the entry."""
    ours, theirs = (f"  a_v1: &a\n    n_subset: {n}\n" for n in (16, 32))
    merged = f"fixtures:\n<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n"
    found = merge(BASE, f"fixtures:\n{ours}", f"fixtures:\n{theirs}")
    assert found == (1, merged, CONFLICT.format("fixtures.a_v1"))


def test_what_is_no_declaration(merge):
    """OURS has both sides between markers, and the four parts of the error are printed."""
    code, ours, err = merge(BASE, BASE, "fixtures: [\n")
    both = f"<<<<<<< ours\n{BASE}=======\nfixtures: [\n>>>>>>> theirs\n"
    assert (code, ours) == (1, both), "not refused, or one side alone"
    assert err.startswith("error: params.yaml (theirs)\n  expected: YAML 1.2 in UTF-8"), err
    assert "  to mend:  settle the conflict by hand, then fixtures check-params" in err, err


def test_a_file_that_is_not_there(merge, tmp_path, capsys):
    """Called by hand with a wrong path, it is exit code 3, and OURS stays as it was."""
    (tmp_path / "ours").write_text(BASE)
    paths = [str(tmp_path / name) for name in ("base", "ours", "theirs")]
    assert main(["merge-params", *paths]) == 3, "not the exit code of what is missing"
    assert "a version of params.yaml, as git hands it over" in capsys.readouterr().err
    assert (tmp_path / "ours").read_text() == BASE, "OURS was written"


def added(*names: str, n_subset: int) -> str:
    """Entries as `fixtures add --like` writes them, with what each has of its own in the middle."""
    return "".join(
        f"\n  {name}:\n    <<: *minimal_dataset_v1\n    strategy: grid_{name}\n"
        f"    n_subset: {n_subset}\n"
        for name in names
    )


# What a declaration has after its last entry.
ENDS = {
    "nothing": "",
    "comment of the section": "\n  # Variants, off by default.\n  # x_v1: {<<: *y}\n",
    "comment of the file": "\n# The end.\n",
    "section": "\n# Of old.\ndeprecated:\n  minimal_dataset_v1_n16: {reason: too small}\n",
    "no end of the last line": "\n  # the end",
}


@pytest.mark.parametrize("last", [(32, 32), (32, 48)], ids=["one last line", "another"])
@pytest.mark.parametrize("is_swapped", [False, True], ids=["ours first", "theirs first"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_git_merges_what_both_sides_added(end, is_swapped, last, tmp_path):
    """Two branches with several entries each, in either order, at the end of what this one has."""
    repository = merging.repository(tmp_path)
    repository.set_up()
    text = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    # of the comments at its end as the parameter says
    text = text[: text.index("\n  # Variants, off by default", text.index("fixtures:\n"))]
    of_sides = [
        added("a_v1", "b_v1", n_subset=last[0]),
        added("x_v1", "y_v1", "z_v1", n_subset=last[1]),
    ]
    one, other = ({"params": text + of_side + end} for of_side in of_sides)
    sides = (other, one) if is_swapped else (one, other)
    repository.branches({"params": text + end}, *sides)
    repository.merge()
    assert repository.git("status", "--porcelain") == "", "something is left to commit"

    merged = repository.text("params.yaml")
    of_sides = reversed(of_sides) if is_swapped else of_sides
    expected = text + "".join(of_sides) + end
    assert merged.rstrip("\n") == expected.rstrip("\n"), "not both, or a comment elsewhere"
    before, after = (yaml.safe_load(text)["fixtures"] for text in (text + end, merged))
    assert {name: after[name] for name in before} == before, "what was there changed"
    numbers = [after[name]["n_subset"] for name in ("a_v1", "b_v1", "x_v1", "y_v1", "z_v1")]
    assert numbers == [last[0]] * 2 + [last[1]] * 3, "an entry lost its last line"


@pytest.mark.parametrize("order", [*itertools.permutations("abc")], ids="".join)
def test_git_merges_three_branches(order, tmp_path):
    """In whichever order they are merged, each entry says what its branch says."""
    repository = merging.repository(tmp_path)
    repository.set_up()
    repository.write(params=BASE)
    for name in "abc":
        repository.git("checkout", "--quiet", "-b", name, "main")
        repository.write(params=f"{BASE}\n  {name}_v2: &of_{name}\n    <<: *a\n    Y: true\n"
                         f"\n  {name}_v3:\n    <<: *of_{name}\n    n_subset: 32\n")  # fmt: skip
    repository.git("checkout", "--quiet", "main")
    for name in order:
        repository.git("merge", "--message", "merge", name)
    assert yaml.safe_load(repository.text("params.yaml"))["fixtures"] == {
        "a_v1": {"n_subset": 64},
        **{f"{name}_v2": {"n_subset": 64, "Y": True} for name in "abc"},
        **{f"{name}_v3": {"n_subset": 32, "Y": True} for name in "abc"},
    }
