"""A set of arrays that should belong together, and how exactly they can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import frames_inside, model_amplitude
from registry.ptychography.stack import Computed, Stack, kept
from registry.ptychography.stack import Real as Real

# Pixels of the models that are kept and not computed anew where they are asked for: 64 MiB.
KEPT = 1 << 23

# Relative error that rounding to float32 and complex64 can leave in a noise-free amplitude:
# 2**-24 for each of frame, probe and object, and some room for the sums of the transform.
ROUNDING = 64 * 2.0**-24


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """Arrays that should belong together.

    frames : (N, H, W) float64 or a `Stack` of such, amplitude, zero frequency in the centre
    x, y : (N,) float64 [px], centre of each frame on the object; x is the column
    probe : (H, W) complex, or (P, H, W) where it has P modes
    obj : (Y, X) complex
    """

    frames: Stack
    x: Real
    y: Real
    probe: NDArray[np.complexfloating]
    obj: NDArray[np.complexfloating]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return self.probe.shape[-2], self.probe.shape[-1]

    def inside(self) -> NDArray[np.bool_]:
        """Which frames lie wholly inside the object: (N,) bool."""
        object_shape = (self.obj.shape[0], self.obj.shape[1])
        return frames_inside(object_shape, self.x, self.y, self.shape)

    def model(self) -> Stack:
        """Diffraction amplitude that the forward model predicts: (N, H, W) float64."""
        found = models(self.obj, self.probe, self.x, self.y)
        return kept(found) if found.size <= KEPT else found


def models(
    obj: NDArray[np.complexfloating], probe: NDArray[np.complexfloating], x: Real, y: Real
) -> Computed:
    """Amplitude that the forward model predicts at each position, computed where asked for."""
    return Computed(
        shape=(len(x), probe.shape[-2], probe.shape[-1]),
        frames=lambda indices: model_amplitude(obj, probe, x[indices], y[indices]),
    )
