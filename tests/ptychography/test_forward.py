"""Tests of `registry.ptychography.forward`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.ptychography.forward import (
    Forward,
    _blocks,
    diffraction_amplitude,
    frames_inside,
    model_amplitude,
    object_patches,
)

RNG = np.random.default_rng(11)
OBJECT = RNG.random((40, 50)) + 1j * RNG.random((40, 50))


def at(*values: float) -> np.ndarray:
    """Coordinates."""
    return np.array(values, np.float64)


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [
        (8.0, 4.0, True),
        (42.0, 36.0, True),
        (7.999, 20.0, False),
        (42.001, 20.0, False),
        (20.0, 3.999, False),
        (20.0, 36.001, False),
    ],
)
def test_which_frames_lie_inside(x, y, inside):
    """A frame may touch each edge of the object and not go beyond it; x goes with the width."""
    assert frames_inside((40, 50), at(x), at(y), (8, 16)).tolist() == [inside]


def test_a_patch_at_whole_pixels_is_a_slice():
    """Element (0, 0) lies at row y - H/2 and column x - W/2."""
    (patch,) = object_patches(OBJECT, at(20.0), at(10.0), (8, 16))
    np.testing.assert_array_equal(patch, OBJECT[6:14, 12:28])


def test_a_patch_of_odd_size_is_centred_on_half_pixels():
    """The centre of an odd window is the middle of a pixel."""
    (patch,) = object_patches(OBJECT, at(20.5), at(10.5), (3, 5))
    np.testing.assert_array_equal(patch, OBJECT[9:12, 18:23])


def test_a_patch_between_pixels_is_bilinear():
    """A quarter of a pixel down and half a pixel to the right, worked out by hand."""
    obj = np.array([[0, 8, 16], [4, 12, 20j], [8, 16, 24]], complex)
    (patch,) = object_patches(obj, at(1.5), at(1.25), (2, 2))
    np.testing.assert_allclose(patch, [[5, 10.5 + 2.5j], [9, 9.5 + 7.5j]], rtol=0, atol=1e-14)


def test_a_patch_reaches_the_last_pixels():
    """Frames may lie flush with each edge of the object."""
    last, first = object_patches(OBJECT, at(42.0, 8.0), at(36.0, 4.0), (8, 16))
    np.testing.assert_array_equal(last, OBJECT[-8:, -16:])
    np.testing.assert_array_equal(first, OBJECT[:8, :16])


@pytest.mark.parametrize(("x", "y"), [(-3.0, 20.0), (20.0, 36.25)])
def test_a_patch_outside_is_refused(x, y):
    """A frame that leaves the object is named; a negative index would slice silently."""
    message = rf"frame 1 at x = {x:.3f}, y = {y:.3f} leaves the object \(40, 50\)"
    with pytest.raises(ValueError, match=message):
        object_patches(OBJECT, at(20.0, x), at(20.0, y), (8, 16))


def test_power_is_conserved():
    """A frame holds as much power as the wave behind the object."""
    probe = RNG.random((8, 16)) + 1j * RNG.random((8, 16))
    patches = object_patches(OBJECT, at(20.3, 30.0), at(10.9, 20.0), (8, 16))
    amplitude = diffraction_amplitude(probe, patches)
    behind = (np.abs(probe * patches) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose((amplitude**2).sum(axis=(1, 2)), behind, rtol=1e-12)


def test_a_flat_wave_falls_on_the_centre():
    """The zero frequency sits at (H/2, W/2)."""
    amplitude = diffraction_amplitude(np.ones((8, 16)), np.ones((1, 8, 16)))
    expected = np.zeros((8, 16))
    expected[4, 8] = np.sqrt(8 * 16)
    np.testing.assert_allclose(amplitude[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("axis", "peak"), [(0, (7, 8)), (1, (4, 11))])
def test_a_tilted_wave_falls_beside_it(axis, peak):
    """Three turns of phase along an axis move the peak by three pixels up that axis."""
    turns = np.exp(6j * np.pi * np.arange((8, 16)[axis]) / (8, 16)[axis])
    wave = np.ones((8, 16)) * (turns[:, None] if axis == 0 else turns)
    amplitude = diffraction_amplitude(wave, np.ones((1, 8, 16)))
    assert np.unravel_index(amplitude[0].argmax(), (8, 16)) == peak


def test_model_amplitude_of_each_position():
    """The model is the transform of probe times patch, written out."""
    probe = RNG.random((8, 16)) + 1j * RNG.random((8, 16))
    found = model_amplitude(OBJECT, probe, at(20.0, 30.0), at(10.0, 25.0))
    for amplitude, patch in zip(found, (OBJECT[6:14, 12:28], OBJECT[21:29, 22:38]), strict=True):
        k, m = np.arange(8) - 4, np.arange(16) - 8
        rows = np.exp(-2j * np.pi * np.outer(k, np.arange(8)) / 8)
        columns = np.exp(-2j * np.pi * np.outer(np.arange(16), m) / 16)
        expected = np.abs(rows @ (probe * patch) @ columns) / np.sqrt(8 * 16)
        np.testing.assert_allclose(amplitude, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(8, 16), (5, 8), (3, 7)])
@pytest.mark.parametrize("modes", [(), (2,)])
def test_light_is_the_power_of_each_model(shape, modes):
    """Nothing is transformed for it; and the centre of odd sizes is where numpy has it."""
    probe = RNG.normal(size=(*modes, *shape)) + 1j * RNG.normal(size=(*modes, *shape))
    x, y = RNG.uniform(10, 40, 9), RNG.uniform(8, 32, 9)
    forward = Forward(OBJECT, probe)
    patches = object_patches(OBJECT, x, y, shape)
    waves = [np.fft.fft2(mode * patches) for mode in probe.reshape(-1, *shape)]
    expected = np.sqrt(sum(np.abs(wave) ** 2 for wave in waves) / (shape[0] * shape[1]))
    found = forward.amplitude(x, y)
    np.testing.assert_allclose(found, np.fft.fftshift(expected, axes=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(forward.light(x, y), (found**2).sum(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_array_equal(forward.patches(x, y), patches)


def test_a_frame_outside_is_refused_unless_it_was_tested():
    """Of patches, of amplitudes and of their power."""
    forward, x, y = Forward(OBJECT, np.ones((8, 16))), at(20.0, 43.0), at(20.0, 20.0)
    for asked in (forward.patches, forward.amplitude, forward.light):
        with pytest.raises(ValueError, match=r"frame 1 at x = 43\.000, y = 20\.000 leaves"):
            asked(x, y)
    np.testing.assert_array_equal(
        forward.amplitude(x[:1], y[:1], is_inside=True), forward.amplitude(x[:1], y[:1])
    )


def test_single_precision_is_widened():
    """complex64 as a fixture holds it is computed with as complex128."""
    obj, probe = OBJECT.astype(np.complex64), OBJECT[:8, :16].astype(np.complex64)
    found = model_amplitude(obj, probe, at(20.3), at(10.9))
    wide = model_amplitude(obj.astype(complex), probe.astype(complex), at(20.3), at(10.9))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, wide)


def test_modes_add_their_intensities():
    """Several modes do not interfere: squares of the modes' amplitudes add up."""
    probe = RNG.normal(size=(3, 8, 16)) + 1j * RNG.normal(size=(3, 8, 16))
    patches = object_patches(OBJECT, at(20.0, 25.5), at(10.0, 12.25), (8, 16))
    single = [diffraction_amplitude(mode, patches) for mode in probe]
    expected = np.sqrt(sum(amplitude**2 for amplitude in single))
    found = diffraction_amplitude(probe, patches)
    np.testing.assert_allclose(found, expected, rtol=1e-13, err_msg="another sum")
    model = model_amplitude(OBJECT, probe, at(20.0, 25.5), at(10.0, 12.25))
    np.testing.assert_array_equal(model, found, err_msg="not the model's amplitude")


def test_one_mode_is_no_mode_at_all():
    """A probe (1, H, W) gives what its only mode gives."""
    probe = RNG.normal(size=(8, 16)) + 1j * RNG.normal(size=(8, 16))
    x, y = at(20.0), at(10.0)
    found = model_amplitude(OBJECT, probe[None], x, y)
    np.testing.assert_allclose(found, model_amplitude(OBJECT, probe, x, y), rtol=1e-13)


@pytest.mark.parametrize(
    ("shape", "lengths"),
    [
        ((1, 64, 64), [4, 4, 1]),
        ((3, 64, 64), [4, 4, 1]),
        ((1, 32, 256), [2, 2, 2, 2, 1]),
        ((256, 32), [2, 2, 2, 2, 1]),
        ((1, 512, 512), [1] * 9),
    ],
)
def test_frames_are_modelled_a_few_at_a_time(shape, lengths):
    """So many that a wave of them is 256 KiB, which stays in the cache; one at least."""
    slices = list(_blocks(9, shape))
    assert [some.stop - some.start for some in slices] == lengths
    assert np.concatenate([np.arange(9)[some] for some in slices]).tolist() == list(range(9))
