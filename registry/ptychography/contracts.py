"""The data contract DATA-001: which arrays a fixture holds, and in what form.

The schema ``schemas/data_001_v1.schema.json``, or ``v2`` where the probe has modes, is the contract
for each array by itself; what one array says of another is code here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from registry.digests import array_digest
from registry.failure import Failure
from registry.identity import schema
from registry.identity.inventory import inventory

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


def contract_of(arrays: Mapping[str, np.ndarray]) -> str:
    """File of the version of DATA-001 that is for arrays like these."""
    probe = arrays.get("probeGuess")
    modes = probe is not None and probe.ndim == 3
    return schema.DATA_CONTRACT_V2 if modes else schema.DATA_CONTRACT


def form_failures(
    arrays: Mapping[str, np.ndarray], schemas: Path, contract: str = schema.DATA_CONTRACT
) -> list[Failure]:
    """Every rule that arrays break of one schema, the file ``contract`` in ``schemas``."""
    return [
        replace(failure, criterion=f"contract: {failure.criterion}")
        for failure in schema.problems(inventory(arrays), schemas / contract)
    ]


def contract_failures(
    arrays: Mapping[str, np.ndarray], schemas: Path, contract: str = schema.DATA_CONTRACT
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
