"""Tests of `registry.ptychography.profile`: the compliance table of any scan."""

from __future__ import annotations

import numpy as np
import pytest

from generators import simulate_v1
from registry.declare import params
from registry.identity import foreign_npz
from registry.ptychography.profile import profile
from tests.kit.repository import REPOSITORY

TWIN = REPOSITORY / "build/sources/run1084_twin.npz"
REQUIREMENTS = [
    "diffraction axes (N, H, W)",
    "diffraction dtype float32",
    "diffraction amplitude, 0 to 10",
    "objectGuess dtype complex64",
    "probeGuess dtype complex64",
    "coordinates xcoords, ycoords float64",
    "Y patches present",
]


@pytest.fixture(scope="module")
def twin():
    """Arrays of the twin of Run1084: those that the pipeline built, else made here."""
    if TWIN.is_file():
        return foreign_npz.read(TWIN, subject="the twin")
    declared = params.load(REPOSITORY).sources["run1084_twin"]
    return simulate_v1.generate(declared, None)[0]


@pytest.fixture
def good():
    """Arrays that satisfy every row, as far as the table goes."""
    return {
        "diffraction": np.ones((20, 8, 8), "<f4"),
        "objectGuess": np.ones((16, 16), "<c8"),
        "probeGuess": np.ones((8, 8), "<c8"),
        "xcoords": np.arange(20.0),
        "ycoords": np.arange(20.0),
        "Y": np.ones((20, 8, 8), "<c8"),
    }


def table(arrays: dict[str, np.ndarray]) -> dict[str, tuple[str, str, str]]:
    """Observed value, verdict and remark of each requirement."""
    rows = profile(arrays).compliance
    return {row.requirement: (row.observed, row.verdict, row.remark) for row in rows}


def test_the_twin_has_the_reports_table(twin):
    """Axis order and four dtypes fail, range and coordinates pass, Y is missing."""
    assert table(twin) == {
        "diffraction axes (N, H, W)": ("(64, 64, 1087)", "FAIL", "legacy (H, W, N): transpose"),
        "diffraction dtype float32": ("float64", "FAIL", "convert"),
        "diffraction amplitude, 0 to 10": ("[0, 1.7036]", "PASS", ""),
        "objectGuess dtype complex64": ("complex128", "FAIL", "convert"),
        "probeGuess dtype complex64": ("complex128", "FAIL", "convert"),
        "coordinates xcoords, ycoords float64": ("1087 positions", "PASS", ""),
        "Y patches present": ("none", "MISSING", "needed for supervised training only"),
    }, "not the table of the report"


def test_the_twin_has_the_reports_arrays(twin):
    """Keys, shapes, dtypes and ranges are those that the report measured."""
    arrays = profile(twin).arrays
    assert {name: (item["shape"], item["dtype"]) for name, item in arrays.items()} == {
        "diffraction": ([64, 64, 1087], "<f8"),
        "objectGuess": ([227, 226], "<c16"),
        "probeGuess": ([64, 64], "<c16"),
        "xcoords": ([1087], "<f8"),
        "xcoords_start": ([1087], "<f8"),
        "ycoords": ([1087], "<f8"),
        "ycoords_start": ([1087], "<f8"),
    }, "not the report's keys, shapes and dtypes"
    ranges = {name: arrays[name]["range"] for name in ("diffraction", "xcoords", "ycoords")}
    assert ranges == {
        "diffraction": [0.0, 1.7036],
        "xcoords": [34.412, 79.281],
        "ycoords": [35.763, 79.107],
    }, "not the report's ranges"


def test_a_fixture_passes_every_row(good):
    """What the contract wants is PASS, without remarks."""
    found = table(good)
    assert list(found) == REQUIREMENTS, "not every requirement, or not in order"
    assert [verdict for _, verdict, _ in found.values()] == ["PASS"] * 7, "a row does not pass"
    assert {remark for _, _, remark in found.values()} == {""}, "a remark where nothing is wrong"


@pytest.mark.parametrize(
    ("change", "row", "expected"),
    [
        ({"diffraction": np.ones((20, 8, 9), "<f4")}, 0,
         ("(20, 8, 9)", "FAIL", "axes fit neither layout")),
        ({"diffraction": np.ones((8, 8), "<f4")}, 0, ("(8, 8)", "FAIL", "axes fit neither layout")),
        ({"diffraction": np.ones((8, 8, 20), "<f4")}, 0,
         ("(8, 8, 20)", "FAIL", "legacy (H, W, N): transpose")),
        ({"diffraction": np.ones((8, 8, 8), "<f4"), "xcoords": np.arange(8.0)}, 0,
         ("(8, 8, 8)", "AMBIGUOUS", "H = W = N: the layout must be declared")),
        ({"probeGuess": np.ones((3, 8, 8), "<c8")}, 0, ("(20, 8, 8)", "PASS", "")),
        ({"diffraction": np.ones((20, 8, 8), ">f4")}, 1,
         ("float32 (foreign byte order)", "FAIL", "convert")),
        ({"diffraction": np.full((20, 8, 8), 10, "<f4")}, 2,
         ("[10, 10.0000]", "FAIL", "counts or intensities, negative or not finite values")),
        ({"diffraction": np.full((20, 8, 8), -1, "<f4")}, 2,
         ("[-1, -1.0000]", "FAIL", "counts or intensities, negative or not finite values")),
        ({"diffraction": np.full((20, 8, 8), np.nan, "<f4")}, 2,
         ("[0, 0.0000], not all finite", "FAIL",
          "counts or intensities, negative or not finite values")),
        ({"objectGuess": np.ones((16, 16))}, 3, ("float64", "FAIL", "convert")),
        ({"probeGuess": np.ones((8, 8), ">c8")}, 4,
         ("complex64 (foreign byte order)", "FAIL", "convert")),
        ({"xcoords": np.arange(20, dtype="<f4")}, 5,
         ("20 positions", "FAIL", "two float64 arrays of one length")),
        ({"ycoords": np.arange(19.0)}, 5,
         ("20 positions", "FAIL", "two float64 arrays of one length")),
        ({"ycoords": np.full(20, np.inf)}, 5,
         ("20 positions", "FAIL", "two float64 arrays of one length")),
        ({"xcoords": np.array(["a"] * 20)}, 5,
         ("20 positions", "FAIL", "two float64 arrays of one length")),
    ],
    ids=["shape", "2-d", "legacy", "ambiguous", "modes", "big-endian", "too-large", "negative",
         "nan", "real-object", "big-endian-probe", "float32-x", "one-y-less", "infinite-y", "text"],
)  # fmt: skip
def test_what_is_wrong_is_in_its_row(good, change, row, expected):
    """One mistake changes the row of its requirement: observed value, verdict and remark."""
    assert table({**good, **change})[REQUIREMENTS[row]] == expected


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("diffraction", 0, ("none", "FAIL", "no frames")),
        ("diffraction", 1, ("none", "FAIL", "missing")),
        ("diffraction", 2, ("none", "FAIL", "no frames")),
        ("objectGuess", 3, ("none", "FAIL", "missing")),
        ("probeGuess", 4, ("none", "FAIL", "missing")),
        ("xcoords", 5, ("20 positions", "FAIL", "two float64 arrays of one length")),
        ("Y", 6, ("none", "MISSING", "needed for supervised training only")),
    ],
)
def test_what_is_missing_is_in_its_row(good, name, row, expected):
    """An absent array fails its own rows; only Y is not needed by everyone."""
    del good[name]
    assert table(good)[REQUIREMENTS[row]] == expected


def test_frames_under_their_other_name(good):
    """Where frames are called diff3d, the table speaks of diff3d."""
    good["diff3d"] = good.pop("diffraction")
    found = table(good)
    assert found["diff3d axes (N, H, W)"] == ("(20, 8, 8)", "PASS", ""), "diff3d was not looked at"


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"diffraction": np.array("text")},
        {"diffraction": np.array(1.0), "xcoords": np.array(1.0), "probeGuess": np.array(1.0)},
        {"diffraction": np.zeros((0, 8, 8)), "xcoords": np.zeros(0), "ycoords": np.zeros(0)},
        {"diffraction": np.zeros((2, 4, 4), bool), "xcoords": np.zeros(2, complex)},
    ],
    ids=["nothing", "text", "0-d", "empty", "odd-kinds"],
)
def test_nothing_is_taken_for_granted(arrays):
    """Whatever arrays there are, the table has all of its rows."""
    assert len(table(arrays)) == 7, "a row is missing"


def test_text_has_no_range(good):
    """Only numbers are in the inventory."""
    assert "comment" not in profile({**good, "comment": np.array("mine")}).arrays
