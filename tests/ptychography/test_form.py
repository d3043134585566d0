"""The form of arrays by the table of contracts, against the schemas that say more."""

from __future__ import annotations

import numpy as np
import pytest

from registry.ptychography.contracts import CONTRACTS, DATA_001, contract_failures
from registry.ptychography.form import table_failures
from tests.kit.scans import sound_scan


@pytest.fixture
def arrays():
    """Those of a sound fixture, with the alias."""
    found = sound_scan()
    return {**found, "diff3d": found["diffraction"].copy()}


def changed(array: np.ndarray, value: float) -> np.ndarray:
    """The first element set to a value."""
    array = array.copy()
    array.reshape(-1)[0] = value
    return array


CASES = {
    "sound": lambda a: {},
    "wider": lambda a: {"diffraction": a["diffraction"].astype("<f8")},
    "other byte order": lambda a: {"xcoords": a["xcoords"].astype(">f8")},
    "integers": lambda a: {"ycoords": a["ycoords"].astype("<i4")},
    "NaN in frames": lambda a: {"diffraction": changed(a["diffraction"], np.nan)},
    "infinity in the object": lambda a: {"objectGuess": changed(a["objectGuess"], np.inf)},
    "below zero": lambda a: {"diffraction": changed(a["diffraction"], -0.25)},
    "ten": lambda a: {"diffraction": changed(a["diffraction"], 10)},
    "just less than ten": lambda a: {
        "diffraction": changed(a["diffraction"], np.nextafter(np.float32(10), np.float32(0)))
    },
    "one position less": lambda a: {"xcoords": a["xcoords"][1:]},
    "another alias": lambda a: {"diff3d": changed(a["diff3d"], 1)},
}


@pytest.mark.parametrize("case", CASES)
def test_it_says_what_the_schema_says(arrays, schemas, case):
    """The same criteria, so that a consumer reads what the registry's builder would have."""
    found = {**arrays, **CASES[case](arrays)}
    by_schema = {failure.criterion for failure in contract_failures(found, schemas)}
    by_table = {failure.criterion for failure in table_failures(found, DATA_001)}
    assert by_table == by_schema, "the table and the schema do not agree"


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("diffraction", np.zeros((64, 64), "<f4")),
        ("probeGuess", np.zeros((3, 64, 64), "<c8")),
        ("xcoords", np.zeros((64, 1), "<f8")),
    ],
)
def test_axes(arrays, name, array):
    """As many as the contract names."""
    (failure,) = [
        failure
        for failure in table_failures({**arrays, name: array}, DATA_001)
        if failure.criterion == f"contract: {name}.shape"
    ]
    assert failure.found == f"shape {array.shape}", "not what was found"
    assert failure.expected.startswith(f"{name} ("), "not what was expected"


def test_a_probe_with_modes(arrays):
    """Where the contract has them."""
    modes = {**arrays, "probeGuess": np.stack([arrays["probeGuess"]] * 2)}
    assert table_failures(modes, CONTRACTS["data_001_v2"]) == [], "modes are refused"


@pytest.mark.parametrize("dtype", ["O", "U3", "?", "<c8", "M8[s]"])
def test_frames_that_are_no_numbers(arrays, dtype):
    """Named by their dtype, and nothing else is asked of them."""
    frames = np.zeros((64, 64, 64), "<i8").astype(dtype)
    found = table_failures({"diffraction": frames}, DATA_001)
    assert "contract: diffraction.dtype" in {failure.criterion for failure in found}


def test_arrays_of_nobody(arrays):
    """A consumer may keep more in the same mapping."""
    assert table_failures({**arrays, "mine": np.array("x")}, DATA_001) == []
