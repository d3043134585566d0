"""Inventory of arrays: what a sidecar says of each, and what schemas of contracts are held against.

Everything in it is computed with operations that are exact on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from registry.digests import array_digest


def inventory(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """dtype, shape, range, whether finite, and SHA-256 of each array, by name.

    The range is that of the finite values, of the magnitude for complex arrays.
    """
    return {name: _record(arrays[name]) for name in sorted(arrays)}


def _record(array: np.ndarray) -> dict[str, Any]:
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
    low, high = (inside.min().item(), inside.max().item()) if inside.size else (0, 0)
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "range": [low, high],
        "finite": bool(finite.all()),
        "sha256": array_digest(array),
    }
