"""Tests of `generators.simulate_v3`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import simulate_v3
from registry.digests import content_digest
from registry.ptychography.forward import model_amplitude

SMALL = {"seed": 7, "size": 32, "positions": 20}


def generate(**given):
    """Arrays and record, the frames as an array."""
    arrays, record = simulate_v3.generate({**SMALL, **given}, None)
    return {**arrays, "diffraction": arrays["diffraction"][:]}, record


@pytest.mark.parametrize(
    ("given", "digest"),
    [
        ({}, "9bfad762c0c6"),
        ({"photons_per_frame": 1e5, "max_amplitude": 1.7}, "9fe734934887"),
        ({"size": 64, "positions": 16, "photons_per_frame": 1e5}, "7d99a31acc67"),
    ],
)
def test_the_bytes_of_a_scan(given, digest):
    """The same declaration gives the same bytes."""
    assert content_digest(generate(**given)[0])[:12] == digest


def test_frames_are_those_of_the_forward_model():
    """Of a declared size and number, wholly inside the object, with room for 8 px on each side."""
    arrays, record = generate(size=64)
    x, y, obj = arrays["xcoords"], arrays["ycoords"], arrays["objectGuess"]
    expected = model_amplitude(obj, arrays["probeGuess"], x, y)
    assert expected.shape == (20, 64, 64)
    np.testing.assert_allclose(arrays["diffraction"], expected, atol=1e-10)
    for values, size in ((x, obj.shape[1]), (y, obj.shape[0])):
        assert 40 <= values.min() <= values.max() <= size - 40, "too near to the object's edge"
    off = np.abs([x - arrays["xcoords_start"], y - arrays["ycoords_start"]])
    assert 0 < off.max() <= 0.3 * 0.06 * 64, "another jitter"
    assert (record["noise"], record["photon_scale"], record["layout"]) == (
        "none",
        None,
        "canonical",
    )


def test_photon_counts():
    """Whole numbers, as many as declared, drawn for each frame by itself."""
    arrays, record = generate(photons_per_frame=1e5, max_amplitude=1.7)
    counts = record["photon_scale"] * arrays["diffraction"] ** 2
    np.testing.assert_allclose(counts, np.rint(counts), atol=1e-6)
    np.testing.assert_allclose(counts.sum(axis=(1, 2)).mean(), 1e5, rtol=0.01)
    clean, _ = generate(max_amplitude=1.7)
    assert clean["diffraction"].max() == pytest.approx(1.7, abs=1e-12)
    assert record["noise"] == "poisson"
    assert record["transformations"] == [
        "simulated 20 frames of 32 x 32 (seed 7): amplitude = "
        "|fftshift(fft2(probe * patch))| / sqrt(H * W)",
        "probeGuess: scaled so that the largest amplitude without noise is 1.7",
        "diffraction: Poisson counts, 100000 photons per frame on average, "
        "then amplitude = sqrt(counts / photon_scale)",
    ]


def test_frames_do_not_depend_on_what_else_is_asked_for(monkeypatch):
    """A frame is the same by itself, among others, and in any order."""
    arrays, _ = simulate_v3.generate({**SMALL, "photons_per_frame": 1e4}, None)
    frames = arrays["diffraction"]
    whole = frames[:]
    monkeypatch.setattr(simulate_v3, "CHUNK", 3 * 32 * 32)
    assert (len(frames), frames.shape, frames.dtype) == (20, (20, 32, 32), np.float64)
    np.testing.assert_array_equal(frames[[17, 3, 3, 11]], whole[[17, 3, 3, 11]])
    np.testing.assert_array_equal(frames[4:11], whole[4:11])
    assert len({frame.tobytes() for frame in whole}) == 20, "two frames are equal"


def test_another_seed_is_another_scan():
    """In object, positions and noise."""
    (one, _), (other, _) = generate(photons_per_frame=1e4), generate(photons_per_frame=1e4, seed=8)
    for name in ("diffraction", "objectGuess", "xcoords", "ycoords"):
        assert not np.array_equal(one[name], other[name]), name
