"""Tests of `registry.training.sweeps`."""

from __future__ import annotations

import pytest
import torch

from registry.training.forward import diffraction_amplitude, object_patches
from registry.training.sweeps import illumination, sweeps

CANVAS = (20, 20)


@pytest.fixture
def scene():
    """A group of four frames of a random object: object, amplitude, probe, x, y."""
    generator = torch.Generator().manual_seed(3)

    def numbers(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.complex128)

    x = torch.tensor([[9.0, 10.5, 11.0, 9.25]], dtype=torch.float64)
    y = torch.tensor([[10.0, 9.0, 10.75, 11.0]], dtype=torch.float64)
    obj, probe = 1 + 0.2 * numbers(1, *CANVAS), numbers(12, 12)
    amplitude = diffraction_amplitude(probe, object_patches(obj, x, y, (12, 12)))
    return obj, amplitude, probe, x, y


def _error(obj, amplitude, probe, x, y):
    found = diffraction_amplitude(probe, object_patches(obj, x, y, (12, 12)))
    return float((found - amplitude).abs().mean() / amplitude.mean())


def test_light_adds_up(scene):
    """Light is one frame's brightest where one frame lies, and the sum of all where all do."""
    *_, probe, x, y = scene
    lit = illumination(torch.ones_like(probe), x, y, CANVAS)
    assert lit.shape == (1, *CANVAS)
    assert float(lit[0, 10, 10]) == pytest.approx(4), "not the sum of four"
    assert float(lit[0, 0, 0]) == 0, "light where no frame lies"
    assert float(lit.sum()) == pytest.approx(4 * 12 * 12), "light was lost"
    one = illumination(3 * probe, x[:, :1], y[:, :1], CANVAS)
    assert float(one.max()) == pytest.approx(1), "not in units of the brightest"


def test_sweeps_fit_the_frames(scene):
    """From the constant object, each of the first sweeps makes the error of the frames smaller."""
    obj, amplitude, probe, x, y = scene
    lit = illumination(probe, x, y, CANVAS)
    constant = torch.ones_like(obj)
    found = list(sweeps(constant, amplitude, probe, x, y, lit, 40))
    errors = [_error(item, amplitude, probe, x, y) for item in (constant, *found)]
    assert len(found) == 40
    assert errors[4] < errors[2] < errors[0], "no descent"
    assert errors[-1] < errors[0] / 20, "the frames are not explained"


def test_momentum_goes_further(scene, monkeypatch):
    """Ten sweeps with momentum leave less than half of the error that ten without it leave."""
    obj, amplitude, probe, x, y = scene
    lit = illumination(probe, x, y, CANVAS)

    def error():
        *_, found = sweeps(torch.ones_like(obj), amplitude, probe, x, y, lit, 10)
        return _error(found, amplitude, probe, x, y)

    with_momentum = error()
    monkeypatch.setattr("registry.training.sweeps.MOMENTUM", 0.0)
    assert with_momentum < error() / 2, "no further than without"


def test_the_object_itself_stays(scene):
    """What explains the frames is not moved."""
    obj, amplitude, probe, x, y = scene
    *_, found = sweeps(obj, amplitude, probe, x, y, illumination(probe, x, y, CANVAS), 5)
    assert (found - obj).abs().max() < 1e-5, "moved"


def test_where_there_is_no_light_nothing_moves(scene):
    """The canvas beside the frames keeps what it had."""
    obj, amplitude, probe, x, y = scene
    *_, found = sweeps(
        torch.ones_like(obj), amplitude, probe, x, y, illumination(probe, x, y, CANVAS), 5
    )
    assert (found[0, :3] == 1).all(), "an object out of nothing"
    assert (found[0, 8:12, 8:12] != 1).all(), "nothing moves"


def test_groups_do_not_see_each_other(scene):
    """Of two groups in a batch each is fitted to its own frames."""
    obj, amplitude, probe, x, y = scene
    twice = [torch.cat([item, item.flip(1)]) for item in (amplitude, x, y)]
    lit = illumination(probe, twice[1], twice[2], CANVAS)
    start = torch.ones(2, *CANVAS, dtype=obj.dtype)
    *_, both = sweeps(start, twice[0], probe, twice[1], twice[2], lit, 3)
    *_, alone = sweeps(start[:1], amplitude, probe, x, y, lit[:1], 3)
    assert torch.allclose(both[0], alone[0]), "another fit beside another group"
    assert torch.allclose(both[1], alone[0]), "the order of frames makes a difference"


def test_differentiable_in_the_object(scene):
    """Training can pass through: the gradient is that of finite differences."""
    obj, amplitude, probe, x, y = scene
    lit = illumination(probe, x, y, CANVAS)

    def error(obj):
        *_, found = sweeps(obj, amplitude, probe, x, y, lit, 2)
        return diffraction_amplitude(probe, object_patches(found, x, y, (12, 12))).sum()

    assert torch.autograd.gradcheck(error, torch.ones_like(obj).requires_grad_(), fast_mode=True)
