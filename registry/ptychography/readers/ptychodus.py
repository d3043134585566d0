"""Data products of ptychodus in HDF5: object, probe and positions, but no diffraction.

Positions are in metres, and so are the object's pixels and its middle, which are attributes of
``object``. The middle is that of the array: (Y/2, X/2) in the pixels of the data contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from registry.ptychography.readers import arrays, figures, units
from registry.ptychography.readers.hdf5 import Hdf5File, open_hdf5
from registry.ptychography.readers.scan_file import ScanFile
from registry.ptychography.readers.selection import Place
from registry.storage.distant import File

_PLACES = {
    "objectGuess": "object",
    "probeGuess": "probe",
    "xcoords": "probe_position_x_m",
    "ycoords": "probe_position_y_m",
}
# The second is what older versions call it.
_ENERGIES_EV = ("photon_energy_eV", "probe_energy_eV")


@contextmanager
def open_ptychodus(
    path: File, *, keys: Mapping[str, Place], declared: Mapping[str, float], subject: str
) -> Iterator[ScanFile]:
    """Open a product; see `registry.ptychography.readers.open_scan`.

    ``detector_pixel_m`` is what gives the probe its pixels, as the file does not have it.
    """
    with open_hdf5(path, subject) as file:
        places = {role: Place(name=name) for role, name in _PLACES.items()}
        yield _scan(file, places | dict(keys), declared)


def _scan(file: Hdf5File, keys: dict[str, Place], declared: Mapping[str, float]) -> ScanFile:
    frames = file.frames(keys["diffraction"]) if "diffraction" in keys else None
    found = file.read_all(keys)
    fields = arrays.converted(found, "m")
    provenance = {role: f"dataset {place}" for role, place in keys.items()}
    known = figures.of_file(
        declared,
        wavelength_m=partial(_wavelength, file, provenance),
        distance_m=partial(_distance, file, provenance),
    )
    object_pixel = _pair(file, keys["objectGuess"], "pixel_height_m", "pixel_width_m")
    if object_pixel is not None:
        for pitch in object_pixel:
            units.object_pixel_m(pitch, f"{file.where(keys['objectGuess'])}: pixels")
        provenance["object_pixel_m"] = f"attributes of {keys['objectGuess']}"
    center = _pair(file, keys["objectGuess"], "center_y_m", "center_x_m")
    if center is not None:
        provenance["object_center_m"] = f"attributes of {keys['objectGuess']}"
    return ScanFile(
        format="ptychodus",
        frames=frames,
        **fields,
        **known,
        **figures.of_file(
            declared,
            detector_pixel_m=partial(
                _detector_pixel,
                file,
                keys["probeGuess"],
                fields["probe"].shape,
                declared.get("wavelength_m", known["wavelength_m"]),
                declared.get("distance_m", known["distance_m"]),
                provenance,
            ),
        ),
        provenance=provenance,
        object_pixel_m=object_pixel,
        object_center_m=center,
    )


def _wavelength(file: Hdf5File, provenance: dict[str, str]) -> float | None:
    for name in _ENERGIES_EV:
        energy = file.number_attribute("/", name)
        if energy is not None:
            provenance["wavelength_m"] = f"attribute {name}"
            return units.wavelength(energy, "eV", f"{file.subject}: attribute {name}")
    return None


def _distance(file: Hdf5File, provenance: dict[str, str]) -> float | None:
    name = "detector_object_distance_m"
    distance = file.number_attribute("/", name)
    if distance is None:
        return None
    provenance["distance_m"] = f"attribute {name}"
    return units.distance_m(distance, f"{file.subject}: attribute {name}")


def _detector_pixel(
    file: Hdf5File,
    place: Place,
    shape: tuple[int, ...],
    wavelength: float | None,
    distance: float | None,
    provenance: dict[str, str],
) -> tuple[float, float] | None:
    """Pitch at which a detector with the probe's number of pixels gives the probe its pixels."""
    pitch = _pair(file, place, "pixel_height_m", "pixel_width_m")
    if pitch is None or wavelength is None or distance is None:
        return None
    for each in pitch:
        units.object_pixel_m(each, f"{file.where(place)}: pixels")
    provenance["detector_pixel_m"] = f"wavelength, distance and the pixels of {place}"
    scale = wavelength * distance
    return scale / (shape[1] * pitch[0]), scale / (shape[2] * pitch[1])


def _pair(file: Hdf5File, place: Place, row: str, column: str) -> tuple[float, float] | None:
    first, second = (file.number_attribute(place.name, name) for name in (row, column))
    return None if first is None or second is None else (first, second)
