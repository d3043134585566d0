"""Tests of `registry.contract`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.contract import Array, Contract, guessed

CLIPS = Contract(
    name="clips_v1",
    arrays=(
        Array(name="samples", axes=("sample", "clip"), rows="clip", meaning="sound"),
        Array(name="pitch", axes=("clip",), rows="clip", meaning="pitch", unit="Hz"),
        Array(name="modes", axes=("mode?", "sample"), rows="clip", meaning="modes"),
    ),
)


def test_its_file():
    """A contract is named by its schema's file."""
    assert CLIPS.file == "clips_v1.schema.json"


def test_arrays_with_something_for_each_row():
    """Those that have the axis that counts rows."""
    assert CLIPS.per_row == ("samples", "pitch")
    assert CLIPS["samples"].rows_last
    assert not CLIPS["pitch"].rows_last


def test_numbers_of_axes():
    """An axis with a question mark may be absent."""
    assert CLIPS["modes"].numbers_of_axes == range(1, 3)
    assert CLIPS["samples"].numbers_of_axes == range(2, 3)


def test_an_array_of_which_nothing_is_known():
    """It has no axes, and means what it is called."""
    found = CLIPS["other"]
    assert (found.meaning, found.axes, found.per_row) == ("other", (), False)


def test_rows_come_first():
    """The axis that counts rows is moved to the front, and no value with it."""
    arrays = {"samples": np.arange(6).reshape(3, 2), "pitch": np.arange(2), "other": np.ones(3)}
    found = CLIPS.rows_first(arrays)
    np.testing.assert_array_equal(found["samples"], [[0, 2, 4], [1, 3, 5]])
    assert found["pitch"] is arrays["pitch"]
    assert found["other"] is arrays["other"]


def test_rows_of_an_array_with_other_axes():
    """One that is not as its contract has it stays as it is."""
    flat = np.arange(6)
    assert CLIPS.rows_first({"samples": flat})["samples"] is flat


def test_the_larger_of_two():
    """Of arrays with as many axes the one with more bytes is the data; of equals the first."""
    arrays = {"a": np.zeros((4, 2), "<f4"), "b": np.zeros((4, 2), "<f8"), "c": np.zeros((4, 2))}
    assert guessed(arrays).per_row == ("b", "c", "a")


def test_as_text():
    """An array as messages have it, with the comma of a tuple of one."""
    assert str(CLIPS["pitch"]) == "pitch (clip,)"
    assert str(CLIPS["samples"]) == "samples (sample, clip)"
    assert CLIPS["samples"].axes_in_words == "sample, clip"
    spoken = Array(name="a", axes=("clip", "t"), words={"t": "sample"}, meaning="")
    assert spoken.axes_in_words == "clip, sample"


@pytest.mark.parametrize(
    ("shapes", "names"),
    [
        ({"table": (9, 9), "b": (4,), "a": (4, 2)}, ("a", "b")),
        ({"table": (900, 9), "frames": (4, 2, 2), "x": (4,), "y": (4,)}, ("frames", "x", "y")),
        ({"b": (3,), "a": (5,)}, ("a",)),
        ({"rate": ()}, ()),
        ({}, ()),
    ],
    ids=["common length", "not the largest", "the longer", "no axis", "nothing"],
)
def test_what_can_be_seen_of_arrays(shapes, names):
    """Rows are what most arrays count, and the one with the most axes is the data."""
    found = guessed({name: np.zeros(shape) for name, shape in shapes.items()})
    assert found.per_row == names
