"""Tests of `generators.modes_v1`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import modes_v1, subset_v1
from registry.digests import content_digest

PARAMS = {"strategy": "evenly_spaced", "n_subset": 16}


def generate(source, **given):
    """Arrays and record of a fixture with several modes."""
    return modes_v1.generate({**PARAMS, **given}, source, {"measurement": "amplitude"})


@pytest.fixture
def source(scan, legacy):
    """Forty positions in the legacy layout, with three modes."""
    arrays = legacy(scan)
    probe = arrays["probeGuess"]
    return {**arrays, "probeGuess": np.stack([probe, probe.T / 2, probe[::-1] / 4])}


@pytest.mark.parametrize("given", [{}, {"diff3d": True, "Y": True}, {"strategy": "grid"}])
def test_everything_but_the_probe_is_the_subset(source, given):
    """Frames, object and coordinates are what `subset_v1` cuts from a source of one mode."""
    arrays, record = generate(source, **given)
    one = {**source, "probeGuess": source["probeGuess"][0]}
    expected, expected_record = subset_v1.generate({**PARAMS, **given}, one, {})
    del arrays["probeGuess"], expected["probeGuess"]
    assert content_digest(arrays) == content_digest(expected)
    assert record["subset_indices"] == expected_record["subset_indices"]


def test_all_modes_are_kept(source):
    """In their order, (P, H, W), rounded to complex64."""
    arrays, record = generate(source)
    assert (arrays["probeGuess"].dtype.str, arrays["probeGuess"].shape) == ("<c8", (3, 64, 64))
    assert arrays["probeGuess"].flags.c_contiguous
    np.testing.assert_array_equal(arrays["probeGuess"], source["probeGuess"].astype(np.complex64))
    assert record["transformations"][-2:] == [
        "probeGuess: dtype complex128 -> complex64",
        "probeGuess: all 3 modes kept",
    ]


def test_a_single_mode(source):
    """A probe (H, W) is for `subset_v1`."""
    source["probeGuess"] = source["probeGuess"][0]
    with pytest.raises(ValueError, match=r"several modes, \(P, H, W\), found shape \(64, 64\)"):
        generate(source)


def test_no_probe(source):
    """A source without one is refused."""
    del source["probeGuess"]
    with pytest.raises(ValueError, match=r"probeGuess: expected several modes, .* found none"):
        generate(source)


def test_the_same_bits_on_every_machine(source):
    """Content of a small fixture."""
    assert content_digest(generate(source)[0]) == (
        "9aefc6b3cc909369b062b589a73f53c083619e504a1d5bbce58a0e36ddabb517"
    )
