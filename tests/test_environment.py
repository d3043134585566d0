"""Tests of `registry.environment`."""

from __future__ import annotations

import pytest

from registry import environment


@pytest.mark.parametrize(
    ("variable", "asked", "expected"),
    [("1", None, True), ("", None, False), ("1", False, False), ("", True, True)],
)
def test_offline(monkeypatch, variable, asked, expected):
    """What a caller asks for wins; else the variable decides."""
    monkeypatch.setenv("FIXTURES_OFFLINE", variable)
    assert environment.is_offline(asked) is expected
