"""The data contracts: which arrays a fixture holds, in what form, and what they mean.

The schema of a contract, ``schemas/NAME.schema.json``, is what arrays are held against one by one;
what one array says of another is code here. The table says what no schema can: which axis counts
positions, what is measured, in which unit, and how arrays of another form become those of DATA-001.
A contract that is not in it needs nothing here: its arrays are taken as they are, and described by
its schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from registry.contract import SUFFIX, Array, Contract
from registry.digests import array_digest
from registry.errors import RegistryError
from registry.failure import Failure
from registry.identity import schema
from registry.identity.inventory import inventory

AMPLITUDE = "amplitudes: square roots of photon counts, normalised"
INTENSITY = "intensities: photon counts, where the noise is poisson"
_TRANSMISSION = "complex transmission"

_POSITION = "N"
_AXES = {
    _POSITION: "position",
    "P?": "mode, if there are several",
    "H": "row",
    "W": "column",
    "Y": "row",
    "X": "column",
}
# ``N`` counts positions, ``H`` and ``W`` are rows and columns of a frame, ``Y`` and ``X`` those of
# the object, ``P`` modes.
_array = partial(Array, rows=_POSITION, words=_AXES)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanContract(Contract):
    """A contract whose rows are scan positions.

    ``any_size`` says that its schema leaves the size of frames open, which arrays then share.
    """

    any_size: bool = False

    @property
    def is_canonical(self) -> bool:
        """Whether frames are those of DATA-001: amplitudes, position by position."""
        frames, usual = self["diffraction"], DATA_001["diffraction"]
        return (frames.axes, frames.quantity) == (usual.axes, usual.quantity)

    def canonical(
        self, arrays: Mapping[str, np.ndarray], photon_scale: float | None = None
    ) -> tuple[dict[str, np.ndarray], str]:
        """Arrays of a fixture with axes and quantities as DATA-001 has them.

        For looking at them alone: what is in the file, and what its digests are of, is not changed.

        Parameters
        ----------
        arrays : mapping
        photon_scale : float or None
            Photons per unit of amplitude squared, where the source says so.

        Returns
        -------
        arrays : dict
            ``diffraction`` (N, H, W) amplitude; dtypes may be wider than those of DATA-001.
        note : str
            What was done, in words; empty where nothing was.
        """
        found = self.rows_first(arrays)
        notes = []
        # its contract says which form a fixture has; shapes alone could not tell H = W = N
        if any(found[name] is not values for name, values in arrays.items()):
            notes.append("The file has frames last, (H, W, N); they are drawn one by one.")
        for array in self.arrays:
            values = found.get(array.name)
            if array.quantity != INTENSITY or values is None or values.ndim != len(array.axes):
                continue
            with np.errstate(invalid="ignore"):
                found[array.name] = np.sqrt(values.astype(np.float64) / (photon_scale or 1.0))
            if not array.alias:
                notes.append("The file has intensities, and not amplitudes.")
        return found, " ".join(notes)


def _coordinate(name: str, meaning: str, *, required: bool = False) -> Array:
    return _array(
        name=name, axes=("N",), dtype="<f8", meaning=meaning, unit="px", required=required
    )


_FRAMES = _array(
    name="diffraction",
    axes=("N", "H", "W"),
    dtype="<f4",
    meaning="diffraction frames",
    quantity=AMPLITUDE,
    least=0,
    below=10,
    required=True,
)

DATA_001 = ScanContract(
    name="data_001_v1",
    arrays=(
        _FRAMES,
        replace(
            _FRAMES,
            name="diff3d",
            meaning="the array diffraction again, under the name that PtychoPINN's loader requires",
            required=False,
            alias="diffraction",
        ),
        _array(
            name="objectGuess",
            axes=("Y", "X"),
            dtype="<c8",
            meaning="object",
            quantity=_TRANSMISSION,
            required=True,
        ),
        _array(
            name="probeGuess",
            axes=("H", "W"),
            dtype="<c8",
            meaning="probe, in object pixels",
            quantity="complex amplitude",
            required=True,
        ),
        _coordinate("xcoords", "centre of each frame on the object: column", required=True),
        _coordinate("ycoords", "centre of each frame on the object: row", required=True),
        _coordinate("xcoords_start", "nominal centre of each frame: column"),
        _coordinate("ycoords_start", "nominal centre of each frame: row"),
        _array(
            name="scan_index",
            axes=("N",),
            dtype="<i8",
            meaning="number of the scan that each frame came from",
        ),
        _array(
            name="Y",
            axes=("N", "H", "W"),
            dtype="<c8",
            meaning="object patch under each frame",
            quantity=_TRANSMISSION,
        ),
    ),
)


def _variant(
    name: str,
    without: tuple[str, ...] = (),
    *,
    any_size: bool = False,
    **changes: Mapping[str, Any],
) -> ScanContract:
    """DATA-001 without some arrays, and with other attributes of some of the others."""
    arrays = (
        replace(array, **changes.get(array.name, {}))
        for array in DATA_001.arrays
        if array.name not in without
    )
    return ScanContract(name=name, arrays=tuple(arrays), any_size=any_size)


_MODES = {"axes": ("P?", "H", "W")}
_LAST = {"axes": ("H", "W", "N"), "dtype": "<f8"}
_COUNTS = {"quantity": INTENSITY, "below": 2**24}
_ANY_SIZE = _variant("data_001_v3", any_size=True, probeGuess=_MODES)
_LABELLED = replace(
    _ANY_SIZE,
    name="data_001_v4",
    arrays=(
        *_ANY_SIZE.arrays,
        replace(
            DATA_001["Y"],
            name="label",
            meaning="the array Y again, under the name that PtychoPINN's supervised loader takes",
            alias="Y",
        ),
        _array(
            name="nphotons",
            dtype="<f8",
            meaning="photons of a frame, on average over these frames",
            unit="photons",
            least=0,
        ),
    ),
)
# Rows and columns of a frame, and the most positions, up to version 2 of DATA-001.
_SIZE, _MOST = 64, 128
# Names without the suffix: a name with it would make whatever imports this depend on the file.
CONTRACTS = {
    contract.name: contract
    for contract in (
        DATA_001,
        _variant("data_001_v2", probeGuess=_MODES),
        _ANY_SIZE,
        _LABELLED,
        _variant(
            "data_001_legacy_v1",
            without=("Y",),
            diffraction=_LAST,
            diff3d=_LAST,
            objectGuess={"dtype": "<c16"},
            probeGuess={"dtype": "<c16"},
        ),
        _variant("data_001_intensity_v1", diffraction=_COUNTS, diff3d=_COUNTS),
    )
}
PER_POSITION = DATA_001.per_row


def contract_named(file: str, schemas: Path | None = None) -> ScanContract:
    """The contract of a schema's file.

    Parameters
    ----------
    file : str
        As a sidecar names it.
    schemas : path, optional
        The registry's schemas folder, where there is one. Of a contract that is not in the table,
        it has the arrays, and what each of them is.
    """
    name = file.removesuffix(SUFFIX)
    if name in CONTRACTS:
        return CONTRACTS[name]
    properties = _properties(schemas / file) if schemas is not None else {}
    return ScanContract(
        name=name,
        arrays=tuple(
            _array(name=array, meaning=str(rules.get("description", DATA_001[array].meaning)))
            for array, rules in properties.items()
            if isinstance(rules, dict)
        ),
    )


def _properties(path: Path) -> dict[str, Any]:
    """What a schema says of each array; nothing where it is elsewhere, or none."""
    try:
        found = schema.read(path)["properties"]
    except (RegistryError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def contract_of(arrays: Mapping[str, np.ndarray]) -> str:
    """File of the version of DATA-001 that is for arrays like these."""
    if arrays.keys() & {array.name for array in _LABELLED.arrays} - {
        array.name for array in _ANY_SIZE.arrays
    }:
        return _LABELLED.file
    probe, x = arrays.get("probeGuess"), arrays.get("xcoords")
    if probe is None:
        return DATA_001.file
    if probe.shape[-2:] != (_SIZE, _SIZE) or (x is not None and x.size > _MOST):
        return CONTRACTS["data_001_v3"].file
    return CONTRACTS["data_001_v2"].file if probe.ndim == 3 else DATA_001.file


def form_failures(
    arrays: Mapping[str, np.ndarray], schemas: Path, contract: str = DATA_001.file
) -> list[Failure]:
    """Every rule that arrays break of one schema, the file ``contract`` in ``schemas``."""
    return of_contract(schema.problems(inventory(arrays), schemas / contract))


def of_contract(failures: Iterable[Failure]) -> list[Failure]:
    """Failures of a schema as those of the contract."""
    return [replace(failure, criterion=f"contract: {failure.criterion}") for failure in failures]


def contract_failures(
    arrays: Mapping[str, np.ndarray], schemas: Path, contract: str = DATA_001.file
) -> list[Failure]:
    """Every rule of a contract that arrays break: those of its schema, and those between arrays."""
    form = form_failures(arrays, schemas, contract)
    return form + failures_between(arrays, contract_named(contract))


def failures_between(arrays: Mapping[str, np.ndarray], contract: Contract) -> list[Failure]:
    """What one array of a contract says of another, and is not so."""
    failures = []
    found = contract.rows_first(arrays)
    counts = {
        name: len(found[name]) for name in contract.per_row if name in found and found[name].ndim
    }
    if len(set(counts.values())) > 1:
        failures.append(
            Failure(
                criterion="contract: positions",
                expected="the same number of positions in every per-position array",
                found=", ".join(f"{name} {count}" for name, count in counts.items()),
            )
        )
    for array in contract.arrays:
        if array.name in arrays and array.alias in arrays:
            if arrays[array.name] is arrays[array.alias]:
                continue
            alias, original = (array_digest(arrays[name]) for name in (array.name, array.alias))
            if alias != original:
                failures.append(
                    Failure(
                        criterion=f"contract: {array.name}",
                        expected=f"the same array as {array.alias} ({original[:12]})",
                        found=alias[:12],
                    )
                )
    if isinstance(contract, ScanContract) and contract.any_size:
        failures += _failures_of_size(arrays, contract)
    return failures


def _failures_of_size(
    arrays: Mapping[str, np.ndarray], contract: ScanContract
) -> Iterator[Failure]:
    """Is whatever has a frame's rows and columns a square of one size, with room in the object?"""
    sizes = {
        array.name: arrays[array.name].shape[-2:]
        for array in contract.arrays
        if array.axes[-2:] == ("H", "W") and array.name in arrays and arrays[array.name].ndim > 1
    }
    if len({length for size in sizes.values() for length in size}) > 1:
        yield Failure(
            criterion="contract: frame",
            expected=f"square frames, and one size in {', '.join(sizes)}",
            found=", ".join(
                f"{name} {rows} x {columns}" for name, (rows, columns) in sizes.items()
            ),
        )
    obj, frame = arrays.get("objectGuess"), sizes.get("diffraction")
    if obj is None or frame is None or obj.ndim != len(frame):
        return
    # where more is needed, for all positions and those beside them, other criteria say so
    if obj.shape[0] < frame[0] or obj.shape[1] < frame[1]:
        yield Failure(
            criterion="contract: objectGuess",
            expected=f"an object at least as large as a frame, {frame[0]} x {frame[1]}",
            found=f"{obj.shape[0]} x {obj.shape[1]}",
        )
