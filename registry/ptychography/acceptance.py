"""Acceptance of a fixture: contract, coverage and physics, with every failure named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.contract import contract_failures
from registry.ptychography.noise import Noise
from registry.ptychography.physics import Failure, agrees_with_source, assess, relative_error
from registry.ptychography.scan import Real, Scan

MIN_COVERAGE = 0.5
_DECIMALS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What acceptance needs to know of the source that a fixture was cut from.

    scan : Scan, the whole source, frames as float64 amplitude
    indices : (n,) int, the positions that the fixture holds
    noise : Noise, as the source declares it
    strategy : str, for messages
    """

    scan: Scan
    indices: NDArray[np.integer]
    noise: Noise
    strategy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Acceptance:
    """``checks`` are the measured figures for the sidecar; no failures means accepted."""

    checks: dict[str, Any]
    failures: list[Failure]


def accept(arrays: Mapping[str, np.ndarray], source: Source, schemas: Path) -> Acceptance:
    """Hold a fixture's arrays against every criterion; none hides another."""
    failures = contract_failures(arrays, schemas)
    coverage, coverage_failures = _coverage(source)
    failures += coverage_failures
    checks: dict[str, Any] = {
        "coverage_x": coverage[0],
        "coverage_y": coverage[1],
        "noise": source.noise.kind,
        "photon_scale": source.noise.photon_scale,
    }
    scan, reason = as_scan(arrays)
    if scan is None:
        failures.append(
            Failure(
                criterion="physics",
                expected="arrays that the forward model can be held against",
                found=reason,
            )
        )
        return Acceptance(checks=checks, failures=failures)

    checks["max_amplitude"] = float(scan.frames.max())
    measured = source.noise.kind == "measured"
    source_error = relative_error(source.scan) if measured else None
    assessment = assess(scan, source.noise, source_error)
    failures += assessment.failures
    selected = Scan(
        frames=source.scan.frames[source.indices],
        x=source.scan.x[source.indices],
        y=source.scan.y[source.indices],
        probe=source.scan.probe,
        obj=source.scan.obj,
    )
    if assessment.figures is not None:
        failures += agrees_with_source(scan, selected)
        checks.update(asdict(assessment.figures))
    return Acceptance(checks=_rounded(checks), failures=failures)


def as_scan(arrays: Mapping[str, np.ndarray]) -> tuple[Scan | None, str]:
    """Arrays of the contract as a Scan, or None and the reason why they cannot be one."""
    names = ("diffraction", "objectGuess", "probeGuess", "xcoords", "ycoords")
    missing = [name for name in names if name not in arrays]
    if missing:
        return None, f"no {', '.join(missing)}"
    frames, obj, probe, x, y = (arrays[name] for name in names)
    if frames.ndim != 3 or obj.ndim != 2 or probe.ndim != 2 or x.shape != y.shape:
        return None, "axes that do not fit (see contract)"
    if frames.shape != (x.size, *probe.shape) or not frames.size:
        return None, f"diffraction {frames.shape} for {x.size} positions and a probe {probe.shape}"
    if not all(np.isfinite(arrays[name]).all() for name in names):
        return None, "values that are not finite"
    scan = Scan(
        frames=frames.astype(np.float64),
        x=x.astype(np.float64),
        y=y.astype(np.float64),
        probe=probe.astype(np.complex128),
        obj=obj.astype(np.complex128),
    )
    return scan, ""


def span(all_values: Real, selected: Real) -> float:
    """Part of a coordinate's range that a selection spans; 1 where there is no range to span."""
    whole = float(np.ptp(all_values))
    return float(np.ptp(selected)) / whole if whole > 0 else 1.0


def _coverage(source: Source) -> tuple[tuple[float, float], list[Failure]]:
    x, y = source.scan.x, source.scan.y
    found = span(x, x[source.indices]), span(y, y[source.indices])
    if min(found) > MIN_COVERAGE:
        return found, []
    return found, [
        Failure(
            criterion="coverage",
            expected=f"a subset that spans more than {MIN_COVERAGE:.0%} of the source in x and y",
            found=f"{found[0]:.0%} of x and {found[1]:.0%} of y with strategy {source.strategy}; "
            "use strategy: evenly_spaced (or grid)",
        )
    ]


def _rounded(checks: dict[str, Any]) -> dict[str, Any]:
    # FFTs differ in their last bits between machines; three decimals do not. The photon scale is
    # declared, not measured, and stays as it is.
    return {
        key: round(value, _DECIMALS) + 0.0
        if isinstance(value, float) and key != "photon_scale"
        else value
        for key, value in checks.items()
    }
