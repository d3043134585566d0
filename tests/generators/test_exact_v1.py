"""Tests of `generators.exact_v1`."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from generators import exact_v1 as exact
from registry.ptychography.forward import object_patches

RNG = np.random.default_rng(17)


def complex_field(*shape: int) -> np.ndarray:
    """Values with no pattern to them."""
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


def sha256(*arrays: np.ndarray) -> str:
    """Digest of the bytes of some arrays."""
    return hashlib.sha256(b"".join(array.astype("<f8").tobytes() for array in arrays)).hexdigest()


def test_product():
    """The complex product, of its four real ones."""
    a, b = complex_field(5, 7), complex_field(5, 7)
    found = exact.join(exact.product(exact.split(a), exact.split(b)))
    np.testing.assert_allclose(found, a * b, rtol=1e-14)


def test_split_and_join_are_inverse():
    """Real and imaginary part are float64 and contiguous, from any layout; nothing is lost."""
    values = complex_field(6, 4).astype(np.complex64).T
    parts = exact.split(values)
    assert all(part.dtype == np.float64 and part.flags.c_contiguous for part in parts)
    np.testing.assert_array_equal(exact.join(parts), values)
    assert exact.join(parts).dtype == np.complex128


def test_split_of_a_real_array():
    """Its imaginary part is zero."""
    re, im = exact.split(np.arange(3))
    assert (re.tolist(), im.tolist()) == ([0, 1, 2], [0, 0, 0])


def test_unit_phase():
    """exp(2i arctan t), of modulus 1, for either sign and far out."""
    t = np.array([-1e9, -1.0, -0.3, 0.0, 1e-9, 0.5, 1.0, 40.0])
    found = exact.join(exact.unit_phase(t))
    np.testing.assert_allclose(found, np.exp(2j * np.arctan(t)), rtol=0, atol=1e-15)


@pytest.mark.parametrize("doublings", [0, 1, 4])
def test_spokes(doublings):
    """The sine of a multiple of the polar angle, whatever the radius."""
    x, y = RNG.normal(size=(2, 50))
    found = exact.power_of_two_spokes(x, y, doublings)
    np.testing.assert_allclose(found, np.sin(2**doublings * np.arctan2(y, x)), rtol=0, atol=1e-13)


@pytest.mark.parametrize("n", [4, 8, 64, 256])
def test_roots_of_unity(n):
    """Clockwise from 1, as the forward transform needs them."""
    found = exact.join(exact.roots_of_unity(n))
    np.testing.assert_allclose(found, np.exp(-2j * np.pi * np.arange(n) / n), rtol=0, atol=1e-15)


def test_roots_on_the_axes_are_exact():
    """1, -i, -1 and i carry no rounding."""
    found = exact.join(exact.roots_of_unity(64))[::16]
    assert found.tolist() == [1, -1j, -1, 1j]


@pytest.mark.parametrize("shape", [(4, 4), (8, 4), (4, 32), (64, 64), (128, 16)])
def test_the_transform_is_numpys(shape):
    """fftshift(fft2) of each of several images, to 1e-12."""
    values = complex_field(3, *shape)
    found = exact.join(exact.centred_fft2(exact.split(values)))
    expected = np.fft.fftshift(np.fft.fft2(values), axes=(-2, -1))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 48), "axis -1 has 48 elements, not a power of two of at least 4"),
        ((2, 8), "axis -2 has 2 elements, not a power of two of at least 4"),
        ((0, 8), "axis -2 has 0 elements, not a power of two of at least 4"),
    ],
)
def test_sizes_that_the_transform_refuses(shape, message):
    """Radix 2 alone: other lengths are named, not transformed wrongly."""
    zeros = np.zeros((1, *shape))
    with pytest.raises(ValueError, match=message):
        exact.centred_fft2((zeros, zeros))


def test_patches_are_those_of_the_forward_model():
    """Bilinear patches as the checks compute them, to 1e-12."""
    obj = complex_field(60, 70)
    x, y = RNG.uniform(8, 62, 40), RNG.uniform(4, 56, 40)
    x[:2], y[:2] = (8.0, 62.0), (4.0, 56.0)
    re, im = (exact.patches(part, x, y, (8, 16)) for part in exact.split(obj))
    expected = object_patches(obj, x, y, (8, 16))
    np.testing.assert_allclose(exact.join((re, im)), expected, rtol=0, atol=1e-12)


def test_a_patch_at_whole_pixels_is_a_slice():
    """Element (0, 0) lies at row y - H/2 and column x - W/2."""
    image = RNG.random((20, 30))
    (patch,) = exact.patches(image, np.array([12.0]), np.array([7.0]), (4, 8))
    np.testing.assert_array_equal(patch, image[5:9, 8:16])


@pytest.mark.parametrize(("x", "y"), [(3.5, 10.0), (10.0, 18.5), (26.001, 10.0), (10.0, 1.999)])
def test_a_patch_outside_is_refused(x, y):
    """A patch that leaves the image is named, with where it lies."""
    message = f"patch 1 at x = {x:.3f}, y = {y:.3f} leaves the image of 20 rows and 30 columns"
    with pytest.raises(ValueError, match=message):
        exact.patches(np.zeros((20, 30)), np.array([10.0, x]), np.array([10.0, y]), (4, 8))


def test_uniform_numbers():
    """In [0, 1), spread evenly, and of the shape asked for."""
    numbers = exact.uniform(3, (100, 200))
    assert numbers.shape == (100, 200)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert np.bincount((numbers * 4).astype(int).ravel(), minlength=4).min() > 4800


def test_the_same_bits_on_every_machine():
    """Digests of each building block: whoever gets others has another arithmetic."""
    t = exact.uniform(1, (8, 16)) - 0.5
    x, y = exact.uniform(2, (2, 5)) * 4 + 6
    pair = exact.unit_phase(t)
    assert {
        "uniform": sha256(t),
        "unit_phase": sha256(*pair),
        "spokes": sha256(exact.power_of_two_spokes(t, t + 1.25, 4)),
        "roots": sha256(*exact.roots_of_unity(64)),
        "transform": sha256(*exact.centred_fft2(pair)),
        "patches": sha256(exact.patches(exact.uniform(3, (16, 16)), x, y, (4, 8))),
    } == {
        "uniform": "6a68b3662d20331969221acc8e7d5bb160f5572dee314d7d331787932523c0c0",
        "unit_phase": "d3460c99b365e2f701fd7ab69ee1232556b58ee9c8802fe4dac709ed33fae6b7",
        "spokes": "0f90d962fb9cd8947518028cfdfaabd9c9f8fa11bdf35467b904be953ab1ed52",
        "roots": "77d4b3badac5577a104d56f037ca9b9fe093fa41afcc2256caad23cdafc84597",
        "transform": "cc8e6e6aef2e9da4400042eb1b5954681604fea9b5e2674e764696e2b0a8d642",
        "patches": "3c06e0666e5ae6273462aa932c0098662db8b9ac31c8146b362a67da3895fd69",
    }
