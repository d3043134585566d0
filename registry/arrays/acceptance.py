"""Acceptance of any arrays: a contract, a check of the user's own, and what both would catch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.arrays import contract
from registry.digests import array_digest
from registry.failure import Failure
from registry.field import Acceptance, Context
from registry.identity.sidecar import CHECKED, UNDECIDED

if TYPE_CHECKING:
    from registry.arrays.field import Arrays

_DECIMALS = 3
NOTHING_FOUND = "of the mistakes that were planted in them, contract and check find none"


def accept(known: Arrays, arrays: Mapping[str, np.ndarray], context: Context) -> Acceptance:
    """What is found of a fixture, and what would be of mistakes in it.

    Arrays in which no planted mistake is found are undecided: whatever accepts them accepts
    anything. The parameters are those of `registry.field.Field.accept`.
    """
    made, schemas = context.made, context.schemas
    own, *canonical = context.contracts
    checked, file = made.get("canonical", arrays), canonical[0] if canonical else own
    failures = _failures(known, checked, schemas, file)
    if canonical:
        failures += contract.failures(arrays, schemas, own)
    if failures:
        return Acceptance(failures=failures)
    mistakes = _planted(known, checked, schemas, file)
    refused = _failures(known, arrays, schemas, own) if "defect" in made else []
    count = len(mistakes["found"])
    return Acceptance(
        failures=[],
        checks={name: _rounded(value) for name, value in known.figures(checked).items()},
        verdict=CHECKED if count else UNDECIDED,
        reason="" if count else NOTHING_FOUND,
        mistakes=mistakes,
        refused_by=sorted({failure.criterion for failure in refused}),
        summary=f"{count} of {count + len(mistakes['missed'])} planted mistakes are found",
    )


def _failures(
    known: Arrays, arrays: Mapping[str, np.ndarray], schemas: Path, file: str
) -> list[Failure]:
    """What refuses arrays; the check is asked only of what satisfies the contract."""
    found = contract.failures(arrays, schemas, file)
    return found or list(known.check(arrays))


def _planted(
    known: Arrays, arrays: Mapping[str, np.ndarray], schemas: Path, file: str
) -> dict[str, Any]:
    """Which mistakes are found, and by what; as a sidecar has it."""
    found: dict[str, list[str]] = {}
    missed, none = [], []
    for mistake in sorted(known.mistakes(), key=lambda mistake: mistake.name):
        changed = mistake.plant(arrays)
        if all(
            array_digest(array) == array_digest(arrays[name]) for name, array in changed.items()
        ):
            none.append(mistake.name)
            continue
        # what a mistake makes of numbers is nothing to warn of
        with np.errstate(all="ignore"):
            failures = _failures(known, {**arrays, **changed}, schemas, file)
        if failures:
            found[mistake.name] = sorted({failure.criterion for failure in failures})
        else:
            missed.append(mistake.name)
    return {"found": found, "missed": missed, "none": none}


def _rounded(value: Any) -> Any:
    # three decimals, so that all machines agree on them
    return round(float(value), _DECIMALS) + 0.0 if isinstance(value, float) else value
