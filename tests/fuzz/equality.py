"""Equality of documents, in which what is shared counts once: aliases make them huge."""

from __future__ import annotations

import math
from typing import Any


def same(a: Any, b: Any) -> bool:
    """Equality for which NaN is itself, and 1 is neither True nor 1.0; shared parts count once."""
    seen: set[tuple[int, int]] = set()
    left = [(a, b)]
    while left:
        one, other = left.pop()
        if type(one) is not type(other):
            return False
        if not isinstance(one, (list, dict)):
            both_nan = isinstance(one, float) and math.isnan(one) and math.isnan(other)
            if not (both_nan or one == other):
                return False
        elif (id(one), id(other)) not in seen:
            seen.add((id(one), id(other)))
            if len(one) != len(other) or (isinstance(one, dict) and list(one) != list(other)):
                return False
            inside = one if isinstance(one, list) else one.values()
            beside = other if isinstance(other, list) else other.values()
            left += zip(inside, beside, strict=True)
    return True
