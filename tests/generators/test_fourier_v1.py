"""Tests of `generators.fourier_v1`, against numpy's transforms and against closed forms."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from generators import fourier_v1


@pytest.mark.parametrize("n", [3, 4, 5, 8, 12, 100, 128])
def test_roots_of_unity(n):
    """Each root is the number nearest to the true one, as far as numpy can tell."""
    re, im = fourier_v1.roots(n)
    expected = np.exp(-2j * np.pi * np.arange(n) / n)
    assert np.abs(re + 1j * im - expected).max() < 2e-15 * max(1, n / 10), "not the roots"


def test_roots_where_they_are_known():
    """Quarter turns are whole, an eighth is the root of one half, a sixth has a half."""
    re, im = fourier_v1.roots(8)
    assert re.tolist()[:3] == [1.0, 0.5**0.5, 0.0], "not the cosines"
    assert im.tolist()[:3] == [0.0, -(0.5**0.5), -1.0], "not the sines"
    assert not np.signbit([*re[re == 0], *im[im == 0]]).any(), "a negative zero"
    re, im = fourier_v1.roots(6)
    assert (re[1], im[1]) == (0.5, -(3**0.5) / 2), "not the sixth root"


def test_roots_are_the_same_everywhere():
    """They are rounded from decimal numbers: no library of the machine is asked."""
    re, im = fourier_v1.roots(96)
    digest = hashlib.sha256(re.tobytes() + im.tobytes()).hexdigest()
    assert digest == "d293f2ed4e655a9ca85d8a02b1b6fce85300f31a45d098adbc810e8572054318"


def test_cropping_the_far_field():
    """Resampled from 24 to 16 elements, an image has the middle 16 of 24 frequencies."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(24, 24)) + 1j * rng.normal(size=(24, 24))
    found = fourier_v1.resample(image, (16, 16), (24, 24))
    kept = np.fft.fftshift(np.fft.fft2(image))[4:20, 4:20]
    expected = np.fft.ifft2(np.fft.ifftshift(kept)) * (16 / 24) ** 2
    np.testing.assert_allclose(found, expected, atol=1e-14, err_msg="another image")


def test_resampling_a_smooth_image():
    """Values lie where they lay: element n is what was at n * wide / window, along each axis."""

    def image(y, x):
        return np.exp(-(((y - 70) / 20) ** 2) - ((x - 90) / 25) ** 2 + 0.05j * x)

    y, x = np.mgrid[:150, :200]
    found = fourier_v1.resample(image(y, x), (64, 64), (100, 80))
    assert found.shape == (96, 160), "another size"
    y, x = np.mgrid[:96, :160]
    expected = image(y * 100 / 64, x * 80 / 64)
    np.testing.assert_allclose(found, expected, atol=1e-6, err_msg="moved, or another image")


def test_what_needs_no_resampling():
    """Along an axis whose pixels stay, nothing happens."""
    image = np.arange(32.0).reshape(4, 8) + 1j
    found = fourier_v1.resample(image, (4, 4), (4, 8))
    assert found.shape == (4, 4), "another size"
    np.testing.assert_array_equal(fourier_v1.resample(image, (4, 8), (4, 8)), image)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 4), (2, 6), (-3, 8)])
def test_shifting_the_far_field(numerator, denominator):
    """The far field at a whole frequency is what was between two."""
    rng = np.random.default_rng(1)
    image = rng.normal(size=(16, 16)) + 1j * rng.normal(size=(16, 16))
    found = np.fft.fft2(fourier_v1.shift_far_field(image, numerator, denominator))
    n = np.arange(16)
    between = np.exp(-2j * np.pi * np.outer(n + numerator / denominator, n) / 16)
    np.testing.assert_allclose(found, between @ image @ between.T, atol=1e-12)
