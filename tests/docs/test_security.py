"""SECURITY.md: each promise names a test that there is."""

from __future__ import annotations

import ast
import re

import pytest

from tests.hostile import registries
from tests.kit.repository import REPOSITORY

PAGE = (REPOSITORY / "SECURITY.md").read_text("utf-8")
ROWS = re.findall(r"(?m)^\| (.+) \| `(tests/\S+\.py)::(\S+)` \|$", PAGE)


def test_every_promise_has_one():
    """No row of the tables of promises is without."""
    promised = PAGE.partition("## What is promised")[2].partition("## What is not")[0]
    rows = [line for line in promised.splitlines() if line.startswith("| ")]
    heads = [line for line in rows if line.startswith(("| promise", "| ---"))]
    assert len(rows) - len(heads) == len(ROWS) > 20, "a promise without a test"


@pytest.mark.parametrize(("promise", "file", "name"), ROWS)
def test_the_test_is_there(promise, file, name):
    """The file has a test of that name."""
    body = ast.parse((REPOSITORY / file).read_text("utf-8")).body
    for part in name.split("::"):
        found = [node for node in body if getattr(node, "name", None) == part]
        assert found, f"{promise}: no {part} in {file}"
        body = found[0].body


def test_how_many_registries():
    """The page says how many there are, in round numbers."""
    (said,) = re.findall(r"some (\d+) registries", " ".join(PAGE.split()))
    assert abs(len(registries.ALL) - int(said)) < 10, f"there are {len(registries.ALL)}"
