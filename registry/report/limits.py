"""How far each check of a fixture is from its limit.

Measured figures are the sidecar's. Limits follow from the photon count and are computed anew, from
the verified arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.acceptance import MIN_COVERAGE, as_scan
from registry.ptychography.contracts import DATA_001
from registry.ptychography.noise import misfit_moments
from registry.ptychography.physics import LIKELIHOOD_LIMIT, SCALE_LIMIT, SIGMAS, relative_error
from registry.ptychography.scan import ROUNDING, Scan

Real = NDArray[np.float64]

# Half of the last decimal that a sidecar has.
_ROUNDED = 5e-4

_MEANINGS = {
    "coverage_x": "part of the source's range in x that the positions span",
    "coverage_y": "part of the source's range in y that the positions span",
    "max_amplitude": "largest amplitude in a frame",
    "own_match_rate": "frames that the model of their own position explains best",
    "nearest_alternative_margin": "how much worse the best of the named mistakes fits",
    "chi_square_min": "misfit over photon noise, best frame",
    "chi_square_max": "misfit over photon noise, worst frame",
    "scale": "power of the frames over that of the model, as amplitude",
    "correlation_median": "correlation of a frame with its model, median",
    "r_factor": "sum of differences to the model over sum of amplitudes",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One row of the table: what was measured, what is allowed, and what lies between.

    ``gauge`` is where the figure lies between its limits, 0 to 1; None where a limit is missing.
    """

    name: str
    meaning: str
    measured: str
    limit: str = ""
    margin: str = ""
    holds: bool | None = None
    gauge: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How each frame misses its model.

    values : (N,) float64, misfit over photon noise or, without a photon count, relative error
    low, high : (N,) float64 or None, what is allowed
    scale, scale_sigma : power of the frames over the model's, as amplitude, and what photon noise
        makes of it; None without a photon count
    """

    what: str
    values: Real
    low: Real | None = None
    high: Real | None = None
    scale: float | None = None
    scale_sigma: float | None = None


def fit(arrays: Mapping[str, np.ndarray], checks: Mapping[str, Any]) -> tuple[Fit | None, str]:
    """The fit of each frame, or None and the reason why there is none."""
    scan, reason = as_scan(arrays)
    if scan is None:
        return None, reason
    if not scan.inside().all():
        return None, "a frame leaves the object"
    photon_scale = checks.get("photon_scale")
    if isinstance(photon_scale, float):
        return _photon_fit(scan, photon_scale)
    error = relative_error(scan)
    if not np.isfinite(error).all():
        return None, "a model without any light"
    noiseless = checks.get("noise") == "none"
    limit = np.full(error.shape, ROUNDING) if noiseless else None
    what = "relative error of a frame"
    return Fit(what=what, values=error, high=limit), ""


def _photon_fit(scan: Scan, photon_scale: float) -> tuple[Fit | None, str]:
    model = scan.model()
    mean, variance = (part.sum(axis=(1, 2)) for part in misfit_moments(photon_scale * model**2))
    if not (mean > 0).all():
        return None, "a model without any light"
    misfit = 4 * photon_scale * ((scan.frames - model) ** 2).sum(axis=(1, 2))
    width = SIGMAS * np.sqrt(variance) / mean
    power = float((model**2).sum())
    fitted = Fit(
        what="misfit over photon noise (χ²)",
        values=misfit / mean,
        low=1 - width,
        high=1 + width,
        scale=float(np.sqrt((scan.frames**2).sum() / power)),
        scale_sigma=0.5 / float(np.sqrt(photon_scale * power)),
    )
    return fitted, ""


def checks(recorded: Mapping[str, Any], fitted: Fit | None) -> list[Check]:
    """Rows for all figures of a sidecar, those with limits first."""
    rows = [
        _row(
            name,
            _exact(name, recorded[name], fitted),
            _limits(name, recorded, fitted),
            recorded,
        )
        for name in _MEANINGS
        if name in recorded
    ]
    rows += [
        Check(name=name, meaning="", measured=_number(value))
        for name, value in recorded.items()
        if name not in _MEANINGS and name not in ("noise", "photon_scale", "nearest_alternative")
    ]
    return sorted(rows, key=lambda row: not row.limit)


def _exact(name: str, recorded: object, fitted: Fit | None) -> object:
    """A figure with all its digits, where the arrays give it, else as it is recorded."""
    if fitted is None or fitted.scale is None:
        return recorded
    return {
        "chi_square_min": float(fitted.values.min()),
        "chi_square_max": float(fitted.values.max()),
        "scale": fitted.scale,
    }.get(name, recorded)


def _limits(
    name: str, recorded: Mapping[str, Any], fitted: Fit | None
) -> tuple[float | None, float | None]:
    """The least and the most that a figure may be."""
    if name.startswith("coverage_"):
        return MIN_COVERAGE, None
    if name == "max_amplitude":
        return None, DATA_001["diffraction"].below
    if name == "nearest_alternative_margin":
        return 0.0, None
    if name.startswith("chi_square_") and fitted is not None and fitted.low is not None:
        frame = np.argmin(fitted.values) if name == "chi_square_min" else np.argmax(fitted.values)
        if fitted.high is not None:
            return float(fitted.low[frame]), float(fitted.high[frame])
    if name == "scale":
        if fitted is not None and fitted.scale_sigma is not None:
            width = SIGMAS * fitted.scale_sigma + ROUNDING
            return 1 - width, 1 + width
        if recorded.get("noise") == "none":
            return 1 - ROUNDING, 1 + ROUNDING
        if recorded.get("noise") == "measured":
            return 1 / float(SCALE_LIMIT), float(SCALE_LIMIT)
    return None, None


def _row(
    name: str,
    value: object,
    limits: tuple[float | None, float | None],
    recorded: Mapping[str, Any],
) -> Check:
    meaning = _MEANINGS[name]
    low, high = limits
    if not isinstance(value, int | float):
        return Check(name=name, meaning=meaning, measured="not measured")
    if name == "nearest_alternative_margin":
        meaning += f": {recorded.get('nearest_alternative')}"
    if name == "own_match_rate":
        # the limit is one of likelihood, so that it holds at any photon count
        limit = f"no other position e^{LIKELIHOOD_LIMIT:g} times as likely"
        return Check(name=name, meaning=meaning, measured=f"{value:.1%}", limit=limit)
    if low is None and high is None:
        computed = name == "scale" or name.startswith("chi_square_")
        limit = "follows from the arrays" if computed else ""
        return Check(name=name, meaning=meaning, measured=_number(value), limit=limit)
    room = min(
        np.inf if low is None else value - low,
        np.inf if high is None else high - value,
    )
    gauge = None
    bottom = 0.0 if name == "max_amplitude" else low
    top = 1.0 if name.startswith("coverage_") else high
    if bottom is not None and top is not None:
        gauge = float(np.clip((value - bottom) / (top - bottom), 0, 1))
    return Check(
        name=name,
        meaning=meaning,
        measured=f"{value:.{_decimals(low, high)}f}",
        limit=_between(low, high),
        margin=f"{room:.3g}",
        # a sidecar has three decimals, so that what is just inside may look as if it were not
        holds=bool(room > -_ROUNDED),
        gauge=gauge,
    )


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return f"less than {high:.4g}"
    if high is None:
        return f"more than {low:.4g}"
    decimals = _decimals(low, high)
    return f"{low:.{decimals}f} to {high:.{decimals}f}"


def _decimals(low: float | None, high: float | None) -> int:
    """As many as tell two limits apart, and no fewer than a sidecar has."""
    return 6 if low is not None and high is not None and high - low < 0.01 else 3


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
