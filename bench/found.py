"""``python -m bench.found``: which mistakes do the criteria find, and at how many photons?

A table for docs/checks.md, of mistakes that are hard to see: planted in twins of Run1084 with their
own objects, positions and noise, declared as what they are and as measured. The source has the
mistake as well, so that errors of its own frames tell nothing. Takes minutes: it is no part of
``python -m bench``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from bench.results import table
from bench.timing import ROOT
from generators import simulate_v1, subset_v1
from registry import console
from registry.ptychography.mistakes import MISTAKES
from registry.ptychography.noise import Noise
from registry.ptychography.planted import Criteria

NAMES = (
    "background",
    "hot_pixel",
    "clipped",
    "defocused_probe",
    "pixel_size",
    "rotation",
    "second_frames_off",
    "second_rows_off",
    "drift",
)
PHOTONS = (1e3, 1e4, 1e5, 1e6)
SIZES = (16, 64)
KINDS = ("poisson", "measured")
SEEDS = tuple(range(1084, 1089))
# The largest amplitude of the published twin.
MAX_AMPLITUDE = 1.7036

# By mistake, photons, kind of noise and number of frames: what found it, seed by seed.
Findings = dict[tuple[str, float, str, int], list[list[str]]]


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return console.run(lambda: _main(argv))


def _main(_: Sequence[str] | None) -> int:
    findings: Findings = {}
    for seed in SEEDS:
        for photons in PHOTONS:
            for key, found in trials(seed, photons):
                findings.setdefault(key, []).append(found)
    print(lines(findings))
    return 0


def trials(seed: int, photons: float) -> Iterator[tuple[tuple[str, float, str, int], list[str]]]:
    """Each mistake in a twin; under the name ``""`` the twin as it is."""
    params = {"seed": seed, "photons_per_frame": photons, "max_amplitude": MAX_AMPLITUDE}
    source, declared = simulate_v1.generate(params, None)
    for n in SIZES:
        cut = {"strategy": "evenly_spaced", "n_subset": n}
        arrays, _ = subset_v1.generate(cut, source, declared)
        for kind in KINDS:
            scale = declared["photon_scale"] if kind == "poisson" else None
            noise = Noise(kind=kind, photon_scale=scale)
            criteria = Criteria.of(arrays, noise, ROOT / "schemas")
            for name, changed in planted(arrays):
                yield (name, photons, kind, n), criteria.refusing(changed)


def planted(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Nothing, and then each of the mistakes of the table."""
    yield "", {}
    plants = {mistake.name: mistake.plant for mistake in MISTAKES}
    for name in NAMES:
        yield name, plants[name](arrays)


def lines(findings: Findings) -> str:
    """The table, in markdown: a column for each noise and size, in it a sign for each level."""
    levels = " ".join(f"{photons:.0e}".replace("e+0", "e") for photons in PHOTONS)
    columns = [(kind, n) for kind in KINDS for n in SIZES]
    rows = []
    for name in ("", *NAMES):
        signs = (
            " ".join(sign(judged(name, photons, kind, n, findings)) for photons in PHOTONS)
            for kind, n in columns
        )
        found_by = (", ".join(sorted(criteria(name, kind, findings))) for kind in KINDS)
        rows.append([f"`{name}`" if name else "sound data refused", *signs, *found_by])
    heads = [f"{kind}, {n} frames" for kind, n in columns]
    note = (
        f"Photons per frame: {levels}. ● of {len(SEEDS)} twins all, ○ some, · none; – where no "
        "twin is accepted as it is. One that is not says nothing of mistakes, and is left out."
    )
    by = [f"found by, {kind}" for kind in KINDS]
    return f"{note}\n\n{table(['mistake', *heads, *by], rows)}"


def judged(name: str, photons: float, kind: str, n: int, findings: Findings) -> list[list[str]]:
    """What found a mistake, in those twins that are accepted without it."""
    sound, found = (findings[each, photons, kind, n] for each in ("", name))
    return [names for refused, names in zip(sound, found, strict=True) if not (name and refused)]


def sign(found: list[list[str]]) -> str:
    """Whether it is found in every twin, in some, or in none."""
    count = sum(map(bool, found))
    if not found:
        return "–"
    if count == len(found):
        return "●"
    return "○" if count else "·"


def criteria(name: str, kind: str, findings: Findings) -> set[str]:
    """All that ever found it, where the noise is of that kind."""
    return {
        criterion
        for photons in PHOTONS
        for n in SIZES
        for names in judged(name, photons, kind, n, findings)
        for criterion in names
    }


if __name__ == "__main__":
    sys.exit(main())
