"""Tests of `registry.report.figures`."""

from __future__ import annotations

import numpy as np

from registry.report import figures


def test_losses():
    """The words of the chart tell where the loss began and ended."""
    picture = figures.losses("loss-g1", [(0, 2.0), (1, 1.0), (2, 0.1)])
    assert picture.alt == "Training loss over 3 steps, from 2 at step 0 to 0.1 at step 2."


def test_lines():
    """Words of both, and of what lies between them; of other lengths nothing does."""
    a, b = np.array([1.0, 2.0, np.nan]), np.array([2.0, 2.0, 5.0])
    both, between = figures.lines("x", a, b)
    assert both.alt == "x over the index: A 1 to 2, B 2 to 5."
    assert between.alt == "x, B − A over the index: 0 to 1."
    assert len(figures.lines("x", a, b[:2])) == 1


def test_differences_by_row():
    """The words tell the row that differs most by its own number."""
    picture = figures.by_row("clip", [3, 5, 8], np.array([0.0, 0.5, 0.25]))
    assert picture.alt == "Largest difference of each of 3 clips: the most is 0.5, of clip 5."
    assert picture.title == "How far apart each clip is"
