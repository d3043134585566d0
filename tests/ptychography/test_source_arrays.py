"""Tests of `registry.ptychography.source_arrays`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography.source_arrays import CORRECT, check

SCAN = {
    "diffraction": np.ones((3, 4, 4)),
    "objectGuess": np.ones((9, 9), complex),
    "probeGuess": np.ones((4, 4)),
    "xcoords": np.arange(3.0),
    "ycoords": np.arange(3),
    "note": np.array("text"),
}


def test_a_sound_scan():
    """Arrays that it does not know, and a real probe, are nobody's fault."""
    check("source s", SCAN)
    check("source s", {})


@pytest.mark.parametrize(
    ("change", "subject", "expected", "found"),
    [
        ({"diffraction": np.ones((3, 4))}, "array diffraction",
         "finite real numbers along 3 axes", "shape (3, 4)"),
        ({"xcoords": np.ones((3, 1))}, "array xcoords",
         "finite real numbers along 1 axis", "shape (3, 1)"),
        ({"ycoords": np.ones(0)}, "array ycoords",
         "finite real numbers along 1 axis", "shape (0,)"),
        ({"diffraction": np.ones((3, 4, 4), complex)}, "array diffraction",
         "finite real numbers along 3 axes", "dtype complex128"),
        ({"probeGuess": np.full((4, 4), np.nan)}, "array probeGuess",
         "finite complex numbers along 2 axes", "values that are not finite"),
        ({"objectGuess": np.zeros((9, 9))}, "array objectGuess",
         "finite complex numbers along 2 axes", "zeros and nothing else"),
        ({"xcoords": np.ones(2)}, "coordinates",
         "the same number of positions in every array", "xcoords 2, ycoords 3"),
    ],
)  # fmt: skip
def test_what_no_generator_can_work_with(change, subject, expected, found):
    """Each is named by its array, with what it has to be."""
    with pytest.raises(CheckError) as caught:
        check("source s", SCAN | change)
    error = caught.value
    assert error.subject == f"source s: {subject}"
    assert (error.expected, error.found, error.remedy) == (expected, found, CORRECT)


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("diffraction", 3), ("diff3d", 3), ("objectGuess", 2), ("probeGuess", 2), ("xcoords", 1),
        ("ycoords", 1), ("xcoords_start", 1), ("ycoords_start", 1), ("scan_index", 1),
    ],
)  # fmt: skip
def test_each_array(name, axes):
    """It has so many axes, no more and no fewer."""
    check("source s", {name: np.ones((2,) * axes)})
    for other in {1, 2, 3, 4} - {axes}:
        with pytest.raises(CheckError):
            check("source s", {name: np.ones((2,) * other)})


def test_frames_may_be_dark():
    """Only an object or a probe of zeros is none."""
    check("source s", SCAN | {"diffraction": np.zeros((3, 4, 4))})
