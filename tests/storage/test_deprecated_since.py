"""What is deprecated after a revision was named, or a fixture imported: who learns of it."""

from __future__ import annotations

import shutil
import warnings

import pytest

import registry
from registry.cli import main
from registry.declare.deprecation import FixtureDeprecationWarning
from registry.storage import git as registry_git
from registry.storage import served
from tests.kit.upstream import Upstream, git

SAID = "fixture small_v1 is deprecated: its frames are wrong; use small_v2"


def deprecate(upstream: Upstream) -> None:
    """Declare it on the registry's branch, as its keepers do."""
    (upstream.path / "params.yaml").write_text(
        "deprecated:\n  small_v1:\n    reason: its frames are wrong\n    successor: small_v2\n"
    )
    upstream.commit()


def warned(root) -> list[str]:
    """What a load of the fixture says; no git is run for it, where the root is a folder."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        registry.load("small_v1", root)
    return [str(item.message) for item in caught if item.category is FixtureDeprecationWarning]


@pytest.fixture
def importer(upstream, tmp_path, monkeypatch):
    """A repository that has nothing but an import of `small_v1`."""
    root = tmp_path / "elsewhere" / "importer"
    made = Upstream(root, own_v1={"frames": registry.load("small_v1", upstream.path)["frames"]})
    made.imports(upstream, "small_v1", revision=git(upstream.path, "rev-parse", "HEAD"))
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize("revision", ["main", "published"])
def test_by_url(revision, upstream, new_process):
    """A tag of before and the branch of now: the next process warns."""
    git(upstream.path, "tag", "published")
    assert warned(upstream.at(revision)) == [], "deprecated before it was"
    deprecate(upstream)
    new_process()
    assert warned(upstream.at(revision)) == [SAID]


def test_by_url_at_a_commit(upstream, new_process, monkeypatch, capsys):
    """A commit is not asked for again; a pull asks, and later loads know."""
    address = upstream.at(git(upstream.path, "rev-parse", "HEAD"))
    assert warned(address) == []
    deprecate(upstream)
    new_process()
    assert warned(address) == [], "a load has asked"
    monkeypatch.setenv("FIXTURES_REGISTRY", address)
    assert main(["pull"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == SAID
    assert warned(address) == [SAID]


def test_by_import(importer, upstream, new_process, capsys):
    """A pull asks, although nothing is to be fetched, and later loads, `list` and `show` know."""
    assert main(["pull", "small_v1"]) == 0
    deprecate(upstream)
    new_process()
    assert warned(importer) == [], "a load has asked"
    assert main(["pull", "small_v1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == SAID
    assert warned(importer) == [SAID]
    for command in (["list"], ["show", "small_v1"]):
        assert main(command) == 0
        assert "its frames are wrong; use small_v2" in capsys.readouterr().out, command


def test_a_load_asks_nobody(importer, upstream, monkeypatch):
    """Nothing of git runs for a load of what is here."""
    main(["pull", "small_v1"])

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("git was run")

    monkeypatch.setattr(registry_git, "run", refuse)
    monkeypatch.setattr(served, "look", refuse)
    assert warned(importer) == []


def test_a_pull_offline_asks_nobody(importer, upstream, new_process):
    """What was seen last stays."""
    main(["pull", "small_v1"])
    deprecate(upstream)
    new_process()
    assert main(["pull", "--offline", "small_v1"]) == 0
    assert warned(importer) == [], "it has asked"


def test_a_registry_that_is_gone(importer, upstream, new_process, capsys):
    """What is here is pulled all the same; that nothing was learnt is said."""
    main(["pull", "small_v1"])
    shutil.rmtree(upstream.path)
    new_process()
    capsys.readouterr()
    assert main(["pull", "small_v1"]) == 0
    assert ": what it has deprecated is as last seen (" in capsys.readouterr().out


def test_something_else_where_the_declaration_should_be(upstream, new_process):
    """A link, at the branch, is nothing that is read."""
    git(upstream.path, "tag", "published")
    (upstream.path / "elsewhere.yaml").write_text("deprecated: {small_v1: {reason: x}}\n")
    (upstream.path / "params.yaml").symlink_to("elsewhere.yaml")
    upstream.commit()
    new_process()
    assert warned(upstream.at("published")) == []
