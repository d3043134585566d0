"""Tests of `generators.pixels_v1`: pixels that do not count are named, and good counts pass."""

from __future__ import annotations

import math

import numpy as np
import pytest

from generators.detector_v1 import BATCH_BYTES
from generators.pixels_v1 import NEIGHBOUR, judge_pixels
from tests.kit.scans import scan_file, twin


@pytest.fixture(scope="module")
def rate():
    """Rates of a scan of 36 frames of 64 x 64, of one photon a frame."""
    intensity = twin().amplitude ** 2
    return intensity / intensity.sum(axis=(1, 2)).mean()


def counts(rate, photons=1e4, seed=0, dtype="uint32") -> np.ndarray:
    """Photon counts of so many photons a frame."""
    return np.random.default_rng(seed).poisson(rate * photons).astype(dtype)


def judge(frames, **fields) -> None:
    """Judge a scan by all its frames."""
    judge_pixels(scan_file(frames, **fields), np.arange(len(frames)))


# Pixels that do not count


@pytest.mark.parametrize(
    ("dtype", "most"),
    [("uint8", 255), ("uint16", 65535), ("int32", 2**31 - 1), ("uint32", 2**32 - 1),
     ("uint64", 2**64 - 1)],
)  # fmt: skip
def test_a_dead_pixel(rate, dtype, most):
    """One that holds the most that the type can, in every frame, is named, and a mask asked for."""
    frames = counts(rate, 2e3, dtype=dtype)
    frames[:, 7, 9] = most
    message = (
        f"^mask: expected one that leaves out dead and saturated pixels, found {most}, the most "
        f"that {dtype} holds, at row 7, column 9 in 36 of 36 frames: counts of photons do not "
        "repeat like that. Put an array of a frame's shape into the file, not 0 where a pixel is "
        "good, and name it: mask$"
    )
    with pytest.raises(ValueError, match=message):
        judge(frames)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_dead_pixel_in_floats(rate, dtype):
    """Its value stays what it is when counts are stored as floats."""
    frames = counts(rate, dtype=dtype)
    frames[:, 7, 9] = 65535
    with pytest.raises(ValueError, match="found 65535 at row 7, column 9 in 36 of 36 frames: c"):
        judge(frames)


def test_a_pixel_that_is_dead_at_times(rate):
    """A quarter of the frames is enough."""
    frames = counts(rate, dtype="uint16")
    frames[::4, 7, 9] = 65535
    with pytest.raises(ValueError, match="at row 7, column 9 in 9 of 36 frames"):
        judge(frames)


def test_gaps_of_a_detector(rate):
    """Of many pixels one is named, and how many others there are."""
    frames = counts(rate, dtype="uint32")
    frames[:, 30:34] = 2**32 - 1
    with pytest.raises(ValueError, match=r"row 30, column 0 in 36 of 36 frames, and in 255 other"):
        judge(frames)


@pytest.mark.parametrize("limit", [10, 20, 4095])
def test_saturation(rate, limit):
    """Counts that are clipped, at whatever value: the pixel that is so most often is named."""
    photons = 1e4 if limit < 4095 else 3e6
    frames = np.minimum(counts(rate, photons, dtype="uint16"), limit)
    clipped = (frames == limit).sum(axis=0)
    row, column = np.unravel_index(clipped.argmax(), clipped.shape)
    found = f"found {limit} at row {row}, column {column} in {clipped.max()} of 36 frames, and in"
    with pytest.raises(ValueError, match=found):
        judge(frames)


def test_the_masks_convention(rate):
    """In a CXI a good pixel is one where the mask is 0."""
    frames = counts(rate)
    frames[:, 7, 9] = 2**32 - 1
    with pytest.raises(ValueError, match="into the file, 0 where a pixel is good"):
        judge(frames, format="cxi")


def test_a_highest_value_that_is_met_late(rate, monkeypatch):
    """What was seen near a lower one is not counted for it; batches make no difference."""
    monkeypatch.setattr("generators.detector_v1.BATCH_BYTES", 3 * 64 * 64 * 4)
    assert BATCH_BYTES > 3 * 64 * 64 * 4, "one batch in any case"
    frames = counts(rate, 1e6)
    frames[20:, 7, 9] = frames.max() + 1000
    with pytest.raises(ValueError, match="at row 7, column 9 in 16 of 36 frames: c"):
        judge(frames)


# Good counts


@pytest.mark.parametrize("photons", [1, 3, 10, 100, 1e3, 1e4, 1e5, 1e6])
@pytest.mark.parametrize("gain", [1, 2, 37])
def test_photon_counts(rate, photons, gain):
    """Poisson counts pass at any rate, and where a photon is several counts."""
    for seed in range(5):
        judge(counts(rate, photons, seed) * gain)


@pytest.mark.parametrize("value", [0.01, 0.5, 1, 2, 5, 20, 300, 60000])
def test_flat_light(value):
    """So do pixels that all have the same rate."""
    judge(counts(np.full((40, 64, 64), value), 1, dtype="uint16"))


def test_what_a_mask_leaves_out(rate):
    """A dead pixel that is masked has no say."""
    frames, mask = counts(rate), np.ones((64, 64), bool)
    frames[:, 7, 9], mask[7, 9] = 2**32 - 1, False
    judge(frames, mask=mask)


def test_a_count_at_the_most_that_a_type_holds(rate):
    """Once is chance."""
    frames = counts(rate, dtype="uint16")
    frames[3, 7, 9] = 65535
    judge(frames)


def test_what_are_no_counts(rate):
    """Frames that were corrected may repeat; so may values that are not finite."""
    frames = counts(rate, dtype="float64") / 3
    frames[:, 7, 9] = 65535.5
    judge(frames)
    frames[:, 7, 9] = np.nan
    judge(frames)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_dark_frames(dtype):
    """Nothing at all is another mistake, and named elsewhere."""
    judge(np.zeros((20, 64, 64), dtype))


def test_absurd_values(rate):
    """Numbers that no detector gives cost no memory and no traceback."""
    frames = counts(rate, dtype="float64")
    frames[:, 7, 9] = 1e300
    judge(frames)


@pytest.mark.parametrize("value", [1, 2, 3, 4, 9, 50, 1000])
def test_neighbours(value):
    """Of a Poisson count no value has a larger part of its neighbourhood than is assumed."""
    width = math.isqrt(value)
    near = np.arange(value - width, value + width + 1)
    rates = np.geomspace(value / 4, 4 * value + 10, 4000)[:, None]
    log = near * np.log(rates) - rates - np.array([math.lgamma(k + 1) for k in near])
    part = 1 / np.exp(log - log[:, [width]]).sum(axis=1)
    assert part.max() <= 1 / (1 + 2 * NEIGHBOUR * width), "it is more probable than that"
