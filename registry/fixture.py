"""A loaded fixture: arrays by name or attribute, its sidecar, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from registry.identity.sidecar import Sidecar

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Fixture(Mapping[str, "np.ndarray"]):
    """Verified arrays, read-only, as a mapping and as attributes.

    ``fixture["samples"]`` and ``fixture.samples`` are the same array. A test that wants to write
    takes a copy: ``fixture.samples.copy()``.
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    sidecar: Sidecar
    path: Path

    def __post_init__(self) -> None:
        # a copy, because whoever made the mapping could go on writing to it
        object.__setattr__(self, "arrays", MappingProxyType(dict(self.arrays)))

    def __reduce__(self) -> tuple[object, ...]:
        # a read-only mapping is not pickled, and an array forgets that it is read-only
        kept = {name: _kept(array) for name, array in self.arrays.items()}
        return (_restored, (self.name, kept, self.sidecar, self.path))

    def __getitem__(self, key: str) -> np.ndarray:
        try:
            return self.arrays[key]
        except KeyError:
            raise KeyError(f"{key}: fixture {self.name} has {', '.join(self.arrays)}") from None

    def __getattr__(self, key: str) -> np.ndarray:
        # reached only where no field has that name
        # Python and numpy ask for names with underscores in front; no array answers to them
        if key in self.arrays and not key.startswith("__"):
            return self.arrays[key]
        raise AttributeError(f"fixture {self.name} has {', '.join(self.arrays)}, not {key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def __repr__(self) -> str:
        return f"<fixture {self.name}: {', '.join(self.arrays)}>"


def _kept(array: np.ndarray) -> Any:
    """What is pickled of an array; of one that is read-only, what makes it so again."""
    return array if array.flags.writeable else (array.dtype, array.shape, array.tobytes())


def _restored(name: str, kept: dict[str, Any], sidecar: Sidecar, path: Path) -> Fixture:
    import numpy as np

    arrays = {
        key: np.ndarray(item[1], item[0], buffer=item[2]) if isinstance(item, tuple) else item
        for key, item in kept.items()
    }
    return Fixture(name=name, arrays=arrays, sidecar=sidecar, path=path)
