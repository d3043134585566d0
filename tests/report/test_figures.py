"""Tests of `registry.report.figures`."""

from __future__ import annotations

from registry.report import figures


def test_losses():
    """The words of the chart tell where the loss began and ended."""
    picture = figures.losses("loss-g1", [(0, 2.0), (1, 1.0), (2, 0.1)])
    assert picture.alt == "Training loss over 3 steps, from 2 at step 0 to 0.1 at step 2."
