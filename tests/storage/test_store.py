"""Tests of `registry.storage.store`: where credentials go."""

from __future__ import annotations

import base64

import pytest

from registry.identity import pins
from registry.storage import remote, transfer
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
