"""A registry by URL, and a cache for it."""

from __future__ import annotations

import shutil
from functools import partial

import pytest

from tests.kit.upstream import Upstream, forget_revisions


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The per-user cache, empty; git and DVC know nothing of the user's own settings."""
    for variable in ("FIXTURES_OFFLINE", "FIXTURES_REGISTRY", "GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "no-configuration"))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "a")
        monkeypatch.setenv(f"{name}_EMAIL", "a@example.org")
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def _upstream(tmp_path_factory):
    """The folder that each test gets a copy of."""
    folder = tmp_path_factory.mktemp("template")
    Upstream(folder / "upstream")
    return folder


@pytest.fixture
def upstream(_upstream, tmp_path, cache):
    """A registry with the fixture `small_v1`."""
    shutil.copytree(_upstream, tmp_path, dirs_exist_ok=True)
    return Upstream(tmp_path / "upstream")


@pytest.fixture
def new_process(monkeypatch):
    """Forget which revisions were looked up, as a new process has."""
    return partial(forget_revisions, monkeypatch)
