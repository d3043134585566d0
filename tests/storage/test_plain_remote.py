"""Tests of `registry.storage.plain_remote`: what is read without DVC, and what is left to it."""

from __future__ import annotations

import importlib.util
import sys

import pytest
import requests

from registry.errors import MissingError
from registry.identity import pins
from registry.storage import plain_remote, remote, store, transfer, web
from registry.storage.plain_remote import Folder, Refused, Web, open_plain
from tests.kit import registries as kit
from tests.kit.servers import ObjectServer

URL = "https://host/a"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("../store", "/team/store"),
        ("store", "/team/.dvc/store"),
        ("/mnt/x/../store", "/mnt/store"),
        ("~/store", "/home/me/store"),
        # which on Windows is a path from the root
        ("C:/store", "/team/.dvc/C:/store"),
    ],
)
def test_a_folder(monkeypatch, tmp_path, url, path):
    """An address is relative to the folder of its file, as in DVC."""
    monkeypatch.setenv("HOME", "/home/me")
    above = tmp_path.__class__("/team/.dvc")
    given = {"url": url, "verify": "true", "shared": "group"}
    assert open_plain(given, above) == (Folder(), path)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Web(url=URL)),
        ({"verify": "true"}, Web(url=URL)),
        ({"user": "me", "password": "x"}, Web(url=URL)),
        (
            {"auth": "basic", "user": "me", "password": "open"},
            Web(url=URL, header=("Authorization", "Basic bWU6b3Blbg==")),
        ),
        (
            {"auth": "custom", "custom_auth_header": "X-Token", "password": "open"},
            Web(url=URL, header=("X-Token", "open")),
        ),
        ({"ssl_verify": "False"}, Web(url=URL, verify=False)),
        ({"ssl_verify": "/etc/team.pem"}, Web(url=URL, verify="/etc/team.pem")),
    ],
)
def test_files_on_the_web(given, expected):
    """What tells the server who asks, and whom to believe, is taken as DVC takes it."""
    assert open_plain({"url": URL, **given}, None) == (expected, URL)


def test_an_account_in_the_address():
    """It becomes a header, which no representation shows."""
    web, url = open_plain({"url": "https://me:open@host/a"}, None)
    assert (web.header, url) == (("Authorization", "Basic bWU6b3Blbg=="), URL)
    assert "bWU6b3Blbg" not in repr(web)


@pytest.mark.parametrize(
    "given",
    [
        {"url": ""},
        {"url": "s3://bucket/a"},
        {"url": "remote://other/a"},
        {"url": "file:///a"},
        {"url": "https://[host/a"},
        {"url": "https:///a"},
        {"url": "../store", "jobs": "1"},
        {"url": URL, "read_timeout": "1"},
        {"url": URL, "auth": "digest", "user": "me", "password": "open"},
        {"url": URL, "auth": "basic", "user": "me", "ask_password": "true"},
        {"url": URL, "auth": "basic", "user": "me"},
    ],
)
def test_what_is_left_to_dvc(given):
    """Other kinds of remotes, and settings that are not known here."""
    assert open_plain(given, None) is None


def test_addresses_of_objects():
    """They are below the remote's own; a query, such as a signature, stays at the end."""
    parts = ("files", "md5", "ab", "cdef")
    assert Folder().join("/store", *parts) == "/store/files/md5/ab/cdef"
    for url, expected in (
        ("https://host", "https://host/files/md5/ab/cdef"),
        ("https://host/a/?key=x", "https://host/a/files/md5/ab/cdef?key=x"),
    ):
        assert Web(url=url).join(url, *parts) == expected


def test_answers(tmp_path):
    """A file's bytes arrive, and are counted; what is none is an error of its own kind."""
    with ObjectServer(tmp_path) as server:
        (tmp_path / "a").write_bytes(bytes(40_000))
        counts = []
        web = Web(url=server.url)
        assert web.read(f"{server.url}/a", counts.append) == bytes(40_000)
        assert counts == sorted(counts)
        assert counts[-1] == 40_000
        with pytest.raises(FileNotFoundError):
            web.read(f"{server.url}/b", counts.append)
        server.fail = lambda handler, data, number: handler.send_error(418) or True
        with pytest.raises(Refused, match=r"^418 I'm a Teapot$") as caught:
            web.read(f"{server.url}/a", counts.append)
        assert caught.value.status == 418


@pytest.mark.parametrize(
    ("why", "kind"), [(web._TOO_LITTLE, TimeoutError), ("the connection broke", ConnectionError)]
)
def test_an_answer_that_breaks_off(tmp_path, monkeypatch, why, kind):
    """It was ended from here, as a silent server's is, or by the other side."""

    def blocks(response):
        yield b"some"
        raise web.Cut(why)

    monkeypatch.setattr(web, "blocks", blocks)
    with ObjectServer(tmp_path) as server:
        (tmp_path / "a").write_bytes(b"something")
        with pytest.raises(kind):
            Web(url=server.url).read(f"{server.url}/a", lambda count: None)


@pytest.mark.parametrize(
    ("url", "is_told"),
    [(f"{URL}/b", True), ("https://host/c", True), ("https://other/a", False),
     ("http://host/a", False)],
)  # fmt: skip
def test_who_is_told_who_asks(url, is_told):
    """The remote's own host, and none that an answer of it leads to."""
    session = requests.Session()
    Web(url=URL, header=("X-Token", "open"))._prepare(session)
    request = session.prepare_request(requests.Request("GET", url))
    assert request.headers.get("X-Token") == ("open" if is_told else None)
    session.close()


@pytest.mark.parametrize(
    ("verify", "is_system_s"), [(True, True), (False, False), ("a.pem", False)]
)
def test_who_is_believed(verify, is_system_s):
    """Whom the system believes, unless it is said otherwise."""
    session = requests.Session()
    Web(url=URL, verify=verify)._prepare(session)
    assert session.verify == verify
    own = type(session.get_adapter(URL)) is not type(session.get_adapter("http://host"))
    assert own is (verify is True)
    session.close()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A registry where DVC is not installed."""
    real = importlib.util.find_spec
    monkeypatch.setattr(store, "find_spec", lambda name: None if name == "dvc" else real(name))
    for name in [name for name in sys.modules if name.partition(".")[0] == "dvc"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "dvc", None)
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / "no-configuration"))
    root = kit.write(tmp_path / "registry")
    kit.move_to_remote(root, tmp_path / "store")
    return root


def fetched(root):
    """What arrives of one fixture."""
    pin, found = pins.find(root, "small_v1"), []
    wanted = transfer.Wanted(md5=pin.md5, size=pin.size, target=pin.targets)
    remote.fetch(root, [wanted], lambda _, outcome: found.append(outcome))
    return found[0]


def test_without_dvc(root, tmp_path):
    """A folder and an HTTP server do."""
    kit.configure(root, "../../store")
    expected = fetched(root)
    assert isinstance(expected, bytes), expected
    (root / ".dvc" / "cache").rename(tmp_path / "cache")
    with ObjectServer(tmp_path / "store") as server:
        kit.configure(root, server.url)
        assert fetched(root) == expected
        assert server.asked.total() == 1


@pytest.mark.parametrize(
    ("url", "settings", "expected", "remedy"),
    [
        ("s3://bucket/a", {}, "what DVC needs for a remote of the kind s3",
         "pip install 'fixture-registry[s3]'"),
        ("ssh://host/a", {}, "what DVC needs for a remote of the kind ssh",
         "pip install 'fixture-registry[ssh]'"),
        ("gs://bucket/a", {}, "what DVC needs for a remote of the kind gs",
         "pip install 'dvc[gs]'"),
        ("../../store", {"jobs": 2}, "DVC, which opens it as it is configured",
         "pip install 'fixture-registry[build]'"),
        ("../../store\n        more", {}, "DVC, which opens it as it is configured",
         "pip install 'fixture-registry[build]'"),
    ],
)  # fmt: skip
def test_what_takes_dvc(root, url, settings, expected, remedy):
    """The error has the one command that installs it."""
    kit.configure(root, url, **settings)
    found = fetched(root)
    assert str(found) == (
        f"remote\n  expected: {expected}\n  found:    it is not installed\n  to mend:  {remedy}"
    )
    assert type(found) is MissingError


def test_keys_are_dvc_s():
    """What is known here DVC knows as well."""
    from dvc.config_schema import REMOTE_SCHEMAS

    for kind, known in (("", plain_remote._FOLDER), ("https", plain_remote._WEB)):
        names = {str(key) for key in REMOTE_SCHEMAS[kind]}
        assert known <= names, f"no settings of DVC's: {known - names}"
