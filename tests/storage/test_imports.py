"""Tests of `registry.storage.imports`: bytes that a registry has from another one."""

from __future__ import annotations

import numpy as np
import pytest

import registry
from registry.errors import MissingError, UsageError
from registry.identity import pins
from registry.storage import imports
from tests.kit.upstream import FRAMES, Upstream, git


@pytest.fixture
def importer(tmp_path, upstream):
    """A registry with the fixture `own_v1`, and with `small_v1` from `upstream`."""
    made = Upstream(tmp_path / "elsewhere" / "importer", own_v1={"frames": FRAMES + 1})
    made.imports(upstream, "small_v1", revision=git(upstream.path, "rev-parse", "HEAD"))
    made.commit()
    return made


def test_by_url(importer):
    """Sidecar and bytes come from the registry that made the fixture; both names are known."""
    assert registry.names(importer.at("main")) == ["own_v1", "small_v1"]
    fixture = registry.load("small_v1", importer.at("main"))
    assert np.array_equal(fixture["frames"], FRAMES), "not the imported array"
    assert fixture.path.is_file(), "the path names no file"


def test_in_the_users_own_repository(importer):
    """A clone that has neither bytes nor sidecar gets both."""
    fixture = registry.load("small_v1", importer.path)
    assert np.array_equal(fixture["frames"], FRAMES), "not the imported array"


def chain(tmp_path, upstream, length):
    """Registries of which each imports `small_v1` from the one before; the last of them."""
    last = upstream
    for number in range(length):
        path = tmp_path / f"importer-{number}" / "registry"
        following = Upstream(path, own_v1={"frames": FRAMES + 1})
        commit = git(last.path, "rev-parse", "HEAD")
        following.imports(last, "small_v1", revision=commit)
        following.commit()
        last = following
    return last


def test_of_an_import(tmp_path, upstream):
    """A registry that imported a fixture itself leads on to the one that made it."""
    last = chain(tmp_path, upstream, imports.DEPTH)
    fixture = registry.load("small_v1", last.at("main"))
    assert np.array_equal(fixture["frames"], FRAMES), "not the imported array"


def test_of_too_many(tmp_path, upstream):
    """One import after the other is not followed for ever."""
    last = chain(tmp_path, upstream, imports.DEPTH + 1)
    with pytest.raises(MissingError) as caught:
        registry.load("small_v1", last.at("main"))
    assert "more than 4 registries" in caught.value.found, "not the limit"


def refusal(importer, upstream, **repo):
    """What is found wrong with an import whose ``.dvc`` files name this."""
    given = {"revision": git(upstream.path, "rev-parse", "HEAD"), **repo}
    importer.imports(upstream, "small_v1", **given)
    importer.commit()
    with pytest.raises((MissingError, UsageError)) as caught:
        registry.load("small_v1", importer.at("main"))
    return caught.value


@pytest.mark.parametrize(
    "url",
    ["ext::sh -c touch% pwned", "fd::3", "https://host/\nregistry", "git+https://host/x", ""],
)
def test_an_address_that_is_none(importer, upstream, url):
    """Nothing but the addresses of git that name a place is followed."""
    error = refusal(importer, upstream, url=url)
    assert error.subject.startswith(("import data/small_v1", "fixture small_v1")), error.subject


@pytest.mark.parametrize("revision", ["main", "--upload-pack=x", "", "0" * 39])
def test_a_revision_that_is_no_commit(importer, upstream, revision):
    """A branch could move: what was imported is a commit."""
    error = refusal(importer, upstream, revision=revision)
    assert "repository's url and rev_lock" in str(error), error


def test_from_the_web_to_this_machine(importer, upstream, tmp_path):
    """A registry on the web cannot have folders of this machine read."""
    address = "http://127.0.0.1:1/registry.git"
    (tmp_path / "gitconfig").write_text(f'[url "{importer.url}"]\n    insteadOf = {address}\n')
    with pytest.raises(UsageError) as caught:
        registry.load("small_v1", f"git+{address}@main")
    assert caught.value.found == "a folder of this machine", caught.value


def test_what_is_not_what_was_pinned(importer, upstream):
    """Other bytes at the registry that made it are refused."""
    for path in (upstream.path.parent / "remote").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(registry.ChainError, match="bytes with that md5 from remote local"):
        registry.load("small_v1", importer.at("main"))


def test_a_sidecar_that_git_does_not_have(importer, upstream):
    """A lock may pin a sidecar that was never committed."""
    git(
        upstream.path,
        "rm",
        "--quiet",
        "--cached",
        pins.find(upstream.path, "small_v1").sidecar_path,
    )
    git(upstream.path, "commit", "--quiet", "--message", "lost")
    error = refusal(importer, upstream)
    assert "none at the commit that was imported" in str(error), error


def test_another_way_for_ones_own(importer, upstream):
    """Whoever trusts the other registry can have DVC follow all of its configuration."""
    upstream.vanish()
    with pytest.raises(MissingError) as caught:
        registry.load("small_v1", importer.path)
    assert caught.value.remedy.endswith(
        "; or dvc pull data/small_v1.npz.dvc data/small_v1.json.dvc, "
        "which follows that registry's configuration"
    ), caught.value.remedy


def test_offline_afterwards(importer, upstream, new_process, monkeypatch):
    """What was used once needs neither registry."""
    registry.load("small_v1", importer.at("main"))
    for each in (importer, upstream):
        each.vanish()
    new_process()
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    assert registry.load("small_v1", importer.at("main")).name == "small_v1", "not served"
