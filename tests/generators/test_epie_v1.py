"""Tests of `generators.epie_v1`: what it finds, and that it finds the same everywhere."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from generators import epie_v1
from registry.ptychography.forward import diffraction_amplitude, model_amplitude
from tests.kit.scans import twin


@pytest.fixture(scope="module")
def truth():
    """A scan without noise, of 36 positions."""
    return twin()


EVERYWHERE = np.ones((64, 64), bool)


def r_factor(truth, obj, probe) -> float:
    """How far the models of a reconstruction are from the frames."""
    model = model_amplitude(obj, probe, truth.x, truth.y)
    return float(np.abs(truth.amplitude - model).sum() / truth.amplitude.sum())


def test_a_step_puts_the_modulus_right():
    """A wave with the change added has the frame's modulus, its modes' intensities added up."""
    rng = np.random.default_rng(0)
    wave = rng.normal(size=(2, 3, 64, 64))
    frame = rng.random((64, 64))
    re, im = epie_v1._toward(frame, (wave[0], wave[1]), EVERYWHERE)
    changed = (wave[0] + re) + 1j * (wave[1] + im)
    found = diffraction_amplitude(changed, np.ones((1, 64, 64), complex))[0]
    np.testing.assert_allclose(found, frame, atol=1e-13, err_msg="not the frame's modulus")


def test_the_power_of_many_frames(truth, monkeypatch):
    """The probe starts with that of all frames, however many are looked at together."""
    frames = truth.amplitude * np.linspace(0.5, 1.5, 36)[:, None, None]
    monkeypatch.setattr(epie_v1, "CHUNK", 5 * 64 * 64)
    given = (truth.x, truth.y, 3 * truth.probe[None], truth.obj.shape, 0, EVERYWHERE)
    for kind in (np.float64, np.float32):
        _, probe = epie_v1.reconstruct(frames.astype(kind), *given)
        found = (np.abs(probe) ** 2).sum()
        assert found == pytest.approx((frames**2).sum() / 36, rel=1e-4)


def test_a_step_leaves_what_was_not_measured():
    """Where nothing was measured, the wave's far field stays."""
    rng = np.random.default_rng(0)
    wave = rng.normal(size=(2, 1, 64, 64))
    measured = rng.random((64, 64)) > 0.5
    re, im = epie_v1._toward(np.zeros((64, 64)), (wave[0], wave[1]), measured)
    before, after = wave[0] + 1j * wave[1], (wave[0] + re) + 1j * (wave[1] + im)
    far = [np.fft.fftshift(np.fft.fft2(each[0])) for each in (before, after)]
    np.testing.assert_allclose(far[1][~measured], far[0][~measured], atol=1e-11)
    np.testing.assert_allclose(
        far[1][measured], 0, atol=1e-11, err_msg="measured, and not followed"
    )


def test_a_reconstruction(truth):
    """From an object of ones, a few sweeps explain most of what frames have in common."""
    ones = np.ones(truth.obj.shape, complex)
    before = r_factor(truth, ones, truth.probe)
    obj, probe = epie_v1.reconstruct(
        truth.amplitude, truth.x, truth.y, truth.probe[None], truth.obj.shape, 3, EVERYWHERE
    )
    assert (obj.shape, probe.shape) == (truth.obj.shape, (1, 64, 64)), "not of these shapes"
    found = r_factor(truth, obj, probe[0])
    assert found < before / 3, f"from {before:.3f} to {found:.3f}"


def test_the_probes_power_is_that_of_the_frames(truth):
    """Whatever unit the given probe is in."""
    bright, dim = (
        epie_v1.reconstruct(
            truth.amplitude[:4], truth.x[:4], truth.y[:4], factor * truth.probe[None],
            truth.obj.shape, 1, EVERYWHERE,
        )
        for factor in (1024.0, 1.0)
    )  # fmt: skip
    for one, other in zip(bright, dim, strict=True):
        np.testing.assert_allclose(one, other, atol=3e-6, err_msg="the unit shows")


def test_the_same_everywhere(truth):
    """Order and arithmetic are fixed, and values lie on a grid: these bits, on any machine."""
    grid = np.rint(truth.amplitude[:6] * 1024) / 1024
    x, y = np.rint(truth.x[:6] * 8) / 8, np.rint(truth.y[:6] * 8) / 8
    probe = np.zeros((1, 64, 64), complex)
    probe[0, 24:40, 24:40] = 0.5 + 0.25j
    obj, fitted = epie_v1.reconstruct(grid, x, y, probe, (160, 160), 2, EVERYWHERE)
    for array in (obj, fitted):
        grid = np.rint(array * 2**20) / 2**20
        np.testing.assert_array_equal(array, grid, err_msg="off the grid")
    digest = hashlib.sha256(obj.tobytes() + fitted.tobytes()).hexdigest()
    assert digest == "81dcc86c0d7c3e4ea15263478d6a553d1e15fa8f1bf65e0e39db0e9511ca6e2b"


def test_frames_without_light(truth):
    """There is nothing to reconstruct from."""
    with pytest.raises(ValueError, match="expected light in the frames, found none"):
        epie_v1.reconstruct(
            np.zeros((2, 64, 64)), truth.x[:2], truth.y[:2], truth.probe[None],
            truth.obj.shape, 1, EVERYWHERE,
        )  # fmt: skip
