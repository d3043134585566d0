"""How far each check of a fixture is from its limit.

Measured figures are the sidecar's. Limits follow from the photon count and are computed anew, from
the verified arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.page import Check
from registry.ptychography.acceptance import MIN_COVERAGE, as_scan
from registry.ptychography.contracts import DATA_001
from registry.ptychography.doubts import POWER_LIMIT
from registry.ptychography.likelihood import LIKELIHOOD_LIMIT, SIGMAS
from registry.ptychography.meanings import MEANINGS
from registry.ptychography.physics import SCALE_LIMIT, count_misfit, relative_error
from registry.ptychography.scan import ROUNDING, Scan
from registry.ptychography.stack import power

Real = NDArray[np.float64]

# Half of the last decimal that a sidecar has.
_ROUNDED = 5e-4


# Declared, not measured: no rows of their own.
_DECLARED = ("noise", "photon_scale")

# The least and the most that a figure may be.
_Limits = tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Figure:
    """What is known of a figure beforehand.

    limits : those that hold always, else those ``by_noise``; ``from_arrays`` where others follow
    ends : of its gauge, in place of a limit that there is not
    rule : the limit in words, where it is not one of the figure itself
    detail : figure that tells more of this one
    criterion : as a `registry.page.Check` has it
    """

    limits: _Limits = (None, None)
    by_noise: Mapping[object, _Limits] = field(default_factory=dict)
    from_arrays: bool = False
    ends: _Limits = (None, None)
    rule: str = ""
    percent: bool = False
    detail: str = ""
    criterion: str = ""


_COVERAGE = _Figure(limits=(MIN_COVERAGE, None), ends=(None, 1.0), criterion="coverage")
_FIGURES = {
    "coverage_x": _COVERAGE,
    "coverage_y": _COVERAGE,
    "max_amplitude": _Figure(
        limits=(None, DATA_001["diffraction"].below),
        ends=(DATA_001["diffraction"].least, None),
        criterion="contract",
    ),
    "own_match_rate": _Figure(
        # one of likelihood, so that it holds at any photon count
        rule=f"no other position e^{LIKELIHOOD_LIMIT:g} times as likely",
        percent=True,
        criterion="own-match",
    ),
    "nearest_alternative_margin": _Figure(
        limits=(0.0, None), detail="nearest_alternative", criterion="alternatives"
    ),
    "chi_square_min": _Figure(from_arrays=True, criterion="chi-square"),
    "chi_square_max": _Figure(from_arrays=True, criterion="chi-square"),
    "scale": _Figure(
        by_noise={
            "none": (1 - ROUNDING, 1 + ROUNDING),
            "measured": (1 / float(SCALE_LIMIT), float(SCALE_LIMIT)),
        },
        from_arrays=True,
        criterion="scale",
    ),
    "power": _Figure(limits=(POWER_LIMIT, None), ends=(None, 1.0), criterion="three-verdicts"),
    "held_out_z": _Figure(limits=(SIGMAS, None), criterion="three-verdicts"),
}
# A figure of a later version is shown as it is.
_UNKNOWN = _Figure()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How each frame misses its model.

    values : (N,) float64, misfit over photon noise or, without a photon count, relative error
    low, high : (N,) float64 or None, what is allowed
    figures : those that the arrays give with all their digits, by name: value, least, most
    """

    what: str
    values: Real
    low: Real | None = None
    high: Real | None = None
    figures: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


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
    misfit, mean, variance = count_misfit(scan.frames, model, photon_scale)
    if not (mean > 0).all():
        return None, "a model without any light"
    values = misfit / mean
    width = SIGMAS * np.sqrt(variance) / mean
    model_power = power(model)
    scale = float(np.sqrt(power(scan.frames) / model_power))
    scale_width = SIGMAS * 0.5 / float(np.sqrt(photon_scale * model_power)) + ROUNDING
    figures = {
        name: (float(values[frame]), float(1 - width[frame]), float(1 + width[frame]))
        for name, frame in (
            ("chi_square_min", np.argmin(values)),
            ("chi_square_max", np.argmax(values)),
        )
    }
    fitted = Fit(
        what="misfit over photon noise (χ²)",
        values=values,
        low=1 - width,
        high=1 + width,
        figures={**figures, "scale": (scale, 1 - scale_width, 1 + scale_width)},
    )
    return fitted, ""


def checks(recorded: Mapping[str, Any], fitted: Fit | None) -> list[Check]:
    """Rows for all figures of a sidecar, those with limits first."""
    exact = {} if fitted is None else fitted.figures
    details = {known.detail for known in _FIGURES.values()}
    rows = [
        _row(name, recorded, exact.get(name))
        for name in recorded
        if name not in details and name not in _DECLARED
    ]
    return sorted(rows, key=lambda row: not row.limit)


def _row(name: str, recorded: Mapping[str, Any], exact: tuple[float, float, float] | None) -> Check:
    known = _FIGURES.get(name, _UNKNOWN)
    value = recorded[name]
    low, high = known.by_noise.get(str(recorded.get("noise")), known.limits)
    if exact is not None:
        value, low, high = exact
    meaning = MEANINGS.get(name, "")
    if not isinstance(value, int | float):
        return Check(
            name=name,
            meaning=meaning,
            measured=str(value or "not measured"),
            criterion=known.criterion,
        )
    if known.detail:
        meaning += f": {recorded.get(known.detail)}"
    if low is None and high is None:
        return Check(
            name=name,
            meaning=meaning,
            measured=f"{value:.1%}" if known.percent else f"{value:g}",
            limit="follows from the arrays" if known.from_arrays else known.rule,
            criterion=known.criterion,
        )
    room = min(
        np.inf if low is None else value - low,
        np.inf if high is None else high - value,
    )
    bottom, top = (
        end if limit is None else limit for limit, end in zip((low, high), known.ends, strict=True)
    )
    gauge = None
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
        criterion=known.criterion,
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
