"""Tests of `generators.positions_v1`: positions that cannot be a scan's, and those that can."""

from __future__ import annotations

import numpy as np
import pytest

from generators import positions_v1

# Of 20 nm each.
PIXEL_M = 2e-8


def in_pixels(positions):
    """Positions in metres as pixels, y turned round."""
    return positions[0] / PIXEL_M, -positions[1] / PIXEL_M


def scan_m(offset_m: float, dtype: str):
    """Positions of a raster over 10 µm, with an offset in x, as they come out of a file."""
    grid = np.arange(0, 1e-5, 5e-7)
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    return (x + offset_m).astype(dtype).astype(float), y.astype(dtype).astype(float)


@pytest.mark.parametrize("axis", [0, 1])
def test_single_precision_far_out(axis):
    """Where rounding loses half a pixel the message has the numbers, and what to do."""
    positions = scan_m(0.35, "float32")[:: -1 if axis else 1]
    message = (
        f"^{'xy'[axis]}coords: expected positions that are exact to less than half a pixel, found "
        r"single precision, which at 0.35001 m is rounded to 2.98e-08 m or 1.5 px; write them in "
        "double precision, or without their common offset$"
    )
    with pytest.raises(ValueError, match=message):
        positions_v1.judge_rounding(positions, "m", in_pixels)


def test_single_precision_not_so_far_out():
    """What is lost is told where it is notable."""
    said = positions_v1.judge_rounding(scan_m(0.05, "float32"), "m", in_pixels)
    assert said == [
        "xcoords: single precision, which at 0.05001 m is rounded to 3.73e-09 m or 0.19 px"
    ]


@pytest.mark.parametrize(
    ("offset", "dtype"), [(0.35, "float64"), (0.0, "float32"), (1e-3, "float32")]
)
def test_positions_that_are_exact(offset, dtype):
    """Double precision, and single precision near zero, are exact enough to say nothing."""
    assert positions_v1.judge_rounding(scan_m(offset, dtype), "m", in_pixels) == []


@pytest.mark.parametrize("value", [0.0, 0.5, 1024.25, 16000.0])
def test_positions_in_pixels(value):
    """Numbers that single precision happens to hold are not taken for rounded ones."""
    positions = np.arange(20) * 8 + value, np.zeros(20)
    assert positions_v1.judge_rounding(positions, "px", lambda found: found) == []


@pytest.mark.parametrize("span", [1e6, 1e300, 1.7e308])
def test_positions_of_no_object(span):
    """They are refused before memory is asked for."""
    positions = np.array([-span, span] * 8), np.linspace(0, 300.0, 16)
    with pytest.raises(ValueError, match=r"of at most 268435456 pixels, found .* is their unit"):
        positions_v1.judge_extent(positions)
    positions_v1.judge_extent((np.linspace(0, 10000.0, 16), np.linspace(0, 10000.0, 16)))


@pytest.mark.parametrize("pitch", [130, 2000])
def test_frames_that_do_not_overlap(pitch):
    """A near-field scan read as one of the far field is like that, and so is a wrong unit."""
    grid = np.arange(5.0) * pitch
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    message = "expected frames that overlap, found 25 of 25 whose 64 x 64 px .* Near-field scans, "
    with pytest.raises(ValueError, match=message):
        positions_v1.judge_overlap((x, y))


@pytest.mark.parametrize("pitch", [0, 1, 8, 40, 63])
def test_frames_that_overlap(pitch):
    """Whatever their order."""
    grid = np.arange(-3.0, 4.0) * pitch
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    order = np.random.default_rng(1).permutation(x.size)
    positions_v1.judge_overlap((x[order] + 0.3, y[order]))


def test_a_few_frames_apart():
    """Some frames that stand alone do not make it another kind of scan."""
    x = np.concatenate([np.arange(12) * 5.0, [1000.0, 2000, 3000, 4000]])
    positions_v1.judge_overlap((x, np.zeros(16)))
