"""Tests of `registry.ptychography.light`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.ptychography.forward import Forward
from registry.ptychography.light import Light

RNG = np.random.default_rng(12)
# From whole pixels and within them, along both axes, to the object's edges and corners.
X = np.array([16.0, 34.0, 16.0, 34.0, 20.25, 27.0, 33.5, 21.999])
Y = np.array([12.0, 12.0, 29.0, 29.0, 14.0, 28.625, 17.5, 12.001])


def wave(*shape: int) -> np.ndarray:
    """Complex numbers at random."""
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


@pytest.mark.parametrize("modes", [(), (3,)])
def test_light_is_that_of_the_models(modes):
    """As the forward model gives it position by position, for a probe of one mode or more."""
    obj, probe = wave(41, 50), wave(*modes, 24, 32)
    found = Light(obj, probe).at(X, Y)
    np.testing.assert_allclose(found, Forward(obj, probe).light(X, Y), rtol=1e-12)


def test_an_object_no_larger_than_a_frame():
    """There is one position in it."""
    obj, probe = wave(24, 32), wave(24, 32)
    here = np.array([16.0]), np.array([12.0])
    np.testing.assert_allclose(
        Light(obj, probe).at(*here), Forward(obj, probe).light(*here), rtol=1e-12
    )


def test_the_dark_is_dark():
    """Where an object lets nothing through, rounding leaves nothing either."""
    obj = wave(41, 50)
    obj[:, :40] = 0
    light, y = Light(obj, wave(24, 32)), np.linspace(12, 29, 50)
    assert light.at(np.full(50, 20.5), y).tolist() == [0.0] * 50
    assert (light.at(np.full(50, 25.5), y) > 0).all()
    assert not Light(np.zeros((41, 50), complex), wave(24, 32)).at(X, Y).any()


def test_single_precision_is_enough_for_its_own():
    """Numbers as files have them are squared in double precision."""
    obj, probe = wave(41, 50).astype("<c8"), wave(24, 32).astype("<c8")
    found = Light(obj, probe).at(X, Y)
    np.testing.assert_allclose(found, Forward(obj, probe).light(X, Y), rtol=1e-12)


def test_a_frame_outside_is_refused():
    """By its number, since it would be found at the object's other end."""
    with pytest.raises(ValueError, match=r"frame 1 at x = 15\.500, y = 12\.000 leaves the object"):
        Light(wave(41, 50), wave(24, 32)).at(np.array([16.0, 15.5]), np.array([12.0, 12.0]))
