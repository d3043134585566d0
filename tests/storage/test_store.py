"""Tests of `registry.storage.store`: which remote is opened, and where credentials go."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from types import SimpleNamespace

import pytest

from registry.errors import AbsentBytesError, MissingError, UsageError
from registry.identity import pins
from registry.storage import remote, store, transfer
from registry.storage.dvc_config import Redaction
from tests.kit import registries as kit
from tests.kit.servers import ObjectServer

BASIC = {"auth": "basic", "user": "me", "password": "open-sesame"}
CUSTOM = {"auth": "custom", "custom_auth_header": "X-Token", "password": "open-sesame"}


@pytest.fixture
def servers(tmp_path, monkeypatch):
    """Two servers: the remote, and where it redirects to, which has the bytes."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / "no-configuration"))
    with ObjectServer(tmp_path / "first") as first, ObjectServer(tmp_path / "second") as second:
        yield first, second


def redirect(handler, url):
    """Answer with another address."""
    handler.send_response(302)
    handler.send_header("Location", url + handler.path)
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    return True


@pytest.mark.parametrize("settings", [BASIC, CUSTOM], ids=["basic", "custom"])
def test_a_redirect_to_another_host(tmp_path, servers, settings):
    """Credentials reach the remote, and not the host that an answer of it leads to."""
    first, second = servers
    root = kit.write(tmp_path / "registry")
    for server in servers:
        kit.move_to_remote(root, server.folder) if server is second else server.folder.mkdir()
    pin = pins.find(root, "small_v1")
    # something has to be there for the first server to answer
    here = kit.object_in(first.folder, pin.md5)
    here.parent.mkdir(parents=True)
    here.write_bytes(b"elsewhere")
    seen = {}

    def note(name):
        def answer(handler, data, number):
            seen[name] = dict(handler.headers)
            return name == "first" and redirect(handler, second.url)

        return answer

    first.fail, second.fail = note("first"), note("second")
    kit.configure(root, first.url, **settings)
    found = []
    wanted = transfer.Wanted(md5=pin.md5, size=pin.size, target=pin.targets)
    remote.fetch(root, [wanted], lambda _, outcome: found.append(outcome))
    assert isinstance(found[0], bytes), f"the redirect was not followed: {found[0]}"
    said = base64.b64encode(b"me:open-sesame").decode()
    own = {"basic": f"Basic {said}", "custom": "open-sesame"}[settings["auth"]]
    assert own in seen["first"].values(), "the remote itself got no credentials"
    assert own not in seen["second"].values(), "another host got the credentials"


# Which remote


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Top folder of a registry, of which only DVC's configuration matters."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / "no-configuration"))
    (tmp_path / "registry" / ".dvc").mkdir(parents=True)
    return tmp_path / "registry"


def configure(root, *lines: str) -> None:
    """Write DVC's configuration."""
    (root / ".dvc" / "config").write_text("\n".join([*lines, ""]))


def opened(root):
    """The only remote that there is, or why there is none."""
    (found,) = store.open_stores(root, Redaction(root))
    return found


def own(root, name=""):
    """The same of one's own, for who writes, too."""
    return store.open_own(root, Redaction(root), name)


def test_a_folder(root, tmp_path):
    """Its address is its path, from the configuration's folder, and its objects lie as DVC's do."""
    kit.configure(root, "../../remote")
    found = opened(root)
    path = str(tmp_path / "remote")
    assert (found.name, os.path.normpath(found.url), found.foreign) == ("store", path, False)
    assert (os.path.normpath(found.folder), found.is_plain) == (path, True)
    assert os.path.normpath(found.object_path("0123")) == f"{path}/files/md5/01/23"
    assert str(found) == f"remote store ({found.url})"
    assert own(root).is_plain is False, "who writes does so by DVC"


def test_a_server(root):
    """It has no folder, and a token in its address is shown to nobody."""
    kit.configure(root, "https://me:open-sesame@host/a")
    found = opened(root)
    assert (found.folder, found.is_plain) == (None, True)
    assert found.url == "https://***@host/a"
    assert found.object_path("0123").endswith("host/a/files/md5/01/23")


def test_the_last_of_several_addresses_counts(root):
    """The clone's own configuration goes before the repository's, as in DVC; names have no case."""
    configure(root, "[core]", "remote = other", "['remote \"store\"']", "url = https://host/a")
    (root / ".dvc" / "config.local").write_text(
        "[core]\nremote = Store\n['remote \"STORE\"']\nurl = https://host/b\n"
    )
    assert (opened(root).name, opened(root).url) == ("store", "https://host/b")


@pytest.mark.parametrize("lines", [[], ["[core]", "remote ="], ["[x]", "remote = store"]])
def test_no_default(root, lines):
    """It is said how to name one, however it is that there is none."""
    configure(root, *lines)
    error = opened(root)
    assert type(error) is AbsentBytesError
    assert (error.found, error.remedy) == ("none", "dvc remote add --default NAME URL")
    configure(root)
    assert own(root).found == "none"


def test_a_default_that_is_not_configured(root):
    """It is named."""
    configure(root, "[core]", "remote = Store")
    error = opened(root)
    assert type(error) is MissingError
    assert error.found == "remote 'store' doesn't exist"
    assert error.needs_clone is True
    configure(root, "[core]", "remote = store", "['remote \"store\"']", "verify = true")
    assert opened(root).found == "remote 'store' doesn't exist", "it has no address"


def test_one_s_own_remote_of_a_name(root):
    """It is opened, be it the default or not; of one that is not there the others are told."""
    kit.configure(root, "https://host/a")
    with (root / ".dvc" / "config").open("a") as config:
        config.write("['remote \"second\"']\n    url = https://host/b\n")
    assert [own(root, name).name for name in ("", "store", "second")] == [
        "store",
        "store",
        "second",
    ]
    error = own(root, "third")
    assert type(error) is UsageError
    assert error.found == "no such name among store, second"
    configure(root)
    assert own(root, "third").found == "no such name among none"


def test_what_only_dvc_can_open(root):
    """A setting that is nothing to who reads plainly, or a file that only DVC can read."""
    kit.configure(root, "https://host/a", connect_timeout=5)
    found = opened(root)
    assert (found.name, found.is_plain, found.foreign) == ("store", False, False)
    kit.configure(root, "https://host/a")
    with (root / ".dvc" / "config").open("a") as config:
        config.write("['remote \"x\"']\nurl = '''https://\nb'''\n")
    found = opened(root)
    assert (found.name, found.is_plain) == ("store", False)


@pytest.mark.parametrize("setting", ["worktree", "version_aware"])
def test_a_remote_without_objects(root, setting):
    """Only DVC's own command can read it."""
    kit.configure(root, "https://host/a", **{setting: "true"})
    assert opened(root) is None


def test_a_configuration_that_is_no_file(root):
    """A pipe in its place would be waited for."""
    os.mkfifo(root / ".dvc" / "config")
    for error in (opened(root), own(root)):
        assert type(error) is MissingError
        assert error.found.endswith("config, which is none")


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("s3://bucket/a", "pip install 'fixture-registry[s3]'"),
        ("ssh://host/a", "pip install 'fixture-registry[ssh]'"),
        ("gs://bucket/a", "pip install 'dvc[gs]'"),
        ("remote://other/a", "pip install 'fixture-registry[build]'"),
    ],
)
def test_without_dvc(root, monkeypatch, url, remedy):
    """What would open the remote is named; a folder and files on the web need none of it."""
    monkeypatch.setattr(store, "find_spec", lambda name: None)
    kit.configure(root, url)
    assert (type(opened(root)), opened(root).remedy) == (MissingError, remedy)
    kit.configure(root, "https://host/a")
    assert opened(root).is_plain
    assert own(root).remedy == "pip install 'fixture-registry[build]'", "who writes needs it"


def test_of_a_registry_by_url(root):
    """Those that it names are opened in order; where none may be asked, it is said why."""
    document = {"address": "host/a@main", "url": "host/a", "commit": "1" * 40}
    remotes = [{"name": name, "url": f"https://host/{name}"} for name in ("first", "second")]
    (root / "served.json").write_text(json.dumps({**document, "remotes": remotes}))
    found = store.open_stores(root, Redaction(root))
    assert [(each.name, each.url, each.foreign) for each in found] == [
        ("first", "https://host/first", True),
        ("second", "https://host/second", True),
    ]
    (root / "served.json").write_text(json.dumps({**document, "remotes": [], "refused": "a pipe"}))
    error = opened(root)
    assert (error.subject, error.found) == ("registry host/a@main: remote", "a pipe")
    assert error.remedy == store.KEEPERS
    (root / "served.json").write_text("{}")
    assert opened(root).found == "another file of that name"


def test_a_store_of_a_registry_by_url(root):
    """DVC opens it, too, by what of it is taken."""
    pytest.importorskip("dvc_s3")
    document = {"address": "host/a@main", "url": "host/a", "commit": "1" * 40}
    remotes = [{"name": "s", "url": "s3://bucket/a", "endpointurl": "http://127.0.0.1:1"}]
    (root / "served.json").write_text(json.dumps({**document, "remotes": remotes}))
    found = opened(root)
    assert (found.name, found.url, found.path) == ("s", "s3://bucket/a", "bucket/a")
    assert (found.foreign, found.is_plain, "s3" in found.filesystem.protocol) == (True, False, True)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://host/b?c", {"Authorization", "X-Token", "Accept"}),
        ("https://other/a", {"Accept"}),
        ("http://host/a", {"Accept"}),
        ("https://host:444/a", {"Accept"}),
    ],
)
def test_credentials_of_a_session_of_dvc_s(url, kept):
    """They go with each of its requests, and are taken off what leads to another host."""
    from multidict import CIMultiDict
    from yarl import URL

    headers = CIMultiDict(dict.fromkeys(("Authorization", "X-Token", "Accept"), "open-sesame"))
    request = SimpleNamespace(url=URL(url), headers=headers)

    async def handler(request):
        return set(request.headers)

    middleware = store._credentials_stay_at("https://host/a", "X-Token")
    assert asyncio.run(middleware(request, handler)) == kept


# What DVC says


def failing(error: Exception, *, foreign: bool = False):
    """What becomes of an error while a remote is opened."""

    def fail():
        raise error

    return store._opened(fail, lambda text: text.replace("open-sesame", "***"), foreign=foreign)


@pytest.mark.parametrize("kind", store.INTERNALS)
def test_internals_of_dvc_that_are_other_ones(kind):
    """Its own command may do; for a registry of somebody else's that is no way."""
    assert failing(kind("x")) is None
    assert isinstance(failing(kind("x"), foreign=True), MissingError)


def test_what_dvc_says_of_a_configuration():
    """In one line, without secrets, and not at any length; or else what kind of error it was."""
    error = failing(ValueError("a  b\n\tc open-sesame"))
    assert (error.found, error.needs_clone) == ("a b c ***", True)
    assert failing(ValueError("x" * 10_000)).found == "x" * store.MESSAGE_LENGTH
    assert failing(ValueError(" ")).found == "ValueError"


def test_an_error_of_ours_carries_no_frames():
    """They would be full of secrets."""
    error = failing(MissingError("s", expected="a", found="b", remedy="c"))
    assert (error.subject, error.__traceback__) == ("s", None)


def absent(module: str | None) -> ImportError:
    """As DVC raises it where its package for a kind of remote is not there."""
    error = ImportError("no such kind")
    error.__cause__ = ModuleNotFoundError(name=module)
    return error


class Lacking(Exception):
    """As DVC raises it where that package is there, and not what it needs."""

    def __init__(self, missing_deps: list[str]) -> None:
        super().__init__("no")
        self.missing_deps, self.protocol = missing_deps, "s3"


def test_a_package_that_is_not_installed():
    """The command that installs it is told, where it is a package of a kind of remote."""
    for error, remedy in (
        (absent("dvc_s3"), "pip install 'fixture-registry[s3]'"),
        (absent("dvc_gs"), "pip install 'dvc[gs]'"),
        (Lacking(["s3fs"]), "pip install 'fixture-registry[s3]'"),
    ):
        assert failing(error).remedy == remedy
    for error in (absent("yaml"), absent(None), ImportError("x")):
        assert failing(error) is None, "another module is"
    assert failing(Lacking([])).found == "no"


@pytest.mark.parametrize(
    ("url", "settings", "path", "more"),
    [
        ("https://me:a%40b@host/a", {}, "https://host/a", ("me", "a@b")),
        ("http://t%2Fk@host:80/a", {}, "http://host:80/a", ("t/k", "")),
        ("https://host/a", {}, "https://host/a", None),
        ("https://me@host/a", {"auth": "custom"}, "https://me@host/a", None),
        ("ssh://me@host/a", {}, "ssh://me@host/a", None),
    ],
)
def test_an_address_with_an_account(url, settings, path, more):
    """On the web it becomes a setting, unless there is one; libraries log the address."""
    expected = settings
    if more is not None:
        expected = {"auth": "basic", "user": more[0], "password": more[1]}
    assert store._without_password(url, settings) == (path, expected)
