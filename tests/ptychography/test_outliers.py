"""Tests of `registry.ptychography.outliers`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.ptychography.outliers import Usual
from registry.ptychography.scan import ROUNDING


def told(frames: np.ndarray, model: np.ndarray) -> list[int]:
    """Outliers among frames that are their own source."""
    return np.flatnonzero(Usual.of(frames, model).outliers(frames, model)[1]).tolist()


def spread(light: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Amplitudes (N, 32, 32) of so much light in each frame, evenly on that share of its rows."""
    model = np.zeros((len(light), 32, 32))
    rows = round(32 * share)
    model[:, :rows] = np.sqrt(light / (32 * rows))[:, None, None]
    return model


def counted(model: np.ndarray, seed: int = 0) -> np.ndarray:
    """Frames with the noise of as many photons as the model has power."""
    return np.sqrt(np.random.RandomState(seed).poisson(model**2))


@pytest.mark.parametrize("photons", [300.0, 3e4, 3e6])
def test_a_darker_frame_is_none_where_photons_are_few(photons):
    """Its relative error is larger than that of others, its misfit what photons make of it."""
    light = np.where(np.arange(32) < 29, 1.0, 0.2) * photons
    model = spread(light)
    frames = counted(model)
    usual = Usual.of(frames, model)
    error, outliers = usual.outliers(frames, model)
    assert (error[29:] > usual.error).all(), "a relative error would not refuse it"
    assert not outliers.any()
    assert usual.photon_scale == pytest.approx(1, rel=0.05), "photons that counts themselves tell"


def test_light_on_more_pixels_is_none_where_photons_are_few():
    """Of as many photons on eight times as many pixels roots make more misfit."""
    model = np.concatenate([spread(np.full(29, 3e4), 1 / 8), spread(np.full(3, 3e4))])
    frames = counted(model)
    usual = Usual.of(frames, model)
    error, outliers = usual.outliers(frames, model)
    assert (error[29:] > usual.error).all(), "a relative error would not refuse it"
    assert not outliers.any()


def test_a_brighter_frame_is_none_where_errors_grow_with_light():
    """Its misfit is more than photons make of it, and its relative error that of others."""
    light = np.where(np.arange(32) < 29, 1.0, 10.0) * 1e6
    model = spread(light)
    frames = model * np.exp(np.random.default_rng(0).normal(0, 0.1, model.shape))
    usual = Usual.of(frames, model)
    model_photons = usual.photon_scale * (model**2).mean(axis=(1, 2))
    excess = np.sqrt(4 * usual.photon_scale * ((frames - model) ** 2).mean(axis=(1, 2)))
    assert (model_photons > 10).all(), "so few that the mean misfit is not 1"
    assert (excess[29:] > usual.excess).all(), "photon counts would not refuse it"
    assert told(frames, model) == []


@pytest.mark.parametrize("photons", [300.0, 3e4, 3e6])
def test_a_frame_of_elsewhere_is_one(photons):
    """It misses its model by more than light and photons explain, be they few or many."""
    model = spread(np.full(32, photons))
    elsewhere = model.copy()
    elsewhere[7] = np.roll(spread(np.full(1, photons), 0.25)[0], 5, axis=0)
    assert told(counted(elsewhere), model) == [7]


@pytest.mark.parametrize(("factor", "refused"), [(0.99, False), (1.01, True)])
@pytest.mark.parametrize("which", ["error", "excess"])
def test_where_outliers_begin(which, factor, refused):
    """Eight times 1.4826 times the median deviation above the median, by both measures."""
    # one unit of amplitude in each pixel: misfits are squares of these, and the limit is 0.0793
    relative = np.array([0.01, 0.015, 0.02, 0.025, 0.03])
    model = np.ones((5, 4, 4))
    usual = Usual.of(model * (1 + relative)[:, None, None], model)
    assert usual.error == pytest.approx(0.02 + 8 * 1.4826 * 0.005, abs=4e-6)
    # intensities miss by 0.0404 in the median
    assert usual.photon_scale == pytest.approx(1 / 0.0404**2, rel=1e-9)
    # so many photons in a pixel that their mean misfit is nearly 1
    per_error = 2 / 0.0404
    assert usual.excess == pytest.approx(0.0793 * per_error, rel=2e-3)
    # the limit that is tried is that of one measure, and the other's is out of the way
    usual = Usual(
        error=usual.error if which == "error" else 0.0,
        photon_scale=usual.photon_scale,
        excess=usual.excess if which == "excess" else 0.0,
    )
    error, outliers = usual.outliers(model * (1 + factor * 0.0793), model)
    assert error == pytest.approx(factor * 0.0793)
    assert outliers.tolist() == [refused] * 5


def test_a_source_without_any_error():
    """Rounding is allowed for, and anything beyond it is an outlier."""
    model = spread(np.linspace(1.0, 2.0, 32))
    usual = Usual.of(model, model)
    assert not usual.outliers(model * (1 + 3e-6), model)[1].any()
    assert usual.outliers(model * (1 + 5e-6), model)[1].all()


def test_a_source_without_any_error_is_missed_by_rounding():
    """Its intensities by two units of it: so many photons there would be, however bright it is."""
    for amplitude in (1.0, 3.0):
        model = np.full((4, 8, 8), amplitude)
        usual = Usual.of(model, model)
        assert usual.photon_scale == pytest.approx((2 * ROUNDING * amplitude) ** -2, rel=1e-9)


def test_a_model_without_light():
    """It takes no part; where there is no other, nothing is an outlier."""
    model = spread(np.full(32, 3e4))
    frames = counted(model)
    dark = np.zeros((40, 32, 32))
    usual = Usual.of(frames, model)
    assert Usual.of(np.append(frames, dark, axis=0), np.append(model, dark, axis=0)) == usual
    assert not Usual.of(dark, dark).outliers(frames * 2, model)[1].any()
