"""Figures of an experiment, in metres, and whether they can be that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from registry.errors import CheckError

PLANCK_TIMES_C_J_M = 1.986445857e-25  # exact, CODATA 2018: 6.62607015e-34 * 299792458
EV_J = 1.602176634e-19

# What an experiment with light may have; beyond that, the number has another unit.
_WAVELENGTH_M = (1e-12, 2e-6)
_DISTANCE_M = (1e-4, 200.0)
_PIXEL_M = (1e-7, 1e-2)
_OBJECT_PIXEL_M = (1e-11, 1e-4)
_MAX_SPAN_M = 0.1
_USUAL_SPAN_M = (1e-7, 5e-3)
_SCALES = {"mm": 1e-3, "µm": 1e-6, "nm": 1e-9, "Å": 1e-10}
_ENERGY_SCALES = {"eV": EV_J, "keV": 1e3 * EV_J, "J": 1.0}


def wavelength(energy: float, unit: str, where: str) -> float:
    """Wavelength [m] of an energy in J, eV or keV.

    Raises
    ------
    CheckError
        This unit makes it no light that is used for imaging; the message names one that may.
    """
    found = _wavelength(energy, _ENERGY_SCALES[unit])
    if not _within(found, _WAVELENGTH_M):
        guesses = [
            name
            for name, scale in _ENERGY_SCALES.items()
            if name != unit and _within(_wavelength(energy, scale), _WAVELENGTH_M)
        ]
        raise _wrong(where, f"a photon energy in {unit}", f"{energy:g}", guesses)
    return found


def wavelength_m(value: float, where: str) -> float:
    """A wavelength that is one in metres."""
    return _length(value, _WAVELENGTH_M, "a wavelength in metres", where)


def distance_m(value: float, where: str) -> float:
    """A distance from sample to detector that is one in metres."""
    return _length(value, _DISTANCE_M, "a distance from sample to detector in metres", where)


def pixel_m(value: float, where: str) -> float:
    """A pitch of a detector's pixels that is one in metres."""
    return _length(value, _PIXEL_M, "a pitch of the detector's pixels in metres", where)


def object_pixel_m(value: float, where: str) -> float:
    """A pitch of the object's or probe's pixels that is one in metres."""
    return _length(value, _OBJECT_PIXEL_M, "a pitch of the object's pixels in metres", where)


def positions_m(values: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    """Positions that are in metres: they span at most a decimetre."""
    with np.errstate(over="ignore"):
        span = float(np.ptp(values))
    if span > _MAX_SPAN_M:
        guesses = [name for name, scale in _SCALES.items() if _within(span * scale, _USUAL_SPAN_M)]
        raise _wrong(
            where, f"positions in metres, which span at most {_MAX_SPAN_M}", f"{span:g}", guesses
        )
    return values


def declared(unit: object, allowed: tuple[str, ...], where: str) -> None:
    """Refuse a unit that the file declares, if it is not one of those that its format allows."""
    if isinstance(unit, str) and unit.strip() and unit.strip().lower() not in allowed:
        raise CheckError(
            where,
            expected=f"unit {allowed[0]}, which the format prescribes",
            found=f"units = {unit[:50]!r}",
            remedy="convert the values in the file",
        )


def _wavelength(energy: float, scale_j: float) -> float:
    # the product of two small numbers may be zero
    joule = energy * scale_j
    return PLANCK_TIMES_C_J_M / joule if joule > 0 else 0.0


def _length(value: float, limits: tuple[float, float], expected: str, where: str) -> float:
    if not _within(value, limits):
        guesses = [name for name, scale in _SCALES.items() if _within(value * scale, limits)]
        raise _wrong(where, f"{expected}, {limits[0]:g} to {limits[1]:g}", f"{value:g}", guesses)
    return value


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _wrong(where: str, expected: str, found: str, guesses: list[str]) -> CheckError:
    maybe = f", which would be believable in {' or '.join(guesses)}" if guesses else ""
    return CheckError(
        where, expected=expected, found=found + maybe, remedy="correct the value in the file"
    )
