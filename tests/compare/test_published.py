"""Tests of `registry.compare.published`.

On small repositories that hold a lock and nothing else.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.compare import published
from registry.errors import ChainError, CheckError, UsageError
from tests.kit.processes import git

STAGE = """\
  fixture@{name}:
    cmd: python -m registry.build.fixture {name}
    outs:
    - {{path: data/{name}.json, hash: md5, md5: {sidecar}, size: 11}}
    - {{path: data/{name}.npz, hash: md5, md5: {md5}, size: {size}}}
"""


def lock(*stages: str) -> str:
    """Text of a lock with these stages."""
    return "schema: '2.0'\nstages:\n" + ("".join(stages) or "  params: {cmd: x}\n")


# md5 of no file in particular
DA, DB, DD = ("da" * 16, "db" * 16, "dd" * 16)


def stage(name: str = "a_v1", *, md5: str = DA, sidecar: str = DB, size: int = 12) -> str:
    """Text of one fixture's stage."""
    return STAGE.format(name=name, md5=md5, sidecar=sidecar, size=size)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository on main with one published fixture, a_v1."""
    # no repository of the machine's may be found around the test's own
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, lock(stage()))
    return tmp_path


def commit(root: Path, text: str | None = None) -> str:
    """Commit everything, after writing the lock where one is given; the commit's id."""
    if text is not None:
        (root / "dvc.lock").write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "a change")
    return git(root, "rev-parse", "HEAD")


def errors(root: Path, revision: str | None = None) -> list[CheckError]:
    """What `compare` finds wrong."""
    return published.compare(root, revision)[1]


def test_nothing_changed(repository):
    """The same pins as published are fine, and the commit compared with is told."""
    head = git(repository, "rev-parse", "HEAD")
    assert published.compare(repository, "HEAD") == (head, []), "an error where nothing changed"


def test_a_new_version_is_fine(repository):
    """Whatever is added breaks no promise."""
    (repository / "dvc.lock").write_text(lock(stage("a_v2"), stage(), stage("b_v1")))
    assert errors(repository, "HEAD") == [], "a new fixture counts as a change"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"md5": DD}, f"bytes {DA} -> {DD}"),
        ({"sidecar": DD}, f"sidecar {DB} -> {DD}"),
        ({"md5": DD, "size": 13}, f"bytes {DA} -> {DD}; size 12 -> 13"),
    ],
)
def test_a_changed_version(repository, changed, found):
    """A published pin that changed is an error that names what, and the next free version."""
    base = git(repository, "rev-parse", "HEAD")[:12]
    (repository / "dvc.lock").write_text(lock(stage(**changed), stage("a_v2")))
    (error,) = errors(repository, "HEAD")
    assert str(error) == (
        "fixture a_v1: published and immutable\n"
        "  expected: the pins it was published with\n"
        f"  found:    {found}\n"
        "  to mend:  declare the change as a_v3 in params.yaml, and take this one back: "
        f"git checkout {base} -- dvc.lock data/a_v1.json"
    ), "not the whole message"


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
    assert published.compare(repository) == (base, []), "not the merge base, or not its pins"


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


def test_a_revision_before_the_first_lock(repository):
    """Before anything was published, nothing has to stay."""
    (repository / "dvc.lock").unlink()
    before = commit(repository)
    (repository / "dvc.lock").write_text(lock(stage(md5=DD)))
    assert published.compare(repository, before) == (before, []), "an error out of nothing"


def test_a_lock_that_git_has_not(repository):
    """A lock that is committed and cannot be read is an error, not a revision without pins."""
    blob = git(repository, "rev-parse", "HEAD:dvc.lock")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(UsageError) as caught:
        published.compare(repository, "HEAD")
    assert caught.value.expected == "a file that git can show", "not what is wrong"


def test_a_published_lock_that_is_none(repository):
    """A revision with an unsettled merge is an error of its own."""
    commit(repository, "<<<<<<< HEAD\nstages: {}\n")
    with pytest.raises(ChainError):
        published.compare(repository, "HEAD")


@pytest.mark.parametrize("revision", ["nope", "--all", "HEAD~99", "HEAD:dvc.lock"])
def test_an_unknown_revision(repository, revision):
    """What is no commit is a wrong request, and is never taken for an option."""
    with pytest.raises(UsageError) as caught:
        published.compare(repository, revision)
    error = caught.value
    assert (error.subject, error.expected) == (
        f"revision {revision}",
        "a commit of this repository",
    ), "the revision is not named"
    assert error.found, "git's own words are missing"


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


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("a_v1", set(), "a_v2"),
        ("a_v1", {"a_v2", "a_v3"}, "a_v4"),
        ("a_v1", {"a_v3"}, "a_v2"),
        ("a_v9_n16", {"a_v10"}, "a_v10_n16"),
        ("a_v1_v2", set(), "a_v1_v3"),
    ],
)
def test_next_free_version(name, taken, expected):
    """The number above goes up until the name is free; the rest of the name stays."""
    assert published.next_free_version(name, taken) == expected


def test_next_version_of_a_name_without_one():
    """What has no version has no next one."""
    with pytest.raises(ValueError, match="'a' has no version such as _v1"):
        published.next_free_version("a", set())
