"""Tests of `registry.storage.history`."""

from __future__ import annotations

import pytest

from registry.errors import UsageError
from registry.storage import git as own_git
from registry.storage import history
from tests.kit.processes import git


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A repository whose file `sub/x` has, in turn, the texts 1 to 6.

    2 was on a branch that a merge took back and that is gone, 3 is in a stash, 4 in another work
    tree, 5 on a branch, 6 at HEAD; and a tag names no commit.
    """
    place = tmp_path_factory.mktemp("history")
    root = place / "root"
    (root / "sub").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch", "main")

    def commit(text: str) -> None:
        (root / "sub" / "x").write_text(text)
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message", text)

    commit("1")
    git(root, "checkout", "--quiet", "-b", "taken-back")
    commit("2")
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "--strategy", "ours", "--message", "merge", "taken-back")
    git(root, "branch", "--quiet", "-D", "taken-back")
    (root / "sub" / "x").write_text("3")
    git(root, "stash", "--quiet")
    git(root, "worktree", "add", "--quiet", "--detach", str(place / "tree"))
    (place / "tree" / "sub" / "x").write_text("4")
    git(place / "tree", "commit", "--quiet", "--all", "--message", "4")
    git(root, "checkout", "--quiet", "-b", "branch")
    commit("5")
    git(root, "checkout", "--quiet", "main")
    commit("6")
    git(root, "tag", "no-commit", git(root, "rev-parse", "HEAD:sub/x"))
    return place


def texts(root, blobs):
    """Texts by the ids that git gives them."""
    return {data.decode() for data in own_git.blobs(root, sorted(blobs))}


def test_every_content_that_a_file_ever_had(place):
    """Whatever merges took back; paths are from the top, wherever one stands."""
    root = place / "root" / "sub"
    found = history.blobs_ever(root, "x")
    assert list(found) == ["sub/x"], "another path"
    assert texts(root, found["sub/x"]) == {"1", "2", "3", "4", "5", "6"}
    assert history.blobs_ever(root, "y") == {}


def test_tips(place):
    """Branches, stashes and other work trees; a tag of something else is none."""
    root = place / "root"
    at = [history.blobs_at(root, tip, "sub/x".__eq__) for tip in history.tips(root)]
    assert sorted(texts(root, {each["sub/x"] for each in at})) == ["3", "4", "5", "6"]


def test_files_of_a_commit(tmp_path):
    """Each that is wanted, whatever is in its name."""
    git(tmp_path, "init", "--quiet")
    names = ["a", "b\tc\td", "e\nf", "\N{GREEK SMALL LETTER PHI}", "z"]
    for name in names:
        (tmp_path / name).write_text(name)
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "files")
    found = history.blobs_at(tmp_path, "HEAD", lambda name: name != "z")
    assert list(found) == names[:-1]
    assert own_git.blobs(tmp_path, list(found.values())) == [name.encode() for name in names[:-1]]


def test_a_link_in_a_files_place(tmp_path):
    """Of what is no file nobody knows what it pins."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "x").symlink_to("y")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "a link")
    assert history.blobs_at(tmp_path, "HEAD", "y".__eq__) == {}, "it was not asked for"
    with pytest.raises(UsageError) as caught:
        history.blobs_at(tmp_path, "HEAD", "x".__eq__)
    assert caught.value.found == "a link, or another repository"


def test_files_of_the_work_tree(place):
    """Those of git, and those that it would track; paths are relative to where one stands."""
    root = place / "tree"
    (root / "new").touch()
    assert history.present(root) == ["new", "sub/x"]
    assert history.present(root, tracked=True) == ["sub/x"]
    assert history.present(root / "sub", ":(top,glob)**/new") == ["../new"]
    assert (history.prefix(root), history.prefix(root / "sub")) == ("", "sub/")


def test_a_whole_clone(place, tmp_path):
    """Of a repository's own, or of all branches of a remote."""
    history.require_whole(place / "root", branches=True)
    git(tmp_path, "clone", "--quiet", str(place / "root"), "whole")
    history.require_whole(tmp_path / "whole", branches=True)


def test_clones_that_lack_something(place, tmp_path):
    """What is not here may pin something: it is said, and what brings it."""
    url = (place / "root").as_uri()
    git(tmp_path, "clone", "--quiet", "--depth", "1", url, "shallow")
    git(tmp_path, "clone", "--quiet", "--single-branch", url, "single")
    history.require_whole(tmp_path / "single", branches=False)
    for name, branches, found, remedy in (
        ("shallow", False, "a shallow clone", "git fetch --unshallow"),
        ("single", True, "a clone that does not fetch every branch of origin",
         "git remote set-branches origin '*' && git fetch origin"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            history.require_whole(tmp_path / name, branches=branches)
        assert (caught.value.found, caught.value.remedy) == (found, remedy), name


def test_no_repository(tmp_path, monkeypatch):
    """Or one without a commit: an error, in git's words."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="not a git repository"):
        history.require_whole(tmp_path, branches=True)
    git(tmp_path, "init", "--quiet")
    with pytest.raises(UsageError, match="git status and git fsck say"):
        history.tips(tmp_path)
