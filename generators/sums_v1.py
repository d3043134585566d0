"""Sums that are the same on every machine: in a fixed order, whatever numpy's version.

``numpy.sum`` of a large array was seen to differ in its last bits between numpy 2.0 and 2.4.
"""

import numpy as np


def total(values: np.ndarray) -> float:
    """Sum of all elements of a real array: halves are added until one number is left."""
    flat = np.ascontiguousarray(values, dtype=np.float64).reshape(-1)
    size = 1
    while size < flat.size:
        size *= 2
    rest = np.zeros(size)
    rest[: flat.size] = flat
    while size > 1:
        size //= 2
        rest = rest[:size] + rest[size:]
    return float(rest[0])


def over_first(values: np.ndarray) -> np.ndarray:
    """Sum along the first axis, one term after the other."""
    found: np.ndarray = values[0]
    for term in values[1:]:
        found = found + term
    return found
