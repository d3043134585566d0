"""Tests of `generators.intensity_v1`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import intensity_v1, subset_v1
from registry.declare import generator_keys
from registry.digests import content_digest
from registry.identity import schema
from registry.identity.inventory import inventory
from tests.kit.repository import REPOSITORY, SCHEMAS

PARAMS = {"strategy": "evenly_spaced", "n_subset": 16}
CONTRACT = "data_001_intensity_v1.schema.json"
# What PARAMS select from 40 positions.
INDICES = [0, 2, 5, 7, 10, 13, 15, 18, 20, 23, 26, 28, 31, 33, 36, 39]


@pytest.fixture
def counts():
    """Photon counts of 40 frames, (N, H, W): from 0 to 5000, each frame different."""
    return np.arange(40 * 64 * 64, dtype=float).reshape(40, 64, 64) * 7 % 5001


@pytest.fixture
def source(scan, counts):
    """A scan of these counts in the legacy layout, 2000 of them to a unit of amplitude squared."""
    scan["diffraction"] = np.ascontiguousarray(np.moveaxis(np.sqrt(counts / 2000.0), 0, -1))
    return scan


POISSON = {"measurement": "amplitude", "noise": "poisson", "photon_scale": 2000.0}


def generate(source, declared=POISSON, **given):
    """Arrays and record of a fixture of intensities."""
    return intensity_v1.generate({**PARAMS, **given}, source, declared)


def test_counts_are_the_photons(source, counts):
    """Whole numbers, exactly those from which the amplitudes were made, as float32."""
    arrays, record = generate(source)
    assert record["subset_indices"] == INDICES
    assert arrays["diffraction"].dtype.str == "<f4"
    assert arrays["diffraction"].flags.c_contiguous
    np.testing.assert_array_equal(arrays["diffraction"], counts[INDICES])


def test_everything_else_is_the_subset(source):
    """Object, probe and coordinates are what `subset_v1` cuts."""
    arrays, _ = generate(source, Y=True)
    expected, _ = subset_v1.generate({**PARAMS, "Y": True}, source, POISSON)
    del arrays["diffraction"], expected["diffraction"]
    assert content_digest(arrays) == content_digest(expected)


def test_a_loader_arrives_at_the_canonical_fixture(source):
    """The root of counts over photon_scale is the amplitude that `subset_v1` cuts, to the bit."""
    arrays, record = generate(source)
    amplitude = np.sqrt(arrays["diffraction"].astype(np.float64) / 2000.0).astype(np.float32)
    np.testing.assert_array_equal(amplitude, record["canonical"]["diffraction"])


def test_the_canonical_arrays_of_the_record(source):
    """What contract and physics are held against is what `subset_v1` cuts."""
    _, record = generate(source)
    expected, _ = subset_v1.generate(PARAMS, source, POISSON)
    assert content_digest(record["canonical"]) == content_digest(expected)


def test_a_source_of_intensities(source, counts):
    """Its pixels times photon_scale are the counts; no root is taken of them."""
    source["diffraction"] = np.moveaxis(counts / 2000.0, 0, -1)
    arrays, record = generate(source, {**POISSON, "measurement": "intensity"})
    np.testing.assert_array_equal(arrays["diffraction"], counts[INDICES])
    assert not any("square root" in step for step in record["transformations"])


class Unread:
    """Frames (N, H, W) in a file, of which those at a list of indices can be read."""

    def __init__(self, frames: np.ndarray) -> None:
        self._frames = frames
        self.shape, self.ndim, self.dtype = frames.shape, frames.ndim, frames.dtype

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        assert indices.ndim == 1, "only lists of indices can be read"
        return self._frames[indices]


def test_frames_that_are_not_read_yet(source):
    """Only the selected ones are asked for."""
    expected, _ = generate(source)
    frames = np.moveaxis(source["diffraction"], -1, 0)
    arrays, _ = generate({**source, "diffraction": Unread(frames)})
    assert content_digest(arrays) == content_digest(expected)


def test_a_source_in_single_precision(source, counts):
    """What rounding took from the amplitudes does not show in the counts."""
    counts[0, 0, 1] = 1000003
    source["diffraction"] = np.sqrt(counts / 2000.0).astype(np.float32)
    off = 2000.0 * source["diffraction"][0, 0, 1].astype(float) ** 2 - 1000003
    assert abs(off) > 0.005, "rounding took nothing"
    arrays, _ = generate(source)
    np.testing.assert_array_equal(arrays["diffraction"], counts[INDICES])


@pytest.mark.parametrize("noise", ["none", "measured"])
def test_a_source_without_a_photon_scale(source, noise):
    """Intensities are squares of amplitudes, in double precision, rounded once."""
    arrays, record = generate(source, {"noise": noise, "photon_scale": None})
    frames = np.moveaxis(source["diffraction"], -1, 0)[INDICES]
    np.testing.assert_array_equal(arrays["diffraction"], (frames * frames).astype(np.float32))
    assert record["transformations"][-1] == "diffraction: intensity = amplitude**2, float32"


def test_transformations_are_recorded(source):
    """Every step in order, and none that was taken for the canonical arrays alone."""
    _, record = generate(source, diff3d=True)
    assert record["transformations"] == [
        "every per-position array: evenly_spaced subset of 16 of 40 positions (subset_indices)",
        "diffraction: transpose (H,W,N) -> (N,H,W)",
        "diffraction: photon counts = photon_scale * amplitude**2, float32",
        "diffraction: duplicate as diff3d",
    ]


def test_the_alias_is_the_same_array(source):
    """diff3d, where it is asked for, holds the counts as well."""
    arrays, _ = generate(source, diff3d=True)
    np.testing.assert_array_equal(arrays["diff3d"], arrays["diffraction"])
    assert "diff3d" not in generate(source)[0]


def test_a_photon_scale_of_something_else(source):
    """Where no whole numbers come out, the declared scale is not that of the counts."""
    with pytest.raises(ValueError, match=r"expected whole numbers .*; is photon_scale that of"):
        generate(source, {**POISSON, "photon_scale": 2001.0})


def test_more_counts_than_float32_can_tell(source):
    """From 2**24 on float32 has no longer every whole number: refused, not rounded."""
    source["diffraction"][0, 0, 0] = np.sqrt((2**24 - 1) / 2000)
    assert generate(source)[0]["diffraction"].max() == 2**24 - 1
    source["diffraction"][0, 0, 0] = np.sqrt(2**24 / 2000)
    with pytest.raises(ValueError, match=r"expected counts below 2\*\*24, found 16777216 in a"):
        generate(source)


def test_the_contract(source):
    """The arrays satisfy the contract that its schema names, where amplitudes would end at 10."""
    named = generator_keys.read(REPOSITORY, "intensity_v1").contracts
    assert named == (CONTRACT, "data_001_v1.schema.json")
    path = SCHEMAS / CONTRACT
    arrays, _ = generate(source, diff3d=True, Y=True)
    assert schema.problems(inventory(arrays), path) == []
    found = schema.problems(inventory(arrays), SCHEMAS / "data_001_v1.schema.json")
    assert [failure.criterion for failure in found] == ["diff3d.range.1", "diffraction.range.1"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda a: a.astype("<f8"), "diffraction.dtype"),
        (lambda a: a - 1, "diffraction.range.0"),
        (lambda a: np.where(a == a.max(), np.float32(2**24), a), "diffraction.range.1"),
        (lambda a: a * np.float32(np.nan), "diffraction.finite"),
        (lambda a: np.moveaxis(a, 0, -1), "diffraction.shape.2"),
    ],
)
def test_what_the_contract_refuses(source, change, path):
    """Each rule of the schema is one that wrong counts break."""
    arrays, _ = generate(source)
    wrong = inventory({**arrays, "diffraction": change(arrays["diffraction"])})
    found = [failure.criterion for failure in schema.problems(wrong, SCHEMAS / CONTRACT)]
    assert found == [path]


def test_the_same_bits_on_every_machine(source):
    """Content of a small fixture."""
    assert content_digest(generate(source)[0]) == (
        "4e42b262cb1ef9cc70759519e9bea0ca2317dcaf777025536eff41597b7a54da"
    )
