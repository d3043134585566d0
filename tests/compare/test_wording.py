"""Tests of `registry.compare.wording`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.compare import wording
from registry.compare.array_difference import ArrayDifference
from registry.compare.fixture_difference import ABSENT

MEASURED = ArrayDifference(
    name="objectGuess",
    verdict="different",
    dtypes=("<c8", "<c8"),
    shapes=((128, 128), (128, 128)),
    total=16384,
    differing=1234,
    first=(0, 7),
    largest_absolute=0.00012345,
    largest_relative=1.5,
    largest_ulp=17.0,
)


def cells(item: ArrayDifference) -> dict[str, str]:
    """A row's cells by their heads."""
    return dict(zip(wording.HEAD, wording.row(item), strict=True))


def test_a_measured_difference():
    """Counts have their thousands apart, distances three digits, steps none behind the point."""
    assert cells(MEASURED) == {
        "array": "objectGuess",
        "verdict": "different",
        "shape": "(128, 128)",
        "dtype": "<c8",
        "differ": "1,234 of 16,384",
        "absolute": "0.000123",
        "relative": "1.5",
        "ULP": "17",
        "first": "(0, 7)",
    }


def test_an_array_that_one_side_lacks():
    """What was not measured is a dash; what only one side has stands by itself."""
    item = ArrayDifference(
        name="Y", verdict="only in B", dtypes=(None, "<c8"), shapes=(None, (3, 4))
    )
    assert wording.row(item) == ("Y", "only in B", "(3, 4)", "<c8", "-", "-", "-", "-", "-")


def test_shapes_and_dtypes_that_differ():
    """A comes first."""
    item = replace(MEASURED, shapes=((3,), (4, 1)), dtypes=("<f8", "<f4"))
    assert cells(item)["shape"] == "(3,) -> (4, 1)"
    assert cells(item)["dtype"] == "<f8 -> <f4"


def test_values_that_are_not_finite_have_no_steps_between_them():
    """Their number stands where the steps would."""
    assert cells(replace(MEASURED, not_finite=1)) | {"ULP": ""} == cells(MEASURED) | {"ULP": ""}
    assert cells(replace(MEASURED, not_finite=1))["ULP"] == "1 not finite"
    assert cells(replace(MEASURED, not_finite=4321))["ULP"] == "4,321 not finite"


@pytest.mark.parametrize(
    ("steps", "shown"), [(0.0, "0"), (999_999.0, "999999"), (1_000_000.0, "1e+06")]
)
def test_many_steps_are_rounded(steps, shown):
    """Nobody reads the seventh digit."""
    assert cells(replace(MEASURED, largest_ulp=steps))["ULP"] == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ABSENT, "(absent)"),
        (None, "null"),
        (1.5, "1.5"),
        ("π", "π"),
        ([1, 2, 3, 4], "[1, 2, 3, 4]"),
        ([1, 2, 3, 4, 5], "[1, 2, ... 5] (5)"),
        ({"ü": "a"}, '{"ü": "a"}'),
        ("sha256:" + "0123456789abcdef" * 4, "sha256:0123456789ab"),
        ("0123456789abcdef01234567" + "f" * 16, "0123456789ab"),
        # neither a digest nor a commit
        ("f" * 39, "f" * 39),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 57 + "..."),
    ],
)
def test_a_value_in_few_words(value, shown):
    """Long lists and texts are cut, a digest to what tells it from another."""
    assert wording.shown(value) == shown
