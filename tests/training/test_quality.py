"""Tests of `registry.training.quality`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.training import quality


@pytest.fixture
def truth(v1):
    """The part of v1's object that is scanned."""
    return v1["objectGuess"][20:100, 20:100].astype(complex)


EVERYWHERE = np.ones((80, 80), bool)


def test_a_perfect_reconstruction(truth):
    """The object itself: correlation and ring correlation 1, no phase error, no limit."""
    found = quality.compare(truth, truth, EVERYWHERE)
    assert found.amplitude_correlation == pytest.approx(1)
    assert found.amplitude_ratio == pytest.approx(1)
    assert found.phase_error_rad == pytest.approx(0, abs=1e-7)
    assert found.ring_correlation == pytest.approx([1.0] * 40)
    assert found.resolution_px is None, "a limit where there is none"


def test_a_global_phase_is_removed(truth):
    """What no data can tell costs nothing."""
    found = quality.compare(truth * np.exp(2.5j), truth, EVERYWHERE)
    assert found.phase_error_rad == pytest.approx(0, abs=1e-7), "the global phase counts"


def test_phase_error_is_a_mean(truth):
    """Half the area ahead by 0.2 rad, after removing the mean of it, is 0.1 rad off."""
    amplitude = np.ones_like(truth)
    tilted = amplitude.copy()
    tilted[:40] *= np.exp(0.2j)
    found = quality.compare(tilted, amplitude, EVERYWHERE)
    assert found.phase_error_rad == pytest.approx(0.1, abs=1e-6)


def test_amplitude_ratio(truth):
    """A reconstruction at half the amplitude says so, which a correlation does not."""
    found = quality.compare(truth / 2, truth, EVERYWHERE)
    assert found.amplitude_ratio == pytest.approx(0.5)
    assert found.amplitude_correlation == pytest.approx(1)


def test_a_flat_reconstruction(truth):
    """A constant has no correlation with anything, and is no division by zero."""
    found = quality.compare(np.ones_like(truth), truth, EVERYWHERE)
    assert found.amplitude_correlation == 0.0


def test_only_the_scanned_area_counts(truth):
    """What lies outside may be anything."""
    scanned = np.zeros_like(EVERYWHERE)
    scanned[10:70, 15:60] = True
    spoilt = np.where(scanned, truth, 1e6)
    found = quality.compare(spoilt, truth, scanned)
    assert found.amplitude_correlation == pytest.approx(1), "outside counts"
    assert len(found.ring_correlation) == 22, "not the smaller side's rings"


def test_blurring_shows_in_the_outer_rings(truth):
    """Noise at high frequencies leaves the inner rings alone, and gives the resolution."""
    generator = np.random.Generator(np.random.PCG64(1))
    noise = np.fft.fft2(generator.normal(size=(80, 80)))
    frequency = np.hypot(np.fft.fftfreq(80)[:, None], np.fft.fftfreq(80))
    noise[frequency < 0.25] = 0
    found = quality.compare(truth + 3 * np.fft.ifft2(noise), truth, EVERYWHERE)
    rings = found.ring_correlation
    assert min(rings[1:15]) > 0.95, "the inner rings suffer"
    assert max(rings[25:]) < 0.5, "the outer rings do not show it"
    # ring 20 of 40 has frequency 1/4 per pixel, that is half a period of 2 pixels
    assert 1.7 < found.resolution_px < 2.2, "another resolution"


def test_ring_correlation_of_unrelated_images():
    """Images that have nothing to do with each other correlate in no ring with many pixels."""
    generator = np.random.Generator(np.random.PCG64(2))
    a, b = generator.normal(size=(2, 128, 128))
    rings = quality.ring_correlation(a, b)
    assert np.abs(rings[20:]).max() < 0.35, "a correlation out of nothing"


def test_ring_correlation_without_power():
    """Rings without power are 0, not NaN."""
    assert quality.ring_correlation(np.zeros((8, 8)), np.ones((8, 8))).tolist() == [0.0] * 4


def test_constant_object_error_is_the_least(v1):
    """No constant object fits better than the one that is found."""
    frames, probe = v1["diffraction"].astype(float), v1["probeGuess"]
    found = quality.constant_object_error(frames, probe)
    model = quality.diffraction_amplitude(probe, np.ones((1, 64, 64), complex))[0]
    tried = [np.abs(frames - level * model).mean() for level in np.linspace(0.4, 1.1, 71)]
    assert found <= min(tried), "a better one was tried"
    assert found == pytest.approx(min(tried), rel=1e-3), "not one that was tried at all"
    assert found == pytest.approx(0.0611, abs=1e-4), "another figure for v1"


def test_r_factor_of_the_object_itself(v1):
    """Stitched from the truth, the R-factor is the one in the sidecar."""
    found = quality.r_factor(
        v1["diffraction"].astype(float),
        v1["objectGuess"],
        v1["probeGuess"],
        v1["xcoords"],
        v1["ycoords"],
    )
    assert found == pytest.approx(v1.sidecar.checks["r_factor"], abs=5e-4)
