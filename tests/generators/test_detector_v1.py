"""Tests of `generators.detector_v1`: which pixels and counts a fixture's frames are made of."""

from __future__ import annotations

import numpy as np
import pytest

from generators import detector_v1
from tests.kit.scans import Frames, scan_file

CENTRE = {"zero_frequency": "centre", "bin": 1, "measurement": "intensity", "normalisation": 4.0}


def counts(shape=(5, 80, 96), seed=0) -> np.ndarray:
    """Counts (N, rows, columns) uint16, most of them about the middle."""
    rows, columns = (np.arange(size) - size // 2 for size in shape[1:])
    spread = np.exp(-(rows[:, None] ** 2 + columns[None, :] ** 2) / 200.0)
    return np.random.default_rng(seed).poisson(50 * spread, shape).astype(np.uint16)


def cut(frames: np.ndarray, indices=(0, 1, 2, 3, 4), fields=None, **declared) -> np.ndarray:
    """Amplitudes at these indices."""
    scan = scan_file(frames, **(fields or {}))
    return detector_v1.Amplitudes(scan, {**CENTRE, **declared})[list(indices)]


def test_the_window_about_the_centre():
    """64 x 64 pixels about the middle, each the root of counts over the normalisation."""
    frames = counts()
    found = cut(frames)
    assert (found.shape, found.dtype) == ((5, 64, 64), np.float64), "not 64 x 64 doubles"
    np.testing.assert_array_equal(found, np.sqrt(frames[:, 8:72, 16:80] / 4.0))


def test_a_zero_frequency_that_is_declared():
    """The window follows the pixel that is declared, and that pixel comes to (32, 32)."""
    frames = np.zeros((1, 80, 96), np.uint16)
    frames[0, 41, 60] = 16
    found = cut(frames, [0], zero_row=41, zero_column=60)
    assert found[0, 32, 32] == 2.0, "not in the middle"
    assert np.count_nonzero(found) == 1, "another pixel"


@pytest.mark.parametrize(("rows", "columns"), [(80, 96), (64, 65), (81, 97)])
def test_the_corner(rows, columns):
    """Frames with the zero frequency in the corner come out as if it had been in the centre."""
    frames = counts((5, rows, columns))
    corner = np.fft.ifftshift(frames, axes=(1, 2))
    found = cut(corner, zero_frequency="corner")
    np.testing.assert_array_equal(found, cut(frames), err_msg="other pixels")


def test_bins():
    """A pixel is the sum of its bin's counts."""
    frames = counts((5, 192, 200))
    found = cut(frames, bin=3)
    window = frames[:, :, 4:196].astype(float)
    expected = np.sqrt(window.reshape(5, 64, 3, 64, 3).sum(axis=(2, 4)) / 4.0)
    np.testing.assert_array_equal(found, expected, err_msg="other sums")


def test_bins_of_amplitudes():
    """Of amplitudes, the squares add up; without bins they stay as they are, bit for bit."""
    frames = np.sqrt(counts((5, 128, 128)).astype(np.float32))
    found = cut(frames, bin=2, measurement="amplitude")
    squares = frames.astype(float) ** 2
    expected = np.sqrt(squares.reshape(5, 64, 2, 64, 2).sum(axis=(2, 4)))
    np.testing.assert_allclose(found, expected, rtol=1e-15, err_msg="not the squares' sum")
    found = cut(frames, measurement="amplitude")
    np.testing.assert_array_equal(found, frames[:, 32:96, 32:96], err_msg="not as they were")


def test_dead_pixels():
    """A masked pixel holds zero, whatever it held, and the others what they held."""
    frames = counts().astype(np.float32)
    mask = np.ones((80, 96), bool)
    mask[40, 48] = mask[20, 30] = False
    good = cut(np.where(mask, frames, 0))
    frames[:, 40, 48], frames[:, 20, 30] = np.nan, -7
    found = cut(frames, fields={"mask": mask})
    np.testing.assert_array_equal(found, good, err_msg="a dead pixel shows")


def test_dead_pixels_in_bins():
    """A bin counts what its good pixels did, times all over good; without any it is zero."""
    frames = np.full((1, 128, 128), 3, np.uint16)
    mask = np.ones((128, 128), bool)
    mask[0, 0] = False
    mask[2:4, 2:4] = False
    scan = scan_file(frames, mask=mask)
    amplitudes = detector_v1.Amplitudes(scan, {**CENTRE, "bin": 2})
    found = amplitudes[[0]][0] ** 2 * 4
    assert found[0, 0] == pytest.approx(12), "a bin with a dead pixel is darker"
    assert found[1, 1] == 0.0, "light where nothing was measured"
    assert np.argwhere(~amplitudes.measured).tolist() == [[1, 1]], (
        "not that bin alone is unmeasured"
    )
    frames[:, 0, 0] = 9
    again = detector_v1.Amplitudes(scan, {**CENTRE, "bin": 2})[[0]][0] ** 2 * 4
    assert again[0, 0] == pytest.approx(12), "a dead pixel counts"


def test_dark_counts():
    """They are subtracted, and what is below zero then is zero."""
    frames = np.full((1, 64, 64), 20, np.uint16)
    dark = np.full((64, 64), 4.0)
    dark[0, 0] = 25.0
    found = cut(frames, [0], fields={"dark": dark})
    assert found[0, 0, 0] == 0.0, "below zero"
    assert set(found[0].ravel()[1:]) == {2.0}, "not sqrt((20 - 4) / 4)"


def test_only_what_is_asked_for_is_read():
    """Each frame is read once, in the order asked for."""
    frames = Frames(counts())
    scan = scan_file(np.zeros((1, 1, 1)))
    object.__setattr__(scan, "frames", frames)
    found = detector_v1.Amplitudes(scan, CENTRE)[np.array([3, 1])]
    assert frames.read_indices == [3, 1], "other frames, or more often"
    np.testing.assert_array_equal(found, cut(frames.stack, [3, 1]), err_msg="another order")


def test_a_few_raw_frames_at_a_time(monkeypatch):
    """Frames that are larger than the limit come one by one."""
    sizes = []

    class Watched(Frames):
        def read(self, indices):
            sizes.append(len(indices))
            return super().read(indices)

    frames = counts()
    expected = cut(frames)
    monkeypatch.setattr(detector_v1, "BATCH_BYTES", 2 * 80 * 96 * 2)
    scan = scan_file(frames)
    object.__setattr__(scan, "frames", Watched(frames))
    found = detector_v1.Amplitudes(scan, CENTRE)[range(5)]
    assert sizes == [2, 2, 1], "not two at a time"
    np.testing.assert_array_equal(found, expected, err_msg="not the same frames")


@pytest.mark.parametrize("part", [slice(2), slice(1, 5, 2), slice(-2, None), slice(3, 3), []])
def test_a_part(part):
    """A slice, or nothing at all, is what it is of an array."""
    frames = detector_v1.Amplitudes(scan_file(counts()), CENTRE)
    expected = frames[list(range(len(frames)))[part] if isinstance(part, slice) else part]
    found = frames[part]
    assert (found.shape, found.dtype) == ((len(expected), 64, 64), np.float64)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("indices", [3, np.ones(5, bool), np.zeros((1, 1), int), ["a"]])
def test_indices_of_another_kind(indices):
    """A slice or a list of integers is all that a file can be asked for."""
    with pytest.raises(TypeError, match="take a slice or a list of indices"):
        detector_v1.Amplitudes(scan_file(counts()), CENTRE)[indices]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1.0, "expected values of at least 0, found -1"),
        (np.nan, "expected finite values, found nan"),
        (np.inf, "expected finite values, found inf"),
    ],
)
def test_values_that_are_no_counts(value, message):
    """A negative or unfinite pixel is refused, with its place; a mask may leave it out."""
    frames = counts().astype(np.float32)
    frames[3, 40, 41] = value
    where = " at row 40, column 41 in frame 3; if a detector marks .* declare a mask"
    with pytest.raises(ValueError, match=message + where):
        cut(frames)


@pytest.mark.parametrize(
    ("declared", "where"),
    [
        ({"bin": 2}, ""),
        ({"zero_row": 31}, " about row 31"),
        ({"zero_column": 65}, " about column 65"),
        ({"zero_frequency": "corner", "bin": 2}, ""),
    ],
)
def test_a_window_that_leaves_the_detector(declared, where):
    """It is refused, and not filled up with zeros or with the other side."""
    with pytest.raises(
        ValueError, match=r"crop: expected a window of .* inside the frames"
    ) as caught:
        cut(counts(), **declared)
    assert where in str(caught.value), "not where"


# Where the zero frequency is


@pytest.mark.parametrize("shape", [(20, 128, 128), (20, 64, 64), (20, 65, 80)])
@pytest.mark.parametrize("declared", ["centre", "corner"])
def test_the_wrong_place_of_the_zero_frequency(shape, declared):
    """Declared wrongly it is refused with both figures, whether or not a crop shows it."""
    frames = counts(shape)
    if declared == "corner":
        right, wrong = frames, "centre"
    else:
        right, wrong = np.fft.ifftshift(frames, axes=(1, 2)), "corner"
    indices = np.arange(20)
    said = f"zero_frequency: declared {declared}, but "
    with pytest.raises(ValueError, match=said) as caught:
        detector_v1.judge_zero_frequency(
            scan_file(right), indices, {**CENTRE, "zero_frequency": declared}
        )
    assert str(caught.value).endswith(f"declare zero_frequency: {wrong}"), "not the remedy"
    kept = detector_v1.judge_zero_frequency(
        scan_file(right), indices, {**CENTRE, "zero_frequency": wrong}
    )
    assert kept.endswith("% of the counts in 16 frames"), "not what was looked at"


def test_what_the_window_keeps():
    """The part of the counts in the window is that of all counts."""
    frames = np.zeros((4, 128, 128), np.uint16)
    frames[:, 64, 64], frames[:, 0, 5] = 3, 1
    kept = detector_v1.judge_zero_frequency(scan_file(frames), np.arange(4), CENTRE)
    assert kept == "75.0% of the counts in 4 frames"


def test_dead_pixels_have_no_say():
    """A dead pixel full of counts does not make the wrong place the right one."""
    frames = counts((4, 64, 64))
    frames[:, 0, 0] = 65535
    mask = np.ones((64, 64), bool)
    mask[0, 0] = False
    with pytest.raises(ValueError, match="declared centre"):
        detector_v1.judge_zero_frequency(scan_file(frames), np.arange(4), CENTRE)
    kept = detector_v1.judge_zero_frequency(scan_file(frames, mask=mask), np.arange(4), CENTRE)
    assert kept == "100.0% of the counts in 4 frames"


def test_frames_without_a_count():
    """There is nothing to judge by, and it is said."""
    with pytest.raises(ValueError, match="expected counts in the frames, found none"):
        detector_v1.judge_zero_frequency(
            scan_file(np.zeros((2, 64, 64), np.uint16)), np.arange(2), CENTRE
        )
