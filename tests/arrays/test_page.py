"""Tests of `registry.arrays.page`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from registry.arrays.page import page, pictures_of

RECORD = SimpleNamespace(checks={"highest_hz": 133.333, "tones": 4, "kind": "sine"})


def test_a_page(arrays):
    """A picture of each array that has some, and each figure of the sidecar."""
    found = page(arrays, RECORD)
    (section,) = found.sections
    assert [picture.name for picture in section.pictures] == ["array-pitch_hz", "array-samples"]
    assert [(check.name, check.measured) for check in found.checks] == [
        ("highest_hz", "133.333"),
        ("tones", "4"),
        ("kind", "sine"),
    ]


def test_without_verified_arrays():
    """The figures are there, the pictures not."""
    found = page(None, RECORD)
    assert (found.sections, len(found.checks)) == ((), 3)
    assert found.no_charts == "the bytes did not pass verification"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (np.arange(5), ["array-a"]),
        (np.ones(5, complex), ["array-a"]),
        (np.arange(6).reshape(2, 3), ["array-a"]),
        (np.ones((2, 3), complex), ["a-amplitude", "a-phase"]),
        (np.ones((4, 2, 3)), ["array-a"]),
        (np.ones((1, 9)), ["array-a"]),
        (np.ones((2, 9)), ["array-a"]),
        (np.array([True, False]), ["array-a"]),
        (np.array([np.nan, np.inf, 1.0]), ["array-a"]),
        (np.array(1.0), []),
        (np.ones((1, 1)), []),
        (np.ones((0, 3)), []),
        (np.array(["a", "b"]), []),
    ],
    ids=lambda value: getattr(value, "dtype", None) and f"{value.dtype}{value.shape}",
)
def test_pictures_of_an_array(values, names):
    """A line, an image, or the first of several; nothing of one value, of none, and of text."""
    assert [picture.name for picture in pictures_of("a", values)] == names


def test_words_of_a_line():
    """They say how many values there are, and between what; and what is left out."""
    (picture,) = pictures_of("pitch", np.linspace(0.0, 1.0, 5000))
    assert picture.alt == (
        "pitch over the index, 5000 values from 0 to 1. Every 3. value is drawn."
    )


def test_words_of_an_image():
    """They say its size and range, and that it is the first of several."""
    (picture,) = pictures_of("frames", np.arange(12.0).reshape(2, 2, 3))
    assert picture.alt == "frames, 3 × 2, from 0 to 5."
    assert picture.title == "frames, first of several"


def test_a_table_that_is_longer_than_wide():
    """It is stretched to a chart: as an image it would be a line."""
    (picture,) = pictures_of("samples", np.arange(32.0).reshape(2, 16))
    assert picture.alt == "samples, 16 × 2, from 0 (dark) to 31 (light)."
    assert picture.dark is not None, "not a chart"
    (image,) = pictures_of("samples", np.arange(16.0).reshape(2, 8))
    assert image.dark is None, "not an image"
