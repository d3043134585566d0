"""Which frames of a measured scan miss their models by more than the others of its source do?

Nothing is known beforehand of what makes frames miss. What a wrong probe or a wrong position does
grows with a frame's light; what photon counts do grows with the pixels that the light is spread
over (`noise.misfit_moments`). Where something is right, a frame with less light than others, or
with its light on more pixels, stands out by the one measure, and a brighter one by the other. So
an outlier is what stands out by both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.noise import misfit_moments
from registry.ptychography.scan import ROUNDING, Real
from registry.ptychography.stack import Stack, by_frame, taken

# Of a measured scan nothing is known beforehand: what is usual ends this many robust standard
# deviations above the median of its own source.
OUTLIER_SIGMAS = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """By how much the frames of a source miss their models, at most, where nothing is wrong.

    error : relative error, the root of a frame's squared misfit over its model's power
    photon_scale : photons per unit of amplitude squared, were photon counts all that makes frames
        miss: what the misfit of their intensities tells, in the median
    excess : root of a frame's squared misfit over the mean that so many photons give it
    """

    error: float
    photon_scale: float
    excess: float

    @classmethod
    def of(cls, frames: Stack, model: Stack) -> Usual:
        """What is usual among frames (N, H, W), held against their models (N, H, W)."""
        lit = np.flatnonzero(by_frame(lambda some: some.any(axis=(1, 2)), model))
        if not lit.size:
            # where no light is expected, nothing is known of what is usual in it
            return cls(error=np.inf, photon_scale=1.0, excess=np.inf)
        if lit.size < len(model):
            frames, model = taken(frames, lit), taken(model, lit)
        photon_scale = _photon_scale(frames, model)
        return cls(
            # a fixture is rounded to float32, its source need not be
            error=_limit(_error(frames, model)) + ROUNDING,
            photon_scale=photon_scale,
            excess=_limit(_excess(frames, model, photon_scale)),
        )

    def outliers(self, frames: Stack, model: Stack) -> tuple[Real, NDArray[np.bool_]]:
        """Relative error of each frame (N,), and whether it is an outlier (N,).

        Parameters
        ----------
        frames, model : (N, H, W) float64
            No model is without light.
        """
        error = _error(frames, model)
        excess = _excess(frames, model, self.photon_scale)
        return error, (error > self.error) & (excess > self.excess)


def _error(frames: Stack, model: Stack) -> Real:
    def error(a: Real, b: Real) -> Real:
        found: Real = np.sqrt(_misfit(a, b) / (b**2).sum(axis=(1, 2)))
        return found

    return by_frame(error, frames, model)


def _excess(frames: Stack, model: Stack, photon_scale: float) -> Real:
    def excess(a: Real, b: Real) -> Real:
        # one frame at a time, which takes less memory and no more time than all of them
        mean = [misfit_moments(photon_scale * one**2)[0].sum() for one in b]
        found: Real = np.sqrt(4 * photon_scale * _misfit(a, b) / np.array(mean))
        return found

    return by_frame(excess, frames, model)


def _misfit(frames: Real, model: Real) -> Real:
    misfit: Real = ((frames - model) ** 2).sum(axis=(1, 2))
    return misfit


def _photon_scale(frames: Stack, model: Stack) -> float:
    """Of counts the squared misfit is, in the mean, their rate, be they few or many."""

    def dispersion(a: Real, b: Real) -> Real:
        rate = b**2
        miss = ((a**2 - rate) ** 2).sum(axis=(1, 2))
        rounding = (2 * ROUNDING) ** 2 * (rate**2).sum(axis=(1, 2))
        found: Real = np.maximum(miss, rounding) / rate.sum(axis=(1, 2))
        return found

    return 1 / float(np.median(by_frame(dispersion, frames, model)))


def _limit(values: Real) -> float:
    median = float(np.median(values))
    # 1.4826 turns a median absolute deviation into a standard deviation
    return median + OUTLIER_SIGMAS * 1.4826 * float(np.median(np.abs(values - median)))
