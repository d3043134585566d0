"""The reference network: diffraction amplitudes in, object patches out, physics on both sides."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from registry.training.forward import object_patches
from registry.training.sweeps import DARK, illumination, sweeps

CHANNELS = 16
# What the U-Net looks at is the constant object after one sweep, and after this many.
SWEEPS_BEFORE = 8
# What the U-Net says is brought nearer to the group's frames by this many.
SWEEPS_AFTER = 3
# Groups of channels that are normalised together.
_GROUPS = 4
# Weight, in an average of patches, of pixels that the probe does not light.
_UNLIT = 1e-3


class PtychoUNet(nn.Module):
    """Maps groups of diffraction amplitudes to the object under them: sweeps, a U-Net, sweeps.

    Frames and object do not live in the same space, and a network of this size does not learn the
    Fourier transform that lies between them. So `registry.training.sweeps` leads from the constant
    object that carries the frames' power to one that fits the group's frames, on a canvas where
    each frame has its place. Such a fit is ambiguous where few frames light the object. The U-Net
    sees the canvas after the first sweep and after the last, and how much light fell where, and
    says amplitude and phase of the object: from training it knows what objects look like. A few
    sweeps more, which training differentiates, make that agree with the frames again (algorithm
    unrolling: Monga, Li and Eldar, IEEE Signal Process. Mag. 38, 18, 2021).

    Parameters
    ----------
    gridsize : int
        C = gridsize squared frames of a group are looked at.
    frame_shape : (H, W)
        Multiples of 4.
    object_level : float
        Amplitude of the constant object that the sweeps start from.

    Attributes
    ----------
    settings : dict
        What it was made with: ``PtychoUNet(**settings)`` is one that its weights fit.
    members : int
        C.
    probe : (H, W) complex64
        A buffer, to be filled with the normalised probe.
    """

    probe: Tensor

    def __init__(self, *, gridsize: int, frame_shape: tuple[int, int], object_level: float) -> None:
        super().__init__()
        self.settings = {
            "gridsize": gridsize,
            "frame_shape": frame_shape,
            "object_level": object_level,
        }
        self.members = gridsize**2
        self._level = object_level
        self.register_buffer("probe", torch.zeros(tuple(frame_shape), dtype=torch.complex64))
        width = CHANNELS
        self.encode_fine = _block(5, width)
        self.encode = _block(width, 2 * width)
        self.middle = _block(2 * width, 4 * width)
        self.decode = _block(6 * width, 2 * width)
        self.decode_fine = _block(3 * width, width)
        self.head = nn.Conv2d(width, 2, 1)
        # training starts from the constant object
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # a Conv2d with a bias

    def forward(self, amplitude: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
        """Object patches (B, K, H, W) complex64.

        Parameters
        ----------
        amplitude : (B, K, H, W) float32
            Normalised. The first C of each group are looked at.
        dx, dy : (B, K) float64 [px]
            Centre of each frame from the middle of its group.
        """
        shape = (self.probe.shape[0], self.probe.shape[1])
        # in steps of 4, which is what pooling twice divides
        margin = 2 * math.ceil(max(float(dx.abs().max()), float(dy.abs().max())) / 2)
        canvas = (shape[0] + 2 * margin, shape[1] + 2 * margin)
        x, y = dx + canvas[1] / 2, dy + canvas[0] / 2
        seen, seen_x, seen_y = (item[:, : self.members] for item in (amplitude, x, y))
        with torch.no_grad():
            lit = illumination(self.probe, seen_x, seen_y, canvas)
            constant = torch.full_like(lit, self._level).to(self.probe.dtype)
            fits = list(sweeps(constant, seen, self.probe, seen_x, seen_y, lit, SWEEPS_BEFORE))
            first, last = fits[0] / self._level, fits[-1] / self._level
            bright = lit / (lit + DARK)
            image = [last.real - 1, last.imag, first.real - 1, first.imag, bright]
        obj = self._object(torch.stack(image, dim=1))
        *_, obj = sweeps(obj, seen, self.probe, seen_x, seen_y, lit, SWEEPS_AFTER)
        return object_patches(obj, x, y, shape)

    def weight(self) -> Tensor:
        """Weight (H, W) of a patch's pixels in an average: the probe's intensity over its peak."""
        intensity = self.probe.abs() ** 2
        return intensity / intensity.max() + _UNLIT

    def _object(self, image: Tensor) -> Tensor:
        """The U-Net: (B, Y, X) complex64 of an image (B, 5, Y, X)."""
        fine = self.encode_fine(image)
        coarse = self.encode(avg_pool2d(fine, 2))
        middle = self.middle(avg_pool2d(coarse, 2))
        coarse = self.decode(torch.cat([interpolate(middle, scale_factor=2), coarse], 1))
        fine = self.decode_fine(torch.cat([interpolate(coarse, scale_factor=2), fine], 1))
        log_magnitude, phase = self.head(fine).unbind(dim=1)
        # bounded: e**-2 to e**2 times the level, and half a turn either way
        magnitude = self._level * torch.exp(2 * torch.tanh(log_magnitude / 2))
        return torch.polar(magnitude, math.pi * torch.tanh(phase / math.pi))


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.GroupNorm(_GROUPS, outputs),
        nn.GELU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.GroupNorm(_GROUPS, outputs),
        nn.GELU(),
    )
