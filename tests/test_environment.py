"""Tests of `registry.environment`."""

from __future__ import annotations

import pytest

from registry import environment


@pytest.mark.parametrize(
    ("name", "old"),
    [("FIXTURES_REGISTRY", "FIXTURE_REGISTRY"), ("FIXTURES_REAL_DATA", "PTYCHO_REAL_DATA")],
)
def test_two_names(monkeypatch, name, old):
    """A variable is read under its old name too, and the new one wins, unless it is empty."""
    monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv(old, raising=False)
    found = []
    for new_says, old_says in ((None, ""), (None, "old"), ("", "old"), ("new", "old"), ("new", "")):
        for variable, text in ((name, new_says), (old, old_says)):
            if text is not None:
                monkeypatch.setenv(variable, text)
        found.append((environment.value(name), environment.spelling(name)))
    assert found == [(None, name), ("old", old), ("old", old), ("new", name), ("new", name)]


@pytest.mark.parametrize("name", ["FIXTURES_CACHE", "FIXTURES_OFFLINE"])
def test_one_name(monkeypatch, name):
    """What always had the prefix has one name, and an empty value is none."""
    monkeypatch.setenv(name, "")
    assert environment.value(name) is None
    monkeypatch.setenv(name, "text")
    assert (environment.value(name), environment.spelling(name)) == ("text", name)


@pytest.mark.parametrize(
    ("variable", "asked", "expected"),
    [("1", None, True), ("", None, False), ("1", False, False), ("", True, True)],
)
def test_offline(monkeypatch, variable, asked, expected):
    """What a caller asks for wins; else the variable decides."""
    monkeypatch.setenv("FIXTURES_OFFLINE", variable)
    assert environment.is_offline(asked) is expected
