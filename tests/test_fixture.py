"""Tests of `registry.fixture`."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

from registry.fixture import Fixture
from registry.identity import sidecar
from tests.kit.repository import REPOSITORY

SIDECAR = REPOSITORY / "tests/fixtures/pytorch_integration/minimal_dataset_v1_n16.json"


@pytest.fixture
def fixture():
    """A fixture of two small arrays."""
    return Fixture(
        name="a_v1",
        arrays={"x": np.arange(3), "probeGuess": np.eye(2)},
        sidecar=sidecar.parse(SIDECAR.read_bytes(), subject="x"),
        path=Path("a_v1.npz"),
    )


def test_it_is_a_mapping(fixture):
    """Names, length, membership and `dict` work as for any mapping."""
    assert list(fixture) == ["x", "probeGuess"], "not the names of its arrays"
    assert len(fixture) == 2, "not the number of its arrays"
    assert "x" in fixture, "an array is not found"
    assert "y" not in fixture, "an array that is not there is found"
    assert dict(fixture)["x"] is fixture.x, "a dict of it holds other arrays"
    assert fixture.get("y") is None, "get does not return its default"


def test_an_unknown_key_lists_the_arrays(fixture):
    """The error of a misspelt key says which arrays there are."""
    with pytest.raises(KeyError, match=r"y: fixture a_v1 has x, probeGuess"):
        fixture["y"]


def test_an_unknown_attribute_lists_the_arrays(fixture):
    """So does the error of a misspelt attribute."""
    with pytest.raises(AttributeError, match=r"fixture a_v1 has x, probeGuess, not y"):
        fixture.y  # noqa: B018


def test_nothing_can_be_put_in_its_place(fixture):
    """Neither by key nor by attribute can an array be replaced."""
    with pytest.raises(TypeError, match="does not support item assignment"):
        fixture["x"] = np.zeros(3)
    with pytest.raises(AttributeError):
        fixture.name = "b_v1"
    # CPython's frozen dataclasses with slots raise one or the other
    with pytest.raises((AttributeError, TypeError)):
        fixture.x = np.zeros(3)


def test_its_repr_is_one_line(fixture):
    """A failing test shows the fixture's name and its arrays, not their values."""
    assert repr(fixture) == "<fixture a_v1: x, probeGuess>"


@pytest.mark.parametrize("copied", [copy.copy, lambda item: pickle.loads(pickle.dumps(item))])
def test_copies_are_whole(fixture, copied):
    """Copied, or pickled for a worker process, it has the same arrays and record."""
    back = copied(fixture)
    assert list(back) == ["x", "probeGuess"], "arrays are missing"
    np.testing.assert_array_equal(back.probeGuess, np.eye(2), err_msg="an array changed")
    assert back.sidecar == fixture.sidecar, "the record changed"
