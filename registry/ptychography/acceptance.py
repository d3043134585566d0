"""Acceptance of a fixture: contract, coverage and physics, with every failure named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.failure import Failure
from registry.field import Acceptance
from registry.identity.sidecar import CHECKED, NOT_CHECKED, UNDECIDED
from registry.ptychography.contracts import CONTRACTS, DATA_001, contract_failures
from registry.ptychography.forward import Forward
from registry.ptychography.held_out import HeldOut
from registry.ptychography.noise import Noise
from registry.ptychography.outliers import Usual
from registry.ptychography.physics import (
    Figures,
    agrees_with_source,
    assess,
    without_model,
)
from registry.ptychography.scan import ROUNDING, Real, Scan
from registry.ptychography.stack import Stack, each, few, largest, slices, stack, taken

MIN_COVERAGE = 0.5
NO_OBJECT = "the source has no object that the forward model could be held against"
_DECIMALS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What acceptance needs to know of the source that a fixture was cut from.

    scan : Scan, the source, frames as float64 amplitude; where it is too large to be read, the
        selected positions of it
    indices : (n,) int, the positions of `scan` that the fixture holds
    noise : Noise, as the source declares it
    strategy : str, for messages
    positions : x and y, each (M,) float64 [px], of the whole source; None: those of `scan`
    usual : Usual, of frames of the whole source, asked for where it is declared as measured; None:
        of those of `scan`
    held_out : HeldOut, of the source's frames, where its object was made from them
    physics : bool, whether it has an object that the forward model can be held against
    """

    scan: Scan
    indices: NDArray[np.integer]
    noise: Noise
    strategy: str
    positions: tuple[Real, Real] | None = None
    usual: Usual | None = None
    held_out: HeldOut | None = None
    physics: bool = True


def accept(
    arrays: Mapping[str, np.ndarray],
    source: Source,
    schemas: Path,
    contract: str = DATA_001.file,
    model: Stack | None = None,
) -> Acceptance:
    """Hold a fixture's arrays against every criterion; none hides another.

    Parameters
    ----------
    arrays : mapping
        In the form of DATA-001.
    source : Source
    schemas : path
        The registry's schemas folder.
    contract : str
        File of the version of DATA-001 there that they have to satisfy.
    model : Stack or None
        `modelled` of the arrays, where it has been made.
    """
    failures = contract_failures(arrays, schemas, contract)
    coverage, coverage_failures = _coverage(source)
    failures += coverage_failures
    checks: dict[str, Any] = {
        "coverage_x": coverage[0],
        "coverage_y": coverage[1],
    }
    scan, reason = as_scan(arrays)
    if scan is None:
        return Acceptance(checks=checks, failures=[*failures, no_scan(reason)])

    checks["max_amplitude"] = largest(scan.frames)
    if not source.physics:
        checks.update(dict.fromkeys(item.name for item in fields(Figures)))
        failures += without_model(scan)
        return Acceptance(
            checks=_rounded(checks), failures=failures, verdict=NOT_CHECKED, reason=NO_OBJECT
        )
    assessment = assess(scan, source.noise, _usual(source), source.held_out, model)
    failures += assessment.failures
    selected = Scan(
        frames=taken(source.scan.frames, source.indices),
        x=source.scan.x[source.indices],
        y=source.scan.y[source.indices],
        probe=source.scan.probe,
        obj=source.scan.obj,
    )
    if assessment.figures is not None:
        failures += agrees_with_source(scan, selected, model)
        failures += judge_patches(arrays, scan)
        checks.update(asdict(assessment.figures))
    return Acceptance(
        checks=_rounded(checks),
        failures=failures,
        verdict=UNDECIDED if assessment.doubts else CHECKED,
        reason="; ".join(assessment.doubts),
    )


def refusals(
    arrays: Mapping[str, np.ndarray],
    source: Source,
    schemas: Path,
    contract: str = DATA_001.file,
) -> list[Failure]:
    """What refuses arrays by themselves, as one sees them who does not have their source.

    ``source`` gives the declared noise and, where it is measured, what is usual among its frames.
    Where its physics is not checked, no physics refuses anything. The parameters are those of
    `accept`.
    """
    failures = contract_failures(arrays, schemas, contract)
    scan, reason = as_scan(arrays)
    if scan is None:
        return [*failures, no_scan(reason)]
    if source.physics:
        failures += assess(scan, source.noise, _usual(source)).failures
    if scan.inside().all():
        failures += judge_patches(arrays, scan)
    return failures


def modelled(arrays: Mapping[str, np.ndarray]) -> Stack | None:
    """The models of arrays at their positions; None where there can be none."""
    scan, _ = as_scan(arrays)
    return None if scan is None or not scan.inside().all() else scan.model()


def no_scan(reason: str) -> Failure:
    """What refuses arrays of which `as_scan` can make no scan."""
    return Failure(
        criterion="physics",
        expected="arrays that the forward model can be held against",
        found=reason,
    )


def _usual(source: Source) -> Usual | None:
    if source.noise.kind != "measured" or source.usual is not None:
        return source.usual
    scan = within_object(source.scan)
    return Usual.of(scan.frames, scan.model())


def as_scan(arrays: Mapping[str, np.ndarray]) -> tuple[Scan | None, str]:
    """Arrays of the contract as a Scan, or None and the reason why they cannot be one."""
    names = ("diffraction", "objectGuess", "probeGuess", "xcoords", "ycoords")
    missing = [name for name in names if name not in arrays]
    if missing:
        return None, f"no {', '.join(missing)}"
    frames, obj, probe, x, y = (arrays[name] for name in names)
    # a probe may have modes
    known = CONTRACTS["data_001_v2"]
    if (
        any(arrays[name].ndim not in known[name].numbers_of_axes for name in names)
        or x.shape != y.shape
    ):
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in names)
        return None, f"axes that do not fit: {shapes}"
    if any(array.dtype.kind not in "fiu" for array in (frames, x, y)):
        return None, "frames or coordinates that are not real numbers"
    if frames.shape != (x.size, *probe.shape[-2:]) or not frames.size:
        return None, f"diffraction {frames.shape} for {x.size} positions and a probe {probe.shape}"
    amplitude = stack(frames)
    if not all(np.isfinite(some).all() for some in (obj, probe, x, y)) or not all(
        np.isfinite(some).all() for (some,) in each(amplitude)
    ):
        return None, "values that are not finite"
    scan = Scan(
        frames=amplitude,
        x=x.astype(np.float64),
        y=y.astype(np.float64),
        probe=probe.astype(np.complex128),
        obj=obj.astype(np.complex128),
    )
    return scan, ""


def within_object(scan: Scan) -> Scan:
    """Those positions of a scan whose frames lie within the object."""
    rows = np.flatnonzero(scan.inside())
    return replace(scan, frames=taken(scan.frames, rows), x=scan.x[rows], y=scan.y[rows])


def span(all_values: Real, selected: Real) -> float:
    """Part of a coordinate's range that a selection spans; 1 where there is no range to span."""
    whole = float(np.ptp(all_values))
    return float(np.ptp(selected)) / whole if whole > 0 else 1.0


def _coverage(source: Source) -> tuple[tuple[float, float], list[Failure]]:
    selected = source.scan.x[source.indices], source.scan.y[source.indices]
    x, y = source.positions or (source.scan.x, source.scan.y)
    # rounded first, so that what is judged is what the sidecar says
    found = (round(span(x, selected[0]), _DECIMALS), round(span(y, selected[1]), _DECIMALS))
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


def judge_patches(arrays: Mapping[str, np.ndarray], scan: Scan) -> list[Failure]:
    """Are the patches for supervised training those under the frames?"""
    if "Y" not in arrays:
        return []
    found = arrays["Y"]
    if found.shape == scan.frames.shape:
        brightest, differences = 0.0, []
        forward = Forward(scan.obj, scan.probe)
        for some in slices(len(found), few(scan.frames)):
            expected = forward.patches(scan.x[some], scan.y[some])
            differences.append(np.sqrt(_square(found[some] - expected).max(axis=(1, 2))))
            brightest = max(brightest, float(np.sqrt(_square(expected).max())))
        wrong = np.flatnonzero(~(np.concatenate(differences) <= ROUNDING * brightest))
        if not wrong.size:
            return []
        text = f"{wrong.size} of {len(found)} others, the first is that of frame {wrong[0]}"
    else:
        text = f"Y {found.shape}"
    return [
        Failure(
            criterion="patches",
            expected="Y to hold the bilinear object patch under each frame, but for rounding",
            found=text,
        )
    ]


def _square(values: NDArray[np.complexfloating]) -> Real:
    """Squared magnitudes: numpy's own magnitudes take three times as long."""
    square: Real = values.real**2 + values.imag**2
    return square


def _rounded(checks: dict[str, Any]) -> dict[str, Any]:
    # FFTs differ in their last bits between machines; three decimals do not
    return {
        key: round(value, _DECIMALS) + 0.0 if isinstance(value, float) else value
        for key, value in checks.items()
    }
