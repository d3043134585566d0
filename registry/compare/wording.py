"""Words and figures of a comparison, for terminal and page alike."""

from __future__ import annotations

import json
import re
from typing import Any

from registry.compare.array_difference import ArrayDifference
from registry.compare.fixture_difference import ABSENT

HEAD = ("array", "verdict", "shape", "dtype", "differ", "absolute", "relative", "ULP", "first")
_LONGEST = 60
_DIGEST = re.compile(r"\b[0-9a-f]{40,64}\b")


def row(item: ArrayDifference) -> tuple[str, ...]:
    """An array's line of the table, under `HEAD`."""
    differ = "-" if item.differing is None else f"{item.differing:,} of {item.total:,}"
    ulp = "-" if item.largest_ulp is None else _ulp(item.largest_ulp)
    if item.not_finite:
        ulp = f"{item.not_finite:,} not finite"
    return (
        item.name,
        item.verdict,
        _pair(*map(_shape, item.shapes)),
        _pair(*(dtype or "" for dtype in item.dtypes)),
        differ,
        _figure(item.largest_absolute),
        _figure(item.largest_relative),
        ulp,
        "-" if item.first is None else str(item.first),
    )


def _shape(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else str(shape)


def _pair(a: str, b: str) -> str:
    return a if a == b else " -> ".join(filter(None, (a, b)))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _ulp(value: float) -> str:
    return f"{value:.0f}" if value < 1e6 else f"{value:.3g}"


def shown(value: Any) -> str:
    """A field's value in few words."""
    if value is ABSENT:
        return "(absent)"
    if isinstance(value, list) and len(value) > 4:
        return f"[{value[0]}, {value[1]}, ... {value[-1]}] ({len(value)})"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # the start of a digest tells it from another
    text = _DIGEST.sub(lambda match: match[0][:12], text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
