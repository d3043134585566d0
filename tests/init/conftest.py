"""A git repository in which nothing is yet."""

from __future__ import annotations

import pytest

from tests.kit.upstream import git


@pytest.fixture
def top(tmp_path):
    """Its top folder."""
    folder = tmp_path.resolve() / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    return folder
