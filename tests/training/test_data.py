"""Tests of `registry.training.data`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.errors import UsageError
from registry.training.data import normalise


def test_normalisation_is_recorded_and_undone(v1):
    """The amplitude has a mean square of 1, and times the scale is the fixture's."""
    data = normalise(v1.arrays, "v1")
    assert float((data.amplitude.double() ** 2).mean()) == pytest.approx(1, abs=1e-6)
    back = data.amplitude.numpy() * data.scale
    assert np.allclose(back, v1["diffraction"], rtol=1e-6, atol=0), "another amplitude"


def test_normalisation_keeps_the_forward_model(v1):
    """The normalised probe at the object's level carries the frames' power."""
    data = normalise(v1.arrays, "v1")
    power = data.object_level**2 * float((data.probe.abs().double() ** 2).sum())
    assert power == pytest.approx(64 * 64, rel=1e-5), "another power"
    assert data.object_level == pytest.approx(0.729, abs=1e-3), "another level"


def test_legacy_layout_is_refused(v1):
    """Frames along the last axis are refused with the shapes, not trained on."""
    arrays = {**v1.arrays, "diffraction": np.moveaxis(v1["diffraction"], 0, -1)[..., :60]}
    with pytest.raises(UsageError) as caught:
        normalise(arrays, "fixture a")
    assert caught.value.expected.startswith("diffraction (N, H, W), probeGuess (H, W)")
    assert "diffraction (64, 64, 60)" in caught.value.found
