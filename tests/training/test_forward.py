"""Tests of `registry.training.forward`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from registry.ptychography import forward as reference
from registry.training import forward


@pytest.fixture
def small():
    """Object, probe and positions small enough for finite differences: complex128."""
    generator = torch.Generator().manual_seed(1)

    def numbers(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.complex128)

    x = torch.tensor([[3.0, 4.3], [5.9, 3.25]], dtype=torch.float64)
    y = torch.tensor([[4.5, 3.0], [4.0, 5.75]], dtype=torch.float64)
    return numbers(2, 8, 9), numbers(4, 6), x, y


def test_patches_are_those_of_the_numpy_model(v1):
    """Sub-pixel object patches agree with `registry.ptychography.forward` to 1e-5."""
    x, y = v1["xcoords"], v1["ycoords"]
    expected = reference.object_patches(v1["objectGuess"], x, y, (64, 64))
    found = forward.object_patches(
        torch.tensor(v1["objectGuess"])[None],
        torch.tensor(x)[None],
        torch.tensor(y)[None],
        (64, 64),
    )
    assert np.abs(found[0].numpy() - expected).max() < 1e-5, "other patches"


def test_amplitudes_are_those_of_the_numpy_model(v1):
    """Predicted amplitudes agree with `registry.ptychography.forward` to 1e-5."""
    x, y = v1["xcoords"], v1["ycoords"]
    expected = reference.model_amplitude(v1["objectGuess"], v1["probeGuess"], x, y)
    patches = forward.object_patches(
        torch.tensor(v1["objectGuess"])[None],
        torch.tensor(x)[None],
        torch.tensor(y)[None],
        (64, 64),
    )
    found = forward.diffraction_amplitude(torch.tensor(v1["probeGuess"]), patches)
    assert expected.max() > 1.5, "nothing to compare"
    assert np.abs(found[0].numpy() - expected).max() < 1e-5, "another model"


def test_gradient_of_the_amplitude(small):
    """The gradient with respect to object and probe is that of finite differences."""
    obj, probe, x, y = (item.requires_grad_(item.is_complex()) for item in small)

    def amplitude(obj, probe):
        return forward.diffraction_amplitude(probe, forward.object_patches(obj, x, y, (4, 6)))

    assert torch.autograd.gradcheck(amplitude, (obj, probe)), "another gradient"


def test_gradient_through_a_merged_group(small):
    """The gradient with respect to patches, merged and cut out again, is that of differences."""
    obj, probe, x, y = small
    patches = forward.object_patches(obj, x, y, (4, 6)).detach().requires_grad_()
    weight = probe.abs() ** 2

    def amplitude(patches):
        canvas, _ = forward.merge(patches, x, y, weight, (8, 9))
        return forward.diffraction_amplitude(probe, forward.object_patches(canvas, x, y, (4, 6)))

    assert torch.autograd.gradcheck(amplitude, (patches,)), "another gradient"


def test_merging_is_the_adjoint_of_cutting_out(small):
    """<patches, cut(obj)> = <merge(patches), obj>, with weights of 1 and before averaging."""
    obj, _, x, y = small
    patches = torch.randn(2, 2, 4, 6, dtype=torch.complex128, generator=torch.Generator())
    canvas, coverage = forward.merge(patches, x, y, torch.ones(4, 6, dtype=torch.float64), (8, 9))
    left = (patches.conj() * forward.object_patches(obj, x, y, (4, 6))).sum()
    right = ((canvas * coverage).conj() * obj).sum()
    assert abs(complex(left - right)) < 1e-12, f"{left} is not {right}"


def test_merging_whole_pixels_gives_the_object_back():
    """Patches cut at whole pixels give the object back, and zero where none reaches."""
    obj = torch.arange(80, dtype=torch.float64).reshape(1, 8, 10).to(torch.complex128)
    x, y = (torch.tensor([values], dtype=torch.float64) for values in ([3, 5], [2, 4]))
    patches = forward.object_patches(obj, x, y, (4, 6))
    canvas, coverage = forward.merge(patches, x, y, torch.ones(4, 6, dtype=torch.float64), (8, 10))
    reached = coverage[0] > 0
    assert int(reached.sum()) == 24 + 24 - 8, "another area"
    assert torch.equal(canvas[0][reached], obj[0][reached]), "another object"
    assert not canvas[0][~reached].any(), "an object where no patch reaches"


@pytest.mark.parametrize(("x", "y"), [(1.9, 4.0), (8.1, 4.0), (5.0, 1.9), (5.0, 6.1)])
def test_a_frame_outside(x, y):
    """A frame that leaves the object is refused; an index would wrap around silently."""
    obj = torch.zeros(1, 8, 10, dtype=torch.complex64)
    position = [torch.tensor([[value]], dtype=torch.float64) for value in (x, y)]
    with pytest.raises(ValueError, match=r"frame 0 of 0 at x = .* leaves the canvas \(8, 10\)"):
        forward.object_patches(obj, *position, (4, 4))


def test_the_last_whole_pixel_fits():
    """A frame that ends on the object's last row and column is inside."""
    obj = torch.ones(1, 8, 10, dtype=torch.complex64)
    x, y = torch.tensor([[8.0]], dtype=torch.float64), torch.tensor([[6.0]], dtype=torch.float64)
    assert forward.object_patches(obj, x, y, (4, 4)).real.sum() == 16, "cut short"


def test_exit_wave_undoes_far_field(small):
    """Back-projection is the inverse of the transform to the detector."""
    obj, probe, _, _ = small
    patch = obj[0, :4, :6]
    wave = forward.exit_wave(forward.far_field(probe, patch))
    assert torch.allclose(wave, probe * patch), "not its inverse"
