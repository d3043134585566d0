"""Tests of `registry.identity.inventory`."""

from __future__ import annotations

import numpy as np

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
