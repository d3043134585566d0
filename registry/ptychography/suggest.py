"""What each strategy and size would make of a source, as a program: it prints JSON.

``fixtures suggest`` runs it where the source's stage has run, and prints its JSON as a table.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from generators import subset_v1
from registry import console
from registry.errors import CheckError, UsageError
from registry.identity import foreign_npz, npz
from registry.ptychography.acceptance import MIN_COVERAGE, span
from registry.ptychography.contracts import contract_failures, contract_of
from registry.ptychography.forward import frames_inside
from registry.ptychography.groups import scan_groups

SCHEMAS = Path("schemas")
SIZES = (16, 32, 64, 128)
SEED = 0
GRIDSIZE = 2
_DECIMALS = 3
_WHOLE = ("objectGuess", "probeGuess")


def main(argv: Sequence[str] | None = None) -> int:
    name, file = sys.argv[1:] if argv is None else argv
    subject, path = f"source {name}", Path(file)
    # not the frames, which may be large
    held = foreign_npz.inventory(path, subject=subject)
    names = [*_WHOLE, *(key for key in subset_v1.PER_POSITION if key in held)]
    arrays = foreign_npz.read(path, subject=subject, names=names)
    json.dump(suggest(arrays), sys.stdout)
    return 0


def suggest(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Figures of each strategy and size.

    Parameters
    ----------
    arrays : mapping
        ``objectGuess`` (Y, X), ``probeGuess`` (H, W) or (P, H, W), and what a fixture has for each
        position, at least ``xcoords`` and ``ycoords`` (N,) [px].

    Returns
    -------
    dict
        ``positions``, ``frame``, ``object``, ``probe_diameter_px``, ``seed`` (of ``random``), and
        ``rows``: ``strategy``, ``n_subset``, ``coverage_x``, ``coverage_y``, ``overlap``,
        ``groups``, ``bytes`` (of a fixture with ``diff3d``), ``failures`` (list of str).

    Raises
    ------
    CheckError
        The source has too few positions for any fixture.
    """
    x, y = (arrays[name].astype(np.float64) for name in ("xcoords", "ycoords"))
    if x.size < SIZES[0]:
        raise CheckError(
            "positions",
            expected=f"at least {SIZES[0]}, the fewest that a fixture may have",
            found=str(x.size),
            remedy="take a longer scan",
        )
    sizes = sorted({size for size in SIZES if size <= x.size} | {min(x.size, SIZES[-1])})
    diameter = probe_diameter(arrays["probeGuess"])
    rows = [
        _row(arrays, x, y, strategy, size, diameter)
        for strategy in subset_v1.STRATEGIES
        for size in sizes
    ]
    return {
        "positions": x.size,
        "frame": list(arrays["probeGuess"].shape[-2:]),
        "object": list(arrays["objectGuess"].shape),
        "probe_diameter_px": round(diameter, _DECIMALS),
        "seed": SEED,
        "rows": rows,
    }


def probe_diameter(probe: np.ndarray) -> float:
    """Diameter [px] of the uniform disc that is as spread out as a probe (H, W) or (P, H, W).

    The disc's area is ``(sum I)**2 / sum I**2`` of the intensity I, summed over modes: for a
    uniform disc that is its own area, whatever its brightness, and no threshold is needed.
    """
    modes = probe.reshape(-1, *probe.shape[-2:])
    intensity = (np.abs(modes.astype(np.complex128)) ** 2).sum(axis=0)
    area = intensity.sum() ** 2 / (intensity**2).sum()
    return float(2 * np.sqrt(area / np.pi))


def overlap(x: np.ndarray, y: np.ndarray, diameter: float) -> float:
    """Mean linear overlap of each position's probe with its nearest neighbour's.

    ``1 - d / diameter`` for a distance d of the centres, and 0 from one diameter on.
    """
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(distance, np.inf)
    return float(np.clip(1 - distance.min(axis=1) / diameter, 0, None).mean())


def _row(
    arrays: Mapping[str, np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    strategy: str,
    size: int,
    diameter: float,
) -> dict[str, Any]:
    indices = subset_v1.select(strategy, size, x, y, SEED)
    chosen_x, chosen_y = x[indices], y[indices]
    cut = _cut(arrays, indices)
    shape = arrays["probeGuess"].shape[-2:]
    coverage = [round(span(whole, whole[indices]), _DECIMALS) for whole in (x, y)]
    failures = [str(failure) for failure in contract_failures(cut, SCHEMAS, contract_of(cut))]
    if min(coverage) <= MIN_COVERAGE:
        failures.append(f"coverage: more than {MIN_COVERAGE:.0%} wanted in x and y")
    outside = ~frames_inside(arrays["objectGuess"].shape[-2:], chosen_x, chosen_y, shape)
    if outside.any():
        failures.append(f"frames: {outside.sum()} of {size} leave the object")
    try:
        groups = len(scan_groups(chosen_x, chosen_y, GRIDSIZE, shape))
    except UsageError:
        groups = 0
    return {
        "strategy": strategy,
        "n_subset": size,
        "coverage_x": coverage[0],
        "coverage_y": coverage[1],
        "overlap": round(overlap(chosen_x, chosen_y, diameter), _DECIMALS),
        "groups": groups,
        "bytes": len(npz.encode(cut)),
        "failures": failures,
    }


def _cut(arrays: Mapping[str, np.ndarray], indices: np.ndarray) -> dict[str, np.ndarray]:
    """The fixture's arrays, but for the frames, which are dark."""
    frames = np.zeros((indices.size, *arrays["probeGuess"].shape[-2:]), "<f4")
    found = {name: arrays[name][indices] for name in subset_v1.PER_POSITION if name in arrays}
    found.update({name: arrays[name] for name in _WHOLE})
    cut = {name: np.ascontiguousarray(array, subset_v1.DTYPES[name])
           for name, array in found.items()}  # fmt: skip
    return {**cut, "diffraction": frames, "diff3d": frames}


if __name__ == "__main__":
    sys.exit(console.run(main))
