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
    if noise.kind == "measured":
        return _measured(a**2, b**2)
    # squared distance of every frame to every model, but for |a|^2
    distance = (b**2).sum(axis=1) - 2 * a @ b.T
    gaussian: Real = -distance / (2 * ROUNDING**2 * float((b**2).sum(axis=1).mean()))
    return gaussian


def _measured(intensity: Real, rate: Real) -> Real:
    """Likelihood of intensities (N, K) under rates (N, K), whose noise only the data can tell.

    That of photon counts with a dispersion, estimated from what frames miss their own models by (P.
    McCullagh and J. A. Nelder, Generalized Linear Models, chapter 9): right to first order for any
    noise with the mean that the model says, at few counts too, where roots of counts are biased.
    """
    total = float(rate.sum())
    miss = float(((intensity - rate) ** 2).sum())
    dispersion = max(miss, (2 * ROUNDING) ** 2 * float((rate**2).sum())) / total
    # darker than rounding nothing is known of a model
    log_rate = np.log(np.maximum(rate, ROUNDING**2 * total / rate.size))
    quasi: Real = (intensity @ log_rate.T - rate.sum(axis=1)) / dispersion
    return quasi


def power(likelihood: Real) -> float:
    """Part of all misplacements of one frame that `own-match` would refuse.

    Where pairing carries no information a frame is as likely as not to prefer another's model, so
    that no more than one half is expected.

    Parameters
    ----------
    likelihood : (N, N) float64
        As `log_likelihood` gives it.
    """
    n = len(likelihood)
    gain = np.diagonal(likelihood)[:, None] - likelihood
    # the diagonal is zero, and never counts
    return float(np.count_nonzero(gain > LIKELIHOOD_LIMIT)) / max(1, n * (n - 1))
