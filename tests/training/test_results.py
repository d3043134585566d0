"""Tests of `registry.training.results`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kit.envelope import results


def test_figures_over_repeats():
    """Medians, ratios repeat by repeat, the most, and how far the farthest lies from the median."""
    found = results(
        {"train_wall_s": 9.0, "torch_wall_s": 1.0},
        {"train_wall_s": 10.0, "infer_peak_rss_bytes": 600e6},
        {"train_wall_s": 12.0, "torch_wall_s": 3.0, "artifact_bytes": 3e6},
    )
    assert found.median("train_wall_s") == 10.0
    assert found.median("train_wall_s", over="torch_wall_s") == 5.0, "not the median of 9, 5 and 4"
    assert found.most("train_wall_s") == 12.0
    assert found.spread_percent("train_wall_s") == pytest.approx(20), "not 12 from 10"
    assert results({"x": 7.0}, {"x": 10.0}, {"x": 11.0}).spread_percent("x") == pytest.approx(30)
    assert found.peak_rss_bytes == 600e6, "one repeat's inference is hidden by the others"
    assert found.metrics == {"corr": 0.75, "files_mb": 3.0, "rss_mb": 600, "train_s": 10.0}


def test_the_label_of_a_point():
    """A point of the sweep says epochs, images and gridsize; a run has its own name."""
    run = results()
    point = replace(run, settings={**run.settings, "n_images": 64})
    assert (run.label, point.label) == ("", "2 × 64, g1")


@pytest.mark.parametrize(
    "other", [{"quality": {}}, {"losses": ["x"]}, {"repeats": []}, {"repeats": [{}]}], ids=str
)
def test_what_is_no_result(other):
    """Whatever has no number where one has to be is none."""
    with pytest.raises((TypeError, LookupError, ValueError)):
        replace(results(), **other)
