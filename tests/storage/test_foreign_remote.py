"""Tests of `registry.storage.foreign_remote`: what is taken of somebody else's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from dvc.config_schema import REMOTE_SCHEMAS

from registry.storage import foreign_remote
from registry.storage.foreign_remote import ForeignRemote

ORIGIN = Path("/somewhere/registry")


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    """The file of the user's own DVC configuration, which is not there yet."""
    for level in ("SYSTEM", "GLOBAL"):
        (tmp_path / level).mkdir()
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / level))
    return tmp_path / "GLOBAL" / "config"


def config(url: str, **settings: str) -> bytes:
    """The text of a registry's configuration."""
    lines = ["[core]", "remote = Store", "['remote \"store\"']", f"url = {url}"]
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in settings.items())]).encode()


def read(url: str, *, origin: Path | None = None, **settings: str) -> ForeignRemote:
    """What is taken of a remote."""
    (found,) = foreign_remote.read(config(url, **settings), origin=origin)
    return found


def remotes(**urls: str) -> bytes:
    """The text of a configuration with several remotes, of which the first is the default."""
    lines = ["[core]", f"remote = {next(iter(urls))}"]
    for name, url in urls.items():
        lines += [f"['remote \"{name}\"']", f"url = {url}"]
    return "\n".join(lines).encode()


def test_the_default_first():
    """The others follow, for whom it does not serve."""
    text = remotes(team="s3://bucket/a", web="https://host/a")
    found = foreign_remote.read(text + b"\n[core]\nremote = web\n", origin=None)
    assert [remote.name for remote in found] == ["web", "team"], "another order"


def test_another_than_the_default():
    """A folder beside its keepers' clone is nothing to others; the remote that they have is."""
    found = foreign_remote.read(remotes(local="../../remote", web="https://host/a"), origin=None)
    assert found == (ForeignRemote(name="web", url="https://host/a"),), "not the one of all"


def test_none_of_several():
    """What is wrong with the default one is told."""
    text = remotes(local="../../remote", gcs="gs://bucket")
    with pytest.raises(ValueError, match="a remote that is a folder of another machine"):
        foreign_remote.read(text, origin=None)


def test_not_without_end():
    """A registry cannot have anybody ask hosts without number."""
    text = remotes(**{f"r{number}": f"https://host{number}/a" for number in range(50)})
    assert len(foreign_remote.read(text, origin=None)) == 4, "another number"


@pytest.mark.parametrize(
    "url", ["https://host/a", "http://host/a", "s3://bucket/a", "ssh://me@host/a"]
)
def test_an_address(url):
    """Name, in lower case as DVC has it, and address."""
    assert read(url) == ForeignRemote(name="store", url=url), "not the address"


def test_region_and_endpoint():
    """An S3 store is not found without them."""
    found = read("s3://bucket/a", region="eu-west-1", endpointurl="https://s3.example.org")
    assert found.settings() == {
        "url": "s3://bucket/a",
        "region": "eu-west-1",
        "endpointurl": "https://s3.example.org",
    }, "not these settings"


def every_key() -> list[tuple[str, str]]:
    """Each setting that DVC knows of a remote, of each kind that is served."""
    found = []
    for scheme in ("http", "https", "s3", "ssh"):
        for key in REMOTE_SCHEMAS[scheme]:
            name = str(getattr(key, "schema", key))
            if name not in ("url", "region", "endpointurl", "worktree", "version_aware"):
                found.append((scheme, name))
    return found


@pytest.mark.parametrize(("scheme", "key"), every_key())
def test_nothing_else(scheme, key):
    """No other setting that DVC knows reaches DVC: commands, files, credentials, checks."""
    taken = read(f"{scheme}://host/a", **{key: "chosen-by-the-registry"})
    assert taken.settings() == {"url": f"{scheme}://host/a"}, "more than the address"


@pytest.mark.parametrize("kind", sorted(set(REMOTE_SCHEMAS) - {"", "http", "https", "s3", "ssh"}))
def test_another_kind(kind):
    """Kinds that nobody has tried, and those that start programs, are refused."""
    with pytest.raises(ValueError, match=f"a remote of the kind {kind}, which is none of http"):
        read(f"{kind}://host/a")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", "its configuration names no default remote"),
        (b"[core]\nremote = store\n", "its configuration has no address of its default remote"),
        (config(""), "its configuration has no address of its default remote"),
        (config("https://host/\x1b[31ma"), "its configuration has no address of its default"),
        (config("https://[host/a"), "a remote whose address is none"),
        (config("https://me:pass@host/a"), "a remote with a password in its address"),
        (config("../../remote"), "a remote that is a folder of another machine"),
        (config("/home/you/.ssh"), "a remote that is a folder of another machine"),
        (config("s3://b/a", worktree="true"), "a remote that keeps versions of files"),
        (config("s3://b/a", version_aware="TRUE"), "a remote that keeps versions of files"),
        (config("remote://other/a"), "a remote of the kind remote"),
        (b"\xff\xfe", "its configuration cannot be read"),
        (b"no section", "its configuration cannot be read"),
    ],
)
def test_none_that_may_be_asked(text, found):
    """The reason is told in words."""
    with pytest.raises(ValueError, match=found):
        foreign_remote.read(text, origin=None)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("../../remote", "/somewhere/remote"),
        ("/shared/remote", "/shared/remote"),
        # which on Windows is a path from the root
        ("C:/remote", f"{ORIGIN}/.dvc/C:/remote"),
    ],
)
def test_a_folder_beside_a_registry_of_this_machine(url, path):
    """A relative address is relative to the registry's own configuration."""
    assert read(url, origin=ORIGIN).url == path, "another folder"


OWN = """\
['remote "mine"']
    url = https://host/team
    auth = basic
    user = me
    password = open-sesame
['remote "store"']
    url = s3://bucket
    access_key_id = key
    endpointurl = https://s3.example.org
"""


def test_credentials_of_the_user(user):
    """Those that the user's own configuration has for an address above count there."""
    user.write_text(OWN)
    assert read("https://host/team/data").settings() == {
        "url": "https://host/team/data", "auth": "basic", "user": "me", "password": "open-sesame",
    }, "not the user's"  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.org/team/data",
        "https://host.example.org/team/data",
        "https://host:8443/team",
        "http://host/team",
        "https://host/team-of-others",
        "https://host/team/../others",
        "s3://host/team",
    ],
)
def test_credentials_go_nowhere_else(user, url):
    """Another host, another port, no encryption, another path: none of the user's settings."""
    user.write_text(OWN)
    assert read(url).settings() == {"url": url}, "the user's settings go with it"


def test_a_name_leads_nowhere(user):
    """A remote that is called as one of the user's own gets nothing of it."""
    user.write_text(OWN)
    assert read("s3://bucket-of-others/a").settings() == {"url": "s3://bucket-of-others/a"}


def test_the_users_own_endpoint_counts(user):
    """Keys of the user are not used at an endpoint that the registry chose."""
    user.write_text(OWN)
    found = read("s3://bucket/a", endpointurl="https://evil.example.org").settings()
    assert found == {
        "url": "s3://bucket/a", "access_key_id": "key", "endpointurl": "https://s3.example.org",
    }, "not the user's settings"  # fmt: skip


@pytest.mark.parametrize(
    ("url", "above", "is_within"),
    [
        ("s3://bucket/team/data", "s3://bucket/team", True),
        ("s3://bucket/team/data", "s3://bucket/team/", True),
        ("s3://bucket/team", "s3://bucket/team", True),
        ("s3://bucket", "s3://bucket/", True),
        ("s3://bucket-of-others/team", "s3://bucket", False),
        ("s3://bucket/teams", "s3://bucket/team", False),
        ("s3://bucket/team/../other", "s3://bucket/team", False),
        ("https://bucket/team", "s3://bucket/team", False),
        ("s3://bucket/team", "", False),
    ],
)
def test_an_address_below_another(url, above, is_within):
    """By whole parts of its path, on the same host, by the same protocol."""
    assert foreign_remote._is_within(url, above) is is_within
