"""Tests of `registry.training.losses`."""

from __future__ import annotations

import pytest
import torch

from registry.training.losses import amplitude_mae, poisson_nll, supervised

MEASURED = torch.tensor([[0.0, 1.0], [2.0, 3.0]], dtype=torch.float64)


def test_mae_is_relative_to_the_mean():
    """Off by 0.3 everywhere, with a mean of 1.5, is 0.2."""
    assert float(amplitude_mae(MEASURED + 0.3, MEASURED)) == pytest.approx(0.2)


def test_mae_of_a_perfect_prediction():
    """A perfect prediction has no error."""
    assert float(amplitude_mae(MEASURED, MEASURED)) == 0.0


def test_nll_is_half_the_deviance():
    """One pixel, 8 counts where 2 (and the background's half) are expected: by hand."""
    found = poisson_nll(torch.tensor([1.0]), torch.tensor([2.0]), photon_scale=2.0)
    by_hand = (2.5 - 8 * 0.9162907 + 8 * 2.0794415 - 8) / 8
    assert float(found) == pytest.approx(by_hand, abs=1e-6)


def test_nll_is_least_at_the_truth():
    """Too much and too little light are both worse, where there are counts to tell."""
    measured = MEASURED + 1
    losses = [float(poisson_nll(measured * k, measured, 1e4)) for k in (0.98, 1.0, 1.02)]
    assert losses[1] == min(losses), f"least elsewhere: {losses}"
    assert abs(losses[1]) < 1e-4, "not zero at the truth"


def test_nll_of_dark_pixels_is_finite():
    """No counts where light is expected, and counts where none is, have a likelihood."""
    predicted = torch.tensor([0.0, 1.0], requires_grad=True)
    loss = poisson_nll(predicted, torch.tensor([1.0, 0.0]), 100.0)
    loss.backward()
    assert torch.isfinite(loss), "an infinite loss"
    assert torch.isfinite(predicted.grad).all(), "an infinite gradient"


def test_supervised_counts_what_is_lit():
    """An error where the probe has no light costs nothing."""
    truth = torch.ones(1, 1, 2, 2, dtype=torch.complex64)
    weight = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    wrong = truth.clone()
    wrong[..., 1] = 5
    assert float(supervised(wrong, truth, weight)) == 0.0, "a dark pixel counts"
    wrong[..., 0] = 1j
    assert float(supervised(wrong, truth, weight)) == pytest.approx(2**0.5), "another error"
