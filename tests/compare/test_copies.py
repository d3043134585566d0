"""Tests of `registry.compare.copies`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry.compare import collecting, copies
from registry.storage import removal
from tests.compare.kit import commit
from tests.kit import collected as kit
from tests.kit.files import object_in
from tests.kit.processes import git


@pytest.fixture
def left(collected):
    """Copies in the workspace, at their paths, of what some names stand for."""

    def put(**names: str):
        for name, of in names.items():
            path = collected / kit.FOLDER / f"{name}.npz"
            path.unlink(missing_ok=True)
            path.write_bytes(kit.BYTES[of])
        return workspace(collected)

    return put


def workspace(root):
    """Paths that are found in the workspace."""
    found = copies.find(root, collecting.find(root).unwanted, (), in_workspace=True)
    return {copy.path.removeprefix(f"{kit.FOLDER}/") for copy in found}


def test_what_was_left_in_the_workspace(left, collected):
    """Bytes that nobody wants, where they were pinned; neither others nor what others want."""
    assert left(
        gone_v1="gone_v1",  # as it was left
        a_v1="draft",  # what had been there
        twin_v1="twin_v1",  # has the bytes of a_v1
        branch_v1="branch_v1",  # is another branch's
        never_v1="other",  # was never committed
        elsewhere="never_v1",  # was never pinned there
    ) == {"gone_v1.npz", "a_v1.npz"}


def test_what_is_no_file_of_the_workspace(left, collected):
    """A link, a folder, or a folder that leads out is left alone."""
    folder = collected / kit.FOLDER
    target = object_in(collected / ".dvc" / "cache", kit.md5(kit.BYTES["gone_v1"]))
    (folder / "gone_v1.npz").symlink_to(target)
    (folder / "never_v1.npz").mkdir()
    assert left(a_v1="a_v1") == set()
    (folder / "gone_v1.npz").unlink()
    left(gone_v1="gone_v1")
    folder.rename(collected.parent / "out")
    folder.symlink_to(collected.parent / "out")
    assert workspace(collected) == set(), "it lies elsewhere"


def test_what_git_tracks_is_gits(left, collected):
    """Such as a sidecar that was put there again; untracked, it goes with its fixture."""
    path = collected / kit.FOLDER / "gone_v1.json"
    path.write_bytes(kit.sidecar("gone_v1"))
    assert left(gone_v1="gone_v1") == {"gone_v1.npz", "gone_v1.json"}
    git(collected, "add", str(path))
    assert workspace(collected) == {"gone_v1.npz"}


def test_cache_and_remote(collected):
    """Everything unwanted goes, and nothing else; an import is no affair of the remote."""
    unwanted = collecting.find(collected).unwanted
    places = [removal.in_cache(collected), removal.on_remote(collected, writable=True)]
    everything = {"draft", "gone_v1", "never_v1", "far_v1", "old", "old folder"}
    expected = [everything, everything - {"far_v1"}]
    folders = [collected / ".dvc" / "cache", collected.parent / kit.REMOTE]
    found = copies.find(collected, unwanted, places, in_workspace=False)
    assert {copy.place for copy in found} == {"cache", "remote store"}
    assert [kit.removed(folder) for folder in folders] == [set(), set()], "it was only to be found"
    copies.remove(collected, found, places)
    assert [kit.removed(folder) for folder in folders] == expected
    assert copies.find(collected, unwanted, places, in_workspace=False) == []


def test_sidecars_are_asked_for_nowhere(collected):
    """They are git's: half of all questions to a remote would be about what it never has."""
    asked = []
    place = replace(removal.in_cache(collected), size=lambda md5: asked.append(md5) or 1)
    copies.find(collected, collecting.find(collected).unwanted, [place], in_workspace=False)
    assert sorted(kit.OBJECTS[md5][0] for md5 in asked) == [
        "draft", "far_v1", "gone_v1", "never_v1", "old", "old folder",
    ]  # fmt: skip


def test_a_run_that_was_interrupted(collected, monkeypatch):
    """The next one does the rest, of folders too."""
    places = [removal.in_cache(collected)]
    removed, unlink = [], Path.unlink

    def stop(path, **_):
        if len(removed) == 3:
            raise KeyboardInterrupt
        removed.append(path)
        unlink(path)

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", stop)
        patch.setattr(removal, "_JOBS", 1)
        found = copies.find(
            collected, collecting.find(collected).unwanted, places, in_workspace=False
        )
        with pytest.raises(KeyboardInterrupt):
            copies.remove(collected, found, places)
    assert len(kit.removed(collected / ".dvc" / "cache")) == 3
    found = copies.find(collected, collecting.find(collected).unwanted, places, in_workspace=False)
    copies.remove(collected, found, places)
    assert len(kit.removed(collected / ".dvc" / "cache")) == 6


def test_removed_from_the_workspace(left, collected):
    """And nothing besides; a file that is gone meanwhile is no fault."""
    left(gone_v1="gone_v1", a_v1="draft", never_v1="other")
    found = copies.find(collected, collecting.find(collected).unwanted, (), in_workspace=True)
    for _ in range(2):
        copies.remove(collected, found, ())
        assert sorted(path.name for path in (collected / kit.FOLDER).glob("*.npz")) == [
            "never_v1.npz"
        ]
    assert commit(collected), "the repository is as it was"
