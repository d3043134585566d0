"""Tests of `generators.subset_v2`: what `subset_v1` cuts, some frames at a time."""

from __future__ import annotations

import numpy as np
import pytest

from generators import subset_v1, subset_v2
from registry.digests import content_digest

PARAMS = {"strategy": "evenly_spaced", "n_subset": 16}
AMPLITUDE, INTENSITY = {"measurement": "amplitude"}, {"measurement": "intensity"}


class OnDemand:
    """Frames that are read where they are asked for, and how many at most."""

    def __init__(self, frames):
        self.frames, self.most = frames, 0
        self.shape, self.dtype, self.ndim = frames.shape, frames.dtype, 3

    def __getitem__(self, indices):
        self.most = max(self.most, len(indices))
        return self.frames[indices]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(subset_v2, "CHUNK", 3 * 64 * 64)


@pytest.mark.parametrize("declared", [AMPLITUDE, INTENSITY])
@pytest.mark.parametrize(
    "given", [{}, {"strategy": "random", "seed": 3, "diff3d": True, "Y": True}]
)
def test_what_subset_v1_cuts(scan, legacy, declared, given):
    """Bit for bit the same arrays, and the same words for what was done, in either layout."""
    for source in (scan, legacy(scan), {**scan, "diff3d": scan["diffraction"] * 2}):
        arrays, record = subset_v2.generate({**PARAMS, **given}, source, declared)
        expected, expected_record = subset_v1.generate({**PARAMS, **given}, source, declared)
        assert content_digest(arrays) == content_digest(expected)
        assert record == expected_record
    if "diff3d" in arrays:
        assert arrays["diff3d"] is arrays["diffraction"], "kept twice"
    renamed = {"diff3d": scan["diffraction"], **scan}
    del renamed["diffraction"]
    _, record = subset_v2.generate({**PARAMS, **given}, renamed, declared)
    assert record == subset_v1.generate({**PARAMS, **given}, renamed, declared)[1]


def test_frames_are_converted_some_at_a_time(scan):
    """What lies in a file is not in memory as a whole."""
    frames = OnDemand(scan["diffraction"].astype(np.float64))
    arrays, _ = subset_v2.generate(PARAMS, {**scan, "diffraction": frames}, AMPLITUDE)
    expected, _ = subset_v1.generate(PARAMS, scan, AMPLITUDE)
    assert content_digest(arrays) == content_digest(expected)
    assert frames.most == 3, "more frames at a time"


def test_modes_are_kept(scan, legacy):
    """All modes of a probe, and everything else as from a source of one mode."""
    modes = np.stack([scan["probeGuess"], scan["probeGuess"].T / 2])
    for source in (scan, legacy(scan)):
        arrays, record = subset_v2.generate(PARAMS, {**source, "probeGuess": modes}, AMPLITUDE)
        expected, _ = subset_v1.generate(PARAMS, source, AMPLITUDE)
        np.testing.assert_array_equal(arrays.pop("probeGuess"), modes)
        del expected["probeGuess"]
        assert content_digest(arrays) == content_digest(expected)
        assert len(record["subset_indices"]) == 16


def test_negative_intensities(scan):
    """They have no root."""
    frames = scan["diffraction"].copy()
    frames[39, 3, 3] = -2.5
    message = "diffraction: expected intensities of at least 0, found -2.5"
    with pytest.raises(ValueError, match=message):
        subset_v2.generate(PARAMS, {**scan, "diffraction": frames}, INTENSITY)


def test_a_source_without_what_is_needed(scan):
    """It is refused in the words of `subset_v1`."""
    for changes, message in (
        ({"probeGuess": None}, "expected arrays objectGuess, probeGuess, xcoords, ycoords; probeG"),
        ({"diffraction": scan["diffraction"][:8]}, "diffraction: expected shape (40, 64, 64)"),
    ):
        source = {name: array for name, array in {**scan, **changes}.items() if array is not None}
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            subset_v2.generate(PARAMS, source, AMPLITUDE)
        assert str(caught.value).startswith(message)
