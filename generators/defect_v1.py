"""Cut a good fixture, and plant one named defect in it.

For tests of loaders and checks: what they should refuse, with a sidecar that says what is wrong.
Each defect is a mistake that was made somewhere, and most leave shapes, dtypes, ranges and
checksums as they should be.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from generators import exact_v1 as exact
from generators import subset_v1
from generators import sums_v1 as sums

Arrays = dict[str, np.ndarray]
# From the fixture and the source's first frames, as many as the fixture has, to what is wrong.
Plant = Callable[[Arrays, np.ndarray], Arrays]
# A generator of fixtures.
Cut = Callable[
    [Mapping[str, Any], Mapping[str, np.ndarray], Mapping[str, Any]],
    tuple[dict[str, np.ndarray], dict[str, Any]],
]


def generate(
    params: Mapping[str, Any], source: Mapping[str, np.ndarray], declared: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cut a fixture with a defect.

    Parameters
    ----------
    params : mapping
        ``defect`` (one of `DEFECTS`), and what `subset_v1` takes: ``strategy``, ``n_subset``,
        ``seed``, ``diff3d``, ``Y``.
    source, declared : mapping
        As `subset_v1` takes them.

    Returns
    -------
    arrays : dict
        Those of the contract, but for the defect. ``diff3d`` has it, too; ``Y`` never has.
    record : dict
        As of `subset_v1`; ``defect``, its ``name`` and ``description``; and ``canonical``, the same
        fixture without it.

    Raises
    ------
    ValueError
        The defect is unknown, or the source does not have what is asked of it.
    """
    return cut_with_defect(subset_v1.generate, params, source, declared)


def cut_with_defect(
    cut: Cut,
    params: Mapping[str, Any],
    source: Mapping[str, np.ndarray],
    declared: Mapping[str, Any],
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What `generate` does, with a fixture that another generator cuts."""
    name = params["defect"]
    if name not in DEFECTS:
        raise ValueError(f"defect: expected one of {', '.join(DEFECTS)}, found {name}")
    description, plant = DEFECTS[name]
    canonical, record = cut(params, source, declared)
    first = canonical
    if name == "first_frames":
        # cut where they are needed, for there may be gigabytes
        wanted = {**params, "strategy": "first", "diff3d": False, "Y": False}
        first, _ = cut(wanted, source, declared)
    planted = plant(canonical, first["diffraction"])
    arrays = {
        key: np.ascontiguousarray(planted.get(key, array)) for key, array in canonical.items()
    }
    if "diff3d" in arrays:
        arrays["diff3d"] = arrays["diffraction"]
    return arrays, {
        **record,
        "transformations": [*record["transformations"], f"defect planted: {description}"],
        "canonical": canonical,
        "defect": {"name": name, "description": description},
    }


def _frames(change: Callable[[np.ndarray], np.ndarray]) -> Plant:
    return lambda arrays, _: {"diffraction": change(arrays["diffraction"])}


def _positions(order: Callable[[int], np.ndarray]) -> Plant:
    def plant(arrays: Arrays, _: np.ndarray) -> Arrays:
        chosen = order(arrays["xcoords"].size)
        return {key: arrays[key][chosen] for key in ("xcoords", "ycoords")}

    return plant


def _moved(x: float, y: float) -> Plant:
    return lambda arrays, _: {"xcoords": arrays["xcoords"] + x, "ycoords": arrays["ycoords"] + y}


def _shuffled(n: int) -> np.ndarray:
    # raw PCG64 output is a stream that numpy guarantees
    return np.argsort(np.random.PCG64(n).random_raw(n), kind="stable")


def _partly_rolled(n: int) -> np.ndarray:
    """Indices of n positions, of which 5 in 16 take each other's place: 20 of 64."""
    order, part = np.arange(n), slice(n // 12, n // 12 + n * 5 // 16)
    order[part] = np.roll(order[part], n // 8)
    return order


def _duplicated(frames: np.ndarray, factor: float = 1.0) -> np.ndarray:
    frames = frames.copy()
    frames[len(frames) // 6] = frames[len(frames) // 2] * np.float32(factor)
    return frames


def _one_pixel(frames: np.ndarray, value: float) -> np.ndarray:
    frames = frames.copy()
    _, height, width = frames.shape
    frames[3, height // 3, width // 2] = value
    return frames


def _one_outside(arrays: Arrays, _: np.ndarray) -> Arrays:
    x = arrays["xcoords"].copy()
    x[x.size // 12] = arrays["probeGuess"].shape[1] / 2 - 20.0
    return {"xcoords": x}


def _other_probe(arrays: Arrays, _: np.ndarray) -> Arrays:
    """Focus of a round pupil with a little defocus, in place of the probe, and of its power."""
    own = exact.split(arrays["probeGuess"])
    height, width = own[0].shape
    v = (np.arange(height, dtype=np.float64)[:, None] - height / 2) / (height / 7)
    u = (np.arange(width, dtype=np.float64)[None, :] - width / 2) / (width / 7)
    square = u * u + v * v
    aperture = np.where(square <= 1.0, 1.0, 0.0)
    turn = exact.unit_phase(0.5 * square)
    turn = exact.product(turn, turn)
    # a half-window shift on either side of the transform keeps the focus in the middle
    sign = 1.0 - 2.0 * ((np.arange(height)[:, None] + np.arange(width)[None, :]) % 2)
    re, im = exact.centred_fft2((aperture * turn[0] * sign, aperture * turn[1] * sign))
    shift = (height // 2, width // 2)
    re, im = np.roll(re, shift, (0, 1)) * sign, np.roll(im, shift, (0, 1)) * sign
    power = sums.total(own[0] * own[0] + own[1] * own[1]) / sums.total(re * re + im * im)
    scale = np.sqrt(power)
    return {"probeGuess": exact.join((re * scale, im * scale)).astype("<c8")}


def _unshifted(frames: np.ndarray) -> np.ndarray:
    _, height, width = frames.shape
    return np.roll(frames, (-(height // 2), -(width // 2)), (1, 2))


def _conjugated(key: str) -> Plant:
    return lambda arrays, _: {key: arrays[key].conj()}

# Name: what is wrong, and how it is planted.
DEFECTS: dict[str, tuple[str, Plant]] = {
    "first_frames": (
        "the source's first frames with coordinates from all over it",
        lambda _, first: {"diffraction": first},
    ),
    "permuted_frames": (
        "frames in another order than coordinates",
        _frames(lambda frames: frames[_shuffled(len(frames))]),
    ),
    "misaligned_frames": (
        "5 of 16 frames, one after another, carry each other's coordinates",
        _positions(_partly_rolled),
    ),
    "reversed_coordinates": (
        "coordinates from the last to the first",
        _positions(lambda n: np.arange(n)[::-1]),
    ),
    "swapped_coordinates": (
        "x and y swapped",
        lambda arrays, _: {"xcoords": arrays["ycoords"], "ycoords": arrays["xcoords"]},
    ),
    "x_plus_1px": ("x coordinates 1 px too large", _moved(1.0, 0.0)),
    "x_minus_1px": ("x coordinates 1 px too small", _moved(-1.0, 0.0)),
    "y_plus_1px": ("y coordinates 1 px too large", _moved(0.0, 1.0)),
    "y_minus_1px": ("y coordinates 1 px too small", _moved(0.0, -1.0)),
    "x_plus_8px": ("x coordinates 8 px too large", _moved(8.0, 0.0)),
    "x_minus_8px": ("x coordinates 8 px too small", _moved(-8.0, 0.0)),
    "y_plus_8px": ("y coordinates 8 px too large", _moved(0.0, 8.0)),
    "y_minus_8px": ("y coordinates 8 px too small", _moved(0.0, -8.0)),
    "half_pixel_plus": ("x and y half a pixel too large", _moved(0.5, 0.5)),
    "half_pixel_minus": ("x and y half a pixel too small", _moved(-0.5, -0.5)),
    "x_plus_half_pixel": ("x half a pixel too large", _moved(0.5, 0.0)),
    "y_minus_half_pixel": ("y half a pixel too small", _moved(0.0, -0.5)),
    "frame_outside": ("one frame 20 px over the left edge of the object", _one_outside),
    "duplicated_frame": ("one frame in place of another", _frames(_duplicated)),
    "duplicated_frame_rescaled": (
        "one frame in place of another, brighter by 1e-5, so that no two are equal",
        _frames(lambda frames: _duplicated(frames, 1 + 1e-5)),
    ),
    "frames_last": (
        "frames along the last axis, (H, W, N)",
        _frames(lambda frames: frames.transpose(1, 2, 0)),
    ),
    "transposed_frames": (
        "rows and columns of each frame swapped",
        _frames(lambda frames: frames.transpose(0, 2, 1)),
    ),
    "flipped_rows": ("rows of each frame in reverse", _frames(lambda frames: frames[:, ::-1])),
    "flipped_columns": (
        "columns of each frame in reverse",
        _frames(lambda frames: frames[:, :, ::-1]),
    ),
    "no_fftshift": ("zero frequency in the corner of each frame", _frames(_unshifted)),
    "conjugated_object": ("the object's complex conjugate", _conjugated("objectGuess")),
    "conjugated_probe": ("the probe's complex conjugate", _conjugated("probeGuess")),
    "other_probe": ("the probe of another scan, with the power of its own", _other_probe),
    "intensity": ("intensity for amplitude", _frames(lambda frames: frames * frames)),
    "double_sqrt": ("the square root of the amplitude", _frames(np.sqrt)),
    "doubled_frames": ("amplitudes twice as large", _frames(lambda frames: frames + frames)),
    "float64_frames": ("float64 frames", _frames(lambda frames: frames.astype("<f8"))),
    "nan_pixel": (
        "one pixel that is not a number",
        _frames(lambda frames: _one_pixel(frames, np.nan)),
    ),
    "negative_amplitude": (
        "one pixel below zero",
        _frames(lambda frames: _one_pixel(frames, -0.25)),
    ),
}
