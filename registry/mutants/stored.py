"""Fixtures in the folders of a run: an archive and its sidecar, as a registry has them."""

from __future__ import annotations

from pathlib import Path

from registry.fixture import Fixture
from registry.identity import npz, sidecar


def address(fixture: Fixture) -> str:
    """Name and content, which are the fixture's wherever it was loaded from."""
    return f"{fixture.name}@sha256:{fixture.sidecar.sha256_checksum}"


def write(folder: Path, fixture: Fixture) -> None:
    """Write a fixture's archive and its sidecar."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{fixture.name}.npz").write_bytes(npz.encode(fixture.arrays))
    (folder / f"{fixture.name}.json").write_bytes(sidecar.encode(fixture.sidecar))


def read(folder: Path) -> Fixture:
    """The one fixture that was written to a folder; its arrays are read-only."""
    (path,) = folder.glob("*.npz")
    text = path.with_suffix(".json").read_bytes()
    return Fixture(
        name=path.stem,
        arrays=npz.parse(path.read_bytes(), subject=f"fixture {path.stem}"),
        sidecar=sidecar.parse(text, subject=f"fixture {path.stem}"),
        path=path,
    )
