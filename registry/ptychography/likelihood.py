"""How likely each frame is under the model of each position, given the declared noise."""

from __future__ import annotations

import numpy as np

from registry.ptychography.noise import Noise
from registry.ptychography.scan import ROUNDING, Real

# Standard deviations at which noise is no longer an explanation: a false alarm in 5e8 frames.
SIGMAS = 6.0
# The same as a logarithm of likelihoods: a wrong model is exp(t) times as likely as the right one
# with a probability of at most exp(-t), whatever the distribution (Markov's inequality).
LIKELIHOOD_LIMIT = SIGMAS**2 / 2


def log_likelihood(frames: Real, model: Real, noise: Noise) -> Real:
    """Of each frame under each model, but for what all models have in common: (N, N) float64.

    Parameters
    ----------
    frames, model : (N, H, W) float64
        Amplitudes, of the same total power.
    noise : Noise
        As the source declares it.
    """
    a, b = frames.reshape(len(frames), -1), model.reshape(len(model), -1)
    if noise.photon_scale is not None:
        # Poisson, and not least squares of amplitudes: the root of few counts is biased
        rate = noise.photon_scale * b**2
        log_rate = np.log(np.maximum(rate, np.finfo(float).tiny))
        poisson: Real = noise.photon_scale * a**2 @ log_rate.T - rate.sum(axis=1)
        return poisson
    # Squared distance of every frame to every model, but for |a|^2. Its unit is the rounding of a
    # whole frame or, in a measured scan, what a pixel misses its own model by.
    distance = (b**2).sum(axis=1) - 2 * a @ b.T
    unit = ROUNDING**2 * float((b**2).sum(axis=1).mean())
    if noise.kind == "measured":
        unit = max(unit, float(((a - b) ** 2).mean()))
    gaussian: Real = -distance / (2 * unit)
    return gaussian
