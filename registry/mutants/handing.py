"""What a child puts between a load and who asked for it: it watches, and it replaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from registry.fixture import Fixture
from registry.mutants import stored
from registry.mutants.plan import Plan
from registry.mutants.uses import Uses

if TYPE_CHECKING:
    import numpy as np


class Watched(Mapping[str, "np.ndarray"]):
    """Arrays of a fixture, each of which is looked at by whoever takes it."""

    def __init__(self, arrays: Mapping[str, np.ndarray], looked_at: Callable[[], None]) -> None:
        self._arrays = arrays
        self._looked_at = looked_at

    def __getitem__(self, key: str) -> np.ndarray:
        array = self._arrays[key]
        self._looked_at()
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


class Handing:
    """Replaces the fixture of a plan by the one in the child's folder, and notes who gets which."""

    def __init__(self, plan: Plan, folder: Path, uses: Uses) -> None:
        self._address = plan.address
        self._mutant = stored.read(folder) if plan.address else None
        self._keep = Path(plan.keep) if plan.keep else None
        self._uses = uses
        self._kept: set[str] = set()

    def __call__(self, fixture: Fixture) -> Fixture:
        """The fixture as it is handed out; what is noted is the address that it then has."""
        if self._mutant is not None and stored.address(fixture) == self._address:
            fixture = self._mutant
        address = stored.address(fixture)
        if self._keep is not None and address not in self._kept:
            stored.write(self._keep / str(len(self._kept)), fixture)
            self._kept.add(address)
        if not isinstance(fixture.arrays, Watched):
            watched = Watched(fixture.arrays, lambda: self._uses.looked_at(address))
            object.__setattr__(fixture, "arrays", watched)
        self._uses.handed_out(address)
        return fixture
