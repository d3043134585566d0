"""Tests of `generators.labelled_v1`: what `subset_v2` cuts, with labels and photons."""

from __future__ import annotations

import numpy as np
import pytest

from generators import labelled_v1, subset_v2
from registry.digests import content_digest
from registry.ptychography.contracts import contract_failures
from registry.ptychography.forward import Forward
from tests.kit.repository import SCHEMAS

PARAMS = {"strategy": "evenly_spaced", "n_subset": 16}
AMPLITUDE = {"measurement": "amplitude", "noise": "measured", "photon_scale": None}
POISSON = {"measurement": "amplitude", "noise": "poisson", "photon_scale": 2000.0}
# What PARAMS select from 40 positions.
INDICES = [0, 2, 5, 7, 10, 13, 15, 18, 20, 23, 26, 28, 31, 33, 36, 39]


def generate(source, declared=AMPLITUDE, **given):
    """Arrays and record of a fixture with labels."""
    return labelled_v1.generate({**PARAMS, **given}, source, declared)


@pytest.fixture
def counts():
    """Photon counts of 40 frames, (N, H, W): from 0 to 5000, each frame different."""
    return np.arange(40 * 64 * 64).reshape(40, 64, 64) * 7 % 5001


@pytest.mark.parametrize("given", [{}, {"strategy": "random", "seed": 3, "diff3d": True}])
def test_everything_else_is_the_subset(scan, legacy, given):
    """All arrays but the label are what `subset_v2` cuts with Y."""
    for source in (scan, legacy(scan)):
        arrays, record = generate(source, **given)
        expected, expected_record = subset_v2.generate(
            {**PARAMS, **given, "Y": True}, source, AMPLITUDE
        )
        assert arrays.pop("label") is arrays["Y"], "kept twice"
        assert content_digest(arrays) == content_digest(expected)
        assert record["subset_indices"] == expected_record["subset_indices"]
        *steps, label = record["transformations"]
        assert steps == expected_record["transformations"]
        assert label == ("Y: duplicate as label, the name PtychoPINN's supervised loader requires")


@pytest.mark.parametrize("measurement", ["amplitude", "intensity"])
def test_photons_are_those_of_the_frames(scan, counts, measurement):
    """The mean of whole counts, summed exactly, of the frames that were cut."""
    values = counts / 2000.0
    scan["diffraction"] = np.sqrt(values) if measurement == "amplitude" else values
    arrays, record = generate(scan, {**POISSON, "measurement": measurement})
    total = sum(int(counts[index].sum()) for index in INDICES)
    assert arrays["nphotons"].dtype.str == "<f8"
    assert arrays["nphotons"].shape == ()
    assert float(arrays["nphotons"]) == total / 16 == 10239087.9375
    assert record["transformations"][-1] == (
        "nphotons: photon_scale * amplitude**2 as whole counts, mean of frames' sums"
    )


def test_what_has_no_photon_scale_has_no_photons(scan):
    """Nothing is said of measured frames, rather than something that is not known."""
    assert "nphotons" not in generate(scan)[0]
    assert "nphotons" not in generate(scan, {"measurement": "amplitude"})[0]


def test_its_contract(scan):
    """Version 4 of DATA-001 has both."""
    arrays, _ = generate(scan, POISSON, diff3d=True)
    assert contract_failures(arrays, SCHEMAS, "data_001_v4.schema.json") == []


def test_as_upstream_reads_labels(scan):
    """By index along the first axis; magnitude and phase are those of the object under a frame."""
    arrays, _ = generate(scan)
    some = np.array([3, 1])
    labels = arrays["label"][some][:, np.newaxis]
    assert (labels.shape, labels.dtype.str) == ((2, 1, 64, 64), "<c8")
    x, y = arrays["xcoords"][some], arrays["ycoords"][some]
    under = Forward(scan["objectGuess"], scan["probeGuess"]).patches(x, y)
    for values in (np.abs, np.angle):
        np.testing.assert_allclose(values(labels[:, 0]), values(under), atol=1e-6)


def test_the_same_bits_on_every_machine(scan):
    """Content of a small fixture."""
    assert content_digest(generate(scan, POISSON)[0]) == (
        "be88b29cace1427cc3fc85e015714a9b666f7374a8a32ec8793702d184086079"
    )
