"""A folder that `dvc push` filled, on a static web server, is all that others need."""

from __future__ import annotations

import os
import sys
import time

import pytest

import registry
from registry.errors import AbsentBytesError
from registry.storage import remote
from tests.kit import sites
from tests.kit.environment import environment
from tests.kit.processes import succeed
from tests.kit.servers import ObjectServer
from tests.kit.upstream import FRAMES, Upstream

SERVERS = pytest.mark.parametrize("serve", [sites.python, sites.rclone])


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """A cache of its own, and nothing of the user's settings."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    for variable in ("FIXTURES_OFFLINE", "FIXTURES_REGISTRY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(remote, "PAUSES_S", (0.0, 0.0))


@pytest.fixture
def upstream(tmp_path):
    """A registry whose bytes are in a folder, under the paths that `dvc push` gives them."""
    return Upstream(tmp_path / "theirs" / "registry")


@pytest.fixture
def site(upstream):
    """That folder."""
    return upstream.path.parent / "remote"


@pytest.fixture
def publish(upstream):
    """Name an address as the registry's only remote; the registry's own."""

    def publish(address: str) -> str:
        config = f"[core]\n    remote = web\n['remote \"web\"']\n    url = {address}\n"
        (upstream.path / ".dvc" / "config").write_text(config)
        upstream.commit()
        return upstream.at("main")

    return publish


@SERVERS
def test_served(publish, site, serve):
    """Nothing has to be set up but the folder's address."""
    with serve(site) as address:
        fixture = registry.load("small_v1", publish(address))
    assert (fixture.frames == FRAMES).all(), "other arrays"


@SERVERS
def test_what_is_not_there(publish, site, serve):
    """An object that was never pushed is absent, and nothing worse."""
    with serve(site) as address:
        url = publish(address)
        for path in site.rglob("*"):
            if path.is_file():
                path.unlink()
        with pytest.raises(AbsentBytesError) as caught:
            registry.load("small_v1", url)
    assert f"no such object on remote web ({address})" in caught.value.found, caught.value


def test_slow_answers(publish, site):
    """A server that takes its time is waited for."""

    def slow(handler, data, number):
        time.sleep(0.3)
        handler.begin(len(data))
        for start in range(0, len(data), 64):
            handler.wfile.write(data[start : start + 64])
            handler.wfile.flush()
            time.sleep(0.05)
        return True

    with ObjectServer(site) as server:
        server.fail = slow
        assert registry.load("small_v1", publish(server.url)).name == "small_v1", "given up"


@pytest.fixture
def tls(tmp_path):
    """The certificate of an authority, and a server's that it signed."""
    return sites.authority(tmp_path)


@SERVERS
def test_an_authority_that_nobody_knows(publish, site, serve, tls):
    """The server is not believed, and the error says how to know the authority."""
    with serve(site, tls[1]) as address, pytest.raises(AbsentBytesError) as caught:
        registry.load("small_v1", publish(address))
    assert "certificate verify failed" in caught.value.found, caught.value
    assert "SSL_CERT_FILE" in caught.value.remedy, caught.value


@SERVERS
def test_an_authority_of_the_environment(publish, site, serve, tls, tmp_path):
    """Known to all programs of the user's."""
    # which read it when they start
    with serve(site, tls[1]) as address:
        program = f"import registry; print(registry.load('small_v1', {publish(address)!r}).name)"
        env = environment(tmp_path, SSL_CERT_FILE=str(tls[0]))
        printed = succeed([sys.executable, "-c", program], tmp_path, env)
    assert printed == "small_v1\n", "not served"


def test_an_authority_for_one_remote(publish, site, tls, tmp_path, monkeypatch):
    """Known for this address alone, by a remote of the user's own."""
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    with sites.python(site, tls[1]) as address:
        settings = f"url = {address}\n    ssl_verify = {os.fspath(tls[0])}\n"
        (tmp_path / "own" / "config").write_text(f"['remote \"mine\"']\n    {settings}")
        assert registry.load("small_v1", publish(address)).name == "small_v1", "not served"
