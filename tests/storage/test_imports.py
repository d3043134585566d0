"""Tests of `registry.storage.imports`: bytes that a registry has from another one."""

from __future__ import annotations

import os

import numpy as np
import pytest

import registry
from registry.errors import MissingError, UsageError
from registry.identity import pins
from registry.storage import clone, imports, served
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


def test_where_the_bytes_are(importer, upstream):
    """Each file is where its own ``.dvc`` file says; git has the text of a sidecar."""
    pin = pins.find(importer.path, "small_v1")
    made = served.serve(upstream.at(git(upstream.path, "rev-parse", "HEAD")))
    text = made / pins.find(made, "small_v1").sidecar_path
    assert imports.keeper(importer.path, pin.md5, pin.targets) == (made, None)
    assert imports.keeper(importer.path, pin.sidecar_md5, pin.targets) == (made, text)
    other = importer.path / "data" / "small_v1.npz.dvc"
    other.write_text(other.read_text().replace(upstream.url, "https://127.0.0.1:1/other"))
    assert imports.keeper(importer.path, pin.sidecar_md5, pin.targets) == (made, text)
    with pytest.raises(MissingError, match=r"127\.0\.0\.1:1/other"):
        imports.keeper(importer.path, pin.md5, pin.targets)


def test_registries_that_are_looked_at(importer, upstream, monkeypatch):
    """Those that fixtures come from, each once, and the one that is served; what cannot be seen."""
    seen, said = [], {importer.url: "", upstream.url: "gone"}
    monkeypatch.setattr(
        served, "look", lambda location: seen.append(location.url) or said[location.url]
    )
    own, small = (pins.find(importer.path, name) for name in ("own_v1", "small_v1"))
    commit = git(upstream.path, "rev-parse", "HEAD")
    assert list(imports.look(importer.path, [own, small, small])) == [
        f"git+{upstream.url}@{commit}: what it has deprecated is as last seen (gone)"
    ]
    assert seen == [upstream.url]
    assert list(imports.look(importer.path, [own])) == []
    seen.clear()
    folder = served.serve(importer.at("main"))
    assert len(list(imports.look(folder, pins.read(folder).values()))) == 1
    assert seen == [importer.url, upstream.url]


def newest(importer, upstream, url):
    """Where is what was seen last of a registry that is named in this way."""
    commit = git(upstream.path, "rev-parse", "HEAD")
    importer.imports(upstream, "small_v1", revision=commit, url=url)
    importer.commit()
    return imports.newest(importer.path, pins.find(importer.path, "small_v1"))


def seen_last(url):
    """Where that is of a registry at an address."""
    return clone.folder(clone.parse(f"git+{url}@main")) / served.NEWEST


def test_how_a_repository_may_be_named(importer, upstream):
    """By an address, as ssh is used to, or by a path, from the importing repository's top."""
    relative = os.path.relpath(upstream.path, importer.path)
    dots = (importer.path / relative).absolute().as_uri()
    for url, found in (
        ("https://host/a", "https://host/a"),
        ("git@host:a/b", "ssh://git@host/a/b"),
        (str(upstream.path), upstream.url),
        (relative, dots),
    ):
        assert newest(importer, upstream, url) == seen_last(found), url
    own = pins.find(importer.path, "own_v1")
    assert imports.newest(importer.path, own) is None, "it was made here"


def test_a_path_of_somebody_else_s(importer, upstream):
    """Of a registry by URL nobody knows to what a path is relative, but a whole one is one."""
    newest(importer, upstream, "../elsewhere")
    folder = served.serve(importer.at("main"))
    assert imports.newest(folder, pins.find(folder, "small_v1")) is None
    newest(importer, upstream, str(upstream.path))
    commit = git(importer.path, "rev-parse", "HEAD")
    folder = served.serve(importer.at(commit))
    assert imports.newest(folder, pins.find(folder, "small_v1")) == seen_last(upstream.url)
