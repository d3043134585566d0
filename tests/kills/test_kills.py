"""Tests of what killed commands leave, a few kills each; `make kills` does many more."""

from __future__ import annotations

import os

import pytest

from tests.kills.commands import COMMANDS
from tests.kills.killing import measure

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody is killed so"),
]


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_half_and_nothing_is_left(name, tmp_path):
    """A killed command leaves no half of a file, and nothing that the next run does not end."""
    result = measure(name, tmp_path, count=2, seed=0)
    assert result.killed + result.ended == 2, "not as many kills"
    assert result.findings == [], "\n".join(result.findings)
