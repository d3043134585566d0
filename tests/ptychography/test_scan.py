"""Tests of `registry.ptychography.scan`."""

from __future__ import annotations

import numpy as np

from registry.ptychography import scan as module
from registry.ptychography.scan import ROUNDING, Scan


def scan(*, obj: np.ndarray, probe: np.ndarray, x: list[float], y: list[float]) -> Scan:
    """A scan without frames, of which nothing here asks."""
    frames = np.zeros((len(x), *probe.shape[-2:]))
    return Scan(frames=frames, x=np.array(x), y=np.array(y), probe=probe, obj=obj)


def test_rounding_is_that_of_single_precision():
    """A few units of float32: what it forgives no other cause explains."""
    assert ROUNDING == 3.814697265625e-06


def test_the_shape_of_a_frame_is_that_of_each_mode():
    """A probe of several modes lights frames of the same shape as one of one mode."""
    obj = np.ones((8, 9), complex)
    assert scan(obj=obj, probe=np.ones((4, 6), complex), x=[4], y=[4]).shape == (4, 6)
    assert scan(obj=obj, probe=np.ones((2, 4, 6), complex), x=[4], y=[4]).shape == (4, 6)


def test_frames_inside_are_told_by_the_width_for_x_and_the_height_for_y():
    """A frame of 4 x 6 fits into an object of 8 x 16 at these x, and would not at these as y."""
    found = scan(
        obj=np.ones((8, 16), complex),
        probe=np.ones((4, 6), complex),
        x=[3, 13, 2.9, 13.1, 8, 8],
        y=[2, 6, 4, 4, 1.9, 6.1],
    ).inside()
    assert found.tolist() == [True, True, False, False, False, False]


def test_the_model_sees_the_object_at_each_position():
    """A probe of one pixel spreads the object's value under it evenly over the frame."""
    obj = np.arange(48.0).reshape(6, 8) * 1j
    probe = np.zeros((2, 2), complex)
    probe[1, 1] = 2.0  # the root of the four pixels that it spreads over
    # the lower right of the frame's four pixels is the object's at row y and column x
    model = scan(obj=obj, probe=probe, x=[5, 1], y=[2, 4]).model()
    np.testing.assert_allclose(model[0], np.full((2, 2), 21.0))
    np.testing.assert_allclose(model[1], np.full((2, 2), 33.0))


def test_models_are_kept_up_to_so_many_pixels(monkeypatch):
    """Those of more are computed where they are asked for, and are the same."""
    probe = np.ones((3, 4, 6), complex)
    asked = scan(obj=np.ones((9, 9), complex), probe=probe, x=[4, 5], y=[4, 5])
    monkeypatch.setattr(module, "KEPT", 2 * 4 * 6)
    whole = asked.model()
    assert isinstance(whole, np.ndarray)
    monkeypatch.setattr(module, "KEPT", 2 * 4 * 6 - 1)
    computed = asked.model()
    assert not isinstance(computed, np.ndarray), "all in memory"
    assert computed.shape == (2, 4, 6)
    np.testing.assert_array_equal(computed[:], whole)
