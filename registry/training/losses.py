"""What training minimises. Each is a mean over pixels, about 1 for a model that knows nothing."""

from __future__ import annotations

import torch
from torch import Tensor


def amplitude_mae(predicted: Tensor, measured: Tensor) -> Tensor:
    """Mean absolute error of the amplitude, over the mean amplitude."""
    return (predicted - measured).abs().mean() / measured.mean()


def poisson_nll(predicted: Tensor, measured: Tensor, photon_scale: float) -> Tensor:
    """Negative logarithm of the Poisson likelihood, over the mean count.

    Amplitudes are measured in the unit in which ``photon_scale`` counts make one unit of amplitude
    squared. What does not depend on the prediction is left so that a perfect one gives 0: the loss
    is half the deviance (McCullagh and Nelder, Generalized Linear Models, 1989, section 2.3).
    """
    count = photon_scale * measured**2
    # half a count of background keeps the logarithm finite where the model is dark
    rate = photon_scale * predicted**2 + 0.5
    saturated = torch.xlogy(count, count.clamp_min(0.5)) - count
    return (rate - torch.xlogy(count, rate) + saturated).mean() / count.mean()


def supervised(patches: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute error of the object patch, weighted by the probe's intensity.

    Parameters
    ----------
    patches, truth : (B, C, H, W) complex
    weight : (H, W) float
    """
    return ((patches - truth).abs() * weight).mean() / (truth.abs() * weight).mean()
