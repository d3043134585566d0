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
    "probeGuess": np.arange(49).reshape(7, 7).astype("<c8"),
}
PER_FRAME = ("diffraction", "xcoords", "ycoords")
CONTENT = "8608352ac9cc4fa9ee9fe250142d120dfd5ca8d30f73872f4174b1698bf07bef"
TOGETHER = "they no longer belong together"


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


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ("checked", "undecided", "physics checked in A, undecided in B: z = 1.3"),
        ("undecided", "checked", "physics undecided in A: z = 1.3, checked in B"),
        ("not checked", "undecided", "physics not checked in A: z = 1.3, undecided in B: z = 1.3"),
    ],
)
@pytest.mark.parametrize("arrays", [ARRAYS, None], ids=["read", "not-read"])
def test_another_verdict_on_the_physics(arrays, before, after, note):
    """It is told with its reason, whatever became of the arrays."""
    sides = (
        side(arrays, name, verdict=verdict, reason="" if verdict == "checked" else "z = 1.3")
        for name, verdict in (("a", before), ("b", after))
    )
    assert fixture_difference.compare(*sides).notes[-1] == note


@pytest.mark.parametrize("verdict", ["checked", "undecided"])
def test_the_same_verdict_on_the_physics(verdict):
    """Nothing is said of it, nor where there is no record on one side."""
    one = side(verdict=verdict, reason="" if verdict == "checked" else "z = 1.3")
    for other in (one, side()):
        assert fixture_difference.compare(one, other).notes == []


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
        "the same diffraction in another order: 4 of 6 rows moved, and every array of rows with "
        "them"
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
        f"the same diffraction in another order: 2 of 6 rows moved, but {left} not with them: "
        f"{TOGETHER}"
    ]


def test_positions_alone_in_another_order():
    """The same mistake the other way round."""
    found = compare(chosen([1, 0, 2, 3, 4, 5], ("xcoords", "ycoords")))
    assert found.notes == [f"xcoords, ycoords are in another order, diffraction not: {TOGETHER}"]


def test_fewer_frames():
    """Without records, frames are known by their bytes."""
    found = compare(chosen([0, 2, 4]))
    assert found.notes == [
        "3 rows of diffraction are in both, bit for bit; 3 only in A, 0 only in B"
    ]


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


def frames_last(change: float) -> list[str]:
    """What is said of two subsets of one source whose frames come last; those of B are changed."""
    contract = "data_001_legacy_v1.schema.json"
    arrays = chosen([0, 1, 2, 3]), chosen([2, 3, 4])
    a, b = ({**one, "diffraction": np.moveaxis(one["diffraction"], 0, -1)} for one in arrays)
    b["diffraction"] = b["diffraction"] + np.float32(change)
    return fixture_difference.compare(
        side(a, contract=contract, subset_indices=[10, 20, 30, 40]),
        side(b, "b", contract=contract, subset_indices=[30, 40, 50]),
    ).notes


def test_frames_that_come_last():
    """Positions are looked for along the axis that the contract counts them on."""
    assert frames_last(0) == [
        "another subset of the same source (subset_indices): 2 positions in both, 2 only in A, "
        "1 only in B; in those in both, every array of positions is the same"
    ]


def test_frames_that_come_last_and_are_others():
    """What is along that axis is compared, and not along the first."""
    (note,) = frames_last(1)
    assert note.endswith("diffraction is different, xcoords, ycoords are the same")


@pytest.mark.parametrize("longer", ["a", "b"])
def test_more_rows_than_the_record_has(longer):
    """Nobody can tell whose they are, whatever the first of them are."""
    more = {"a": 4, "b": 3} | {longer: 6}
    a = chosen([0, 1, 2, 3]) | {"xcoords": ARRAYS["xcoords"][: more["a"]]}
    b = chosen([0, 1, 4]) | {"xcoords": ARRAYS["xcoords"][: more["b"]]}
    found = fixture_difference.compare(
        side(a, subset_indices=[10, 20, 30, 40]), side(b, "b", subset_indices=[10, 20, 50])
    )
    assert found.notes[0].endswith("xcoords is different, diffraction, ycoords are the same")


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


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (["old"], ["new"], True),
        (["old"], [], False),
        (["old"], [1], False),
        (["old"], "new", False),
        (["old"], fixture_difference.ABSENT, False),
    ],
)
def test_which_fields_are_lists_of_lines(a, b, text):
    """Only those are told line by line of which both sides have some."""
    for sides in ({"a": a, "b": b}, {"a": b, "b": a}):
        assert fixture_difference.FieldDifference(field="x", **sides).is_text is text


def test_a_file_against_a_record():
    """Where one side has no bytes and the other no record, digests and dtypes are compared."""
    arrays = {
        "only_a": np.zeros((3, 1), "<i4"),
        "same": np.arange(2, dtype="<f8"),
        "xcoords": np.arange(3, dtype="<f4"),
    }
    digest = "5e036b87a1bb253759e80e3b49fbb5301d545d034a4eab53c7a74debfb73bdbe"
    recorded = {
        "only_b": {"dtype": "<c8", "shape": [4], "sha256": "0" * 64},
        "same": {"dtype": "<f8", "shape": [2], "sha256": digest},
        "xcoords": {"dtype": "<f8", "shape": [3], "sha256": "0" * 64},
    }
    b = side(None, "b", name="b_v1")
    b = replace(b, sidecar=replace(b.sidecar, arrays=recorded))
    found = fixture_difference.compare(side(arrays), b)
    assert [(item.name, item.verdict, item.dtypes, item.shapes) for item in found.arrays] == [
        ("only_a", "only in A", ("<i4", None), ((3, 1), None)),
        ("only_b", "only in B", (None, "<c8"), (None, (4,))),
        ("same", "identical", ("<f8", "<f8"), ((2,), (2,))),
        ("xcoords", "different", ("<f4", "<f8"), ((3,), (3,))),
    ]


def test_the_same_arrays_by_their_records():
    """Where all recorded digests agree, the files differ around the arrays alone."""
    found = fixture_difference.compare(side(None, name="a_v1"), side(None, "b", name="b_v1"))
    assert (found.verdict, found.same) == ("container only", True)


@pytest.mark.parametrize(
    ("frames", "note"),
    [
        (ARRAYS["diffraction"][:2] + 1e6,
         "0 rows of diffraction are in both, bit for bit; 6 only in A, 2 only in B"),
        (np.concatenate([ARRAYS["diffraction"][:2], ARRAYS["diffraction"][2:] + 1e6]),
         "2 rows of diffraction are in both, bit for bit; 4 only in A, 4 only in B"),
        (ARRAYS["diffraction"][[0, 0, 1]],
         "2 rows of diffraction are in both, bit for bit; 4 only in A, 1 only in B"),
        (ARRAYS["diffraction"].astype("<f8"), None),
        (ARRAYS["diffraction"].reshape(12, 1, 2), None),
        (ARRAYS["diffraction"][:0], None),
        (np.float32(0), None),
    ],
    ids=["none", "some", "repeated", "dtype", "shape", "empty", "scalar"],
)  # fmt: skip
def test_frames_in_common(frames, note):
    """Without records frames are counted that both have, if they can be the same at all."""
    changed = ARRAYS | {"diffraction": np.asarray(frames)}
    expected = [] if note is None else [note]
    assert compare(changed).notes == expected
    swapped = fixture_difference.compare(side(changed), side(digest="b")).notes
    assert bool(swapped) == bool(expected), "the order of the two decides"


def test_rows_of_frames_that_have_another_name():
    """What both sides have is counted, be it not the largest."""
    a = {"frames": ARRAYS["diffraction"], "spectrum": np.arange(12.0).reshape(6, 2)}
    b = {"pictures": ARRAYS["diffraction"][:4], "spectrum": np.arange(8.0).reshape(4, 2)}
    assert compare(b, a).notes == [
        "4 rows of spectrum are in both, bit for bit; 2 only in A, 0 only in B"
    ]


def test_rows_against_a_single_value():
    """What has no axis has no rows."""
    several, one = {"a": np.arange(3.0)}, {"a": np.array(1.0)}
    assert compare(several, one).notes == compare(one, several).notes == []


def test_frames_that_one_side_lacks():
    """There is nothing to count."""
    others = {name: values for name, values in ARRAYS.items() if name != "diffraction"}
    assert compare(others).notes == []
    assert fixture_difference.compare(side(others), side(digest="b")).notes == []


def test_an_array_of_positions_in_another_dtype_did_not_come_along():
    """The values are compared as they are, after they were put in order."""
    moved = chosen([1, 0, 2, 3, 4, 5])
    moved["xcoords"] = moved["xcoords"].astype("<f4")
    (note,) = compare(moved).notes
    assert note.endswith(f"but xcoords is not with them: {TOGETHER}")


def test_a_changed_subset_with_an_array_on_one_side():
    """What only one side has is told elsewhere, and is not called different."""
    fewer = {k: v for k, v in chosen([2, 3, 4]).items() if k != "ycoords"}
    a = side(chosen([0, 1, 2, 3]), subset_indices=[10, 20, 30, 40])
    b = side(fewer, "b", subset_indices=[30, 40, 50])
    for pair in ((a, b), (b, a)):
        (note,) = fixture_difference.compare(*pair).notes
        assert note.endswith("in those in both, every array of positions is the same")


@pytest.mark.parametrize("without", ["a", "b"])
def test_a_changed_subset_without_the_bytes(without):
    """The records tell how many positions both have, and nothing of their values."""
    sides = {
        "a": side(chosen([0, 1, 2]), subset_indices=[10, 20, 30]),
        "b": side(chosen([2, 3]), "b", subset_indices=[30, 40]),
    }
    sides[without] = replace(sides[without], arrays=None)
    _, note = fixture_difference.compare(**sides).notes
    assert note == (
        "another subset of the same source (subset_indices): 1 positions in both, 2 only in A, "
        "1 only in B"
    )


def test_json_of_what_has_no_distance():
    """An array that one side lacks, bytes that are not here: null, and no figure."""
    (document,) = compare({}, {"text": np.array(["a"])}).to_dict()["arrays"]
    assert document["dtype"] == ["<U1", None]
    assert document["shape"] == [[1], None]
    assert (document["first"], document["largest_ulp_at"], document["largest_ulp"]) == (None,) * 3

    found = replace(side(None, name="a_v1"), verified=True, note="why")
    document = fixture_difference.compare(found, side()).to_dict()["a"]
    assert document == {
        "name": "a", "sha256": "a", "content_sha256": None, "verified": True, "note": "why",
    }  # fmt: skip


def test_json_of_figures():
    """Distances and the place of the largest."""
    values = ARRAYS["xcoords"].copy()
    values[3] *= 1.5
    document = compare(ARRAYS | {"xcoords": values}).to_dict()["arrays"][2]
    assert document["largest_absolute"] == 30.5
    assert document["largest_relative"] == pytest.approx(1 / 3)
    # up to 64 in steps of 2**-47, from there in steps twice as wide
    assert document["largest_ulp"] == 3 * 2**47 + 27.5 * 2**46
    assert document["largest_ulp_at"] == [3]
