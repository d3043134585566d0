"""Tests of `registry.ptychography.likelihood`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.ptychography import likelihood
from registry.ptychography.likelihood import (
    is_misplaced,
    known,
    log_likelihood,
    power,
    products,
)
from registry.ptychography.noise import Noise
from registry.ptychography.scan import ROUNDING

MEASURED = Noise(kind="measured")


def counted(model, photons, seed=0):
    """Frames with the noise of so many photons each, of the power of their models."""
    scale = photons / (model**2).sum(axis=(1, 2)).mean()
    frames = np.sqrt(np.random.RandomState(seed).poisson(model**2 * scale) / scale)
    return frames * np.sqrt((model**2).sum() / (frames**2).sum()), scale


def preferred(frames, model, noise):
    """By how much each frame prefers another model, at most."""
    found = log_likelihood(frames, model, noise)
    return (found - np.diagonal(found)[:, None]).max(axis=1)


@pytest.mark.parametrize("photons", [100, 1000, 1e5])
def test_few_counts_prefer_no_dark_model(small, photons):
    """A root of few counts lies below that of their rate, which once spoke for darker models."""
    model = small.model()
    model = model * np.linspace(0.7, 1.3, len(model))[:, None, None]
    for seed in range(5):
        frames, _ = counted(model, photons, seed)
        assert preferred(frames, model, MEASURED).max() < 18, f"seed {seed}"


def test_measured_counts_are_judged_as_counts(small):
    """What nobody says of the noise is found in it: the likelihood is that of its photons."""
    model = small.model()
    frames, scale = counted(model, 1e5)
    estimated = log_likelihood(frames, model, MEASURED)
    declared = log_likelihood(frames, model, Noise(kind="poisson", photon_scale=scale))
    own = np.diagonal
    known = own(declared)[:, None] - declared
    found = own(estimated)[:, None] - estimated
    others = ~np.eye(len(model), dtype=bool)
    assert found[others] == pytest.approx(known[others], rel=0.15)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 70), (70, 3), (2, 4500)])
def test_products(n, m, monkeypatch):
    """Of each with each, and never so many at once that OpenBLAS would share them out."""
    rng = np.random.default_rng(5)
    a, b = rng.random((n, 9, 7)), rng.random((m, 9, 7))
    multiplied, whole = [], np.ndarray.__matmul__

    class Watched(np.ndarray):
        def __matmul__(self, other):
            multiplied.append(self.shape[0] * self.shape[1] * other.shape[1])
            return whole(self.view(np.ndarray), other.view(np.ndarray))

    monkeypatch.setattr(likelihood, "_ONE_THREAD", 1 << 10)
    found = products(a.view(Watched), b)
    np.testing.assert_allclose(found, np.einsum("nij,mij->nm", a, b), rtol=1e-12)
    assert max(multiplied) <= max(1 << 10, n)


@pytest.mark.parametrize("kind", ["none", "poisson", "measured"])
def test_what_is_known_of_models_changes_nothing(small, kind, monkeypatch):
    """Whether a frame is misplaced is the same with it, and for other frames."""
    model = small.model()
    frames, scale = counted(model, 1e5)
    noise = Noise(kind=kind, photon_scale=scale if kind == "poisson" else None)
    of_models = known(model, noise)
    for order, expected in ((np.arange(16), False), (np.r_[:14, 15, 14], True)):
        assert is_misplaced(frames[order], model, noise) == expected
        with monkeypatch.context() as patch:
            patch.setattr(likelihood, "_of_models", lambda *_: pytest.fail("not known"))
            assert is_misplaced(frames[order], model, noise, of_models) == expected


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("kind", ["none", "poisson", "measured"])
def test_models_that_are_gone_through_in_groups(small, kind, parts, monkeypatch):
    """Figures are the same, and a frame that is misplaced is found in whichever of them."""
    model = small.model()
    frames, scale = counted(model, 1e5)
    noise = Noise(kind=kind, photon_scale=scale if kind == "poisson" else None)
    whole = log_likelihood(frames, model, noise)
    # three frames a part: three groups, or two, the last of which has fewer than the others
    monkeypatch.setattr("registry.ptychography.stack.PART", 3 * 16 * 16)
    monkeypatch.setattr(likelihood, "_GROUP", parts)
    monkeypatch.setattr(likelihood, "_FRAMES", 2)
    np.testing.assert_allclose(log_likelihood(frames, model, noise), whole, rtol=1e-9)
    assert not is_misplaced(frames, model, noise)
    for one, other in ((0, 15), (14, 15), (7, 1), (5, 6)):
        order = np.arange(16)
        order[[one, other]] = other, one
        assert is_misplaced(frames[order], model, noise), (one, other)


def test_of_many_models_nothing_is_kept(small, monkeypatch):
    """It would take as much memory as they do."""
    monkeypatch.setattr("registry.ptychography.stack.PART", 2 * 16 * 16)
    monkeypatch.setattr(likelihood, "_GROUP", 4)
    assert known(small.model()[:8], MEASURED) is not None
    assert known(small.model()[:9], MEASURED) is None


def test_errors_beyond_photon_counts_weigh_less(small):
    """Twice the error is a quarter of the evidence."""
    model = small.model()
    error = np.random.default_rng(2).normal(0, 0.01, model.shape) * model
    once = log_likelihood(model + error, model, MEASURED)
    twice = log_likelihood(model + 2 * error, model, MEASURED)
    evidence = [np.diagonal(found).mean() - found.mean() for found in (once, twice)]
    assert evidence[0] / evidence[1] == pytest.approx(4, rel=0.1)


def test_frames_without_noise_miss_their_models_by_rounding(small):
    """Of a frame of usual power, in each: a Gaussian of that width, worked out for a pair."""
    model = 3 * small.model()
    found = log_likelihood(model, model, Noise(kind="none"))
    width = ROUNDING * np.sqrt((model**2).sum(axis=(1, 2)).mean())
    expected = ((model[0] - model[1]) ** 2).sum() / (2 * width**2)
    assert found[0, 0] - found[0, 1] == pytest.approx(expected, rel=1e-6)


def test_photon_counts_have_the_likelihood_of_poisson(small):
    """That is k log(rate) - rate of each pixel, but for what all models have in common."""
    model, scale = small.model(), 50.0
    frames, _ = counted(model, 1e3)
    found = log_likelihood(frames, model, Noise(kind="poisson", photon_scale=scale))
    counts, rates = scale * frames**2, scale * model**2
    expected = (counts[3] * np.log(rates[[3, 8]]) - rates[[3, 8]]).sum(axis=(1, 2))
    assert found[3, 3] - found[3, 8] == pytest.approx(expected[0] - expected[1], rel=1e-9)


@pytest.mark.parametrize(("error", "floor"), [(0.0, 2.0), (1.9, 2.0), (4.0, 4.0)])
def test_measured_frames_that_are_their_models(small, error, floor):
    """Miss them by rounding: intensities by two of its units at least, worked out for a pair."""
    model = 3 * small.model()
    sign = np.where(np.indices(model.shape).sum(axis=0) % 2, 1.0, -1.0)
    frames = model * np.sqrt(1 + error * ROUNDING * sign)
    found = log_likelihood(frames, model, MEASURED)[0]
    own, other = model[0] ** 2, model[1] ** 2
    dispersion = (floor * ROUNDING) ** 2 * (model**4).sum() / (model**2).sum()
    expected = (own * np.log(own / other) - own + other).sum() / dispersion
    assert found[0] - found[1] == pytest.approx(expected, rel=1e-3)


def test_a_model_without_light_in_a_pixel(small):
    """One photon in a pixel that no model expects light in says nothing of any of them."""
    model = small.model()
    model[:, 0, 0] = 0.0
    frames = model.copy()
    frames[3, 0, 0] = 0.01
    assert preferred(frames, model, MEASURED).max() == 0
    assert np.isfinite(log_likelihood(frames, model, MEASURED)).all()


def test_one_photon_in_the_dark_is_not_everything(small):
    """Darker than rounding no model is known, so that a photon costs it no more than 25."""
    model = small.model()
    model[5, 0, 0] = 0.0
    frames, scale = counted(model, 1e5)
    before = log_likelihood(frames, model, MEASURED)[5]
    frames[5, 0, 0] = scale**-0.5
    after = log_likelihood(frames, model, MEASURED)[5]
    cost = (before - after)[5] - np.delete(before - after, 5)
    assert 10 < cost.max() < 40, cost


def test_power_is_a_part_of_all_misplacements():
    """Each frame in each other place counts, if it is e^18 times less likely there."""
    likelihood = np.array([[0.0, -18.1, -17.9], [-100.0, 0.0, -1.0], [5.0, -30.0, 0.0]])
    assert power(likelihood) == 3 / 6
    assert power(np.zeros((4, 4))) == 0.0
    assert power(-100 * (1 - np.eye(4))) == 1.0


def test_of_one_frame_there_is_no_misplacement():
    """And no division by zero."""
    assert power(np.zeros((1, 1))) == 0.0
