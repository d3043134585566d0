"""Tests of `registry.arrays.contract`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.arrays import contract
from registry.errors import CheckError, MissingError
from tests.arrays.conftest import FILE


def texts(arrays, schemas):
    """What arrays break, as text."""
    return list(map(str, contract.failures(arrays, schemas, FILE)))


def test_what_a_schema_says_of_arrays(write):
    """Axes, unit and meaning come from it; rows are what the first axis counts."""
    found = contract.contract_named(FILE, write())
    assert found.file == FILE
    assert found.per_row == ("samples", "pitch_hz")
    assert (found["samples"].axes_in_words, found["samples"].meaning) == (
        "tone, sample",
        "a tone in each row",
    )
    assert (found["pitch_hz"].unit, found["pitch_hz"].meaning) == ("Hz", "pitch_hz")


@pytest.mark.parametrize(
    "text", ["[1]", "{}", '{"properties": [1]}', "{", '{"properties": {"a": 1}}']
)
def test_a_schema_that_says_nothing_of_arrays(tmp_path, text):
    """For looking at a fixture it is as good as none."""
    (tmp_path / FILE).write_text(text)
    assert contract.contract_named(FILE, tmp_path).arrays == ()
    assert contract.contract_named("other.schema.json", tmp_path).arrays == ()
    assert contract.contract_named(FILE).name == "tones_v1"


def test_good_arrays(arrays, write):
    """They break nothing, in any number of rows."""
    assert texts(arrays, write()) == []
    fewer = {**arrays, "samples": arrays["samples"][:2], "pitch_hz": arrays["pitch_hz"][:2]}
    assert texts(fewer, write()) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (
            {"samples": np.ones((4, 8))},
            ['contract: samples.dtype: expected "<f4"; found "<f8"'],
        ),
        (
            {"pitch_hz": np.ones(3)},
            ["contract: axis tone: expected the same length in samples, pitch_hz; "
             "found samples 4, pitch_hz 3"],
        ),
        (
            {"rate_hz": np.ones(2)},
            ["contract: rate_hz: expected no axes; found shape (2,)"],
        ),
        (
            {"samples": np.ones(8, "<f4")},
            ["contract: samples: expected axes tone, sample; found shape (8,)"],
        ),
    ],
    ids=["dtype", "lengths", "a scalar", "axes"],
)  # fmt: skip
def test_arrays_that_break_a_rule(arrays, write, changed, found):
    """Each rule is named, with what it wants and what there is."""
    assert texts({**arrays, **changed}, write()) == found


def test_arrays_of_which_no_axis_is_named(arrays, write):
    """They may have any, whatever else the schema says of them."""
    schemas = write(pitch_hz={"unit": "Hz"}, rate_hz=True)
    changed = {"pitch_hz": np.ones((9, 9)), "rate_hz": np.ones(3)}
    assert texts({**arrays, **changed}, schemas) == []


def test_arrays_that_are_absent(arrays, write):
    """One that is required is named; axes of others are not counted."""
    del arrays["pitch_hz"]
    assert texts(arrays, write()) == ["contract: pitch_hz: expected a value; found none"]


@pytest.mark.parametrize("axes", ["tone", [1], [""], {"a": 1}, None])
def test_labels_that_are_none(arrays, write, axes):
    """What would be taken for no labels, and so check nothing, is refused."""
    with pytest.raises(CheckError) as caught:
        contract.failures(arrays, write(samples={"axes": axes}), FILE)
    assert caught.value.subject == f"schemas/{FILE}: properties.samples.axes"
    assert caught.value.expected == "a list with a label for each axis"


def test_no_schema(arrays, tmp_path):
    """A contract that is not there is no contract that is kept."""
    with pytest.raises(MissingError):
        contract.failures(arrays, tmp_path, "other_v1.schema.json")
