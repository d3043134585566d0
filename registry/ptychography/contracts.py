"""The data contract DATA-001: which arrays a fixture holds, and in what form.

The schema ``schemas/data_001_v1.schema.json``, or ``v2`` where the probe has modes, is the contract
for each array by itself; what one array says of another is code here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from registry.digests import array_digest
from registry.identity import schema
from registry.ptychography.physics import Failure

DATA_CONTRACT = "data_001_v1.schema.json"
DATA_CONTRACT_V2 = "data_001_v2.schema.json"
PER_POSITION = (
    "diffraction",
    "diff3d",
    "xcoords",
    "ycoords",
    "xcoords_start",
    "ycoords_start",
    "scan_index",
    "Y",
)


def inventory(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """What a sidecar says of each array: dtype, shape, range, whether finite, SHA-256.

    The range is that of the finite values, of the magnitude for complex arrays, computed with
    operations that are exact on every machine.
    """
    return {name: _record(arrays[name]) for name in sorted(arrays)}


def contract_of(arrays: Mapping[str, np.ndarray]) -> str:
    """File of the version of DATA-001 that is for arrays like these."""
    probe = arrays.get("probeGuess")
    modes = probe is not None and probe.ndim == 3
    return DATA_CONTRACT_V2 if modes else DATA_CONTRACT


def form_failures(
    arrays: Mapping[str, np.ndarray], schemas: Path, contract: str = DATA_CONTRACT
) -> list[Failure]:
    """Every rule that arrays break of one schema, the file ``contract`` in ``schemas``."""
    return [
        Failure(criterion=f"contract: {problem.path}", expected=problem.rule, found=problem.value)
        for problem in schema.problems(inventory(arrays), schemas / contract)
    ]


def contract_failures(
    arrays: Mapping[str, np.ndarray], schemas: Path, contract: str = DATA_CONTRACT
) -> list[Failure]:
    """Every rule of DATA-001 that arrays break: those of its schema, and those between arrays."""
    failures = form_failures(arrays, schemas, contract)
    counts = {
        name: len(arrays[name]) for name in PER_POSITION if name in arrays and arrays[name].ndim
    }
    if len(set(counts.values())) > 1:
        failures.append(
            Failure(
                criterion="contract: positions",
                expected="the same number of positions in every per-position array",
                found=", ".join(f"{name} {count}" for name, count in counts.items()),
            )
        )
    if "diff3d" in arrays and "diffraction" in arrays:
        alias, frames = array_digest(arrays["diff3d"]), array_digest(arrays["diffraction"])
        if alias != frames:
            failures.append(
                Failure(
                    criterion="contract: diff3d",
                    expected=f"the same array as diffraction ({frames[:12]})",
                    found=alias[:12],
                )
            )
    return failures


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
