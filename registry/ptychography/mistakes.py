"""Mistakes of ptychography, to be planted in a fixture's own arrays.

Each was made somewhere, or is one that a detector, a stage or a loader makes. Most leave shapes,
dtypes, ranges and checksums as they should be: what notices them is a test of whether frames,
positions, probe and object belong together.
"""

from __future__ import annotations

import numpy as np

from registry.mistake import Mistake
from registry.ptychography import planting
from registry.ptychography.planting import Plant, frames, one, positions, reordered, shifted

# Tests that notice several of them, in words.
_OWN = "each frame is explained best by the forward model at its own position"
_ORDER = "the forward model at position n explains frame n better than frame n + 1"
_FIT = "the forward model misses each frame by no more than its photon noise"
_NEARBY = "the forward model fits worse as soon as all positions are moved, in x and in y"
_FLIPPED = "the forward model fits worse when frames are transposed or flipped"
_CONJUGATE = "the forward model fits worse with the conjugate of object or probe"
_POWER = "frames and forward model carry the same power"
_FORM = "dtype, with its byte order, is the one that the contract names"


def _mistake(name: str, meaning: str, test: str, plant: Plant) -> Mistake:
    return Mistake(name=name, meaning=meaning, test=test, plant=plant)


_PAIRING = (
    _mistake(
        "permuted_frames",
        "frames in another order than coordinates",
        _OWN,
        frames(lambda a: a[planting.shuffled(len(a))]),
    ),
    _mistake(
        "rolled_frames",
        "each frame carries the coordinates of the one after it, and the last those of the first",
        _ORDER,
        frames(lambda a: np.roll(a, 1, axis=0)),
    ),
    _mistake(
        "swapped_neighbours",
        "two frames, one after the other, have taken each other's place",
        f"{_OWN}, every single one",
        frames(planting.neighbours_swapped),
    ),
    _mistake(
        "misaligned_frames",
        "5 of 16 frames, one after another, carry each other's coordinates",
        f"{_OWN}, every single one",
        reordered(planting.partly_rolled),
    ),
    _mistake(
        "reversed_coordinates",
        "coordinates from the last to the first",
        _OWN,
        reordered(lambda n: np.arange(n)[::-1]),
    ),
    _mistake(
        "duplicated_frame",
        "one frame in place of another",
        "no two frames are equal bit for bit",
        frames(planting.duplicated),
    ),
    _mistake(
        "duplicated_frame_rescaled",
        "one frame in place of another, brighter by 1e-5, so that no two are equal",
        f"{_OWN}, every single one",
        frames(lambda a: planting.duplicated(a, 1 + 1e-5)),
    ),
)

_POSITION = (
    _mistake(
        "swapped_coordinates",
        "x and y swapped",
        "the forward model fits worse with x and y swapped",
        positions(lambda x, y: (y, x)),
    ),
    _mistake(
        "mirrored_x",
        "x counted from the other side",
        "the forward model fits worse with x mirrored",
        positions(lambda x, y: (x.min() + x.max() - x, y)),
    ),
    _mistake(
        "mirrored_y",
        "y counted from the other side",
        "the forward model fits worse with y mirrored",
        positions(lambda x, y: (x, y.min() + y.max() - y)),
    ),
    _mistake("x_plus_1px", "x coordinates 1 px too large", _NEARBY, shifted(1.0, 0.0)),
    _mistake("x_minus_1px", "x coordinates 1 px too small", _NEARBY, shifted(-1.0, 0.0)),
    _mistake("y_plus_1px", "y coordinates 1 px too large", _NEARBY, shifted(0.0, 1.0)),
    _mistake("y_minus_1px", "y coordinates 1 px too small", _NEARBY, shifted(0.0, -1.0)),
    _mistake("x_plus_8px", "x coordinates 8 px too large", _NEARBY, shifted(8.0, 0.0)),
    _mistake("x_minus_8px", "x coordinates 8 px too small", _NEARBY, shifted(-8.0, 0.0)),
    _mistake("y_plus_8px", "y coordinates 8 px too large", _NEARBY, shifted(0.0, 8.0)),
    _mistake("y_minus_8px", "y coordinates 8 px too small", _NEARBY, shifted(0.0, -8.0)),
    _mistake("half_pixel_plus", "x and y half a pixel too large", _NEARBY, shifted(0.5, 0.5)),
    _mistake("half_pixel_minus", "x and y half a pixel too small", _NEARBY, shifted(-0.5, -0.5)),
    _mistake("x_plus_half_pixel", "x half a pixel too large", _NEARBY, shifted(0.5, 0.0)),
    _mistake("y_minus_half_pixel", "y half a pixel too small", _NEARBY, shifted(0.0, -0.5)),
    _mistake(
        "frame_outside",
        "one frame 20 px over the left edge of the object",
        "every frame lies wholly within the object",
        planting.changing("xcoords probeGuess", planting.one_outside),
    ),
    _mistake(
        "second_rows_off",
        "x 1 px too large in every second row of the scan, as of a stage with backlash",
        f"{_FIT}, rows to the left and rows to the right alike",
        positions(planting.second_rows_off),
    ),
    _mistake(
        "second_frames_off",
        "x 0.3 px too large in every second frame",
        f"{_FIT}, every single one",
        positions(planting.every_second_off),
    ),
    _mistake(
        "drift",
        "x drifts by 1 px from the first frame to the last",
        f"{_FIT}, the first and the last as well as those between",
        positions(planting.drifted),
    ),
    _mistake(
        "pixel_size",
        "coordinates 1 % too far apart, as with a pixel size 1 % too small",
        f"{_FIT}, at the rim of the scan as well as in its middle",
        positions(planting.enlarged),
    ),
    _mistake(
        "rotation",
        "coordinates turned by 1 degree against the object",
        f"{_FIT}, at the rim of the scan as well as in its middle",
        positions(planting.turned),
    ),
)

_AXIS = (
    _mistake(
        "frames_last",
        "frames along the last axis, (H, W, N)",
        "the first axis of frames counts positions; where N = H = W, the forward model tells",
        frames(lambda a: a.transpose(1, 2, 0)),
    ),
    _mistake(
        "transposed_frames",
        "rows and columns of each frame swapped",
        _FLIPPED,
        frames(lambda a: a.transpose(0, 2, 1)),
    ),
    _mistake(
        "flipped_rows",
        "rows of each frame in reverse",
        _FLIPPED,
        frames(lambda a: a[:, ::-1]),
    ),
    _mistake(
        "flipped_columns",
        "columns of each frame in reverse",
        _FLIPPED,
        frames(lambda a: a[:, :, ::-1]),
    ),
    _mistake(
        "no_fftshift",
        "zero frequency in the corner of each frame",
        "the brightest pixels of the mean frame lie in its middle",
        frames(planting.unshifted),
    ),
    _mistake(
        "transposed_object",
        "rows and columns of the object swapped",
        "the forward model fits worse with the object transposed",
        one("objectGuess", lambda obj: obj.T),
    ),
    _mistake(
        "transposed_probe",
        "rows and columns of the probe swapped",
        "the forward model fits worse with the probe transposed",
        one("probeGuess", lambda probe: np.swapaxes(probe, -1, -2)),
    ),
)

_WAVE = (
    _mistake(
        "conjugated_object",
        "the object's complex conjugate",
        _CONJUGATE,
        one("objectGuess", np.conj),
    ),
    _mistake(
        "conjugated_probe",
        "the probe's complex conjugate",
        _CONJUGATE,
        one("probeGuess", np.conj),
    ),
    _mistake(
        "other_probe",
        "the probe of another scan, with the power of its own",
        _FIT,
        one("probeGuess", planting.other_probe),
    ),
    _mistake(
        "defocused_probe",
        "the probe out of focus by a quarter of a wave at the edge of its pupil",
        _FIT,
        one("probeGuess", planting.defocused),
    ),
)

_DETECTOR = (
    _mistake(
        "intensity",
        "intensity for amplitude",
        "frames fit the forward model's amplitude better than its square",
        frames(lambda a: a * a),
    ),
    _mistake(
        "double_sqrt",
        "the square root of the amplitude",
        "frames fit the forward model's amplitude better than its square root",
        frames(lambda a: np.sqrt(np.maximum(a, 0))),
    ),
    _mistake(
        "doubled_frames",
        "amplitudes twice as large",
        _POWER,
        frames(lambda a: a + a),
    ),
    _mistake(
        "background",
        "light of 1 % of the mean intensity added in every pixel",
        f"{_POWER}; where it expects no light, there is none",
        frames(planting.with_background),
    ),
    _mistake(
        "hot_pixel",
        "one pixel of the detector as bright in each frame as the brightest of all",
        "no pixel of the mean frame is farther from the forward model's than its noise explains",
        frames(planting.with_hot_pixel),
    ),
    _mistake(
        "clipped",
        "amplitudes cut off at half of the largest, as by a detector that saturates",
        "the brightest pixels are as bright as in the forward model, and no value is repeated",
        frames(lambda a: np.minimum(a, a.max() / 2)),
    ),
    _mistake(
        "nan_pixel",
        "one pixel that is not a number",
        "all values are finite",
        frames(lambda a: planting.one_pixel(a, np.nan)),
    ),
    _mistake(
        "negative_amplitude",
        "one pixel below zero",
        "no amplitude is below zero",
        frames(lambda a: planting.one_pixel(a, -0.25)),
    ),
)

_DTYPE = (
    _mistake("float64_frames", "float64 frames", _FORM, frames(lambda a: a.astype("<f8"))),
    _mistake(
        "big_endian_frames",
        "frames in big-endian byte order",
        _FORM,
        planting.changing("diffraction", planting.byte_order_changed, in_their_order=False),
    ),
)

MISTAKES: tuple[Mistake, ...] = (*_PAIRING, *_POSITION, *_AXIS, *_WAVE, *_DETECTOR, *_DTYPE)
