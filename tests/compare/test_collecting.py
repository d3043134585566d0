"""Tests of `registry.compare.collecting`: what is wanted, and what nobody wants."""

from __future__ import annotations

import shutil

import pytest

from registry.compare import collecting
from registry.errors import ChainError, MissingError, UsageError
from tests.compare.kit import commit, lock
from tests.kit import collected as kit
from tests.kit.files import object_in
from tests.kit.processes import git

# What nobody wants, by what it is called in the history of `tests.kit.collected`.
UNWANTED = {"draft", "gone_v1", "never_v1", "far_v1", "old", "old folder"}


def unwanted(root, *revisions):
    """What is found, by what it is called in that history; and sidecars."""
    found = collecting.find(root, revisions).unwanted
    return {kit.OBJECTS[each.md5][0] for each in found if each.md5 in kit.OBJECTS}


def test_what_nobody_wants(littered):
    """Neither what a branch, a tag or HEAD pins, nor what is published; a shared object stays."""
    assert unwanted(littered) == UNWANTED


def test_what_each_was(littered):
    """And why it is not kept."""
    found = {each.what: each for each in collecting.find(littered).unwanted}
    assert {what: each.why for what, each in found.items() if not what.endswith(".json")} == {
        "a_v1": "not what was published",
        "extra": "pinned no more",
        "extra/old": "pinned no more",
        "far_v1.npz": "pinned no more",
        "gone_v1": "retired 2026-11-27",
        "never_v1": "never published",
    }
    assert found["gone_v1"].paths == {"data/gone_v1.npz"}
    assert [what for what, each in found.items() if each.imported] == ["far_v1.npz"]
    assert all(each.is_sidecar == what.endswith(".json") for what, each in found.items())
    assert any(each.is_sidecar for each in found.values())


def test_nothing_that_nobody_wants(repository):
    """Where all that was ever pinned still is, nothing is found."""
    assert collecting.find(repository) == collecting.Found(unwanted=[], lost=[])


def test_revisions_that_are_kept(littered):
    """Named, they take the place of all branches and tags; HEAD and what is published stay."""
    for revisions, more in (
        (("main",), {"branch_v1", "tag_v1"}),
        (("released",), {"branch_v1"}),
        (("branch_v1", "released"), set()),
    ):
        assert unwanted(littered, *revisions) == UNWANTED | more, revisions


def test_a_version_that_is_retired_no_more(collected):
    """What is published stays, whoever pins it; its draft does not."""
    (collected / "params.yaml").unlink()
    assert unwanted(collected) == UNWANTED - {"gone_v1"}
    (collected / "published.sum").unlink()
    assert unwanted(collected) == UNWANTED - {"gone_v1"}, "HEAD has the ledger"
    commit(collected)
    assert unwanted(collected) == UNWANTED - {"gone_v1"}, "branches have the ledger"
    assert unwanted(collected, "main") == UNWANTED | {"branch_v1", "tag_v1", "lost_v1"}


def test_a_published_version_whose_sidecar_is_lost(collected):
    """Which of a name's bytes were published nobody can tell: all of them stay."""
    git(collected, "rm", "--quiet", "-r", kit.FOLDER)
    kit.pin(collected, new_v1="draft")
    (collected / kit.FOLDER / "new_v1.json").unlink()
    text = (collected / "published.sum").read_text().replace("a_v1 ", "new_v1 ", 1)
    (collected / "published.sum").write_text(text)
    commit(collected, kit.pin(collected, a_v1="a_v1") + kit.stage("new_v1", md5="9" * 32))
    commit(collected, kit.pin(collected, a_v1="a_v1"))
    assert "9" * 32 not in {each.md5 for each in collecting.find(collected).unwanted}


def test_the_work_tree(collected):
    """What it pins is wanted before it is committed, in a lock or in any `.dvc` file."""
    (collected / "dvc.lock").write_text(kit.pin(collected, never_v1="never_v1"))
    (collected / "deep").mkdir()
    md5 = kit.md5(kit.BYTES["gone_v1"])
    (collected / "deep" / "x.dvc").write_text(f"outs: [{{path: x, md5: {md5}}}]\n")
    assert unwanted(collected) == UNWANTED - {"never_v1", "gone_v1"}
    (collected / "dvc.lock").unlink()
    (collected / "extra.dvc").unlink()
    assert unwanted(collected) == UNWANTED - {"gone_v1"}, "HEAD pins no more"


def test_head(collected):
    """What it pins is wanted where the work tree has something else, whatever is named."""
    git(collected, "checkout", "--quiet", "branch_v1")
    (collected / "dvc.lock").write_text(kit.pin(collected, a_v1="a_v1"))
    assert unwanted(collected, "main") == UNWANTED | {"tag_v1"}


def test_a_stash(collected):
    """It may be taken back."""
    (collected / "dvc.lock").write_text(kit.pin(collected, never_v1="never_v1"))
    git(collected, "stash", "--quiet")
    assert unwanted(collected) == UNWANTED - {"never_v1"}


def test_what_was_never_committed_is_not_known(littered):
    """An object of another repository's, or of a build, is no candidate."""
    found = {each.md5 for each in collecting.find(littered).unwanted}
    assert kit.md5(kit.BYTES["other"]) not in found


def test_a_folder_whose_list_is_elsewhere(collected):
    """The remote has it; one that cannot be asked may have it, and nothing is collected."""
    name = f"{kit.md5(kit.NEW)}.dir"
    object_in(collected / ".dvc" / "cache", name).unlink()
    assert unwanted(collected) == UNWANTED
    (collected.parent / kit.REMOTE).rename(collected.parent / "away")
    with pytest.raises(MissingError) as caught:
        collecting.find(collected)
    assert caught.value.subject == f"folder {name}"
    assert caught.value.found.endswith(": none: it is not mounted here, or nothing was ever pushed")


def test_a_folder_whose_list_is_nowhere(collected):
    """As that of one which DVC does not cache: it may have any file of another, and those stay."""
    name = f"{kit.md5(kit.NEW)}.dir"
    for place in (collected / ".dvc" / "cache", collected.parent / kit.REMOTE):
        object_in(place, name).unlink()
    assert unwanted(collected) == UNWANTED - {"old"}
    assert collecting.find(collected).lost == [name]
    (collected / ".dvc" / "config").write_text("")
    assert collecting.find(collected).lost == [name], "there is no remote"


def test_an_unwanted_folder_whose_list_is_lost(collected):
    """Nobody knows its files, which stay."""
    for place in (collected / ".dvc" / "cache", collected.parent / kit.REMOTE):
        object_in(place, f"{kit.md5(kit.OLD)}.dir").unlink()
    assert unwanted(collected) == UNWANTED - {"old"}


def test_files_of_a_folder_that_is_not_committed_yet(collected):
    """They are wanted, whichever folder they were in before."""
    data = kit.folder("old", "other")
    text = f"outs:\n- {{md5: {kit.md5(data)}.dir, size: 1, nfiles: 2, hash: md5, path: more}}\n"
    (collected / "more.dvc").write_text(text)
    listed = object_in(collected / ".dvc" / "cache", f"{kit.md5(data)}.dir")
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_bytes(data)
    assert unwanted(collected) == UNWANTED - {"old"}


HOSTILE = (
    "<<<<<<< ours\nschema: '2.0'\n",
    "",
    "[" * 5000,
    "stages: &a [*a]",
    "outs: !!python/object/apply:os.system [touch ran]\n- x: [",
)


def test_a_lock_that_is_none(collected):
    """Nobody knows what it was to pin: nothing is collected, and it is said."""
    for text in HOSTILE:
        (collected / "dvc.lock").write_text(text)
        with pytest.raises(ChainError) as caught:
            collecting.find(collected)
        assert caught.value.subject == "dvc.lock", text[:20]
        assert "fixtures gc --keep REV" in caught.value.remedy


def test_a_lock_of_a_branch_that_is_none(collected):
    """Nor is it then; it is said where it is, and other revisions may be named."""
    git(collected, "checkout", "--quiet", "branch_v1")
    said = commit(collected, HOSTILE[0])[:12]
    git(collected, "checkout", "--quiet", "main")
    with pytest.raises(ChainError) as caught:
        collecting.find(collected)
    assert caught.value.subject == f"dvc.lock in commit {said}"
    assert unwanted(collected, "released") == UNWANTED | {"branch_v1"}


def test_locks_of_the_past_that_are_none(collected):
    """They give nothing up: what they alone pinned stays, and everything else is collected."""
    other = kit.stage("other_v1", md5=kit.md5(kit.BYTES["other"]))
    for text in (
        HOSTILE[0],
        lock(other.replace("data/other_v1.npz", "../../x.npz")),
        lock(other.replace("size: 12", "size: many")),
    ):
        commit(collected, text)
    commit(collected, kit.pin(collected, a_v1="a_v1"))
    assert unwanted(collected) == UNWANTED


def test_a_ledger_that_is_none(collected):
    """Of the work tree or of a branch, nobody knows what was published."""
    (collected / "published.sum").write_text("a_v1\n")
    with pytest.raises(ChainError, match=r"published\.sum: line 1"):
        collecting.find(collected)
    said = commit(collected)[:12]
    git(collected, "checkout", "--quiet", "branch_v1")
    with pytest.raises(ChainError, match=rf"published\.sum in commit {said}: line 1"):
        collecting.find(collected)


def test_clones_that_lack_something(littered, tmp_path):
    """Of a shallow one, or of some branches, nothing is littered."""
    for name, option in (("shallow", "--depth=1"), ("single", "--single-branch")):
        git(tmp_path, "clone", "--quiet", option, littered.as_uri(), name)
        with pytest.raises(UsageError, match="with all commits of all branches"):
            collecting.find(tmp_path / name)
    with pytest.raises(UsageError, match="a shallow clone"):
        collecting.find(tmp_path / "shallow", ["HEAD"])


def test_a_revision_that_is_none(littered):
    """It is wrong use."""
    with pytest.raises(UsageError, match="revision nope"):
        collecting.find(littered, ["nope"])


def test_a_hook(littered, tmp_path, monkeypatch):
    """What git sets for those of another repository changes nothing."""
    git(tmp_path, "init", "--quiet", "elsewhere")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere" / "index"))
    assert unwanted(littered) == UNWANTED


def test_a_registry_in_a_folder_of_a_repository(collected, tmp_path):
    """What the rest of it pins is wanted, and is none of what is collected."""
    root = tmp_path / "team"
    git(tmp_path, "init", "--quiet", "team")
    kit_root = shutil.copytree(
        collected, root / "registry", ignore=shutil.ignore_patterns(".git", "extra.dvc")
    )
    beside = {name: kit.md5(kit.BYTES[name]) for name in ("never_v1", "other")}
    for name, md5 in beside.items():
        (root / f"{name}.dvc").write_text(f"outs: [{{path: x, md5: {md5}}}]\n")
    commit(kit_root, kit.pin(kit_root, never_v1="never_v1", gone_v1="gone_v1"))
    (root / "other.dvc").unlink()
    commit(kit_root, kit.pin(kit_root, a_v1="a_v1"))
    assert unwanted(kit_root) == {"gone_v1"}
    md5 = kit.md5(kit.BYTES["gone_v1"])
    (root / "new.dvc").write_text(f"outs: [{{path: x, md5: {md5}}}]\n")
    assert unwanted(kit_root) == set(), "what is not committed yet, beside it"
