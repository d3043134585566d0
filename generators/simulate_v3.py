"""Simulated scans of any number of positions, with square frames of a declared size.

A Siemens star with texture as the object, a defocused and astigmatic probe, positions along a
jittered serpentine raster: what `simulate_v1` makes, at other sizes. Frames are computed where they
are asked for, and each has photon counts of its own seed, so that a scan may be larger than memory.
All arithmetic is that of `exact_v1`; counts come from RandomState, whose streams numpy has frozen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from generators import exact_v1 as exact
from generators import sums_v1 as sums

# So far from the edges of the object that no position which the checks try, up to 8 px off,
# leaves it; and its smallest size.
MARGIN = 12
SMALLEST_OBJECT = 128
# Steps of the raster, and the radius of the probe's pupil in its far field, as parts of a frame.
STEP = 0.06
PUPIL = 0.2
# Pixels of the frames that are computed at a time; more would leave the CPU's cache.
CHUNK = 1 << 17


class Frames:
    """Frames of a scan by index: ``frames[[3, 5]]`` is (2, H, W) float64, amplitude.

    Parameters
    ----------
    obj : (Y, X) complex128
    probe : (H, W) complex128
    x, y : (N,) float64 [px]
    seed : int
    photon_scale : float or None
        Counts per unit of amplitude squared; None for frames without noise.
    """

    ndim = 3
    dtype = np.dtype(np.float64)

    def __init__(
        self,
        obj: np.ndarray,
        probe: np.ndarray,
        x: np.ndarray,
        y: np.ndarray,
        seed: int,
        photon_scale: float | None = None,
    ) -> None:
        self._object = exact.split(obj)
        self._probe = exact.split(probe)
        self._x, self._y = x, y
        self._seed = seed
        self._photon_scale = photon_scale
        self.shape = (x.size, *probe.shape)

    def __len__(self) -> int:
        return int(self._x.size)

    def __getitem__(self, indices: slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Frames (n, H, W) float64 of a slice, or at a list of indices, in its order."""
        wanted = np.arange(len(self))[indices]
        size = self.shape[1:]
        out = np.empty((wanted.size, *size))
        step = max(1, CHUNK // (size[0] * size[1]))
        for start in range(0, wanted.size, step):
            some = wanted[start : start + step]
            x, y = self._x[some], self._y[some]
            patch = tuple(exact.patches(part, x, y, size) for part in self._object)
            re, im = exact.centred_fft2(exact.product(self._probe, (patch[0], patch[1])))
            amplitude = np.sqrt((re * re + im * im) / float(size[0] * size[1]))
            for n, frame in zip(some, amplitude, strict=True):
                out[start] = frame if self._photon_scale is None else self._counted(frame, int(n))
                start += 1
        return out

    def _counted(self, amplitude: np.ndarray, n: int) -> np.ndarray:
        assert self._photon_scale is not None
        # as in simulate_v1: integer counts of rates on a grid are the same everywhere
        rates = np.rint(amplitude * amplitude * (self._photon_scale * 256.0)) / 256.0
        counts = np.random.RandomState([self._seed, n]).poisson(rates).astype(np.float64)
        found: np.ndarray = np.sqrt(counts / self._photon_scale)
        return found


def generate(params: Mapping[str, Any], file: None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Simulate a scan.

    Parameters
    ----------
    params : mapping
        ``seed``, ``size`` (rows and columns of a frame, a power of two) and ``positions`` (int);
        optionally ``photons_per_frame`` (mean photon count of a frame; without it frames are free
        of noise) and ``max_amplitude`` (the probe is scaled until the largest amplitude without
        noise is this).
    file : None
        Nothing is read.

    Returns
    -------
    arrays : dict
        ``diffraction`` (N, H, W) float64, amplitude = sqrt(counts / photon_scale), zero frequency
        in the centre, computed as it is asked for (`Frames`); ``objectGuess`` and ``probeGuess``
        complex128; ``xcoords``, ``ycoords`` and their ``_start``, the nominal ones, (N,) float64
        [px], centre of frame n on the object.
    record : dict
        ``photon_scale`` (counts = photon_scale * amplitude**2; None without noise), ``noise``,
        ``layout``, ``measurement``, and ``transformations``, a list of sentences.
    """
    seed, size, count = (int(params[key]) for key in ("seed", "size", "positions"))
    x, y, x_start, y_start = _raster(seed, size, count)
    edge = size / 2 + MARGIN
    rows, columns = (
        max(SMALLEST_OBJECT, int(np.ceil(float(values.max()) + edge))) for values in (y, x)
    )
    obj, probe = _star_object(seed, (rows, columns)), _defocused_probe(size)
    steps = [
        f"simulated {count} frames of {size} x {size} (seed {seed}): amplitude = "
        "|fftshift(fft2(probe * patch))| / sqrt(H * W)"
    ]
    photon_scale = None
    photons, largest = params.get("photons_per_frame"), params.get("max_amplitude")
    if photons is not None or largest is not None:
        frames = Frames(obj, probe, x, y, seed)
        powers, tops = np.empty(count), np.empty(count)
        for n in range(count):
            (frame,) = frames[[n]]
            powers[n], tops[n] = sums.total(frame * frame), frame.max()
        factor = 1.0 if largest is None else float(largest) / float(tops.max())
        re, im = exact.split(probe)
        probe = exact.join((re * factor, im * factor))
        if largest is not None:
            steps.append(
                f"probeGuess: scaled so that the largest amplitude without noise is {largest:g}"
            )
        if photons is not None:
            photon_scale = float(photons) / (sums.total(powers) / count * (factor * factor))
            steps.append(
                f"diffraction: Poisson counts, {photons:.0f} photons per frame on average, "
                "then amplitude = sqrt(counts / photon_scale)"
            )
    return {
        "diffraction": Frames(obj, probe, x, y, seed, photon_scale),
        "objectGuess": obj,
        "probeGuess": probe,
        "xcoords": x,
        "ycoords": y,
        "xcoords_start": x_start,
        "ycoords_start": y_start,
    }, {
        "layout": "canonical",
        "measurement": "amplitude",
        "noise": "none" if photon_scale is None else "poisson",
        "photon_scale": photon_scale,
        "transformations": steps,
    }


def _raster(
    seed: int, size: int, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Positions along a serpentine raster, and the same without their jitter.

    Columns are as many as the root of the number of positions, rounded up, and one more, so that an
    evenly spaced subset does not fall into step with them.
    """
    columns = int(np.ceil(np.sqrt(float(count)))) + 1
    index = np.arange(count)
    row, column = index // columns, index % columns
    column = np.where(row % 2 == 0, column, columns - 1 - column)
    step, first = STEP * size, size / 2 + MARGIN
    jitter = 0.3 * step * (2.0 * exact.uniform(seed + 1, (2, count)) - 1.0)
    x_start, y_start = first + 0.3 * step + step * column, first + 0.3 * step + step * row
    return x_start + jitter[0], y_start + jitter[1], x_start, y_start


def _star_object(seed: int, shape: tuple[int, int]) -> np.ndarray:
    """Siemens star of 16 spokes on two textures: complex128, both amplitude and phase vary."""
    rows, columns = shape
    # centred between pixels, so that no pixel lies on the star's singular point
    y = np.arange(rows, dtype=np.float64)[:, None] - (rows // 2 - 0.5) + np.zeros((1, columns))
    x = np.arange(columns, dtype=np.float64)[None, :] - (columns // 2 - 0.5) + np.zeros((rows, 1))
    radius = np.sqrt(x * x + y * y)
    spokes = exact.power_of_two_spokes(x, y, 4)
    # sin(16 theta) * radius / 16 is the distance to a spoke's edge in pixels: edges one pixel soft
    star = np.clip(0.5 + spokes * radius / 16.0, 0.0, 1.0)
    star = star * np.clip(0.45 * min(rows, columns) - radius, 0.0, 1.0)
    coarse, fine = _texture(seed + 2, 5, shape), _texture(seed + 3, 2, shape)
    amplitude = 1.0 - 0.35 * star - 0.25 * coarse + 0.06 * fine
    phase = exact.unit_phase(0.45 * star + 0.35 * coarse + 0.08 * fine - 0.2)
    return exact.join((amplitude * phase[0], amplitude * phase[1]))


def _texture(seed: int, width: int, shape: tuple[int, int]) -> np.ndarray:
    """Smooth random field on the object's grid, scaled to [0, 1]: noise under three box filters."""
    field = exact.uniform(seed, shape)
    for _ in range(3):
        for axis in (0, 1):
            total = field.copy()
            for step in range(1, width):
                total = total + np.roll(field, step, axis=axis) + np.roll(field, -step, axis=axis)
            field = total / (2.0 * width - 1.0)
    texture: np.ndarray = (field - field.min()) / (field.max() - field.min())
    return texture


def _defocused_probe(size: int) -> np.ndarray:
    """Focus of a round pupil with defocus, astigmatism and coma: complex128, curved phase."""
    radius = PUPIL * size
    v = (np.arange(size, dtype=np.float64)[:, None] - size / 2) / radius
    u = (np.arange(size, dtype=np.float64)[None, :] - size / 2) / radius
    square = u * u + v * v
    aperture = np.clip((1.0 - np.sqrt(square)) * radius + 0.5, 0.0, 1.0)
    # unit_phase turns by 2*arctan(t); sixteen small turns in place of one keep the phase near 32*t
    turn = exact.unit_phase(0.21 * square + 0.05 * (u * u - v * v) + 0.04 * square * u)
    for _ in range(4):
        turn = exact.product(turn, turn)
    # the centred transform differs from the probe by a half-window shift on either side, which the
    # pattern of signs and the shift undo, so that the probe sits in the middle of its window
    sign = 1.0 - 2.0 * ((np.arange(size)[:, None] + np.arange(size)[None, :]) % 2)
    far = exact.centred_fft2((aperture * turn[0] * sign, aperture * turn[1] * sign))
    re, im = (np.roll(part, (size // 2, size // 2), (0, 1)) * sign / float(size) for part in far)
    return exact.join((re, im))
