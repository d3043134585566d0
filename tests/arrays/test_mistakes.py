"""Tests of the mistakes that any arrays may carry."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from registry.arrays import mistakes
from registry.arrays.mistakes import MISTAKES
from registry.identity import npz

PLANT = {mistake.name: mistake.plant for mistake in MISTAKES}
ALL = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)


@pytest.fixture
def tones():
    """Five tones of three values each, their frequencies, and a rate that all share."""
    return {
        "frequency": np.arange(1.0, 6.0),
        "rate": np.array(48_000),
        "samples": np.arange(1, 31, dtype="<f4").reshape(5, 6),
    }


@ALL
def test_it_can_be_written_and_changes_something(tones, mistake):
    """Where there are rows and numbers, each mistake changes arrays, in the canonical form."""
    planted = mistake.plant(tones)
    assert planted, "nothing is planted"
    assert npz.encode({**tones, **planted}) != npz.encode(tones), "nothing is changed"


@ALL
def test_the_arrays_stay_as_they_are(tones, mistake):
    """A mistake takes copies: the fixture is read-only, and other mistakes need it."""
    before = npz.encode(tones)
    for array in tones.values():
        array.flags.writeable = False
    mistake.plant(tones)
    assert npz.encode(tones) == before, "planted in the fixture itself"


@ALL
def test_it_is_the_same_each_time(tones, mistake):
    """No mistake depends on chance."""
    first, second = mistake.plant(tones), mistake.plant(tones)
    assert npz.encode(first) == npz.encode(second), "another one the second time"


@ALL
@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"rate": np.array(48_000.0)},
        {"samples": np.empty((0, 4), "<f4")},
        {"samples": np.ones((1, 1), "<c16")},
        {"names": np.array([b"a", b"b"]), "used": np.array([True, False])},
    ],
    ids=["none", "no axis", "no row", "one value", "no numbers"],
)
def test_arrays_that_offer_little(arrays, mistake):
    """Nothing is planted where there is nothing to change, and nothing fails."""
    assert set(mistake.plant(arrays)) <= set(arrays), "arrays that were not there"


@pytest.mark.parametrize("shape", [(2, 3), (2,)], ids=["two rows", "two values"])
def test_the_fewest_rows(shape):
    """Two are enough to be mistaken for each other, and one value to be none."""
    samples = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
    arrays = {"samples": samples, "pitch": np.array([1, 2], "<i2")}
    for name in ("off_by_one_row", "duplicated_row", "truncated"):
        assert PLANT[name](arrays), name
    assert np.isnan(PLANT["nan"]({"one": np.ones(1)})["one"]).all()
    assert PLANT["byte_order"]({"pitch": arrays["pitch"]})["pitch"].tolist() == [256, 512]


def test_axes_that_changed_places():
    """The last two: what comes before them stays."""
    values = np.arange(24.0).reshape(2, 3, 4)
    assert PLANT["transposed"]({"a": values})["a"].shape == (2, 4, 3)


def test_which_row_and_which_value(tones):
    """Literally, so that none is planted somewhere else without a word."""
    assert np.argwhere(np.isnan(PLANT["nan"](tones)["samples"])).tolist() == [[1, 4]]
    copied = PLANT["duplicated_row"]({"a": np.arange(12.0)})["a"]
    assert copied.tolist() == [0, 1, 6, 3, 4, 5, 6, 7, 8, 9, 10, 11]


@ALL
def test_it_says_what_it_is(mistake):
    """In one line each: what it means, and what a test that notices it looks like."""
    for said in (mistake.name, mistake.meaning, mistake.test):
        assert said.strip(), "nothing is said"
        assert "\n" not in said, "more than a line"


def test_names_are_one_mistake_each():
    """No two mistakes have a name."""
    assert len(PLANT) == len(MISTAKES), "a name twice"


def test_rows_against_others(tones):
    """The data's rows are in another order, and the other arrays are as they were."""
    planted = PLANT["permuted_rows"](tones)
    assert list(planted) == ["samples"], "not the data alone"
    assert sorted(planted["samples"][:, 0]) == sorted(tones["samples"][:, 0]), "other rows"
    assert (planted["samples"] != tones["samples"]).any(), "the same order"


@pytest.mark.parametrize("name", ["permuted_rows", "off_by_one_row"])
def test_an_order_of_rows_without_another_array(tones, name):
    """Where no other array has a row for each, an order is as good as another."""
    assert PLANT[name]({"samples": tones["samples"]}) == {}, "a mistake that is none"


def test_off_by_one_row(tones):
    """Each row is where the next one was."""
    planted = PLANT["off_by_one_row"](tones)["samples"]
    assert (planted[1:] == tones["samples"][:-1]).all(), "not moved by one"


def test_transposed(tones):
    """The last two axes are swapped."""
    assert (PLANT["transposed"](tones)["samples"] == tones["samples"].T).all(), "not transposed"


def test_scaled(tones):
    """The values are doubled, and their dtype is the same."""
    planted = PLANT["scaled"](tones)["samples"]
    assert planted.dtype == "<f4", "another dtype"
    assert (planted == 2 * tones["samples"]).all(), "not doubled"


def test_widened_dtype(tones):
    """The values are the same, in twice as many bytes."""
    planted = PLANT["widened_dtype"](tones)["samples"]
    assert planted.dtype == "<f8", "not the wider dtype"
    assert (planted == tones["samples"]).all(), "other values"


def test_nan(tones):
    """One value is not a number."""
    assert np.isnan(PLANT["nan"](tones)["samples"]).sum() == 1, "not one"


def test_duplicated_row(tones):
    """One row is there twice."""
    assert len(np.unique(PLANT["duplicated_row"](tones)["samples"], axis=0)) == 4, "not twice"


def test_byte_order(tones):
    """The bytes of each value are reversed, and the dtype says nothing of it."""
    planted = PLANT["byte_order"](tones)["samples"]
    assert planted.dtype == "<f4", "the dtype says so"
    assert planted.tobytes() == tones["samples"].astype(">f4").tobytes(), "not the other order"


def test_truncated(tones):
    """The last row is missing in all arrays that have rows, so that they agree."""
    planted = PLANT["truncated"](tones)
    assert {name: len(array) for name, array in planted.items()} == {"samples": 4, "frequency": 4}


def test_rows_of_several_axes_beside_the_data(tones):
    """A row is whatever the first axis counts, be it a value or a picture."""
    tones["spectrum"] = np.zeros((5, 2, 1), "<f4")
    planted = PLANT["truncated"](tones)
    assert sorted(planted) == ["frequency", "samples", "spectrum"]


@pytest.mark.parametrize("array", [np.array(["a", "b"]), np.array([1, 2], "|u1")])
def test_bytes_that_have_no_other_order(array):
    """Text is no number, and one byte has no other end."""
    assert PLANT["byte_order"]({"a": array}) == {}


def test_a_big_endian_machine_plants_in_the_data_s_order(monkeypatch):
    """It computes in its own, which would be a second mistake."""
    monkeypatch.setattr(sys, "byteorder", "big")
    plant = mistakes._in(lambda array: True, lambda array: (array + array).astype(">f8"))
    found = plant({"a": np.array([1.5, 2], "<f8")})["a"]
    assert (found.dtype.str, found.tolist()) == ("<f8", [3.0, 4.0])
