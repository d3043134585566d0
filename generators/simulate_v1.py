"""Simulated ptychographic scans, in PtychoPINN's legacy layout.

Without a reconstruction it makes a twin of the Run1084 scan: the same keys, shapes, dtypes and
ranges, 1087 positions along a jittered serpentine raster, a Siemens star with texture as the
object, a defocused and astigmatic probe. With one it images that file's object with that file's
probe at that file's positions. All arithmetic is that of `exact_v1`; photon counts come from
RandomState, whose streams numpy has frozen, so the same declaration gives the same bytes anywhere.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import exact_v1 as exact

HELPERS = ("generators/exact_v1.py",)

REQUIRED = ("objectGuess", "probeGuess", "xcoords", "ycoords")
OBJECT_SHAPE = (227, 226)
FRAME_SHAPE = (64, 64)
POSITION_COUNT = 1087
RASTER_COLUMNS = 31
X_RANGE_PX = (34.412, 79.281)
Y_RANGE_PX = (35.763, 79.107)
PUPIL_RADIUS_PX = 13.0
CHUNK = 32


def generate(
    params: Mapping[str, Any], reconstruction: Mapping[str, np.ndarray] | None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Simulate a scan.

    Parameters
    ----------
    params : mapping
        ``seed`` (int), and optionally ``photons_per_frame`` (mean photon count of a frame; without
        it the frames are free of noise) and ``max_amplitude`` (the probe is scaled until the
        largest amplitude of the scan is this).
    reconstruction : mapping or None
        ``objectGuess`` (Y, X) and ``probeGuess`` (H, W) complex, ``xcoords`` and ``ycoords`` (N,)
        [px of the object], optionally ``xcoords_start`` and ``ycoords_start``.

    Returns
    -------
    arrays : dict
        ``diffraction`` (H, W, N) float64, amplitude = sqrt(counts / photon_scale), zero frequency
        in the centre; ``objectGuess`` and ``probeGuess`` complex128; ``xcoords``, ``ycoords`` and
        their ``_start`` (N,) float64 [px], centre of frame n on the object.
    record : dict
        ``photon_scale`` (counts = photon_scale * amplitude**2; None without noise), ``noise``,
        ``layout``, ``measurement``, and ``transformations``, a list of sentences.

    Raises
    ------
    ValueError
        A key is missing, a patch leaves the object, or the frame is not a power of two.
    """
    if reconstruction is not None:
        missing = [key for key in REQUIRED if key not in reconstruction]
        if missing:
            raise ValueError(
                f"expected arrays {', '.join(REQUIRED)}; {', '.join(missing)} missing among "
                f"{', '.join(sorted(reconstruction))}"
            )
    scan = _twin(int(params["seed"])) if reconstruction is None else dict(reconstruction)
    probe = exact.split(scan["probeGuess"])
    amplitude = _amplitudes(scan["objectGuess"], probe, scan["xcoords"], scan["ycoords"])
    steps = [_origin(params, reconstruction)]

    photon_scale = None
    if params.get("photons_per_frame") is not None:
        photons = float(params["photons_per_frame"])
        power = float((amplitude * amplitude).sum(axis=(1, 2)).mean())
        if not power > 0:
            raise ValueError("expected light in the frames, found an object of zeros under them")
        photon_scale = photons / power
        counts = _counts(amplitude, photon_scale, int(params["seed"]))
        amplitude = np.sqrt(counts / photon_scale)
        steps.append(
            f"diffraction: Poisson counts, {photons:.0f} photons per frame on average, "
            "then amplitude = sqrt(counts / photon_scale)"
        )
    if params.get("max_amplitude") is not None:
        if not amplitude.max() > 0:
            raise ValueError("expected light in the frames, found an object of zeros under them")
        factor = float(params["max_amplitude"]) / float(amplitude.max())
        probe = probe[0] * factor, probe[1] * factor
        if photon_scale is None:
            amplitude = amplitude * factor
        else:
            photon_scale = photon_scale / (factor * factor)
            amplitude = np.sqrt(counts / photon_scale)
        largest = float(params["max_amplitude"])
        steps.append(f"probeGuess: scaled so that the largest amplitude is {largest:g}")

    arrays = {
        "diffraction": np.ascontiguousarray(amplitude.transpose(1, 2, 0)),
        "objectGuess": scan["objectGuess"].astype(np.complex128),
        "probeGuess": exact.join(probe),
    }
    for key in ("xcoords", "ycoords", "xcoords_start", "ycoords_start"):
        if key in scan:
            arrays[key] = scan[key].astype(np.float64)
    return arrays, {
        "layout": "legacy",
        "measurement": "amplitude",
        "noise": "none" if photon_scale is None else "poisson",
        "photon_scale": photon_scale,
        "transformations": steps,
    }


def _origin(params: Mapping[str, Any], reconstruction: Mapping[str, Any] | None) -> str:
    where = "the twin of Run1084" if reconstruction is None else "a reconstruction"
    return (
        f"simulated from object, probe and positions of {where} (seed {int(params['seed'])}): "
        "amplitude = |fftshift(fft2(probe * patch))| / sqrt(H * W)"
    )


def _amplitudes(obj: np.ndarray, probe: exact.Pair, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Diffraction amplitude (N, H, W) of each position, zero frequency in the centre."""
    shape = probe[0].shape
    object_re, object_im = exact.split(obj)
    amplitude = np.empty((x.size, *shape))
    # in chunks, because the transform's passes are only fast while they stay in the CPU's cache
    for start in range(0, x.size, CHUNK):
        part = slice(start, start + CHUNK)
        patch = (
            exact.patches(object_re, x[part], y[part], shape),
            exact.patches(object_im, x[part], y[part], shape),
        )
        re, im = exact.centred_fft2(exact.product(probe, patch))
        amplitude[part] = np.sqrt((re * re + im * im) / float(shape[0] * shape[1]))
    return amplitude


def _counts(amplitude: np.ndarray, photon_scale: float, seed: int) -> np.ndarray:
    # RandomState's stream is frozen by numpy; Generator's distributions are not.
    # Its poisson calls the C library's log and exp, but only to accept or reject a draw, so that
    # their last bits do not show: seen to be the same in every configuration tried.
    rates = np.rint(amplitude * amplitude * (photon_scale * 256.0)) / 256.0
    counts: np.ndarray = np.random.RandomState(seed).poisson(rates).astype(np.float64)
    return counts


# The twin of Run1084


def _twin(seed: int) -> dict[str, np.ndarray]:
    x, y, x_start, y_start = _raster(seed)
    return {
        "objectGuess": _star_object(seed),
        "probeGuess": _defocused_probe(),
        "xcoords": x,
        "ycoords": y,
        "xcoords_start": x_start,
        "ycoords_start": y_start,
    }


def _raster(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Positions along a serpentine raster, bottom row first; the start positions lack the jitter.

    31 columns in 35 rows and a bit, so that the first 64 positions cover all of x and little of y,
    and that evenly spaced subsets of 16, 64 and 128 do not fall into step with the columns.
    """
    index = np.arange(POSITION_COUNT)
    row, column = index // RASTER_COLUMNS, index % RASTER_COLUMNS
    column = np.where(row % 2 == 0, column, RASTER_COLUMNS - 1 - column)
    x_step = (X_RANGE_PX[1] - X_RANGE_PX[0]) / (RASTER_COLUMNS - 1)
    y_step = (Y_RANGE_PX[1] - Y_RANGE_PX[0]) / float(row[-1])
    x_start = X_RANGE_PX[0] + x_step * column
    y_start = Y_RANGE_PX[1] - y_step * row
    jitter = 2.0 * exact.uniform(seed + 1, (2, POSITION_COUNT)) - 1.0
    return (
        _onto_range(x_start + 0.6 * x_step * jitter[0], X_RANGE_PX),
        _onto_range(y_start + 0.35 * y_step * jitter[1], Y_RANGE_PX),
        x_start,
        y_start,
    )


def _onto_range(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    low, high = values.min(), values.max()
    scaled = limits[0] + (values - low) * ((limits[1] - limits[0]) / (high - low))
    return np.clip(np.where(values == high, limits[1], scaled), *limits)


def _star_object(seed: int) -> np.ndarray:
    """Siemens star of 16 spokes on two textures: complex128, both amplitude and phase vary."""
    rows, columns = OBJECT_SHAPE
    # centred between pixels, so that no pixel lies on the star's singular point
    y = np.arange(rows, dtype=np.float64)[:, None] - 57.5 + np.zeros((1, columns))
    x = np.arange(columns, dtype=np.float64)[None, :] - 56.5 + np.zeros((rows, 1))
    radius = np.sqrt(x * x + y * y)
    spokes = exact.power_of_two_spokes(x, y, 4)
    # sin(16 theta) * radius / 16 is the distance to a spoke's edge in pixels: edges one pixel soft
    star = np.clip(0.5 + spokes * radius / 16.0, 0.0, 1.0)
    star = star * np.clip(52.0 - radius, 0.0, 1.0)
    coarse, fine = _texture(seed + 2, 5), _texture(seed + 3, 2)
    amplitude = 1.0 - 0.35 * star - 0.25 * coarse + 0.06 * fine
    half_tangent = 0.45 * star + 0.35 * coarse + 0.08 * fine - 0.2
    phase = exact.unit_phase(half_tangent)
    return exact.join((amplitude * phase[0], amplitude * phase[1]))


def _texture(seed: int, width: int) -> np.ndarray:
    """Smooth random field on the object's grid, scaled to [0, 1]: noise under three box filters."""
    field = exact.uniform(seed, OBJECT_SHAPE)
    for _ in range(3):
        for axis in (0, 1):
            total = field.copy()
            for step in range(1, width):
                total = total + np.roll(field, step, axis=axis) + np.roll(field, -step, axis=axis)
            field = total / (2.0 * width - 1.0)
    texture: np.ndarray = (field - field.min()) / (field.max() - field.min())
    return texture


def _defocused_probe() -> np.ndarray:
    """Focus of a round pupil with defocus, astigmatism and coma: complex128, curved phase."""
    height, width = FRAME_SHAPE
    v = (np.arange(height, dtype=np.float64)[:, None] - height / 2) / PUPIL_RADIUS_PX
    u = (np.arange(width, dtype=np.float64)[None, :] - width / 2) / PUPIL_RADIUS_PX
    square = u * u + v * v
    aperture = np.clip((1.0 - np.sqrt(square)) * PUPIL_RADIUS_PX + 0.5, 0.0, 1.0)
    # unit_phase turns by 2*arctan(t); sixteen small turns in place of one keep the phase near 32*t
    small = 0.21 * square + 0.05 * (u * u - v * v) + 0.04 * square * u
    turn = exact.unit_phase(small)
    for _ in range(4):
        turn = exact.product(turn, turn)
    pupil = aperture * turn[0], aperture * turn[1]
    # The centred transform differs from the probe by a half-window shift on either side, which
    # the sign pattern below undoes, so that the probe sits in the middle of its window.
    sign = 1.0 - 2.0 * ((np.arange(height)[:, None] + np.arange(width)[None, :]) % 2)
    re, im = exact.centred_fft2((pupil[0] * sign, pupil[1] * sign))
    norm = np.sqrt(float(height * width))
    shift = (height // 2, width // 2)
    re, im = np.roll(re, shift, (0, 1)) * sign / norm, np.roll(im, shift, (0, 1)) * sign / norm
    return exact.join((re, im))
