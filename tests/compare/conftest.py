"""A repository with one published fixture."""

from __future__ import annotations

import pytest

from tests.compare.kit import commit, lock, stage
from tests.kit.processes import git


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository on main with one published fixture, a_v1."""
    # no repository of the machine's may be found around the test's own
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, lock(stage()))
    return tmp_path
