"""Two registries: a small one whose bytes are on an HTTP server alone, and this very one."""

from __future__ import annotations

import pytest

from tests.kit import registries as kit
from tests.kit.servers import ObjectServer


@pytest.fixture
def env(tmp_path):
    """Environment of child processes."""
    return kit.environment(tmp_path)


@pytest.fixture
def server(tmp_path):
    """HTTP server of a remote's objects."""
    with ObjectServer(tmp_path / "served") as server:
        yield server


@pytest.fixture
def root(tmp_path, server):
    """Top folder of a registry; the bytes of its fixtures are on the server."""
    return kit.on_a_server(tmp_path / "registry", server)


@pytest.fixture
def author(built_clone):
    """A repository as its author has it: committed, built, not pushed."""
    return built_clone.path
