"""Tests of `registry.identity.inventory`."""

from __future__ import annotations

import sys

import numpy as np

from registry.digests import array_digest
from registry.identity import inventory as module
from registry.identity.inventory import inventory


def test_inventory():
    """dtype, shape, range, finiteness and digest of each array, sorted by name."""
    arrays = {
        "z": np.array([[3 + 4j, 1j]], "<c8"),
        "a": np.array([2.5, -1.0, np.nan], "<f8"),
        "empty": np.zeros((0, 2), "<i8"),
    }
    assert list(inventory(arrays)) == ["a", "empty", "z"]
    assert inventory(arrays) == {
        "a": {
            "dtype": "<f8",
            "shape": [3],
            "range": [-1.0, 2.5],
            "finite": False,
            "sha256": "0d9c31f761d6861d51118d2ed0d8df82a3cffef31b7ad4937dcd9f98ccb551e8",
        },
        "empty": {
            "dtype": "<i8",
            "shape": [0, 2],
            "range": [0, 0],
            "finite": True,
            "sha256": "b6ffbb8740333b3ea78c6ff8d636bd3e6a5b81f048529b516b44d2d7a35bc722",
        },
        "z": {
            "dtype": "<c8",
            "shape": [1, 2],
            "range": [1.0, 5.0],
            "finite": True,
            "sha256": "64cb45e2337dee05944f32ebe43001a8fae743c9c799018bca0a34f0d7bb6bb3",
        },
    }


def test_an_inventory_of_some_rows_at_a_time(monkeypatch):
    """What is said of an array does not depend on how many of its rows are looked at together."""
    rng = np.random.default_rng(2)
    arrays = {
        "a": rng.normal(size=(7, 3, 2)).astype("<f4"),
        "c": (rng.normal(size=(7, 3)) + 1j * rng.normal(size=(7, 3))).astype("<c8"),
        "i": np.arange(7) - 3,
        "none": np.full((3, 2), np.nan),
        "one": np.float64(2.5)[()] * np.ones(()),
        "wide": rng.normal(size=(1, 9)),
    }
    arrays["a"][5, 1, 1] = np.inf
    expected = inventory(arrays)
    assert expected["a"]["finite"] is False, "an infinity is not seen"
    assert expected["none"] == {
        "dtype": "<f8", "shape": [3, 2], "range": [0, 0], "finite": False,
        "sha256": array_digest(arrays["none"]),
    }  # fmt: skip
    monkeypatch.setattr(module, "_ROWS_BYTES", 16)
    assert inventory(arrays) == expected


def test_how_many_rows_are_looked_at_together(monkeypatch):
    """As many as fit into the memory that is allowed for them, and one at least."""
    monkeypatch.setattr(module, "_ROWS_BYTES", 16)
    for array, rows in (
        (np.zeros((3, 3), "<f8"), [1, 1, 1]),
        (np.zeros(5, "<f8"), [2, 2, 1]),
        (np.zeros(33, "|u1"), [16, 16, 1]),
        (np.zeros((17, 0)), [16, 1]),
        (np.zeros((0, 3)), []),
    ):
        assert [len(part) for part in module._parts(array)] == rows


def test_an_array_with_two_names_is_gone_through_once(monkeypatch):
    """An alias has the record of the array that it is; of an equal one it is found out anew."""
    digested = []
    module = sys.modules[inventory.__module__]
    monkeypatch.setattr(module, "array_digest", lambda array: digested.append(array) or "digest")
    one, equal = np.ones(3), np.ones(3)
    found = inventory({"one": one, "alias": one, "equal": equal})
    assert len(digested) == 2
    assert found["one"] == found["alias"] == found["equal"]
    assert found["one"] is not found["alias"], "a change of one would be one of the other"
