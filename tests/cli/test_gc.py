"""Tests of `fixtures gc`. What is collected: tests/compare/test_collecting.py."""

from __future__ import annotations

import json
from hashlib import md5

import pytest

from registry.cli import main
from tests.kit import collected as kit
from tests.kit.files import object_in
from tests.kit.processes import Ended, git

TABLE = """\
where         what              bytes  object        why nobody keeps it
workspace     data/gone_v1.npz  20     5282cc6b3d0a  retired 2026-11-27
cache         a_v1              18     6f89d1a97146  not what was published
cache         extra             127    4b7b165ee5f2  pinned no more
cache         extra/old         17     ed9a401f909c  pinned no more
cache         far_v1.npz        19     2dab0b032096  pinned no more
cache         gone_v1           20     5282cc6b3d0a  retired 2026-11-27
cache         never_v1          21     12b91010a186  never published
remote store  a_v1              18     6f89d1a97146  not what was published
remote store  extra             127    4b7b165ee5f2  pinned no more
remote store  extra/old         17     ed9a401f909c  pinned no more
remote store  gone_v1           20     5282cc6b3d0a  retired 2026-11-27
remote store  never_v1          21     12b91010a186  never published
"""
KEPT = (
    "kept: what the work tree, HEAD or any branch, tag or stash pins; published versions that are "
    "not retired; what this history never pinned\n"
)
ALL = ("gc", "--workspace", "--cache", "--remote")


@pytest.fixture
def gc(collected, monkeypatch, capsys):
    """Run the command in the registry, with a copy of a retired version in the workspace."""
    monkeypatch.chdir(collected)
    (collected / kit.FOLDER / "gone_v1.npz").write_bytes(kit.BYTES["gone_v1"])

    def run(*arguments: str) -> Ended:
        try:
            code = main(arguments)
        except SystemExit as error:
            code = error.code
        return Ended(code, *capsys.readouterr())

    return run


def removed(root):
    """What is gone, of cache and remote."""
    return kit.removed(root / ".dvc" / "cache"), kit.removed(root.parent / kit.REMOTE)


def test_shown_then_removed(gc, collected):
    """Dry unless it is told to delete; it says what it would do, how, and then what it did."""
    ended = gc(*ALL)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"{TABLE}{KEPT}nothing was removed; to remove 12 copies, 445 bytes: "
        "fixtures gc --workspace --cache --remote --delete\n"
    )
    assert removed(collected) == (set(), set())
    ended = gc(*ALL, "--delete")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{TABLE}{KEPT}removed: 12 copies, 445 bytes\n"
    everything = {"draft", "gone_v1", "never_v1", "far_v1", "old", "old folder"}
    assert removed(collected) == (everything, everything - {"far_v1"})
    assert not (collected / kit.FOLDER / "gone_v1.npz").exists()
    assert gc(*ALL, "--delete") == Ended(0, f"nothing to collect\n{KEPT}", "")


def test_one_place(gc, collected):
    """The others are left as they are, or not even looked at."""
    ended = gc("gc", "--workspace", "--delete")
    assert ended.out.endswith("removed: 1 copy, 20 bytes\n")
    assert removed(collected) == (set(), set())
    gc("gc", "--remote", "store", "--delete")
    assert [bool(each) for each in removed(collected)] == [False, True]


def test_revisions(gc):
    """Those that are named are said, and are in the command that removes."""
    ended = gc("gc", "--cache", "--remote", "store", "--keep", "main", "--keep", "released")
    assert "branch_v1   22     34f0335a63fe  never published\n" in ended.out
    assert "HEAD or main, released pins;" in ended.out
    assert ended.out.endswith(
        ": fixtures gc --cache --remote store --keep main --keep released --delete\n"
    )


def test_a_folder_whose_list_is_nowhere(gc, collected):
    """It is said what stays for its sake."""
    name = f"{kit.md5(kit.NEW)}.dir"
    for place in (collected / ".dvc" / "cache", collected.parent / kit.REMOTE):
        object_in(place, name).unlink()
    assert (
        f"kept: files of folders, since {name} may have them, which is pinned and whose list of "
        "files is neither in the cache nor on the remote\n"
    ) in gc("gc", "--cache").out


def test_no_place(gc, collected):
    """It is wrong use: nothing is chosen for the user."""
    for arguments in (("gc",), ("gc", "--delete")):
        ended = gc(*arguments)
        assert (ended.code, ended.out) == (2, "")
        assert "name where to collect: --workspace, --cache, --remote\n" in ended.err
    assert removed(collected) == (set(), set())


def test_what_is_refused(gc, collected):
    """With four parts and a code that says what kind; nothing is removed anywhere."""
    ended = gc("gc", "--cache", "--remote", "nope", "--delete")
    assert (ended.code, ended.out) == (2, "")
    assert "error: remote nope\n" in ended.err
    (collected.parent / kit.REMOTE).rename(collected.parent / "away")
    ended = gc("gc", "--cache", "--remote", "--delete")
    assert (ended.code, ended.out) == (3, "")
    (collected.parent / "away").rename(collected.parent / kit.REMOTE)
    (collected / "dvc.lock").write_text("<<<<<<<")
    ended = gc(*ALL, "--delete")
    assert (ended.code, ended.out) == (1, "")
    assert "error: dvc.lock\n  expected: a file as DVC writes it" in ended.err
    assert removed(collected) == (set(), set())


def test_a_shallow_clone(gc, collected, tmp_path, monkeypatch):
    """As CI has one: it lacks what would have to be kept."""
    git(tmp_path, "clone", "--quiet", "--depth", "1", collected.as_uri(), "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    ended = gc(*ALL, "--delete")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: history\n"
        "  expected: a git repository with all commits of all branches, for each may pin "
        "something\n"
        "  found:    a shallow clone\n"
        "  to mend:  git fetch --unshallow\n"
    )
    assert removed(collected) == (set(), set())


def test_a_document(gc, collected):
    """Each copy, with whole digests; nothing is removed before it is told to."""
    ended = gc(*ALL, "--json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert document["copies"][0] == {
        "where": "workspace",
        "what": "gone_v1",
        "path": "data/gone_v1.npz",
        "size": 20,
        "md5": md5(kit.BYTES["gone_v1"]).hexdigest(),
        "why": "retired 2026-11-27",
    }
    assert (len(document["copies"]), document["bytes"], document["removed"]) == (12, 445, False)
    assert removed(collected) == (set(), set())
    again = json.loads(gc(*ALL, "--json", "--delete").out)
    assert again == {**document, "removed": True}
    assert not (collected / kit.FOLDER / "gone_v1.npz").exists()
    nothing = json.loads(gc(*ALL, "--json", "--delete").out)
    assert (nothing["copies"], nothing["removed"]) == ([], False), "nothing was there to remove"
