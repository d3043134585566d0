"""Tests of `registry.compare.fixture_difference`: verdicts, and what differences amount to."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from registry.compare import fixture_difference
from registry.compare.operand import Operand
from registry.identity import sidecar
from tests.kit.repository import FOLDER, REPOSITORY

RECORD = sidecar.parse(
    (REPOSITORY / FOLDER / "minimal_dataset_v1_n16.json").read_bytes(),
    subject="n16",
)
N = 6
ARRAYS = {
    "diffraction": np.arange(N * 4, dtype="<f4").reshape(N, 2, 2),
    "xcoords": np.linspace(34, 79, N),
    "ycoords": np.linspace(79, 35, N),
    # as long as there are frames, and yet none of their arrays
    "probeGuess": np.arange(N * N).reshape(N, N).astype("<c8"),
}
PER_FRAME = ("diffraction", "xcoords", "ycoords")
CONTENT = "8bb16d2afcfc7101c017bf3b0b23649489b91e0e36cd9f52df0932220dd87a24"
TOGETHER = "frames and positions no longer belong together"


def side(arrays=ARRAYS, digest="a", **fields) -> Operand:
    """A side with these arrays; with fields of a record, if any are given."""
    record = replace(RECORD, **fields) if fields else None
    return Operand(label=digest, arrays=arrays, sha256=digest, sidecar=record, verified=False)


def compare(arrays, a=ARRAYS) -> fixture_difference.FixtureDifference:
    """What lies between two sets of arrays in files of their own."""
    return fixture_difference.compare(side(a), side(arrays, "b"))


def chosen(rows, names=PER_FRAME) -> dict[str, np.ndarray]:
    """The arrays with those rows of the arrays of these names."""
    return {name: values[rows] if name in names else values for name, values in ARRAYS.items()}


def test_identical():
    """The same bytes: nothing else is looked for."""
    found = fixture_difference.compare(side(), side())
    assert (found.verdict, found.same, found.notes, found.fields) == ("identical", True, [], [])


def test_container_only():
    """Other bytes around the same arrays count as the same."""
    found = compare(dict(reversed(ARRAYS.items())))
    assert (found.verdict, found.same) == ("container only", True)


def test_rounding():
    """Every difference is of a few ULP, in however many arrays."""
    off = {name: np.nextafter(ARRAYS[name], 99) for name in ("xcoords", "ycoords")}
    found = compare(ARRAYS | off)
    assert (found.verdict, found.same) == ("rounding", False)


@pytest.mark.parametrize(
    "changed",
    [
        {"xcoords": ARRAYS["xcoords"] + 1e-9},
        {"xcoords": ARRAYS["xcoords"].astype("<f4")},
        {"added": np.zeros(2)},
    ],
    ids=["value", "dtype", "array"],
)
def test_different_data(changed):
    """One array that is more than rounding decides, beside others that are."""
    rounded = {"ycoords": np.nextafter(ARRAYS["ycoords"], 99)}
    assert compare(ARRAYS | rounded | changed).verdict == "different data"


def test_frames_and_all_in_another_order():
    """A permutation that every array of positions follows is said to be one."""
    found = compare(chosen([1, 0, 2, 3, 5, 4]))
    assert found.notes == [
        "the same frames in another order: 4 of 6 moved, and every array of positions with them"
    ]
    assert found.verdict == "different data", "another order is other data"


@pytest.mark.parametrize(
    ("names", "left"),
    [(("diffraction",), "xcoords, ycoords are"), (("diffraction", "ycoords"), "xcoords is")],
)
def test_frames_alone_in_another_order(names, left):
    """Arrays that stayed behind are named, and what that means is said."""
    found = compare(chosen([1, 0, 2, 3, 4, 5], names))
    assert found.notes == [
        f"the same frames in another order: 2 of 6 moved, but {left} not with them: {TOGETHER}"
    ]


def test_positions_alone_in_another_order():
    """The same mistake the other way round."""
    found = compare(chosen([1, 0, 2, 3, 4, 5], ("xcoords", "ycoords")))
    assert found.notes == [f"xcoords, ycoords are in another order, the frames not: {TOGETHER}"]


def test_fewer_frames():
    """Without records, frames are known by their bytes."""
    found = compare(chosen([0, 2, 4]))
    assert found.notes == ["3 frames are in both, bit for bit; 3 only in A, 0 only in B"]


def test_no_frame_in_common():
    """Where every frame differs, or one value of each, there is nothing to add."""
    assert compare(ARRAYS | {"diffraction": ARRAYS["diffraction"] + 1e6}).notes == []


def test_a_changed_subset():
    """By the records: how many positions both have, and that these are the same in both."""
    a = side(chosen([0, 1, 2, 3]), subset_indices=[10, 20, 30, 40])
    b = side(chosen([2, 3, 4]), "b", subset_indices=[30, 40, 50])
    assert fixture_difference.compare(a, b).notes == [
        "another subset of the same source (subset_indices): 2 positions in both, 2 only in A, "
        "1 only in B; in those in both, every array of positions is the same"
    ]


def test_a_changed_subset_of_other_values():
    """Positions that both have, with other values in one array."""
    other = chosen([2, 3, 4]) | {"xcoords": ARRAYS["xcoords"][2:5] + 1}
    a = side(chosen([0, 1, 2, 3]), subset_indices=[10, 20, 30, 40])
    b = side(other, "b", subset_indices=[30, 40, 50])
    (note,) = fixture_difference.compare(a, b).notes
    assert note.endswith(
        "in those in both, xcoords is different, diffraction, ycoords are the same"
    )


def test_frames_first_but_coordinates_evenly_spaced():
    """The defect that the registry was made for: an array of another length than its indices."""
    a = side(chosen([0, 1, 2, 3]), subset_indices=[10, 20, 30, 40])
    b = side(ARRAYS | {"diffraction": ARRAYS["diffraction"][2:5]}, "b", subset_indices=[30, 40, 50])
    (note,) = fixture_difference.compare(a, b).notes
    assert "xcoords, ycoords are different, diffraction is the same" in note


def test_frames_that_come_last():
    """Positions are looked for along the axis that the contract counts them on."""
    contract = "data_001_legacy_v1.schema.json"
    arrays = chosen([0, 1, 2, 3]), chosen([2, 3, 4])
    a, b = ({**one, "diffraction": np.moveaxis(one["diffraction"], 0, -1)} for one in arrays)
    found = fixture_difference.compare(
        side(a, contract=contract, subset_indices=[10, 20, 30, 40]),
        side(b, "b", contract=contract, subset_indices=[30, 40, 50]),
    )
    assert found.notes == [
        "another subset of the same source (subset_indices): 2 positions in both, 2 only in A, "
        "1 only in B; in those in both, every array of positions is the same"
    ]


@pytest.mark.parametrize(
    ("indices", "note"),
    [
        ([20, 10], "the same subset of the source in another order (subset_indices)"),
        ([50, 60], "another subset of the same source (subset_indices): 0 positions in both, 2 "
         "only in A, 2 only in B"),
    ],
)  # fmt: skip
def test_subsets_without_anything_to_compare(indices, note):
    """Another order, or no position in common."""
    a = side(chosen([0, 1]), subset_indices=[10, 20])
    found = fixture_difference.compare(a, side(chosen([2, 3]), "b", subset_indices=indices))
    assert found.notes == [note]


def test_another_source():
    """Indices into different sources are not compared."""
    a = side(subset_indices=[1], source_sha256="0" * 64)
    b = side(digest="b", subset_indices=[2], source_sha256="1" * 64)
    (note,) = fixture_difference.compare(a, b).notes
    assert note.startswith("cut from different sources: build/sources/run1084_twin.npz (0000")


def test_fields_of_the_record():
    """Each that differs has its dotted path; the arrays' own are told by the arrays."""
    a = side(licence="MIT", checks={"scale": 1.0, "noise": "none"})
    b = side(digest="b", licence="CC0-1.0", checks={"scale": 2.0})
    b = replace(b, sidecar=replace(b.sidecar, arrays={}))
    found = fixture_difference.compare(a, b)
    assert [item.to_dict() for item in found.fields] == [
        {"field": "licence", "a": "MIT", "b": "CC0-1.0"},
        {"field": "checks.scale", "a": 1.0, "b": 2.0},
        {"field": "checks.noise", "a": "none"},
    ]


def test_records_do_not_count():
    """The verdict is about the arrays: two fixtures always differ in their names."""
    found = fixture_difference.compare(side(name="a_v1"), side(name="b_v1"))
    assert (found.verdict, found.same) == ("identical", True)
    assert [item.field for item in found.fields] == ["name"]


def test_lines_that_changed():
    """Of a list of texts, the lines that only one side has."""
    a, b = side(transformations=["same", "old"]), side(transformations=["same", "new"])
    (field,) = fixture_difference.compare(a, b).fields
    assert field.text_lines() == [("-", "old"), ("+", "new")]


def test_without_the_bytes():
    """What the records say of the arrays is compared, and it is said that no value was."""
    changed = {**RECORD.arrays, "xcoords": {**RECORD.arrays["xcoords"], "sha256": "0" * 64}}
    a, b = side(None, name="a_v1"), side(None, "b", name="b_v1")
    b = replace(b, sidecar=replace(b.sidecar, arrays=changed))
    found = fixture_difference.compare(a, b)
    assert (found.verdict, found.same) == ("different, not measured", False)
    assert found.notes == ["no values were compared: this is what the sidecars say of the arrays"]
    assert [item.name for item in found.arrays if item.verdict != "identical"] == ["xcoords"]


def test_json():
    """Every figure is there, and what is no number in JSON is null."""
    values = ARRAYS["xcoords"].copy()
    values[2] = np.nan
    document = compare(ARRAYS | {"xcoords": values}).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document, "not JSON"
    assert (document["verdict"], document["same"]) == ("different data", False)
    assert [item["name"] for item in document["arrays"]] == sorted(ARRAYS)
    assert document["arrays"][2] == {
        "name": "xcoords",
        "verdict": "different",
        "dtype": ["<f8", "<f8"],
        "shape": [[6], [6]],
        "total": 6,
        "differing": 1,
        "first": [2],
        "largest_absolute": None,
        "largest_relative": None,
        "largest_ulp": None,
        "largest_ulp_at": [2],
        "not_finite": 1,
        "note": "",
    }
    # of the documented form, by another program: see docs/identity.md
    assert document["a"]["content_sha256"] == CONTENT, "not the content's digest"
