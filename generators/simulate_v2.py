"""Simulated ptychographic scans with several probe modes, or with inexact nominal positions.

Builds on `simulate_v1`, and gives the same bytes where neither is asked for. All arithmetic is that
of `exact_v1`; photon counts come from RandomState, whose streams numpy has frozen.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from generators import exact_v1 as exact
from generators import simulate_v1
from generators import sums_v1 as sums

# Powers of the row and of the column by which each mode is the first one multiplied.
MOMENTS = ((0, 0), (0, 1), (1, 0), (1, 1))


def generate(
    params: Mapping[str, Any], reconstruction: Mapping[str, np.ndarray] | None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Simulate a scan.

    Parameters
    ----------
    params : mapping
        ``seed``, ``photons_per_frame``, ``max_amplitude``, as `simulate_v1` takes them. Optionally
        ``modes`` (2 to 4: as many mutually incoherent, orthogonal probe modes) with
        ``dominant_power`` (the first mode's part of the probe's power, between 0 and 1; each
        further mode has twice as much of the rest as the next), and ``jitter_px`` (nominal
        positions lie off the true ones by up to so many pixels in x and in y, evenly distributed).
    reconstruction : mapping or None
        As `simulate_v1` takes it. Its probe becomes the first mode.

    Returns
    -------
    arrays : dict
        As `simulate_v1` gives them; with ``modes``, ``probeGuess`` is (P, H, W) complex128, and
        the amplitude is the root of the modes' summed intensities. With ``jitter_px``,
        ``xcoords`` and ``ycoords`` are the true positions and ``xcoords_start``,
        ``ycoords_start`` the nominal ones.
    record : dict
        As of `simulate_v1`.

    Raises
    ------
    ValueError
        As of `simulate_v1`; or a nominal position's frame leaves the object.
    """
    if params.get("modes") is None:
        arrays, record = simulate_v1.generate(params, reconstruction)
    else:
        arrays, record = _with_modes(params, reconstruction)
    if params.get("jitter_px") is None:
        return arrays, record
    largest = float(params["jitter_px"])
    arrays.update(_nominal(arrays, largest, int(params["seed"])))
    steps = [
        *record["transformations"],
        f"xcoords_start, ycoords_start: off the true positions by up to {largest:g} px each",
    ]
    return arrays, {**record, "transformations": steps}


def _nominal(arrays: Mapping[str, np.ndarray], largest: float, seed: int) -> dict[str, np.ndarray]:
    """Nominal positions: the true ones with an error of up to ``largest`` pixels in x and in y."""
    x, y = arrays["xcoords"], arrays["ycoords"]
    # simulate_v1 takes the streams of seed + 1 to seed + 3
    error = largest * (2.0 * exact.uniform(seed + 4, (2, x.size)) - 1.0)
    start = {"xcoords_start": x + error[0], "ycoords_start": y + error[1]}
    for name, axis in (("xcoords_start", -1), ("ycoords_start", -2)):
        margin = arrays["probeGuess"].shape[axis] / 2
        size = arrays["objectGuess"].shape[axis]
        outside = (start[name] < margin) | (start[name] > size - margin)
        if outside.any():
            n = int(np.flatnonzero(outside)[0])
            raise ValueError(
                f"jitter_px: with {largest:g} px, nominal position {n}, {name} "
                f"{start[name][n]:.3f}, leaves the object; use a smaller one"
            )
    return start


def _with_modes(
    params: Mapping[str, Any], reconstruction: Mapping[str, np.ndarray] | None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What `simulate_v1` does, with several modes."""
    seed = int(params["seed"])
    if reconstruction is None:
        scan = simulate_v1._twin(seed)
    else:
        scan = dict(reconstruction)
        missing = [key for key in simulate_v1.REQUIRED if key not in scan]
        if missing:
            raise ValueError(
                f"expected arrays {', '.join(simulate_v1.REQUIRED)}; {', '.join(missing)} missing "
                f"among {', '.join(sorted(scan))}"
            )
    fractions = power_fractions(int(params["modes"]), float(params["dominant_power"]))
    modes = _orthogonal_modes(exact.split(scan["probeGuess"]), fractions)
    intensity = np.zeros((scan["xcoords"].size, *scan["probeGuess"].shape))
    for mode in modes:
        part = simulate_v1._amplitudes(scan["objectGuess"], mode, scan["xcoords"], scan["ycoords"])
        intensity = intensity + part * part
    amplitude = np.sqrt(intensity)
    shown = ", ".join(f"{fraction:.6g}" for fraction in fractions)
    steps = [
        simulate_v1._origin(params, reconstruction),
        f"probeGuess: {len(modes)} orthogonal modes with {shown} of the power; their intensities "
        "are summed",
    ]

    factor, photon_scale = 1.0, None
    if params.get("photons_per_frame") is not None:
        photons = float(params["photons_per_frame"])
        power = sums.total(intensity) / len(intensity)
        if not power > 0:
            raise ValueError("expected light in the frames, found an object of zeros under them")
        photon_scale = photons / power
        counts = simulate_v1._counts(amplitude, photon_scale, seed)
        amplitude = np.sqrt(counts / photon_scale)
        steps.append(
            f"diffraction: Poisson counts, {photons:.0f} photons per frame on average, "
            "then amplitude = sqrt(counts / photon_scale)"
        )
    if params.get("max_amplitude") is not None:
        largest = float(params["max_amplitude"])
        if not amplitude.max() > 0:
            raise ValueError("expected light in the frames, found an object of zeros under them")
        factor = largest / float(amplitude.max())
        if photon_scale is None:
            amplitude = amplitude * factor
        else:
            photon_scale = photon_scale / (factor * factor)
            amplitude = np.sqrt(counts / photon_scale)
        steps.append(f"probeGuess: scaled so that the largest amplitude is {largest:g}")

    arrays = {
        "diffraction": np.ascontiguousarray(amplitude.transpose(1, 2, 0)),
        "objectGuess": scan["objectGuess"].astype(np.complex128),
        "probeGuess": np.stack([exact.join((re * factor, im * factor)) for re, im in modes]),
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


def power_fractions(modes: int, dominant: float) -> list[float]:
    """Each mode's part of the power.

    >>> power_fractions(3, 0.75)
    [0.75, 0.16666666666666666, 0.08333333333333333]
    """
    if not 2 <= modes <= len(MOMENTS):
        raise ValueError(f"modes: expected 2 to {len(MOMENTS)}, found {modes}")
    if not 0.0 < dominant < 1.0:
        raise ValueError(f"dominant_power: expected a part between 0 and 1, found {dominant:g}")
    weights = [float(1 << (modes - 1 - n)) for n in range(1, modes)]
    whole = sums.total(np.array(weights))
    others = [(1.0 - dominant) * weight / whole for weight in weights]
    if dominant < others[0]:
        raise ValueError(
            f"dominant_power: expected no mode to have more, found {dominant:g} and {others[0]:g}"
        )
    return [dominant, *others]


def _orthogonal_modes(probe: exact.Pair, fractions: list[float]) -> list[exact.Pair]:
    """The probe, and as many of its moments as are wanted, made orthogonal (Gram and Schmidt).

    Together they have the probe's power.
    """
    height, width = probe[0].shape
    v = (np.arange(height, dtype=np.float64)[:, None] - height / 2) / height
    u = (np.arange(width, dtype=np.float64)[None, :] - width / 2) / width
    total = _overlap(probe, probe)[0]
    if not total > 0:
        raise ValueError("expected light in the probe, found zeros alone")
    units: list[exact.Pair] = []
    for rows, columns in MOMENTS[: len(fractions)]:
        re, im = probe
        for weight in (v,) * rows + (u,) * columns:
            re, im = re * weight, im * weight
        for unit in units:
            shared = exact.product(_overlap(unit, (re, im)), unit)
            re, im = re - shared[0], im - shared[1]
        length = np.sqrt(_overlap((re, im), (re, im))[0])
        units.append((re / length, im / length))
    scales = [np.sqrt(total * fraction) for fraction in fractions]
    return [(re * scale, im * scale) for (re, im), scale in zip(units, scales, strict=True)]


def _overlap(a: exact.Pair, b: exact.Pair) -> exact.Pair:
    """Sum of conj(a) * b."""
    re, im = exact.product((a[0], -a[1]), b)
    return np.asarray(sums.total(re)), np.asarray(sums.total(im))
