"""Tests of `registry.compare.published`: pins, in small repositories that hold a lock."""

from __future__ import annotations

import pytest

from registry.compare import published
from registry.compare.published import Comparison
from registry.errors import ChainError, UsageError
from tests.compare.kit import DA, DD, commit, errors, lock, stage
from tests.kit.processes import git


def test_nothing_changed(repository):
    """The same pins as published are fine, and the commit compared with is told."""
    head = git(repository, "rev-parse", "HEAD")
    expected = Comparison(commit=head, published=1, errors=[])
    assert published.compare(repository, "HEAD") == expected, "an error where nothing changed"


def test_a_new_version_is_fine(repository):
    """Whatever is added breaks no promise."""
    (repository / "dvc.lock").write_text(lock(stage("a_v2"), stage(), stage("b_v1")))
    assert errors(repository, "HEAD") == [], "a new fixture counts as a change"


def test_a_changed_version(repository):
    """A published pin that changed is an error that names what, and the next free version."""
    base = git(repository, "rev-parse", "HEAD")[:12]
    for changed, found in (
        ({"md5": DD}, f"bytes {DA} -> {DD}"),
        ({"size": 13}, "size 12 -> 13"),
        ({"md5": DD, "size": 13}, f"bytes {DA} -> {DD}; size 12 -> 13"),
        ({"sidecar": DD}, f"sidecar: none in commit {base} beside its pin"),
    ):
        (repository / "dvc.lock").write_text(lock(stage(**changed), stage("a_v2")))
        (error,) = errors(repository, "HEAD")
        assert str(error) == (
            "fixture a_v1: published and immutable\n"
            "  expected: the pins it was published with\n"
            f"  found:    {found}\n"
            "  to mend:  declare the change as a_v3 in params.yaml, and take this one back: "
            f"git checkout {base} -- dvc.lock data/a_v1.json"
        ), f"not the whole message of {changed}"


def test_a_moved_file_is_a_change(repository):
    """Who asks for a published file by its path finds it there."""
    (repository / "dvc.lock").write_text(lock(stage().replace("data/", "elsewhere/")))
    (error,) = errors(repository, "HEAD")
    assert error.found == "path data/a_v1.npz -> elsewhere/a_v1.npz"


def test_a_vanished_version(repository):
    """A published version cannot be taken away, and its name is not free again."""
    base = git(repository, "rev-parse", "HEAD")[:12]
    (repository / "dvc.lock").write_text(lock())
    (error,) = errors(repository, "HEAD")
    assert (error.expected, error.found) == ("its pin in dvc.lock", "no pin")
    assert error.remedy == f"git checkout {base} -- dvc.lock params.yaml"


def test_a_vanished_version_is_not_the_next_free_one(repository):
    """The version to use next is free in both, the revision and the workspace."""
    commit(repository, lock(stage(), stage("a_v2")))
    (repository / "dvc.lock").write_text(lock(stage(md5=DD)))
    assert "declare the change as a_v3" in errors(repository, "HEAD")[0].remedy


def test_every_change_is_told(repository):
    """One change does not hide another."""
    commit(repository, lock(stage(), stage("b_v1"), stage("c_v1")))
    (repository / "dvc.lock").write_text(lock(stage(md5=DD), stage("b_v1")))
    assert [error.subject for error in errors(repository, "HEAD")] == [
        "fixture a_v1: published and immutable",
        "fixture c_v1: published and immutable",
    ], "not both changes"


def test_a_branch_is_compared_with_where_it_left_main(repository):
    """Without a revision, what main got since then is not asked of the branch."""
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--quiet", "-b", "work")
    commit(repository, lock(stage(), stage("mine_v1")))
    git(repository, "checkout", "--quiet", "main")
    commit(repository, lock(stage(), stage("theirs_v1")))
    git(repository, "checkout", "--quiet", "work")
    expected = Comparison(commit=base, published=1, errors=[])
    assert published.compare(repository) == expected, "not the merge base, or not its pins"


def test_a_change_committed_on_a_branch(repository):
    """Committing a change to a published version does not make it one."""
    git(repository, "checkout", "--quiet", "-b", "work")
    commit(repository, lock(stage(md5=DD)))
    assert [error.found for error in errors(repository)] == [f"bytes {DA} -> {DD}"]
    assert errors(repository, "HEAD") == [], "HEAD is not the branch's own last commit"


def test_a_registry_in_a_subfolder(repository):
    """The lock is looked for where the registry is, not at the repository's top."""
    folder = repository / "registry"
    folder.mkdir()
    (folder / "dvc.lock").write_text(lock(stage("b_v1")))
    commit(repository)
    (folder / "dvc.lock").write_text(lock(stage("b_v1", md5=DD)))
    assert [error.subject for error in errors(folder, "HEAD")] == [
        "fixture b_v1: published and immutable"
    ], "not the subfolder's own lock"


@pytest.mark.parametrize("text", [None, lock()])
def test_a_revision_at_which_nothing_is_published(repository, text):
    """Whoever names one is told so: nothing was compared, which is not the same as no change."""
    (repository / "dvc.lock").unlink()
    before = commit(repository, text)
    (repository / "dvc.lock").write_text(lock(stage(md5=DD)))
    with pytest.raises(UsageError) as caught:
        published.compare(repository, before)
    error = caught.value
    assert error.subject == f"revision {before}"
    assert error.expected == "a commit whose dvc.lock pins fixtures"
    assert error.found == f"nothing is published in commit {before[:12]}"


def test_a_branch_from_before_anything_was_published(repository):
    """Nothing has to stay, nobody made a mistake, and it is said that nothing was compared."""
    (repository / "dvc.lock").unlink()
    before = commit(repository)
    git(repository, "checkout", "--quiet", "-b", "work")
    commit(repository, lock(stage(md5=DD)))
    expected = Comparison(commit=before, published=0, errors=[])
    assert published.compare(repository) == expected, "an error out of nothing"


def test_a_lock_that_git_has_not(repository):
    """A lock that is committed and cannot be read is an error, not a revision without pins."""
    blob = git(repository, "rev-parse", "HEAD:dvc.lock")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(UsageError) as caught:
        published.compare(repository, "HEAD")
    assert caught.value.expected == "a file that git can show", "not what is wrong"


def test_a_published_lock_that_is_none(repository):
    """A revision with an unsettled merge is an error of its own."""
    conflicted = commit(repository, "<<<<<<< HEAD\nstages: {}\n")
    with pytest.raises(ChainError) as caught:
        published.compare(repository, "HEAD")
    assert caught.value.subject == f"dvc.lock in commit {conflicted[:12]}", "not which lock"
    assert caught.value.remedy.startswith("name another commit"), "the workspace's is mended"


def test_a_published_lock_of_names_without_versions(repository):
    """What no pipeline of ours writes any more is said to be so, with its stage."""
    old = commit(repository, lock(stage(), stage("x")))
    with pytest.raises(ChainError) as caught:
        published.compare(repository, "HEAD")
    assert caught.value.subject == f"dvc.lock in commit {old[:12]}: stage fixture@x"
    assert caught.value.found == "ValueError: 'x' has no version such as _v1"


def test_an_unknown_revision(repository):
    """What is no commit is a wrong request, and is never taken for an option."""
    for revision in ("nope", "--all", "HEAD~99", "HEAD:dvc.lock"):
        with pytest.raises(UsageError) as caught:
            published.compare(repository, revision)
        error = caught.value
        assert (error.subject, error.expected) == (
            f"revision {revision}",
            "a commit of this repository",
        ), "the revision is not named"
        assert error.found, f"git's own words of {revision} are missing"


@pytest.mark.parametrize("revision", [None, "HEAD"])
def test_no_repository(tmp_path, monkeypatch, revision):
    """Outside of git there is nothing to compare with, and the error says so."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "dvc.lock").write_text(lock(stage()))
    with pytest.raises(UsageError) as caught:
        published.compare(tmp_path, revision)
    assert caught.value.found.startswith("not a git repository"), "not git's own words"


def test_no_branch_to_compare_with(repository):
    """Where there is no main branch, a revision has to be named."""
    git(repository, "branch", "--move", "main", "trunk")
    with pytest.raises(UsageError) as caught:
        published.compare(repository)
    assert caught.value.remedy == "name the revision: fixtures verify --against REF"


def test_no_git(repository, monkeypatch):
    """Without git on the PATH the error is no traceback."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError) as caught:
        published.compare(repository, "HEAD")
    assert caught.value.remedy == "install git"
