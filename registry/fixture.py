"""A loaded fixture: arrays by name or attribute, its sidecar, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.identity.sidecar import Sidecar

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Fixture(Mapping[str, "np.ndarray"]):
    """Verified arrays, read-only, as a mapping and as attributes.

    ``fixture["diffraction"]`` and ``fixture.diffraction`` are the same array. A test that wants to
    write takes a copy: ``fixture.diffraction.copy()``.
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    sidecar: Sidecar
    path: Path

    def __getitem__(self, key: str) -> np.ndarray:
        try:
            return self.arrays[key]
        except KeyError:
            raise KeyError(f"{key}: fixture {self.name} has {', '.join(self.arrays)}") from None

    def __getattr__(self, key: str) -> np.ndarray:
        # reached only where no field has that name
        if key in self.arrays:
            return self.arrays[key]
        raise AttributeError(f"fixture {self.name} has {', '.join(self.arrays)}, not {key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def __repr__(self) -> str:
        return f"<fixture {self.name}: {', '.join(self.arrays)}>"
