"""One fixture with one mistake: its arrays, and a sidecar that was written after the mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registry import digests, field
from registry.fixture import Fixture
from registry.identity.inventory import inventory
from registry.mistake import Mistake
from registry.mutants import stored

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A mistake, and the fixture in which it is to be planted."""

    fixture: Fixture
    mistake: Mistake

    @property
    def name(self) -> str:
        """Fixture and mistake."""
        return f"{self.fixture.name}: {self.mistake.name}"

    @property
    def address(self) -> str:
        """That of the fixture as it is."""
        return stored.address(self.fixture)

    def planted(self) -> Fixture | None:
        """The fixture with the mistake; None where it would be the same, bit for bit.

        The story is that the mistake was made before the sidecar was written. So the sidecar agrees
        with the arrays, and what compares the two notices nothing.
        """
        changed = self.mistake.plant(self.fixture)
        if all(_same(array, self.fixture[name]) for name, array in changed.items()):
            return None
        arrays: Mapping[str, np.ndarray] = {**self.fixture, **changed}
        data = stored.encode(arrays)
        record = replace(
            self.fixture.sidecar,
            sha256_checksum=digests.sha256(data),
            content_sha256=digests.content_digest(arrays),
            size=len(data),
            arrays=inventory(arrays),
        )
        return Fixture(
            name=self.fixture.name, arrays=arrays, sidecar=record, path=self.fixture.path
        )


def mutants_of(fixture: Fixture) -> list[Mutant]:
    """A mutant for each mistake of the fixture's field."""
    mistakes = field.of(fixture.sidecar.field).mistakes()
    return [Mutant(fixture=fixture, mistake=mistake) for mistake in mistakes]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return digests.array_digest(a) == digests.array_digest(b)
