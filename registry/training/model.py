"""A physics-informed autoencoder: diffraction amplitude in, object patch out, amplitude again."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from registry.training.data import Batch
from registry.training.forward import (
    diffraction_amplitude,
    exit_wave,
    far_field,
    merge,
    object_patches,
)

CHANNELS = 16
# Sweeps of back-projection that the encoder sees the outcome of: after the first, and the last.
SWEEPS = 4
# Of the probe's peak intensity; keeps back-projection finite where there is no light.
_DARK = 0.1
# Weight, in an average of patches, of pixels that the probe does not light.
_UNLIT = 1e-3


class PtychoAutoencoder(nn.Module):
    """Maps groups of diffraction amplitudes to object patches, through physics at both ends.

    Frames and object do not live in the same space, so the frames are first projected back: from
    the constant object that carries their power, a few sweeps replace the modelled amplitude by the
    measured one (Fienup, Appl. Opt. 21, 2758, 1982), each frame by itself. The network, a small
    U-Net, sees the result and says amplitude and phase of the object patch. With gridsize 2 the
    four patches of a group are merged on a common canvas and cut out again before the forward model
    predicts amplitudes: what one frame says of the object has to hold for its neighbours.

    Parameters
    ----------
    gridsize : int
        C = gridsize squared patches in a group.
    frame_shape : (H, W)
        Multiples of 4.
    object_level : float
        Amplitude of the constant object that training starts from.

    Attributes
    ----------
    settings : dict
        What it was made with: ``PtychoAutoencoder(**settings)`` is one that its weights fit.
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
        self._level = object_level
        self.register_buffer("probe", torch.zeros(tuple(frame_shape), dtype=torch.complex64))
        members, width = gridsize**2, CHANNELS
        self.encode_fine = _block(4 * members, width)
        self.encode = _block(width, 2 * width)
        self.middle = _block(2 * width, 4 * width)
        self.decode = _block(6 * width, 2 * width)
        self.decode_fine = _block(3 * width, width)
        self.head = nn.Conv2d(width, 2 * members, 1)
        # training starts from the constant object
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # a Conv2d with a bias

    def forward(self, amplitude: Tensor) -> Tensor:
        """Object patches (B, C, H, W) complex64 of normalised amplitudes (B, C, H, W)."""
        fine = self.encode_fine(self._back_projected(amplitude))
        coarse = self.encode(avg_pool2d(fine, 2))
        middle = self.middle(avg_pool2d(coarse, 2))
        coarse = self.decode(torch.cat([interpolate(middle, scale_factor=2), coarse], 1))
        fine = self.decode_fine(torch.cat([interpolate(coarse, scale_factor=2), fine], 1))
        log_magnitude, phase = self.head(fine).chunk(2, dim=1)
        # bounded: e**-2 to e**2 times the level, and half a turn either way
        magnitude = self._level * torch.exp(2 * torch.tanh(log_magnitude / 2))
        return torch.polar(magnitude, math.pi * torch.tanh(phase / math.pi))

    def predicted_amplitude(self, patches: Tensor, batch: Batch) -> Tensor:
        """Normalised amplitude (B, C, H, W) that patches give, merged where there are several."""
        if patches.shape[1] > 1:
            shape = (patches.shape[-2], patches.shape[-1])
            dx, dy = batch["dx"], batch["dy"]
            # even, so that the middle of the canvas lies where the group's does
            reach = 2 * math.ceil(max(float(dx.abs().max()), float(dy.abs().max())))
            canvas_shape = (shape[0] + reach, shape[1] + reach)
            x, y = dx + canvas_shape[1] / 2, dy + canvas_shape[0] / 2
            canvas, _ = merge(patches, x, y, self.weight(), canvas_shape)
            patches = object_patches(canvas, x, y, shape)
        return diffraction_amplitude(self.probe, patches)

    def weight(self) -> Tensor:
        """Weight (H, W) of a patch's pixels in an average: the probe's intensity over its peak."""
        intensity = self.probe.abs() ** 2
        return intensity / intensity.max() + _UNLIT

    def _back_projected(self, amplitude: Tensor) -> Tensor:
        """(B, 4 C, H, W): real and imaginary part, after the first sweep and after the last."""
        with torch.no_grad():
            intensity = self.probe.abs() ** 2
            step = self.probe.conj() / (intensity + _DARK * intensity.max())
            level = torch.full_like(amplitude, self._level)
            patches = torch.complex(level, torch.zeros_like(level))
            seen = []
            for sweep in range(SWEEPS):
                field = far_field(self.probe, patches)
                missing = (amplitude - field.abs()) * torch.sgn(field)
                patches = patches + step * exit_wave(missing)
                if sweep in (0, SWEEPS - 1):
                    relative = patches / self._level
                    seen += [relative.real - 1, relative.imag]
            return torch.cat(seen, dim=1)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.GELU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.GELU(),
    )
