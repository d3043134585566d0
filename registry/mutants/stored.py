"""Fixtures in the folders of a run: an archive and its sidecar, as a registry has them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from registry import files
from registry.errors import ArchiveError
from registry.fixture import Fixture
from registry.identity import foreign_npz, npz, sidecar

if TYPE_CHECKING:
    import numpy as np


def address(fixture: Fixture) -> str:
    """Name and content, which are the fixture's wherever it was loaded from."""
    return f"{fixture.name}@sha256:{fixture.sidecar.sha256_checksum}"


def encode(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Bytes of an archive: the canonical ones, but where a mistake is of what these do not hold."""
    try:
        return npz.encode(arrays)
    except ArchiveError:
        return _as_numpy_does(arrays)


def write(folder: Path, fixture: Fixture) -> None:
    """Write a fixture's archive and its sidecar."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{fixture.name}.npz").write_bytes(encode(fixture.arrays))
    (folder / f"{fixture.name}.json").write_bytes(sidecar.encode(fixture.sidecar))


def read(folder: Path) -> Fixture:
    """The one fixture that was written to a folder; its arrays are read-only."""
    (path,) = folder.glob("*.npz")
    subject = f"fixture {path.stem}"
    return Fixture(
        name=path.stem,
        arrays=foreign_npz.read(path, subject=subject),
        sidecar=sidecar.parse(files.read(path.with_suffix(".json")), subject=subject),
        path=path,
    )


def _as_numpy_does(arrays: Mapping[str, np.ndarray]) -> bytes:
    from numpy.lib import format as npy

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name in sorted(arrays):
            # a fixed date: the same arrays give the same bytes
            with members.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, arrays[name], allow_pickle=False)
    return archive.getvalue()
