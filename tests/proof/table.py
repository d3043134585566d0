"""Verdicts on many scans of each kind, counted, and what must hold of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from registry.identity.sidecar import CHECKED, UNDECIDED
from registry.ptychography.held_out import held_out
from registry.ptychography.noise import Noise
from registry.ptychography.outliers import Usual
from registry.ptychography.physics import assess
from registry.ptychography.scan import Scan
from tests.proof.cases import KINDS, MEASURED

REFUSED = "refused"
PHOTONS = (1e3, 1e4, 1e5, 1e6)
SIZES = (16, 32, 64, 128)
# From so many frames on a sound scan should be told.
ENOUGH = 32


def verdict(scan: Scan, noise: Noise, source: Scan) -> str:
    """What is said of a fixture: by its criteria, and by what its data could have told."""
    measured = noise.kind == MEASURED
    known = held_out(source) if measured else None
    usual = Usual.of(source.frames, source.model()) if measured else None
    found = assess(scan, noise, usual, known)
    if found.failures:
        return REFUSED
    return UNDECIDED if found.doubts else CHECKED


@dataclass(frozen=True, kw_only=True)
class Cell:
    """All scans of one kind, size, number of photons and declaration."""

    kind: str
    n: int
    photons: float
    declared: str
    verdicts: Counter[str] = field(default_factory=Counter)

    @property
    def is_right(self) -> bool:
        """No unsound scan is checked, and of the sound ones, where there are enough frames, all."""
        if not KINDS[self.kind].sound:
            return not self.verdicts[CHECKED]
        return self.n < ENOUGH or self.verdicts.total() == self.verdicts[CHECKED]

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.verdicts.items()))
        place = f"{self.kind}, {self.n} frames, {self.photons:g} photons, {self.declared}"
        return f"{place}: {counts}{'' if self.is_right else '  <- not as it should be'}"


def cells(
    kinds: Sequence[str] = tuple(KINDS),
    sizes: Sequence[int] = SIZES,
    photons: Sequence[float] = PHOTONS,
) -> Iterator[Cell]:
    """Every cell, empty."""
    for kind in kinds:
        for n in sizes:
            for level in photons:
                for declared in KINDS[kind].declared:
                    yield Cell(kind=kind, n=n, photons=level, declared=declared)


def fill(cell: Cell, seeds: Sequence[int]) -> Cell:
    """The cell, with the verdict on one scan for each seed."""
    for seed in seeds:
        made = KINDS[cell.kind].make(seed, cell.n, cell.photons, cell.declared)
        cell.verdicts[verdict(*made)] += 1
    return cell
