"""Sweeps: an object fitted to a group's frames by descent on the amplitude error."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from registry.training.forward import exit_wave, far_field, object_patches, spread

MOMENTUM = 0.8
# Of one frame's brightest light; keeps steps finite where there is hardly any.
DARK = 0.1
# Of the root mean square amplitude; a field weaker than that has no phase to keep.
_FAINT = 1e-6


def illumination(probe: Tensor, x: Tensor, y: Tensor, canvas: tuple[int, int]) -> Tensor:
    """Light on each pixel, summed over the frames of a group: (B, Y, X) float.

    In units of the brightest light of one frame.

    Parameters
    ----------
    probe : (H, W) complex
    x, y : (B, C) float64 [px]
        Centre of each frame on its canvas.
    canvas : (Y, X)
    """
    intensity = probe.abs() ** 2
    light = intensity / intensity.max()
    return spread(light.expand(*x.shape, *probe.shape), x, y, canvas)


def sweeps(
    obj: Tensor, amplitude: Tensor, probe: Tensor, x: Tensor, y: Tensor, lit: Tensor, count: int
) -> Iterator[Tensor]:
    """The object after each of ``count`` sweeps; differentiable in all that it depends on.

    A sweep replaces the modelled amplitude of each frame by the measured one, keeps the phase
    (Fienup, Appl. Opt. 21, 2758, 1982), and moves the object by what that changes, over the light
    there is. That is a step down the gradient of the sum of squared amplitude errors; momentum
    (Nesterov, Sov. Math. Dokl. 27, 372, 1983) makes few of them go far.

    Parameters
    ----------
    obj : (B, Y, X) complex
        Of each group, on a canvas of its own.
    amplitude : (B, C, H, W) float
        Measured, of the group's frames.
    probe : (H, W) complex
    x, y : (B, C) float64 [px]
        Centre of each frame on its canvas.
    lit : (B, Y, X) float
        `illumination` of these frames.
    count : int
    """
    shape, canvas = (probe.shape[0], probe.shape[1]), (obj.shape[-2], obj.shape[-1])
    light = (probe.abs() ** 2).max()
    velocity = torch.zeros_like(obj)
    for _ in range(count):
        field = far_field(probe, object_patches(obj + MOMENTUM * velocity, x, y, shape))
        missing = amplitude * field / (field.abs() + _FAINT) - field
        change = spread(probe.conj() * exit_wave(missing), x, y, canvas) / light
        velocity = MOMENTUM * velocity + change / (lit + DARK)
        obj = obj + velocity
        yield obj
