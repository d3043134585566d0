"""Two fixtures held against each other: record, arrays, and what the differences amount to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry import digests, field
from registry.compare import array_difference
from registry.compare.array_difference import ArrayDifference
from registry.compare.operand import Operand
from registry.contract import Contract, guessed

IDENTICAL = "identical"
CONTAINER_ONLY = "container only"
ROUNDING = "rounding"
DIFFERENT = "different data"
NOT_MEASURED = "different, not measured"

MEANINGS = {
    IDENTICAL: "the same bytes",
    CONTAINER_ONLY: "other bytes, and in them the same arrays, bit for bit",
    ROUNDING: f"the same arrays, no value further off than {array_difference.TOLERANCE_ULP} ULP",
    DIFFERENT: "other values, dtypes, shapes or arrays",
    NOT_MEASURED: "other digests; the bytes are not here to be measured",
}

ABSENT: Any = object()
"""Value of a field that a sidecar does not have."""

_NOT_READ = "no values were compared: this is what the sidecars say of the arrays"


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldDifference:
    """A field of the sidecar, by its dotted path, and its two values or `ABSENT`."""

    field: str
    a: Any
    b: Any

    @property
    def is_text(self) -> bool:
        """Whether both values are lists of lines, such as the transformations."""
        return all(
            isinstance(value, list) and value and isinstance(value[0], str)
            for value in (self.a, self.b)
        )

    def text_lines(self) -> list[tuple[str, str]]:
        """Lines of such a field that only one side has, after ``-`` (A) or ``+`` (B)."""
        return [("-", line) for line in self.a if line not in self.b] + [
            ("+", line) for line in self.b if line not in self.a
        ]

    def to_dict(self) -> dict[str, Any]:
        """As JSON; a side that lacks the field has no key."""
        sides = {"a": self.a, "b": self.b}
        found = {key: value for key, value in sides.items() if value is not ABSENT}
        return {"field": self.field, **found}


@dataclass(frozen=True, kw_only=True, slots=True)
class FixtureDifference:
    """What lies between A and B.

    ``verdict`` is a key of `MEANINGS`. ``fields`` are the sidecar's; ``notes`` say what the
    differences of the arrays amount to, such as an order or a subset that changed.
    """

    a: Operand
    b: Operand
    verdict: str
    fields: list[FieldDifference]
    arrays: list[ArrayDifference]
    notes: list[str]

    @property
    def same(self) -> bool:
        """Whether both hold the same arrays, bit for bit."""
        return self.verdict in (IDENTICAL, CONTAINER_ONLY)

    def to_dict(self) -> dict[str, Any]:
        """As JSON; what is infinite or not a number is null there."""
        return {
            "verdict": self.verdict,
            "same": self.same,
            "notes": self.notes,
            "a": _side(self.a),
            "b": _side(self.b),
            "sidecar": [item.to_dict() for item in self.fields],
            "arrays": [_array(item) for item in self.arrays],
        }


def compare(a: Operand, b: Operand) -> FixtureDifference:
    """Hold two sides against each other."""
    if a.arrays is None or b.arrays is None:
        arrays, notes = _by_record(a, b), [_NOT_READ, *_subset(a, b)]
        measured = False
    else:
        names = sorted({*a.arrays, *b.arrays})
        arrays = [
            array_difference.compare(name, a.arrays.get(name), b.arrays.get(name)) for name in names
        ]
        measured = True
        notes = [*_order(a, b), *_subset(a, b)]
    notes += _verdicts(a, b)
    verdicts = {item.verdict for item in arrays}
    if a.sha256 == b.sha256:
        verdict = IDENTICAL
    elif verdicts <= {array_difference.IDENTICAL}:
        verdict = CONTAINER_ONLY
    elif not measured:
        verdict = NOT_MEASURED
    elif verdicts <= {array_difference.IDENTICAL, array_difference.ROUNDING}:
        verdict = ROUNDING
    else:
        verdict = DIFFERENT
    return FixtureDifference(
        a=a, b=b, verdict=verdict, fields=_fields(a, b), arrays=arrays, notes=notes
    )


def _fields(a: Operand, b: Operand) -> list[FieldDifference]:
    """Differences of the records; those of ``arrays`` are told by the arrays themselves."""
    if a.sidecar is None or b.sidecar is None:
        return []
    before, after = (dict(_flat(side.sidecar.to_dict())) for side in (a, b) if side.sidecar)
    return [
        FieldDifference(field=key, a=before.get(key, ABSENT), b=after.get(key, ABSENT))
        for key in dict.fromkeys([*before, *after])
        if before.get(key, ABSENT) != after.get(key, ABSENT)
    ]


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if not prefix and key == "arrays":
            continue
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _by_record(a: Operand, b: Operand) -> list[ArrayDifference]:
    """As far as the records tell: dtypes, shapes and digests."""
    before, after = (
        side.sidecar.arrays
        if side.sidecar
        else {
            name: {
                "dtype": array.dtype.str,
                "shape": array.shape,
                "sha256": digests.array_digest(array),
            }
            for name, array in (side.arrays or {}).items()
        }
        for side in (a, b)
    )
    return [
        _recorded(name, before.get(name), after.get(name)) for name in sorted({*before, *after})
    ]


def _recorded(
    name: str, a: Mapping[str, Any] | None, b: Mapping[str, Any] | None
) -> ArrayDifference:
    if a is None or b is None:
        verdict = array_difference.ONLY_B if a is None else array_difference.ONLY_A
    else:
        same = a["sha256"] == b["sha256"]
        verdict = array_difference.IDENTICAL if same else array_difference.DIFFERENT
    return ArrayDifference(
        name=name,
        verdict=verdict,
        dtypes=(a["dtype"] if a else None, b["dtype"] if b else None),
        shapes=(tuple(a["shape"]) if a else None, tuple(b["shape"]) if b else None),
    )


def rows_first(side: Operand) -> dict[str, np.ndarray]:
    """Arrays with the axis that counts rows in front, wherever its contract has it."""
    return _contract(side).rows_first(side.arrays or {})


def _contract(side: Operand) -> Contract:
    """What is known of a side's arrays: their contract, or else what can be seen of them."""
    arrays = side.arrays or {}
    if side.sidecar is None:
        return guessed(arrays)
    known = field.of(side.sidecar.field).contract(side.sidecar.contract, side.schemas)
    return known if known.per_row else guessed(arrays)


def row_word(side: Operand) -> str:
    """What a side holds several of, in one word."""
    return field.of(side.sidecar.field).row if side.sidecar else "row"


def _order(side_a: Operand, side_b: Operand) -> list[str]:
    """Rows that changed places in some arrays, by the first of the contract that has rows."""
    contract, row = _contract(side_a), row_word(side_a)
    a, b = rows_first(side_a), rows_first(side_b)
    names = [
        name
        for name in contract.per_row
        if name in a and name in b and a[name].ndim and a[name].shape == b[name].shape
    ]
    if not names or names[0] != contract.per_row[0]:
        return []
    data, apart = names[0], "they no longer belong together"
    order = array_difference.row_order(a[data], b[data])
    if order is not None:
        moved = np.count_nonzero(order != np.arange(len(order)))
        text = f"the same {data} in another order: {moved} of {len(order)} {row}s moved"
        others = [name for name in names if not _same(a[name][order], b[name])]
        if others:
            return [f"{text}, but {_listed(others)} not with them: {apart}"]
        return [f"{text}, and every array of {row}s with them"]
    if _same(a[data], b[data]):
        moved_names = [n for n in names if array_difference.row_order(a[n], b[n]) is not None]
        if moved_names:
            return [f"{_listed(moved_names)} in another order, {data} not: {apart}"]
    return []


def _subset(a: Operand, b: Operand) -> list[str]:
    """Rows of the source that only one of the two has."""
    if a.sidecar is None or b.sidecar is None:
        return _rows_in_common(a, b)
    if a.sidecar.source_sha256 != b.sidecar.source_sha256:
        sources = " and ".join(
            f"{record.source_dataset} ({record.source_sha256[:12]})"
            for record in (a.sidecar, b.sidecar)
        )
        return [f"cut from different sources: {sources}"]
    before, after = a.sidecar.subset_indices, b.sidecar.subset_indices
    if before == after:
        return []
    if sorted(before) == sorted(after):
        return ["the same subset of the source in another order (subset_indices)"]
    common = sorted(set(before) & set(after))
    contract = _contract(a)
    only_a, only_b = (len(set(indices) - set(common)) for indices in (before, after))
    text = (
        f"another subset of the same source (subset_indices): {len(common)} {row_word(a)}s in "
        f"both, {only_a} only in A, {only_b} only in B"
    )
    if not common or a.arrays is None or b.arrays is None:
        return [text]
    rows_a, rows_b = ([indices.index(i) for i in common] for indices in (before, after))
    first, second = rows_first(a), rows_first(b)
    same, other = [], []
    for name in contract.per_row:
        left, right = first.get(name), second.get(name)
        if left is None or right is None:
            continue
        if len(left) != len(before) or len(right) != len(after):
            other.append(name)
        elif _same(left[rows_a], right[rows_b]):
            same.append(name)
        else:
            other.append(name)
    if not other:
        return [f"{text}; in those in both, every array of {row_word(a)}s is the same"]
    return [f"{text}; in those in both, {_listed(other)} different, {_listed(same)} the same"]


def _rows_in_common(a: Operand, b: Operand) -> list[str]:
    """The same without records, by the rows of the array with the most axes."""
    named = [name for side in (a, b) for name in _contract(side).per_row]
    data = max(named, key=lambda name: _axes(a, name) + _axes(b, name), default="")
    left, right = (a.arrays or {}).get(data), (b.arrays or {}).get(data)
    if left is None or right is None or left.dtype != right.dtype or not (left.ndim and right.ndim):
        return []
    if left.shape[1:] != right.shape[1:] or not (len(left) and len(right)):
        return []
    before, after = Counter(array_difference.rows(left)), Counter(array_difference.rows(right))
    common = (before & after).total()
    if common in (0, len(left)) and len(left) == len(right):
        # the arrays' own lines say it
        return []
    return [
        f"{common} rows of {data} are in both, bit for bit; {len(left) - common} only in A, "
        f"{len(right) - common} only in B"
    ]


def _axes(side: Operand, name: str) -> int:
    return side.arrays[name].ndim if side.arrays and name in side.arrays else 0


def _verdicts(a: Operand, b: Operand) -> list[str]:
    """Another verdict of the field's checks, with the reason where they leave a doubt."""
    if a.sidecar is None or b.sidecar is None or a.sidecar.verdict == b.sidecar.verdict:
        return []
    said = (
        ": ".join(filter(None, [f"{record.verdict} in {which}", record.doubt]))
        for which, record in (("A", a.sidecar), ("B", b.sidecar))
    )
    return [f"{field.of(a.sidecar.field).subject} {', '.join(said)}"]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _listed(names: list[str]) -> str:
    return f"{', '.join(names) or 'none'} {'is' if len(names) == 1 else 'are'}"


def _side(side: Operand) -> dict[str, Any]:
    arrays = side.arrays
    return {
        "name": side.label,
        "sha256": side.sha256,
        "content_sha256": None if arrays is None else digests.content_digest(arrays),
        "verified": side.verified,
        "note": side.note,
    }


def _array(item: ArrayDifference) -> dict[str, Any]:
    return {
        "name": item.name,
        "verdict": item.verdict,
        "dtype": list(item.dtypes),
        "shape": [None if shape is None else list(shape) for shape in item.shapes],
        "total": item.total,
        "differing": item.differing,
        "first": None if item.first is None else list(item.first),
        "largest_absolute": _number(item.largest_absolute),
        "largest_relative": _number(item.largest_relative),
        "largest_ulp": _number(item.largest_ulp),
        "largest_ulp_at": None if item.worst is None else list(item.worst),
        "not_finite": item.not_finite,
        "note": item.note,
    }


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
