"""Contracts of any arrays: a JSON Schema over their inventory, and what their axes count.

A contract is the file ``schemas/NAME.schema.json``. It is held against the inventory of a fixture's
arrays: dtype, shape, range of the values, whether all are finite. ``axes``, beside what the schema
says of an array, gives a label to each of its axes; axes of one label have one length, in all
arrays. The first axis of the first array with labels counts rows. ``unit`` is what an array is
measured in, and ``description`` what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from registry.contract import SUFFIX, Array, Contract
from registry.errors import CheckError, RegistryError
from registry.failure import Failure
from registry.identity import schema
from registry.identity.inventory import inventory


def contract_named(file: str, schemas: Path | None = None) -> Contract:
    """The contract whose schema is ``file``; one without arrays where that is not to be had."""
    properties: Mapping[str, Any] = {}
    if schemas is not None:
        try:
            properties = schema.read(schemas / file)["properties"]
        except (RegistryError, LookupError, TypeError):
            properties = {}
    items = properties.items() if isinstance(properties, dict) else ()
    rules = {name: rule for name, rule in items if isinstance(rule, dict)}
    labels = {name: _labels(rule.get("axes")) for name, rule in rules.items()}
    rows = next((axes[0] for axes in labels.values() if axes), "")
    return Contract(
        name=file.removesuffix(SUFFIX),
        arrays=tuple(
            Array(
                name=name,
                axes=labels[name],
                rows=rows,
                meaning=str(rule.get("description", name)),
                unit=str(rule.get("unit", "")),
            )
            for name, rule in rules.items()
        ),
    )


def _labels(axes: object) -> tuple[str, ...]:
    return tuple(map(str, axes)) if isinstance(axes, list) else ()


def failures(arrays: Mapping[str, np.ndarray], schemas: Path, file: str) -> list[Failure]:
    """Every rule of a contract that arrays break: those of its schema, and those between axes.

    Raises
    ------
    MissingError, CheckError
        There is no such schema, or it says something else than labels of ``axes``.
    """
    problems = [
        replace(failure, criterion=f"contract: {failure.criterion}")
        for failure in schema.problems(inventory(arrays), schemas / file)
    ]
    return [*problems, *_lengths(arrays, _declared_axes(schemas / file))]


def _declared_axes(path: Path) -> dict[str, list[str]]:
    """Labels of arrays that have some, by name; refused where they would be taken for none."""
    found: dict[str, list[str]] = {}
    for name, rule in schema.read(path).get("properties", {}).items():
        if not isinstance(rule, dict) or "axes" not in rule:
            continue
        axes = found[name] = rule["axes"]
        if not (isinstance(axes, list) and all(isinstance(axis, str) and axis for axis in axes)):
            raise CheckError(
                f"schemas/{path.name}: properties.{name}.axes",
                expected="a list with a label for each axis",
                found=schema.shown(axes),
                remedy=f"correct schemas/{path.name}",
            )
    return found


def _lengths(
    arrays: Mapping[str, np.ndarray], declared: Mapping[str, list[str]]
) -> Iterator[Failure]:
    """Axes of one label that differ in length, and arrays with another number of axes."""
    found: dict[str, dict[str, int]] = {}
    for name, axes in declared.items():
        if name not in arrays:
            continue
        shape = arrays[name].shape
        if len(shape) != len(axes):
            yield Failure(
                criterion=f"contract: {name}",
                expected=f"axes {', '.join(axes)}" if axes else "no axes",
                found=f"shape {shape}",
            )
            continue
        for label, length in zip(axes, shape, strict=True):
            found.setdefault(label, {})[name] = length
    for label, lengths in found.items():
        if len(set(lengths.values())) > 1:
            yield Failure(
                criterion=f"contract: axis {label}",
                expected=f"the same length in {', '.join(lengths)}",
                found=", ".join(f"{name} {length}" for name, length in lengths.items()),
            )
