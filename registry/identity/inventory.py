"""Inventory of arrays: what a sidecar says of each, and what schemas of contracts are held against.

Everything in it is computed with operations that are exact on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from registry.digests import array_digest

# Some rows are looked at together: what is computed of a complex number takes several times its
# memory.
_ROWS_BYTES = 16_000_000


def inventory(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """dtype, shape, range, whether finite, and SHA-256 of each array, by name.

    The range is that of the finite values, of the magnitude for complex arrays.
    """
    # one array may have two names
    records = {id(array): _record(array) for array in {id(a): a for a in arrays.values()}.values()}
    return {name: dict(records[id(arrays[name])]) for name in sorted(arrays)}


def _record(array: np.ndarray) -> dict[str, Any]:
    found = [_range(part) for part in _parts(array)]
    ranges = [limits for limits, _ in found if limits]
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "range": [min(low for low, _ in ranges), max(high for _, high in ranges)]
        if ranges
        else [0, 0],
        "finite": all(is_finite for _, is_finite in found),
        "sha256": array_digest(array),
    }


def _parts(array: np.ndarray) -> list[np.ndarray]:
    """An array in parts of some rows each; none of an empty one."""
    if not array.ndim:
        return [array]
    step = max(1, _ROWS_BYTES // max(1, array[:1].nbytes))
    return [array[start : start + step] for start in range(0, len(array), step)]


def _range(array: np.ndarray) -> tuple[tuple[Any, Any] | None, bool]:
    """Least and largest of the finite values, and whether all of them are finite."""
    if array.dtype.kind == "c":
        re, im = array.real.astype(np.float64), array.imag.astype(np.float64)
        # not np.abs: hypot differs between C libraries in the last bit
        with np.errstate(over="ignore"):
            # too large for a square is infinite, and so reported as not finite
            values = np.sqrt(re * re + im * im)
    else:
        values = array
    finite = np.isfinite(values)
    inside = values[finite]
    limits = (inside.min().item(), inside.max().item()) if inside.size else None
    return limits, bool(finite.all())
