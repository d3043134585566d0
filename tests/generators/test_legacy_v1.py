"""Tests of `generators.legacy_v1`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import legacy_v1, subset_v1
from registry.declare import generator_keys
from registry.digests import content_digest
from registry.identity import schema
from registry.identity.inventory import inventory
from tests.kit.repository import REPOSITORY, SCHEMAS

PARAMS = {"strategy": "evenly_spaced", "n_subset": 16}
CONTRACT = "data_001_legacy_v1.schema.json"
# What PARAMS select from 40 positions.
INDICES = [0, 2, 5, 7, 10, 13, 15, 18, 20, 23, 26, 28, 31, 33, 36, 39]
POSITIONS = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")


def generate(source, measurement="amplitude", **given):
    """Arrays and record of a fixture in the legacy layout."""
    return legacy_v1.generate({**PARAMS, **given}, source, {"measurement": measurement})


@pytest.fixture
def source(scan, legacy):
    """Forty positions in the legacy layout, with digits that float32 does not have."""
    arrays = legacy(scan)
    for name in ("diffraction", "objectGuess", "probeGuess"):
        arrays[name] = arrays[name] * (1 + 2.0**-40)
    return arrays


def test_form_of_the_arrays(source):
    """Frames last, double precision, contiguous; nothing but what the contract knows."""
    source["scan_index"] = np.arange(40, dtype="<i4")
    arrays, _ = generate({**source, "unknown": np.zeros(3)})
    form = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    assert form == {
        "diffraction": ("<f8", (64, 64, 16)),
        "objectGuess": ("<c16", (227, 226)),
        "probeGuess": ("<c16", (64, 64)),
        **dict.fromkeys(POSITIONS, ("<f8", (16,))),
        "scan_index": ("<i8", (16,)),
    }
    assert all(array.flags.c_contiguous for array in arrays.values())


def test_values_are_those_of_the_source(source):
    """Each pixel is the source's, to the last digit; one list of indices for every array."""
    arrays, record = generate(source)
    assert record["subset_indices"] == INDICES
    np.testing.assert_array_equal(arrays["diffraction"], source["diffraction"][:, :, INDICES])
    for name in ("objectGuess", "probeGuess"):
        np.testing.assert_array_equal(arrays[name], source[name])
    for name in POSITIONS:
        np.testing.assert_array_equal(arrays[name], source[name][INDICES])


def test_a_loader_arrives_at_the_canonical_fixture(source):
    """Transposed and cast, it is what `subset_v1` cuts, bit for bit."""
    arrays, _ = generate(source)
    expected, _ = subset_v1.generate(PARAMS, source, {"measurement": "amplitude"})
    loaded = {**arrays, "diffraction": np.moveaxis(arrays["diffraction"], -1, 0)}
    for name, array in expected.items():
        np.testing.assert_array_equal(loaded[name].astype(array.dtype), array, err_msg=name)


@pytest.mark.parametrize("given", [{}, {"strategy": "random", "seed": 4}, {"diff3d": True}])
def test_the_canonical_arrays_of_the_record(source, given):
    """What contract and physics are held against is what `subset_v1` cuts."""
    _, record = generate(source, **given)
    expected, _ = subset_v1.generate({**PARAMS, **given}, source, {"measurement": "amplitude"})
    assert content_digest(record["canonical"]) == content_digest(expected)


def test_a_source_in_the_canonical_layout(scan):
    """It is transposed, and doubled in precision: no value changes."""
    arrays, record = generate(scan)
    expected = np.moveaxis(scan["diffraction"][INDICES], 0, -1)
    np.testing.assert_array_equal(arrays["diffraction"], expected)
    assert record["layout"] == "canonical"


class Unread:
    """Frames (N, H, W) in a file, of which those at a list of indices can be read."""

    def __init__(self, frames: np.ndarray) -> None:
        self._frames = frames
        self.shape, self.ndim, self.dtype = frames.shape, frames.ndim, frames.dtype

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        assert indices.ndim == 1, "only lists of indices can be read"
        return self._frames[indices]


def test_frames_that_are_not_read_yet(scan):
    """Only the selected ones are asked for."""
    expected, _ = generate(scan)
    arrays, _ = generate({**scan, "diffraction": Unread(scan["diffraction"])})
    assert content_digest(arrays) == content_digest(expected)


def test_intensities_become_amplitudes(source):
    """The root is taken in double precision."""
    source["diffraction"] = source["diffraction"] ** 2
    arrays, _ = generate(source, measurement="intensity")
    expected = np.sqrt(source["diffraction"][:, :, INDICES])
    np.testing.assert_array_equal(arrays["diffraction"], expected)


def test_the_alias_is_the_same_array(source):
    """diff3d, where it is asked for, in the same layout."""
    arrays, record = generate(source, diff3d=True)
    np.testing.assert_array_equal(arrays["diff3d"], arrays["diffraction"])
    assert "diff3d" not in generate(source)[0]
    assert record["transformations"][-1] == "diffraction: duplicate as diff3d"


def test_transformations_of_a_legacy_source(source):
    """The subset is all there is to do."""
    assert generate(source)[1]["transformations"] == [
        "every per-position array: evenly_spaced subset of 16 of 40 positions (subset_indices)"
    ]


def test_transformations_of_another_source(scan):
    """Every step, in the order in which it was taken."""
    scan["diff3d"] = scan.pop("diffraction")
    assert generate(scan, measurement="intensity")[1]["transformations"][1:] == [
        "diff3d: transpose (N,H,W) -> (H,W,N)",
        "diff3d: square root of intensity -> amplitude",
        "diff3d: rename to diffraction",
        "objectGuess: dtype complex64 -> complex128",
        "probeGuess: dtype complex64 -> complex128",
    ]


def test_the_contract(source):
    """The arrays satisfy the contract that its schema names, and canonical ones do not."""
    named = generator_keys.read(REPOSITORY, "legacy_v1").contracts
    assert named == (CONTRACT, "data_001_v1.schema.json")
    path = SCHEMAS / CONTRACT
    arrays, record = generate(source, diff3d=True)
    assert schema.problems(inventory(arrays), path) == []
    broken = {
        failure.criterion for failure in schema.problems(inventory(record["canonical"]), path)
    }
    assert broken == {
        "diff3d.dtype", "diff3d.shape.0", "diffraction.dtype", "diffraction.shape.0",
        "objectGuess.dtype", "probeGuess.dtype",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "path"),
    [
        ("diffraction", lambda a: a.astype("<f4"), "diffraction.dtype"),
        ("diffraction", lambda a: a - 1, "diffraction.range.0"),
        ("diffraction", lambda a: a + 10, "diffraction.range.1"),
        ("diffraction", lambda a: a[..., :15], "diffraction.shape.2"),
        ("probeGuess", lambda a: a.astype("<c8"), "probeGuess.dtype"),
        ("objectGuess", lambda a: a[:127], "objectGuess.shape.0"),
        ("xcoords", lambda a: a.astype("<f4"), "xcoords.dtype"),
        ("ycoords", lambda a: a * np.nan, "ycoords.finite"),
    ],
)
def test_what_the_contract_refuses(source, name, change, path):
    """Each rule of the schema is one that a wrong array breaks."""
    arrays, _ = generate(source)
    wrong = inventory({**arrays, name: change(arrays[name])})
    found = [failure.criterion for failure in schema.problems(wrong, SCHEMAS / CONTRACT)]
    assert found == [path]


def test_a_source_that_lacks_positions(source):
    """What `subset_v1` cannot cut cannot be cut here."""
    with pytest.raises(ValueError, match="expected at most the source's 40 positions, found 41"):
        generate(source, n_subset=41)


def test_the_same_bits_on_every_machine(source):
    """Content of a small fixture."""
    assert content_digest(generate(source)[0]) == (
        "de1c953944b6e582008c6ad306ddf538dd2bfb9713b829e8a799eaf8e8181e46"
    )
