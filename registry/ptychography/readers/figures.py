"""Figures of an experiment that a file may have, and that may be declared in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from registry.errors import CheckError
from registry.ptychography.readers import units

# What `ScanFile` calls them and what they are declared as, and whether a number can be that.
_CHECKS = {
    "wavelength_m": units.wavelength_m,
    "distance_m": units.distance_m,
    "detector_pixel_m": units.pixel_m,
}
FIGURES = tuple(_CHECKS)


def check(declared: Mapping[str, float], subject: str) -> None:
    """Refuse declared figures that are in another unit.

    Raises
    ------
    CheckError
        The message names the key and the units that it may be in.
    """
    for name, value in declared.items():
        try:
            _CHECKS[name](value, f"{subject}: {name}")
        except CheckError as error:
            raise error.but(remedy="correct the value that is declared") from error


def of_file(declared: Mapping[str, float], **readers: Callable[[], Any]) -> dict[str, Any]:
    """Figures as the file has them; None where one is declared, and the file is not asked.

    Raises
    ------
    CheckError
        One cannot be that; the remedy is to declare it, where the file cannot be mended.
    """
    found = {}
    for name, read in readers.items():
        try:
            found[name] = None if name in declared else read()
        except CheckError as error:
            raise error.but(remedy=f"{error.remedy}; or declare what it is: {name}") from error
    return found
