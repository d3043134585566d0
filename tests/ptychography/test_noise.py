"""Tests of `registry.ptychography.noise`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from registry.errors import ChainError
from registry.identity import sidecar
from registry.ptychography.noise import Noise, misfit_moments, recorded
from tests.kit.repository import FOLDER, REPOSITORY


def exact_moments(rate: float) -> tuple[float, float]:
    """Mean and variance of the misfit, summed from the Poisson distribution term by term."""
    mean = square = 0.0
    for k in range(int(rate + 40 * math.sqrt(rate) + 40)):
        probability = math.exp(k * math.log(rate) - rate - math.lgamma(k + 1))
        misfit = 4 * (math.sqrt(k) - math.sqrt(rate)) ** 2
        mean += probability * misfit
        square += probability * misfit**2
    return mean, square - mean**2


@pytest.mark.parametrize("rate", [0.01, 0.3, 1.0, 4.0, 30.0, 399.0, 401.0, 5000.0])
def test_moments_are_those_of_the_poisson_distribution(rate):
    """In the dark, where the limits do not hold, and in the light, where the table ends."""
    mean, variance = misfit_moments(np.array([rate]))
    expected_mean, expected_variance = exact_moments(rate)
    assert mean[0] == pytest.approx(expected_mean, abs=1e-3), "mean"
    assert variance[0] == pytest.approx(expected_variance, abs=6e-3), "variance"


def test_moments_in_full_light():
    """The square root makes the variance of counts 1/4: misfit has mean 1 and variance 2."""
    mean, variance = misfit_moments(np.array([1e9]))
    assert mean[0] == pytest.approx(1, abs=1e-6)
    assert variance[0] == pytest.approx(2, abs=1e-6)


def test_moments_without_light():
    """Where no photon is expected there is no misfit."""
    mean, variance = misfit_moments(np.zeros((2, 3)))
    assert mean.tolist() == [[0.0] * 3] * 2
    assert variance.tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize(
    ("kind", "photon_scale"), [("none", None), ("measured", None), ("poisson", 2.5)]
)
def test_noise_that_can_be_declared(kind, photon_scale):
    """A photon scale belongs to photon counts alone."""
    assert Noise(kind=kind, photon_scale=photon_scale).photon_scale == photon_scale


@pytest.mark.parametrize(
    ("kind", "photon_scale", "message"),
    [
        ("gaussian", None, "expected one of none, poisson, measured, found 'gaussian'"),
        ("poisson", None, "found None with noise 'poisson'"),
        ("none", 2.5, "found 2.5 with noise 'none'"),
        ("measured", 2.5, "found 2.5 with noise 'measured'"),
    ],
)
def test_noise_that_cannot(kind, photon_scale, message):
    """The message says what was declared."""
    with pytest.raises(ValueError, match=message):
        Noise(kind=kind, photon_scale=photon_scale)


SIDECAR = REPOSITORY / FOLDER / "minimal_dataset_v1_n16.json"


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"noise": "poisson"},
        {"noise": "none", "photon_scale": 1.0},
        {"noise": ["poisson"], "photon_scale": 1.0},
        {"noise": "poisson", "photon_scale": "1"},
        {"noise": "poisson", "photon_scale": -1.0},
        {"noise": "poisson", "photon_scale": 0.0},
        {"noise": "poisson", "photon_scale": float("inf")},
        {"noise": "poisson", "photon_scale": float("nan")},
        {"noise": "loud", "photon_scale": None},
    ],
)
def test_what_a_sidecar_does_not_say(details):
    """A sidecar that says nothing of noise, or nonsense, is refused by its fixture's name."""
    record = replace(sidecar.parse(SIDECAR.read_bytes(), subject="x"), details=details)
    with pytest.raises(ChainError) as caught:
        recorded(record)
    assert caught.value.remedy == (
        "fixtures verify minimal_dataset_v1_n16 says what is wrong with it"
    ), "no remedy"


def test_what_a_sidecar_says():
    """The noise of a fixture, as it was declared."""
    record = sidecar.parse(SIDECAR.read_bytes(), subject="x")
    assert recorded(record) == Noise(kind="poisson", photon_scale=record.details["photon_scale"]), (
        "another noise"
    )
    for scale in (1, 0.5):
        declared = replace(record, details={"noise": "poisson", "photon_scale": scale})
        assert recorded(declared) == Noise(kind="poisson", photon_scale=scale), "another noise"
    assert recorded(replace(record, details={"noise": "none"})) == Noise(kind="none")
