"""What a file of a scan holds, whatever its format: for looking at it before it is declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from registry.errors import ArchiveError, RegistryError
from registry.identity import foreign_npz
from registry.identity.opening import open_file
from registry.ptychography.readers import open_scan
from registry.ptychography.readers.hdf5 import Hdf5File, open_hdf5
from registry.ptychography.readers.hdf5_scan import open_apart
from registry.ptychography.readers.npz import unpacked
from registry.ptychography.readers.tree import Node, nodes

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
# Where HDF5 looks for it: at the start, or after a block of the user's of 512 bytes, 1024, ...
_FIRST_BLOCK = 512
_ZIP_MAGIC = b"PK"
# Of a file of neither kind.
_SHOWN_BYTES = 16
# What only files of a format have, in the order in which they are looked for.
_MARKS = {"cxi": "entry_1", "ptyd": "chunks", "ptychodus": "probe_position_x_m"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hdf5Profile:
    """Datasets and links of an HDF5 file, and what its reader takes of them.

    format : of a source; None where the file has none that is known
    provenance : what the reader finds, and where; empty where it refuses the file
    errors : why a dataset or the file cannot be read
    """

    nodes: list[Node]
    format: str | None
    provenance: Mapping[str, str]
    errors: list[RegistryError]


def is_hdf5(path: Path, *, subject: str) -> bool:
    """Whether a file is HDF5, by its first bytes.

    Raises
    ------
    CheckError, MissingError
        There is no such file, or none that can be read.
    """
    with open_file(path, subject) as file:
        size, at = file.seek(0, 2), 0
        while at < size:
            file.seek(at)
            if file.read(len(_HDF5_MAGIC)) == _HDF5_MAGIC:
                return True
            at = 2 * at or _FIRST_BLOCK
    return False


def npz_arrays(path: Path, *, subject: str) -> dict[str, np.ndarray]:
    """Arrays of a ``.npz``, which may be packed as that of a source.

    Raises
    ------
    CheckError, MissingError
        As `registry.identity.foreign_npz.read` does.
    """
    with open_file(path, subject) as packed, unpacked(packed, subject) as file:
        _require_zip(file, subject)
        members = foreign_npz.members(file, subject)
        return {name: foreign_npz.read_array(file, member) for name, member in members.items()}


def _require_zip(file: BinaryIO, subject: str) -> None:
    """Refuse what does not begin as a ZIP, before it is taken for one that is damaged."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(_SHOWN_BYTES)
    if not head.startswith(_ZIP_MAGIC):
        raise ArchiveError(
            subject,
            expected="a .npz, also packed in .bz2 or .gz, or an HDF5 file",
            found=f"{size} bytes that begin with {head!r}",
            remedy="name a file of a scan; fetch this one again, if it should be one",
        )


def hdf5_profile(path: Path, *, subject: str) -> Hdf5Profile:
    """Profile an HDF5 file; what is wrong in it is in the profile.

    Raises
    ------
    CheckError
        It is damaged as a whole, or where its groups are; or HDF5's library crashes on it, or
        comes to no end.
    MissingError
        h5py is not installed.
    """
    with open_apart(open_hdf5, path, subject) as opened:
        found, formats = opened.call(_looked_at)
    errors = [node.error for node in found if node.error is not None]
    provenance: Mapping[str, str] = {}
    for form in formats[:1]:
        try:
            with open_scan(path, format=form, subject=subject) as scan:
                provenance = scan.provenance
        except RegistryError as error:
            # that of a dataset is there already
            if str(error) not in map(str, errors):
                errors.append(error)
    return Hdf5Profile(
        nodes=found,
        format=formats[0] if formats else None,
        provenance=provenance,
        errors=errors,
    )


def _looked_at(file: Hdf5File) -> tuple[list[Node], list[str]]:
    """What is in a file, and the formats of a source that it may have."""
    return list(nodes(file)), [form for form, mark in _MARKS.items() if file.has(mark)]
