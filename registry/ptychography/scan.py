"""A set of arrays that should belong together, and how exactly they can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import frames_inside, model_amplitude

Real = NDArray[np.float64]

# Relative error that rounding to float32 and complex64 can leave in a noise-free amplitude:
# 2**-24 for each of frame, probe and object, and some room for the sums of the transform.
ROUNDING = 64 * 2.0**-24


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """Arrays that should belong together.

    frames : (N, H, W) float64, amplitude, zero frequency in the centre
    x, y : (N,) float64 [px], centre of each frame on the object; x is the column
    probe : (H, W) complex, or (P, H, W) where it has P modes
    obj : (Y, X) complex
    """

    frames: Real
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

    def model(self) -> Real:
        """Diffraction amplitude that the forward model predicts: (N, H, W) float64."""
        return model_amplitude(self.obj, self.probe, self.x, self.y)
