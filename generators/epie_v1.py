"""Object and probe of a scan from its frames: the extended ptychographical iterative engine.

A. M. Maiden and J. M. Rodenburg, Ultramicroscopy 109 (2009) 1256. A few sweeps from a given probe
give an object that is good enough to tell whether frames and positions belong together; it is no
substitute for a reconstruction. The order of frames is fixed and all arithmetic is that of
`exact_v1`, so that the result is the same on every machine.
"""

import numpy as np

from generators import exact_v1 as exact
from generators import sums_v1 as sums

# How far object and probe follow each frame: steps of Maiden and Rodenburg's alpha and beta.
OBJECT_STEP = 1.0
PROBE_STEP = 0.3
# Pixels of the frames that are looked at together.
CHUNK = 1 << 23
# Object and probe are multiples of this in the end.
GRID = 2.0**-20


def reconstruct(
    frames: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    probe: np.ndarray,
    shape: tuple[int, int],
    sweeps: int,
    measured: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Reconstruct object and probe, from an object of ones and the given probe.

    Parameters
    ----------
    frames : (K, H, W) float64 or float32
        Amplitude, zero frequency in the centre; H and W are powers of two.
    x, y : (K,) float64 [px]
        Centre of each frame on the object, wholly inside; x is the column.
    probe : (P, H, W) complex
        P modes. Its power is brought to that of the frames before the first sweep.
    shape : (Y, X)
        Of the object.
    sweeps : int
        How often each frame is used.
    measured : (H, W) bool
        False where nothing was measured, and the model is left as it is.

    Returns
    -------
    obj : (Y, X) complex128
    probe : (P, H, W) complex128

    Raises
    ------
    ValueError
        There is no light in the frames.
    """
    power = 0.0
    for start in range(0, len(frames), max(1, CHUNK // frames[0].size)):
        some = frames[start : start + max(1, CHUNK // frames[0].size)].astype(np.float64)
        power += sums.total(some * some)
    power = power / len(frames)
    parts = exact.split(probe)
    own = sums.total(_square(parts))
    if not power > 0:
        raise ValueError("expected light in the frames, found none")
    factor = np.sqrt(power / own)
    parts = parts[0] * factor, parts[1] * factor
    # one row and column more, weighted zero, for frames on the last whole pixel
    obj = np.ones((shape[0] + 1, shape[1] + 1)), np.zeros((shape[0] + 1, shape[1] + 1))
    for sweep in range(sweeps):
        # raw PCG64 output is a stream that numpy guarantees; shuffles are not
        keys = np.random.PCG64(sweep).random_raw(len(frames))
        for n in np.argsort(keys, kind="stable"):
            frame = frames[n].astype(np.float64)
            parts = _follow(frame, float(x[n]), float(y[n]), obj, parts, measured)
    found = exact.join((obj[0][:-1, :-1], obj[1][:-1, :-1])), exact.join(parts)
    return _onto_grid(found[0]), _onto_grid(found[1])


def _onto_grid(values: np.ndarray) -> np.ndarray:
    return exact.join((np.rint(values.real / GRID) * GRID, np.rint(values.imag / GRID) * GRID))


def _follow(
    frame: np.ndarray,
    x: float,
    y: float,
    obj: exact.Pair,
    probe: exact.Pair,
    measured: np.ndarray,
) -> exact.Pair:
    """Bring object, in place, and probe, which is returned, nearer to one frame."""
    height, width = frame.shape
    top, left = y - height / 2, x - width / 2
    row, column = int(top), int(left)
    f_row, f_column = top - row, left - column
    weights = (
        (0, 0, (1.0 - f_row) * (1.0 - f_column)),
        (0, 1, (1.0 - f_row) * f_column),
        (1, 0, f_row * (1.0 - f_column)),
        (1, 1, f_row * f_column),
    )
    windows = [
        (slice(row + down, row + down + height), slice(column + right, column + right + width), w)
        for down, right, w in weights
    ]
    patch_re, patch_im = np.zeros(frame.shape), np.zeros(frame.shape)
    for rows, columns, weight in windows:
        patch_re = patch_re + weight * obj[0][rows, columns]
        patch_im = patch_im + weight * obj[1][rows, columns]
    patch = patch_re, patch_im

    wave = exact.product(probe, patch)
    change = _toward(frame, wave, measured)
    # a gradient is a sum over the modes for the object, and each mode's own for the probe
    light = sums.over_first(_square(probe))
    to_object = exact.product(_conjugate(probe), change)
    summed = sums.over_first(to_object[0]), sums.over_first(to_object[1])
    step = OBJECT_STEP / float(light.max())
    to_probe = exact.product(_conjugate(patch), change)
    bright = float(_square(patch).max())
    for rows, columns, weight in windows:
        obj[0][rows, columns] += summed[0] * (weight * step)
        obj[1][rows, columns] += summed[1] * (weight * step)
    if not bright > 0:
        return probe
    follow = PROBE_STEP / bright
    return probe[0] + to_probe[0] * follow, probe[1] + to_probe[1] * follow


def _toward(frame: np.ndarray, wave: exact.Pair, measured: np.ndarray) -> exact.Pair:
    """What has to be added to a wave (P, H, W) so that its far field has the frame's modulus."""
    height, width = frame.shape
    size = float(height * width)
    far = exact.centred_fft2(wave)
    modulus = np.sqrt(sums.over_first(_square(far)) / size)
    lit = modulus > 0
    factor = np.where(lit & measured, frame / np.where(lit, modulus, 1.0) - 1.0, 0.0)
    # The inverse transform is the conjugate of the transform of the conjugate. Both are centred on
    # one side only; the pattern of signs and the shift make up for that.
    back = exact.centred_fft2((far[0] * factor, -far[1] * factor))
    sign = 1.0 - 2.0 * ((np.arange(height)[:, None] + np.arange(width)[None, :]) % 2)
    shift = (height // 2, width // 2)
    re, im = (np.roll(part, shift, (-2, -1)) * sign / size for part in back)
    return re, -im


def _square(pair: exact.Pair) -> np.ndarray:
    total: np.ndarray = pair[0] * pair[0] + pair[1] * pair[1]
    return total


def _conjugate(pair: exact.Pair) -> exact.Pair:
    return pair[0], -pair[1]
