"""Readers of scans as other tools write them, one module for each format.

A reader says what a file holds. It changes no sign, axis, origin, or scale: what differs between
tools is declared by whoever knows the source, and applied where it is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any

from registry.errors import UsageError
from registry.ptychography.readers import arrays, selection
from registry.ptychography.readers.figures import FIGURES, check
from registry.ptychography.readers.hdf5_scan import READERS, open_hdf5_scan
from registry.ptychography.readers.npz import open_npz
from registry.ptychography.readers.scan_file import ROLES, Frames, ScanFile
from registry.storage.distant import Distant, File

__all__ = ["Frames", "ScanFile", "open_declared", "open_scan"]

_FORMATS = ("npz", *READERS)
_LAYOUTS = ("canonical", "legacy")


@contextmanager
def open_scan(
    path: File,
    *,
    format: str,
    keys: Mapping[str, str] = MappingProxyType({}),
    layout: str | None = None,
    figures: Mapping[str, float] = MappingProxyType({}),
    subject: str,
) -> Iterator[ScanFile]:
    """Open a scan; its frames can be read until the context ends.

    Parameters
    ----------
    path : path or Distant
        The file; in an HDF5 format also one that is read elsewhere, in ranges.
    format : str
        ``npz``, ``cxi``, ``ptyd`` or ``ptychodus``.
    keys : mapping
        Where an array is if not at its usual place: role (a name of the data contract, ``mask`` or
        ``dark``) to a name in the file, with numbers and slices in brackets: ``scan[0,:,1]``. In
        HDF5 formats the name is a path.
    layout : str, optional
        Of frames in a ``.npz``: ``canonical`` for (N, H, W), ``legacy`` for (H, W, N). Without it,
        the shapes have to tell.
    figures : mapping
        Figures of `FIGURES` that are declared: what the file says of them, right or wrong, is not
        looked at, and `ScanFile` has none.
    subject : str
        What the file is, for messages.

    Raises
    ------
    UsageError
        An unknown format, layout or role, or a key that is no place.
    CheckError
        The file is damaged, hostile, or not what the format says; `ArchiveError` for a ``.npz``.
        HDF5's library crashes on it, or comes to no end.
    MissingError
        The file is absent, h5py or a compression filter is not installed, or no space to unpack.
    """
    if format not in _FORMATS:
        raise _unknown(subject, "format", format, _FORMATS)
    if layout is not None and layout not in _LAYOUTS:
        raise _unknown(subject, "layout", layout, _LAYOUTS)
    if layout == "legacy" and format != "npz":
        raise _unknown(subject, f"layout for format {format}", layout, _LAYOUTS[:1])
    if format == "npz" and isinstance(path, Distant):
        raise _unknown(subject, "format of a file that is read in ranges", format, tuple(READERS))
    for role in keys:
        if role not in ROLES:
            raise _unknown(subject, "key", role, ROLES)
    check(figures, subject)
    places = {role: selection.parse(text, subject=subject) for role, text in keys.items()}
    with (
        open_npz(path, keys=places, layout=layout, subject=subject)
        if not isinstance(path, Distant) and format == "npz"
        else open_hdf5_scan(path, format=format, keys=places, declared=figures, subject=subject)
    ) as scan:
        _check(scan, subject)
        yield scan


def open_declared(
    path: File, declared: Mapping[str, Any], *, subject: str
) -> AbstractContextManager[ScanFile]:
    """Open a file as its entry of params.yaml declares it; see `open_scan`."""
    return open_scan(
        path,
        format=declared["format"],
        keys={role: declared[role] for role in ROLES if role in declared},
        layout=declared.get("layout"),
        figures={name: float(declared[name]) for name in FIGURES if name in declared},
        subject=subject,
    )


def _check(scan: ScanFile, subject: str) -> None:
    """Refuse arrays that do not belong to one scan."""
    per_position = {
        "xcoords": scan.x,
        "ycoords": scan.y,
        "xcoords_start": scan.x_start,
        "ycoords_start": scan.y_start,
        "scan_index": scan.scan_index,
    }
    arrays.agree(
        subject,
        frames=None if scan.frames is None else scan.frames.shape,
        counts={name: len(array) for name, array in per_position.items() if array is not None},
        images={
            name: array.shape
            for name, array in (("mask", scan.mask), ("dark", scan.dark))
            if array is not None
        },
    )


def _unknown(subject: str, what: str, found: str, known: tuple[str, ...]) -> UsageError:
    return UsageError(
        subject,
        expected=f"a {what} of {', '.join(known)}",
        found=repr(found),
        remedy=f"correct the {what}",
    )
