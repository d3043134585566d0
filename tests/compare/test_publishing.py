"""Tests of `registry.compare.publishing`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from registry.compare import publishing
from registry.errors import CheckError, MissingError, UsageError
from registry.identity import ledger
from tests.compare.kit import commit
from tests.kit.processes import git
from tests.kit.registries import rewrite
from tests.kit.repository import FOLDER, excerpt

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"


@pytest.fixture
def repository(root, monkeypatch):
    """A registry of two fixtures on the branch main of a repository; nothing is published."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    excerpt(root, (OTHER, NAME))
    git(root, "init", "--quiet", "--initial-branch", "main")
    (root / ".gitattributes").write_text(f"{ledger.FILE} merge=union\n")
    (root / ".gitignore").write_text("*.npz\n")
    commit(root)
    return root


@pytest.fixture
def published(repository):
    """The same, with both published on main; the commit that published them."""
    publishing.publish(repository)
    commit(repository)
    return repository


def without(root: Path, name: str) -> None:
    """Take a version's line out of the ledger."""
    path = root / ledger.FILE
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(f"{name} ")))


def test_what_is_pinned_is_published(repository):
    """A line for each, once, in the order of the lock."""
    assert [line.name for line in publishing.publish(repository)] == [OTHER, NAME]
    assert list(ledger.read(repository)) == [OTHER, NAME]
    before = (repository / ledger.FILE).read_bytes()
    assert publishing.publish(repository) == []
    assert (repository / ledger.FILE).read_bytes() == before


def test_only_those_that_are_named(repository):
    """Others wait until they are as they should stay."""
    assert [line.name for line in publishing.publish(repository, [NAME, NAME])] == [NAME]
    assert [line.name for line in publishing.publish(repository)] == [OTHER]


def test_a_name_that_is_not_pinned(repository):
    """Nothing is published with it."""
    with pytest.raises(UsageError, match="fixture nope_v1"):
        publishing.publish(repository, [NAME, "nope_v1"])
    assert ledger.read(repository) is None


def test_what_became_something_else(published):
    """It is not published a second time; the ledger stays as it is."""
    before = (published / ledger.FILE).read_bytes()
    rewrite(published, NAME, lambda record: record.update(licence="MIT"))
    with pytest.raises(CheckError) as caught:
        publishing.publish(published)
    assert caught.value.subject == f"fixture {NAME}: published and immutable"
    assert "declare the change as minimal_dataset_v2_n16" in caught.value.remedy
    assert (published / ledger.FILE).read_bytes() == before


def test_an_imported_fixture(repository):
    """It is published where it comes from."""
    pin = "outs:\n- {{md5: {0}, size: 1, hash: md5, path: far_v1.{1}}}\ndeps: [{{path: x}}]\n"
    for kind in ("npz", "json"):
        (repository / f"far_v1.{kind}.dvc").write_text(pin.format("ab" * 16, kind))
    with pytest.raises(UsageError, match="an imported one"):
        publishing.publish(repository, ["far_v1"])
    assert [line.name for line in publishing.publish(repository)] == [OTHER, NAME]


def test_a_declaration_that_changes(published):
    """It is told before anything is built, with the key and the next free version."""
    assert publishing.redeclared(published) == []
    path = published / "params.yaml"
    text = path.read_text()
    path.write_text(text.replace("n_subset: 16", "n_subset: 17"))
    (found,) = publishing.redeclared(published)
    assert found.subject == f"fixture {NAME}: published and immutable"
    assert found.found == "n_subset: 16 -> 17"
    assert found.remedy.startswith("declare the change as minimal_dataset_v2_n16, and take")
    path.write_text(text.replace("seed: 1084", "seed: 1"))
    assert [error.found for error in publishing.redeclared(published)] == [
        "source run1084_twin: seed: 1084 -> 1"
    ] * 2, "a source is a part of each declaration"


@pytest.mark.parametrize("gone", [ledger.FILE, "params.yaml", "dvc.lock"])
def test_what_has_no_declaration_to_change(published, gone):
    """Where nothing is published, declared or pinned, nothing is declared otherwise."""
    path = published / "params.yaml"
    path.write_text(path.read_text().replace("n_subset: 16", "n_subset: 17"))
    (published / gone).unlink()
    assert publishing.redeclared(published) == []


def test_what_is_not_published_may_change(repository):
    """Until then an entry is its author's."""
    publishing.publish(repository, [OTHER])
    path = repository / "params.yaml"
    path.write_text(path.read_text().replace("n_subset: 16", "n_subset: 17"))
    assert publishing.redeclared(repository) == []


def test_lines_that_stay(published):
    """Whether on main or on a branch, with new lines or without."""
    found = publishing.history(published)
    assert (found.commits, found.is_whole, found.errors) == (1, True, [])
    git(published, "checkout", "--quiet", "-b", "branch")
    assert publishing.history(published).errors == []


@pytest.mark.parametrize("change", ["removed", "changed", "the whole file"])
def test_a_line_that_is_taken_back(published, change):
    """It was on main, so that it is missed, whatever the branch and however many commits ago."""
    added = git(published, "rev-parse", "HEAD")
    git(published, "checkout", "--quiet", "-b", "branch")
    path = published / ledger.FILE
    if change == "the whole file":
        path.unlink()
        named = [OTHER, NAME]
    else:
        line = ledger.read(published)[NAME]
        named = [NAME]
        without(published, NAME)
        if change == "changed":
            path.write_text(path.read_text() + f"{line}\n".replace(line.content, "0" * 64))
    commit(published)
    commit(published)
    found = publishing.history(published).errors
    assert [error.subject for error in found] == [
        f"fixture {name}: published and immutable" for name in named
    ]
    assert found[-1].expected == f"its line in published.sum, as commit {added[:12]} added it"
    assert found[-1].found.startswith("content" if change == "changed" else "none")
    assert f"git show {added[:12]} -- published.sum" in found[-1].remedy


def test_a_line_of_a_branch_may_change_until_it_is_merged(published):
    """What was never on main was never published."""
    git(published, "checkout", "--quiet", "-b", "branch")
    path = published / ledger.FILE
    before = path.read_text()
    line = ledger.read(published)[NAME]
    new = str(line).replace(NAME, "new_v1")
    path.write_text(f"{before}{new}\n".replace(f"new_v1 {line.bytes}", f"new_v1 {'0' * 64}"))
    commit(published)
    path.write_text(before)
    commit(published)
    assert publishing.history(published).errors == []
    path.write_text(f"{before}{new}\n")
    commit(published)
    git(published, "checkout", "--quiet", "main")
    git(published, "merge", "--quiet", "--no-ff", "--message", "merge", "branch")
    assert publishing.history(published).errors == []
    path.write_text(before)
    (found,) = publishing.history(published).errors
    assert found.subject == "fixture new_v1: published and immutable"


def test_two_branches_that_publish(published):
    """Git keeps the lines of both, whichever is merged first."""
    path = published / ledger.FILE
    line = str(ledger.read(published)[NAME])
    for name in ("one_v1", "two_v1"):
        git(published, "checkout", "--quiet", "-b", name, "main")
        path.write_text(path.read_text() + line.replace(NAME, name) + "\n")
        commit(published)
    git(published, "checkout", "--quiet", "main")
    for name in ("two_v1", "one_v1"):
        git(published, "merge", "--quiet", "--message", "merge", name)
    assert set(ledger.read(published)) == {OTHER, NAME, "one_v1", "two_v1"}
    assert publishing.history(published).errors == []


def test_a_shallow_clone(published, tmp_path):
    """It has a part of the history, in which a changed line is not seen; strictly that is an error.

    As a service checks out a pull request: its merge with main, at depth 1, and no branch.
    """
    git(published, "checkout", "--quiet", "-b", "branch")
    line = ledger.read(published)[NAME]
    path = published / ledger.FILE
    path.write_text(path.read_text().replace(line.bytes, "0" * 64))
    commit(published)
    shallow = tmp_path / "shallow"
    git(tmp_path, "init", "--quiet", "shallow")
    git(shallow, "fetch", "--quiet", "--depth", "1", published.as_uri(), "branch")
    git(shallow, "checkout", "--quiet", "FETCH_HEAD")
    found = publishing.history(shallow)
    assert (found.is_whole, found.errors) == (False, [])
    (error,) = publishing.history(shallow, strict=True).errors
    assert isinstance(error, MissingError)
    assert error.found == "a shallow clone"
    (shallow / ledger.FILE).unlink()
    commit(shallow)
    assert error.found in [each.found for each in publishing.history(shallow, strict=True).errors]
    # what the remedy makes of it
    git(shallow, "fetch", "--quiet", "--unshallow", published.as_uri(), "+refs/*:refs/remotes/*")
    git(shallow, "checkout", "--quiet", "FETCH_HEAD")
    git(shallow, "branch", "main", "refs/remotes/heads/main")
    (error,) = publishing.history(shallow, strict=True).errors
    assert error.found == f"bytes {line.bytes[:12]} -> {'0' * 12}"


def test_a_checkout_of_a_commit(published, tmp_path):
    """As CI has it: no branch is there, and nothing but a commit."""
    git(tmp_path, "init", "--quiet", "checkout")
    checkout = tmp_path / "checkout"
    git(checkout, "fetch", "--quiet", published.as_uri(), "HEAD")
    git(checkout, "checkout", "--quiet", "FETCH_HEAD")
    found = publishing.history(checkout)
    assert (found.commits, found.is_whole, found.errors) == (1, False, [])


def test_in_a_hook_of_a_linked_work_tree(published, tmp_path, monkeypatch):
    """Git sets GIT_DIR there, of another repository; the ledger's own is asked."""
    git(tmp_path, "init", "--quiet", "elsewhere")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere" / ".git"))
    without(published, NAME)
    (found,) = publishing.history(published).errors
    assert found.subject == f"fixture {NAME}: published and immutable"


def test_whatever_the_user_configured(published):
    """Colours, diff programs and signatures are for people."""
    for setting in ("color.ui=always", "diff.external=false", "log.showSignature=true",
                    "diff.noprefix=true", "format.pretty=oneline", "log.follow=true"):  # fmt: skip
        git(published, "config", *setting.split("="))
    without(published, NAME)
    assert len(publishing.history(published).errors) == 1


def test_in_a_folder_of_a_repository(published, tmp_path, monkeypatch):
    """A registry need not be the top of its repository."""
    top = tmp_path / "top"
    shutil.copytree(published, top / "data", ignore=shutil.ignore_patterns(".git"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    git(top, "init", "--quiet", "--initial-branch", "main")
    commit(top)
    without(top / "data", NAME)
    assert len(publishing.history(top / "data").errors) == 1


def test_no_ledger_ever(repository):
    """There is nothing to hold, and nothing is said of it."""
    assert publishing.history(repository, strict=True) is None


def test_no_repository(root, monkeypatch):
    """There is no history, and nothing is said of it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    assert publishing.history(root) is None


def test_the_sidecar_is_what_is_published(published):
    """What the lock disowns is not read."""
    path = published / FOLDER / f"{NAME}.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "licence": "MIT"}))
    without(published, NAME)
    with pytest.raises(Exception, match="broken link lock -> sidecar"):
        publishing.publish(published)
