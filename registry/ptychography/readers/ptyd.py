"""Scans in ptypy's prepared data, ``.ptyd``: HDF5 with frames in chunks, and what all share.

By the published layout, ``chunks/0``, ``chunks/1``, … each hold ``data`` (M, H, W), ``positions``
(M, 2) in metres, row first, and ``weights``, which are zero for bad pixels. ``meta`` holds
``energy`` in keV, ``distance`` and ``psize`` in metres. Any of ``meta`` may be absent or None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.errors import CheckError
from registry.ptychography.readers import arrays, figures, units
from registry.ptychography.readers.hdf5 import Hdf5File, Hdf5Frames, open_hdf5
from registry.ptychography.readers.scan_file import ScanFile
from registry.ptychography.readers.selection import Place
from registry.storage.distant import File

_ALL = (None, None)
_PROPAGATIONS = ("info/propagation", "meta/propagation")
# Weights are read this much at a time.
_BLOCK_BYTES = 1 << 25


@contextmanager
def open_ptyd(
    path: File, *, keys: Mapping[str, Place], declared: Mapping[str, float], subject: str
) -> Iterator[ScanFile]:
    """Open a scan; see `registry.ptychography.readers.open_scan`.

    Where each frame has weights of its own, a pixel is good if it is so in all frames: these
    weights are read when the file is opened. The format has no place for a probe or an object.
    """
    with open_hdf5(path, subject) as file:
        yield _scan(file, dict(keys), declared)


def _scan(file: Hdf5File, keys: dict[str, Place], declared: Mapping[str, float]) -> ScanFile:
    _check_propagation(file)
    numbers = sorted(int(name) for name in file.names("chunks") if name.isdecimal())
    chunks = [f"chunks/{number}" for number in numbers]
    if not chunks and "diffraction" not in keys:
        raise arrays.refused(file.subject, "frames in chunks/0, chunks/1, ...", "no chunk")
    provenance = {role: f"dataset {place}" for role, place in keys.items()}
    span = chunks[0] if len(chunks) == 1 else f"chunks/* ({len(chunks)} of them)"

    frames: Hdf5Frames | _Chunks
    if "diffraction" in keys:
        frames = file.frames(keys["diffraction"])
    else:
        frames = _Chunks([file.frames(Place(name=f"{chunk}/data")) for chunk in chunks], file)
        provenance["diffraction"] = f"datasets {span}/data"

    found = file.read_all(keys)
    if chunks and all(file.has(f"{chunk}/positions") for chunk in chunks):
        for column, role in enumerate(("ycoords", "xcoords")):
            if role not in found:
                found[role] = _positions(file, chunks, column, role)
                provenance[role] = f"datasets {span}/positions[:,{column}]"
    if "mask" not in found:
        good = _good(file, chunks)
        if good is not None:
            found["mask"] = good, file.where(f"{span}/weights")
            provenance["mask"] = f"datasets {span}/weights, good where above 0 in every frame"
    return ScanFile(
        format="ptyd",
        frames=frames,
        **arrays.converted(found, "m"),
        **figures.of_file(
            declared,
            wavelength_m=partial(_wavelength, file, provenance),
            distance_m=partial(_distance, file, provenance),
            detector_pixel_m=partial(_pixel, file, provenance),
        ),
        provenance=provenance,
    )


def _check_propagation(file: Hdf5File) -> None:
    """Refuse a scan that is said not to be one of the far field."""
    for path in _PROPAGATIONS:
        said = file.text(path)
        if said is not None and said.strip().lower() not in ("", "none", "farfield"):
            raise CheckError(
                file.where(path),
                expected="propagation farfield, the only one that there is a model for",
                found=repr(said[:50]),
                remedy="take a scan of the far field; near-field ptychography is not supported",
            )


class _Chunks:
    """Frames of several datasets, one after the other; see `Frames`."""

    def __init__(self, parts: Sequence[Hdf5Frames], file: Hdf5File) -> None:
        kinds = {(part.shape[1:], part.dtype) for part in parts}
        if len(kinds) > 1:
            text = " and ".join(sorted(f"{shape} {dtype}" for shape, dtype in kinds)[:2])
            raise arrays.refused(file.where("chunks"), "frames of one shape and dtype", text)
        self._parts = parts
        self._ends = np.cumsum([part.shape[0] for part in parts])
        self.shape = (int(self._ends[-1]), *parts[0].shape[1:])
        self.dtype = parts[0].dtype

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """Frames (n, H, W) of whatever chunks they are in."""
        wanted, place = arrays.sorted_indices(indices, self.shape[0])
        which = np.searchsorted(self._ends, wanted, side="right")
        out = np.empty((wanted.size, *self.shape[1:]), self.dtype)
        for number in np.unique(which):
            part = self._parts[number]
            start = self._ends[number] - part.shape[0]
            out[which == number] = part.read(wanted[which == number] - start)
        return out[place]


def _positions(
    file: Hdf5File, chunks: Sequence[str], column: int, role: str
) -> tuple[NDArray[Any], str]:
    place = Place(name="", axes=(_ALL, column))
    parts = []
    for chunk in chunks:
        path = f"{chunk}/positions"
        shape = file.dataset(path).shape
        if len(shape) != 2 or shape[1] != 2:
            raise arrays.refused(file.where(path), "positions (M, 2)", f"shape {shape}")
        parts.append(file.read(role, Place(name=path, axes=place.axes)))
    return np.concatenate(parts), file.where(f"{chunks[0]}/positions")


def _good(file: Hdf5File, chunks: Sequence[str]) -> NDArray[np.bool_] | None:
    """Pixels that have a weight in all frames; None if no chunk has weights."""
    good: NDArray[np.bool_] | None = None
    for chunk in chunks:
        path = f"{chunk}/weights"
        # without weights of its own, a chunk has an empty array or group there
        if file.is_empty(path):
            continue
        for part in _blocks(file.frames(Place(name=path), role="weights")):
            positive = np.logical_and.reduce(part.reshape(-1, *part.shape[-2:]) > 0)
            if good is not None and good.shape != positive.shape:
                raise arrays.refused(
                    file.where(path), f"weights of frames {good.shape}", f"shape {positive.shape}"
                )
            good = positive if good is None else np.logical_and(good, positive)
    return good


def _blocks(weights: Hdf5Frames) -> Iterator[NDArray[Any]]:
    count, height, width = weights.shape
    step = max(1, _BLOCK_BYTES // (height * width * weights.dtype.itemsize))
    for start in range(0, count, step):
        yield weights.read(range(start, min(count, start + step)))


def _wavelength(file: Hdf5File, provenance: dict[str, str]) -> float | None:
    energy = _meta(file, "energy")
    if energy is None:
        return None
    provenance["wavelength_m"] = "dataset meta/energy, in keV"
    return units.wavelength(float(energy[0]), "keV", file.where("meta/energy"))


def _distance(file: Hdf5File, provenance: dict[str, str]) -> float | None:
    distance = _meta(file, "distance")
    if distance is None:
        return None
    provenance["distance_m"] = "dataset meta/distance"
    return units.distance_m(float(distance[0]), file.where("meta/distance"))


def _pixel(file: Hdf5File, provenance: dict[str, str]) -> tuple[float, float] | None:
    pitch = _meta(file, "psize")
    if pitch is None:
        return None
    provenance["detector_pixel_m"] = "dataset meta/psize"
    where = file.where("meta/psize")
    return units.pixel_m(float(pitch[0]), where), units.pixel_m(float(pitch[-1]), where)


def _meta(file: Hdf5File, name: str) -> NDArray[np.float64] | None:
    """One number or a pair of ``meta``; None where it is absent or stands for None."""
    path = f"meta/{name}"
    if not file.has(path) or file.attribute(path, "type") in ("None", "string", "unicode"):
        return None
    values = file.numbers(path)
    if values.size > 2:
        raise arrays.refused(file.where(path), "one number, or two", f"{values.size} numbers")
    return values
