"""Mistakes that any arrays may carry, whatever they are measurements of.

Most are planted in the data: the largest array that has rows, along its first axis. Other arrays
whose first axis is as long have a row for each of the same things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from registry import byte_order
from registry.mistake import Mistake

Arrays = Mapping[str, np.ndarray]

_WIDER = {
    "<f2": "<f4", "<f4": "<f8", "<c8": "<c16",
    "|i1": "<i2", "<i2": "<i4", "<i4": "<i8",
    "|u1": "<u2", "<u2": "<u4", "<u4": "<u8",
}  # fmt: skip


def _largest(arrays: Arrays, fits: Callable[[np.ndarray], bool]) -> str | None:
    """Name of the largest array that fits; of several the first by name."""
    fitting = [name for name in sorted(arrays) if fits(arrays[name])]
    return max(fitting, key=lambda name: arrays[name].nbytes, default=None)


def _has_rows(array: np.ndarray) -> bool:
    return array.ndim > 0 and len(array) > 1


def _beside(arrays: Arrays, data: str) -> list[str]:
    """Names of the other arrays with a row for each row of the data."""
    rows = len(arrays[data])
    return [name for name, array in arrays.items() if name != data and array.shape[:1] == (rows,)]


def _in(
    fits: Callable[[np.ndarray], bool], change: Callable[[np.ndarray], np.ndarray]
) -> Callable[[Arrays], dict[str, np.ndarray]]:
    """Change the largest array that fits."""

    def plant(arrays: Arrays) -> dict[str, np.ndarray]:
        name = _largest(arrays, fits)
        if name is None:
            return {}
        array = arrays[name]
        return {name: byte_order.as_given(np.ascontiguousarray(change(array)), array)}

    return plant


def _against_others(
    order: Callable[[int], np.ndarray],
) -> Callable[[Arrays], dict[str, np.ndarray]]:
    """Give the data's rows another order than those of the arrays beside it have."""

    def plant(arrays: Arrays) -> dict[str, np.ndarray]:
        name = _largest(arrays, _has_rows)
        if name is None or not _beside(arrays, name):
            return {}
        return {name: arrays[name][order(len(arrays[name]))]}

    return plant


def _shuffled(n: int) -> np.ndarray:
    # raw PCG64 output is a stream that numpy guarantees
    return np.argsort(np.random.PCG64(n).random_raw(n), kind="stable")


def _duplicated(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array[len(array) // 6] = array[len(array) // 2]
    return array


def _one_nan(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flat[array.size // 3] = np.nan
    return array


def _truncated(arrays: Arrays) -> dict[str, np.ndarray]:
    name = _largest(arrays, _has_rows)
    if name is None:
        return {}
    return {key: arrays[key][:-1].copy() for key in (name, *_beside(arrays, name))}


MISTAKES = (
    Mistake(
        name="permuted_rows",
        meaning="the rows of one array stand in another order than those of the others",
        test="recompute a few rows of one array from another's, row by row, and compare",
        plant=_against_others(_shuffled),
    ),
    Mistake(
        name="off_by_one_row",
        meaning="each row of one array stands beside its neighbour's row in the others",
        test="recompute the first and the last row of one array from another's, and compare",
        plant=_against_others(lambda n: np.roll(np.arange(n), 1)),
    ),
    Mistake(
        name="transposed",
        meaning="the last two axes of one array are swapped",
        test="assert a value off the diagonal, or a shape whose axes differ",
        plant=_in(lambda array: array.ndim > 1, lambda array: array.swapaxes(-1, -2)),
    ),
    Mistake(
        name="scaled",
        meaning="the values of one array are twice as large",
        test="assert a sum or a norm that is known from elsewhere",
        # numpy adds no texts, and the sum of two truths is the truth
        plant=_in(lambda array: array.dtype.kind in "iufc", lambda array: array + array),
    ),
    Mistake(
        name="widened_dtype",
        meaning="one array has a wider dtype than it was saved with, and the same values",
        test="assert the dtype, not only that the values are close",
        plant=_in(
            lambda array: array.dtype.str in _WIDER,
            lambda array: array.astype(_WIDER[array.dtype.str]),
        ),
    ),
    Mistake(
        name="nan",
        meaning="one value is not a number",
        test="assert numpy.isfinite(array).all()",
        plant=_in(lambda array: array.dtype.kind in "fc" and array.size > 0, _one_nan),
    ),
    Mistake(
        name="duplicated_row",
        meaning="one row stands in place of another",
        test="assert that no two rows are equal, where none should be",
        plant=_in(_has_rows, _duplicated),
    ),
    Mistake(
        name="byte_order",
        meaning="the bytes of each value were read from the wrong end",
        test="assert the range, or a value that is known from elsewhere",
        plant=_in(
            lambda array: array.dtype.kind in "iufc" and array.itemsize > 1,
            lambda array: array.byteswap(),
        ),
    ),
    Mistake(
        name="truncated",
        meaning="the last row is missing, in all arrays alike",
        test="assert the number of rows",
        plant=_truncated,
    ),
)
