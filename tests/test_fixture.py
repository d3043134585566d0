"""Tests of `registry.fixture`."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry import files
from registry.fixture import Fixture
from registry.identity import npz, sidecar
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


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda item: pickle.loads(pickle.dumps(item))]
)
def test_copies_are_whole(fixture, copied):
    """Copied, or pickled for a worker process, it has the same arrays and record."""
    back = copied(fixture)
    assert list(back) == ["x", "probeGuess"], "arrays are missing"
    np.testing.assert_array_equal(back.probeGuess, np.eye(2), err_msg="an array changed")
    assert back.sidecar == fixture.sidecar, "the record changed"


def test_its_mapping_cannot_be_written_to(fixture):
    """All tests of a process share it: nobody can put another array in, nor by its first maker."""
    with pytest.raises(TypeError, match="does not support item assignment"):
        fixture.arrays["x"] = np.zeros(3)
    mine = {"x": np.zeros(3)}
    other = replace(fixture, arrays=mine)
    mine["y"] = np.zeros(3)
    assert list(other) == ["x"], "it is whoever's who made it"


def test_names_that_python_asks_for(fixture):
    """An array cannot pass itself off as what copying or numpy look for."""
    odd = replace(fixture, arrays={"__deepcopy__": np.zeros(3), "__array__": np.zeros(3)})
    assert list(copy.deepcopy(odd)) == ["__deepcopy__", "__array__"], "an array was called"
    with pytest.raises(AttributeError, match="not __array__"):
        odd.__array__  # noqa: B018


WAYS = {
    "an item": lambda array: array.__setitem__((0,) * array.ndim, 1),
    "in place": lambda array: array.__iadd__(1),
    "setflags": lambda array: array.setflags(write=True),
    "flags": lambda array: setattr(array.flags, "writeable", True),
    "a view": lambda array: array.view().setflags(write=True),
    "another type": lambda array: array.reshape(-1).view("u1").setflags(write=True),
    "the buffer": lambda array: memoryview(array).cast("B").__setitem__(0, 1),
    "data": lambda array: array.data.cast("B").__setitem__(0, 1),
    "frombuffer": lambda array: np.frombuffer(array, "u1").setflags(write=True),
    "the interface": lambda array: np.asarray(
        type("It", (), {"__array_interface__": array.__array_interface__})()
    ).setflags(write=True),
    "copyto": lambda array: np.copyto(array, 1),
    "out": lambda array: np.add(array, 1, out=array),
    "sort": lambda array: array.reshape(-1)[::-1].sort(),
    "the base": lambda array: memoryview(_owner(array))[:1].__setitem__(0, 1),
}


def _owner(array):
    """What holds an array's memory, however many views are between them."""
    while True:
        held = array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
        if held is None:
            return array
        array = held


@pytest.mark.parametrize("size", [1_000, 8_000_000])
@pytest.mark.parametrize("made", ["read", "pickled", "deepcopy"])
def test_no_array_can_be_written_to(tmp_path, fixture, size, made):
    """By no way that numpy has, whatever the file's size, and wherever the fixture was copied."""
    before = np.ones(size // 8)
    files.write_atomic(tmp_path / "a.npz", npz.encode({"x": before, "none": np.empty((0, 3))}))
    arrays = npz.parse(files.read(tmp_path / "a.npz"), subject="a")
    loaded = replace(fixture, arrays=arrays)
    if made == "pickled":
        loaded = pickle.loads(pickle.dumps(loaded))
    elif made == "deepcopy":
        loaded = copy.deepcopy(loaded)
    written = []
    for way, write in WAYS.items():
        try:
            write(loaded.x)
        except (ValueError, TypeError):
            continue
        written.append(way)
    assert written == [], "it can be written to"
    np.testing.assert_array_equal(loaded.x, before, err_msg="it was written to")
    assert loaded.none.shape == (0, 3), "an empty array is lost"


def test_a_copy_of_the_caller_s_own_can_be_written_to(fixture):
    """Arrays that may be written to still may be, wherever they were sent."""
    back = pickle.loads(pickle.dumps(fixture))
    back.x[0] = 7
    assert back.x[0] == 7
