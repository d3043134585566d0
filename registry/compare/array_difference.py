"""How far two arrays are apart, value by value.

Values are compared by their bytes, because a comparison of values hides a zero's sign, and a NaN is
not equal to itself. What differs is then measured: absolute, relative, and in units in the last
place (ULP), the number of steps from one float to the next that lie between two.
"""

from __future__ import annotations

import warnings
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

import numpy as np

# What another CPU or library can cause: each operation that is not correctly rounded is off by one
# step at most, and few of them follow each other. More is other data.
TOLERANCE_ULP = 4

IDENTICAL = "identical"
ROUNDING = "rounding"
DIFFERENT = "different"
ONLY_A = "only in A"
ONLY_B = "only in B"

_FLOATS = {"f2", "f4", "f8", "c8", "c16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrayDifference:
    """What lies between two arrays of one name.

    ``verdict`` is one of ``identical`` (dtype, shape and every byte), ``rounding`` (floats, none
    further off than `TOLERANCE_ULP`), ``different``, ``only in A`` and ``only in B``. The measures
    are None where dtypes or shapes differ, and where no two values can be measured: text has no
    distance, and neither has what is NaN or infinite on one side (``not_finite`` of them).
    ``first`` is the index of the first value that differs, ``worst`` that of the largest ULP.
    ``largest_relative`` is relative to the larger of the two magnitudes, so it is the same in both
    directions and at most 2. ``largest_ulp`` is infinite where ``not_finite`` is not 0.
    """

    name: str
    verdict: str
    dtypes: tuple[str | None, str | None]
    shapes: tuple[tuple[int, ...] | None, tuple[int, ...] | None]
    total: int = 0
    differing: int | None = None
    first: tuple[int, ...] | None = None
    worst: tuple[int, ...] | None = None
    largest_absolute: float | None = None
    largest_relative: float | None = None
    largest_ulp: float | None = None
    not_finite: int = 0
    note: str = ""


def compare(name: str, a: np.ndarray | None, b: np.ndarray | None) -> ArrayDifference:
    """Hold two arrays against each other, either of which may be absent.

    Parameters
    ----------
    name : str
        What both are called.
    a, b : ndarray or None
        Of plain numbers or text, of any shape, in any byte order.
    """
    dtypes = (None if a is None else a.dtype.str, None if b is None else b.dtype.str)
    shapes = (None if a is None else a.shape, None if b is None else b.shape)

    def result(verdict: str, **measured: Any) -> ArrayDifference:
        return ArrayDifference(name=name, verdict=verdict, dtypes=dtypes, shapes=shapes, **measured)

    if a is None or b is None:
        return result(ONLY_B if a is None else ONLY_A)
    if a.dtype != b.dtype or a.shape != b.shape:
        return result(DIFFERENT, note=_conversion(a, b))
    changed = changed_values(a, b)
    count = int(np.count_nonzero(changed))
    if not count:
        return result(IDENTICAL, total=a.size, differing=0)
    first = _index(changed, int(np.argmax(changed)))
    measured: dict[str, Any] = {"total": a.size, "differing": count, "first": first}
    if a.dtype.kind in "iufc":
        measured |= _distances(a[changed], b[changed])
    if row_order(a, b) is not None:
        what = "values" if a.ndim == 1 else "rows"
        measured["note"] = f"the same {what} in another order"
    if a.dtype.str[1:] not in _FLOATS:
        return result(DIFFERENT, **measured)
    # a change without a distance, such as a zero's sign, still has its place
    ulp = np.where(changed, ulp_distance(a, b), -np.inf)
    worst = int(np.argmax(ulp))
    largest = float(ulp.flat[worst])
    measured |= {"worst": _index(ulp, worst), "largest_ulp": largest}
    return result(ROUNDING if largest <= TOLERANCE_ULP else DIFFERENT, **measured)


def changed_values(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which values of two arrays of one dtype and one shape differ in any byte."""
    changed: np.ndarray = (_bytes(a) != _bytes(b)).any(axis=-1)
    return changed


def row_order(a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """Where each row of `b` is in `a`, if `b` holds the rows of `a` in another order; else None.

    Returns
    -------
    (N,) int64 or None
        ``b`` is ``a[order]``, byte for byte. None, too, where nothing is out of order.
    """
    if a.ndim == 0 or a.shape != b.shape or a.dtype != b.dtype:
        return None
    places: dict[bytes, deque[int]] = defaultdict(deque)
    for index, row in enumerate(rows(a)):
        places[row].append(index)
    order = np.empty(len(a), dtype=np.int64)
    for index, row in enumerate(rows(b)):
        if not places[row]:
            return None
        order[index] = places[row].popleft()
    return None if (order == np.arange(len(a))).all() else order


def rows(array: np.ndarray) -> list[bytes]:
    """The bytes of each element along the first axis."""
    data, size = array.tobytes(), array[:1].nbytes
    return [data[start * size : (start + 1) * size] for start in range(len(array))]


def ulp_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many steps lie between two floats, each to the next one there is, value by value.

    Parameters
    ----------
    a, b : ndarray
        Of one shape and one dtype: float16, float32, float64, or complex of the latter two.

    Returns
    -------
    ndarray of float64
        0 for zeros of either sign and for two NaN; infinite where one of the two is not finite.
        For complex values the larger of the two parts' distances.
    """
    if a.dtype.kind == "c":
        larger: np.ndarray = np.maximum(ulp_distance(a.real, b.real), ulp_distance(a.imag, b.imag))
        return larger
    left, right = _rank(a), _rank(b)
    # as unsigned numbers, because between the ends of float64 lie more steps than int64 can count;
    # that they wrap around numpy says of an array without axes, and of no other
    with np.errstate(over="ignore"):
        steps = np.maximum(left, right).view(np.uint64) - np.minimum(left, right).view(np.uint64)
    comparable = np.isfinite(a) & np.isfinite(b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    distance: np.ndarray = np.where(same, 0.0, np.where(comparable, steps.astype(float), np.inf))
    return distance


def _rank(values: np.ndarray) -> np.ndarray:
    """Position of each float among all of its dtype, zeros at 0; int64."""
    bits = np.ascontiguousarray(values).ravel().view(f"{values.dtype.str[0]}i{values.itemsize}")
    lowest = np.int64(np.iinfo(bits.dtype).min)
    # negative floats count downwards
    wide = bits.astype(np.int64)
    return np.where(wide < 0, lowest - wide, wide).reshape(values.shape)


def _distances(a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
    """The largest distances of values that differ, each (M,), and how many have none."""
    if a.dtype.kind in "iu":
        low, high = np.minimum(a, b), np.maximum(a, b)
        # modulo 2**64 the difference of any two integers is right
        steps = high.astype(np.uint64, casting="unsafe") - low.astype(np.uint64, casting="unsafe")
        size = np.maximum(np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64)))
        return {
            "largest_absolute": float(steps.max()),
            "largest_relative": float((steps.astype(np.float64) / size).max()),
        }
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    if a.dtype.itemsize > np.dtype(wide).itemsize:
        # long double: its own precision is the widest there is
        wide = a.dtype.type
    a, b = a.astype(wide), b.astype(wide)
    finite = np.isfinite(a) & np.isfinite(b)
    # what is NaN on both sides lies no distance apart; its bytes are all that differs
    not_finite = int(np.count_nonzero(~finite & ~(np.isnan(a) & np.isnan(b))))
    a, b = a[finite], b[finite]
    if not a.size:
        return {"not_finite": not_finite}
    # the ends of float64 lie further apart than it can tell
    with np.errstate(over="ignore"):
        absolute = np.abs(a - b)
        size = np.maximum(np.abs(a), np.abs(b))
    # zeros of either sign
    relative = np.divide(absolute, size, out=np.zeros_like(absolute), where=size > 0)
    return {
        "largest_absolute": float(absolute.max()),
        "largest_relative": float(relative.max()),
        "not_finite": not_finite,
    }


def _conversion(a: np.ndarray, b: np.ndarray) -> str:
    """In words, where `b` has the values of `a` in another dtype or another layout."""
    if a.dtype == b.dtype:
        for axes in _AXES.get(a.ndim, ()):
            moved = a.transpose(axes)
            if moved.shape == b.shape and not changed_values(moved, b).any():
                return f"the values of A with its axes in the order {axes}"
        if a.ndim and b.ndim and a.size == b.size and a.tobytes() == b.tobytes():
            return "the values of A in another shape"
        return ""
    if a.shape != b.shape or a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return ""
    if a.dtype.newbyteorder("=") == b.dtype.newbyteorder("="):
        converted = a.astype(b.dtype)
        return "" if changed_values(converted, b).any() else "the same values, other byte order"
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # a cast that loses something warns, and what it loses is what is asked here
        warnings.simplefilter("ignore")
        if not changed_values(a.astype(b.dtype), b).any():
            lossless = not changed_values(b.astype(a.dtype), a).any()
            return f"the values of A, cast; {'nothing' if lossless else 'precision'} was lost"
    return ""


_AXES: dict[int, list[tuple[int, ...]]] = {
    2: [(1, 0)],
    3: [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)],
}


def _bytes(array: np.ndarray) -> np.ndarray:
    """The bytes of each value, along one axis more."""
    return np.frombuffer(array.tobytes(), np.uint8).reshape(*array.shape, array.itemsize)


def _index(array: np.ndarray, flat: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, array.shape))
