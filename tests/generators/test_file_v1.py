"""Tests of `generators.file_v1`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import file_v1


@pytest.fixture
def file():
    """A scan of 20 positions in the legacy layout."""
    return {
        "diffraction": np.ones((4, 8, 20)),
        "objectGuess": np.ones((16, 18), complex),
        "probeGuess": np.ones((4, 8), complex),
        "xcoords": np.arange(20.0),
        "ycoords": np.arange(20.0),
    }


def test_a_file_is_described_and_not_changed(file):
    """No arrays of its own: the file's bytes are the source. Amplitudes, unless declared."""
    before = {name: array.copy() for name, array in file.items()}
    arrays, record = file_v1.generate({"noise": "none"}, file)
    assert arrays is None
    assert record == {
        "layout": "legacy",
        "measurement": "amplitude",
        "noise": "none",
        "photon_scale": None,
        "transformations": [],
    }
    for name, array in before.items():
        np.testing.assert_array_equal(file[name], array)


def test_what_is_declared_of_a_file(file):
    """Layout, measurement, noise and photon scale, word for word."""
    file["diffraction"] = np.ones((20, 4, 8))
    params = {
        "noise": "poisson",
        "photon_scale": 2.5,
        "layout": "canonical",
        "measurement": "intensity",
    }
    _, record = file_v1.generate(params, file)
    assert record == {**params, "transformations": []}


@pytest.mark.parametrize(("shape", "layout"), [((4, 8, 20), "legacy"), ((20, 4, 8), "canonical")])
def test_a_layout_that_the_shapes_tell(file, shape, layout):
    """It need not be declared."""
    file["diffraction"] = np.ones(shape)
    assert file_v1.generate({"noise": "none"}, file)[1]["layout"] == layout


@pytest.mark.parametrize(
    ("params", "change", "message"),
    [
        (
            {},
            {
                "diffraction": np.ones((4, 4, 4)),
                "probeGuess": np.ones((4, 4)),
                "xcoords": np.arange(4),
                "ycoords": np.arange(4),
            },
            "is ambiguous, it may be",
        ),
        ({"layout": "canonical"}, {}, r"expected shape \(20, 4, 8\), found \(4, 8, 20\)"),
        ({}, {"ycoords": np.arange(19)}, "ycoords: expected one value for each of the 20 xcoords"),
    ],
)
def test_a_file_that_is_no_scan(file, params, change, message):
    """Said before any fixture is cut from it."""
    with pytest.raises(ValueError, match=message):
        file_v1.generate({"noise": "none", **params}, {**file, **change})


def test_a_file_without_a_key(file):
    """What is missing is named."""
    del file["probeGuess"]
    with pytest.raises(ValueError, match="probeGuess missing among"):
        file_v1.generate({"noise": "none"}, file)
