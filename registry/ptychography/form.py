"""The form of a fixture's arrays, by the table of contracts alone.

The schemas, which say more, belong to the registry and are not installed with the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from registry.contract import Array, Contract
from registry.failure import Failure
from registry.ptychography.contracts import failures_between


def table_failures(arrays: Mapping[str, np.ndarray], contract: Contract) -> list[Failure]:
    """Every rule of the table that arrays break: axes, dtype, finite, range, and between arrays.

    Arrays that the contract does not have are not judged.
    """
    failures: list[Failure] = []
    for known in contract.arrays:
        if known.name in arrays:
            failures += _failures(arrays[known.name], known)
        elif known.required:
            failures.append(_failure(known.name, f"an array {known}", "none"))
    return failures + failures_between(arrays, contract)


def _failures(array: np.ndarray, known: Array) -> Iterator[Failure]:
    if array.dtype.str != known.dtype:
        yield _failure(f"{known.name}.dtype", known.dtype, array.dtype.str)
    if array.ndim not in known.numbers_of_axes:
        yield _failure(f"{known.name}.shape", f"{known}", f"shape {array.shape}")
    if array.dtype.kind not in "fciu":
        return
    bad = int(array.size - np.isfinite(array).sum())
    if bad:
        yield _failure(f"{known.name}.finite", "finite values", f"{bad} that are not")
    if array.dtype.kind == "c":
        return
    # comparisons with what is not a number are false
    if known.least is not None and (array < known.least).any():
        yield _failure(f"{known.name}.range.0", f"at least {known.least}", f"{np.nanmin(array)}")
    if known.below is not None and (array >= known.below).any():
        yield _failure(f"{known.name}.range.1", f"less than {known.below}", f"{np.nanmax(array)}")


def _failure(rule: str, expected: str, found: str) -> Failure:
    return Failure(criterion=f"contract: {rule}", expected=expected, found=found)
