"""Scans in CXI files, the HDF5 format of the Coherent X-ray Imaging Data Bank, version 1.6.

All is in SI units. Translations are those of the sample by the format, which is minus those of
the beam on the sample; not all who write it keep to that, so no sign is changed here. In a mask,
a pixel is good where it is 0, or 0x1000 alone: signal above background. All other bits say in
what way it is bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.readers import arrays, figures, units
from registry.ptychography.readers.hdf5 import Hdf5File, open_hdf5
from registry.ptychography.readers.scan_file import ScanFile
from registry.ptychography.readers.selection import Place
from registry.storage.distant import File

_INSTRUMENT = "/entry_1/instrument_1"
_DETECTOR = f"{_INSTRUMENT}/detector_1"
_SOURCE = f"{_INSTRUMENT}/source_1"
_FRAMES = ("/entry_1/data_1/data", f"{_DETECTOR}/data")
_TRANSLATIONS = (
    "/entry_1/sample_1/geometry_1/translation",
    "/entry_1/data_1/translation",
    f"{_DETECTOR}/translation",
)
_PROBES = (f"{_SOURCE}/probe", f"{_SOURCE}/illumination")
_MASKS = (f"{_DETECTOR}/mask", "/entry_1/data_1/mask")
_DARKS = (f"{_DETECTOR}/data_dark",)
_ENERGIES = (f"{_SOURCE}/energy", f"{_INSTRUMENT}/beam_1/energy")
_WAVELENGTHS = (f"{_SOURCE}/wavelength", f"{_INSTRUMENT}/beam_1/wavelength")
_METRE = ("m", "meter", "metre", "meters", "metres")
_JOULE = ("j", "joule", "joules")

_HAS_SIGNAL = 0x1000
# How far energy and wavelength of one file may be apart: they are stored in single precision.
_AGREEMENT = 0.01


@contextmanager
def open_cxi(
    path: File, *, keys: Mapping[str, Place], declared: Mapping[str, float], subject: str
) -> Iterator[ScanFile]:
    """Open a scan; see `registry.ptychography.readers.open_scan`.

    An object has no place of its own in the format: say with `keys` where it is.
    """
    with open_hdf5(path, subject) as file:
        yield _scan(file, dict(keys), declared)


def _scan(file: Hdf5File, keys: dict[str, Place], declared: Mapping[str, float]) -> ScanFile:
    for role, paths in (
        ("diffraction", _FRAMES),
        ("probeGuess", _PROBES),
        ("mask", _MASKS),
        ("dark", _DARKS),
    ):
        present = next((path for path in paths if file.has(path)), None)
        if role not in keys and present is not None:
            keys[role] = Place(name=present)
    translation = next((path for path in _TRANSLATIONS if file.has(path)), None)
    if translation is not None:
        _check_translation(file, translation)
        # (x, y) or (x, y, z) by the format
        keys.setdefault("xcoords", Place(name=translation, axes=((None, None), 0)))
        keys.setdefault("ycoords", Place(name=translation, axes=((None, None), 1)))
    if "diffraction" not in keys:
        raise arrays.refused(file.subject, f"frames at {' or '.join(_FRAMES)}", "nothing there")

    found = file.read_all(keys)
    provenance = {role: f"dataset {place}" for role, place in keys.items()}
    if "mask" in found:
        found["mask"] = _good(*found["mask"])
        provenance["mask"] += ", good where 0 (or 0x1000: signal above background)"
    if "dark" in found and found["dark"][0].ndim == 3:
        provenance["dark"] += f", mean of {len(found['dark'][0])} frames"
    return ScanFile(
        format="cxi",
        frames=file.frames(keys["diffraction"]),
        **arrays.converted(found, "m"),
        **figures.of_file(
            declared,
            wavelength_m=partial(_wavelength, file, provenance),
            distance_m=partial(_distance, file, provenance),
            detector_pixel_m=partial(_pixel, file, provenance),
        ),
        provenance=provenance,
    )


def _check_translation(file: Hdf5File, path: str) -> None:
    shape = file.dataset(path).shape
    if len(shape) != 2 or shape[1] not in (2, 3):
        raise arrays.refused(file.where(path), "translations (N, 2) or (N, 3)", f"shape {shape}")
    units.declared(file.attribute(path, "units"), _METRE, file.where(path))


def _good(mask: NDArray[Any], where: str) -> tuple[NDArray[np.bool_], str]:
    if mask.dtype.kind == "b":
        return ~mask, where
    return (mask == 0) | (mask == _HAS_SIGNAL), where


def _wavelength(file: Hdf5File, provenance: dict[str, str]) -> float | None:
    """From the energy, which the format prescribes, or the wavelength; both have to agree."""
    found = {}
    for path in _ENERGIES + _WAVELENGTHS:
        value = file.number(path)
        if value is None:
            continue
        where, unit = file.where(path), file.attribute(path, "units")
        if path in _ENERGIES:
            units.declared(unit, _JOULE, where)
            found[f"dataset {path}, an energy in J"] = units.wavelength(value, "J", where)
        else:
            units.declared(unit, _METRE, where)
            found[f"dataset {path}"] = units.wavelength_m(value, where)
    if not found:
        return None
    low, high = min(found.values()), max(found.values())
    if high - low > _AGREEMENT * low:
        raise arrays.refused(
            f"{file.subject}: wavelength",
            "one wavelength",
            ", ".join(f"{value:.4g} m in {place}" for place, value in found.items()),
        )
    place, wavelength = next(iter(found.items()))
    provenance["wavelength_m"] = place
    return wavelength


def _distance(file: Hdf5File, provenance: dict[str, str]) -> float | None:
    return _length(file, f"{_DETECTOR}/distance", units.distance_m, "distance_m", provenance)


def _pixel(file: Hdf5File, provenance: dict[str, str]) -> tuple[float, float] | None:
    """(row, column); some files have only one of the two."""
    key = "detector_pixel_m"
    column = _length(file, f"{_DETECTOR}/x_pixel_size", units.pixel_m, key, provenance)
    row = _length(file, f"{_DETECTOR}/y_pixel_size", units.pixel_m, key, provenance)
    if row is None or column is None:
        row = column = row or column
    if row is None or column is None:
        return None
    provenance[key] = f"datasets y_pixel_size and x_pixel_size in {_DETECTOR}, or either for both"
    return row, column


def _length(
    file: Hdf5File,
    path: str,
    check: Callable[[float, str], float],
    name: str,
    provenance: dict[str, str],
) -> float | None:
    value = file.number(path)
    if value is None:
        return None
    units.declared(file.attribute(path, "units"), _METRE, file.where(path))
    provenance[name] = f"dataset {path}"
    return check(value, file.where(path))
