"""Tests of `registry.ptychography.contracts` with the published schema DATA-001."""

from __future__ import annotations

import numpy as np
import pytest

from registry.ptychography.contracts import contract_failures

N = 16


@pytest.fixture
def arrays():
    """The fewest arrays that satisfy the contract, with the ones that may be left out."""
    rng = np.random.default_rng(3)
    frames = rng.random((N, 64, 64), dtype=np.float32)
    coordinates = rng.random((4, N))
    return {
        "diffraction": frames,
        "diff3d": frames.copy(),
        "objectGuess": rng.random((130, 128)).astype("<c8"),
        "probeGuess": rng.random((64, 64)).astype("<c8"),
        "xcoords": coordinates[0],
        "ycoords": coordinates[1],
        "xcoords_start": coordinates[2],
        "ycoords_start": coordinates[3],
        "scan_index": np.zeros(N, "<i8"),
        "Y": rng.random((N, 64, 64)).astype("<c8"),
    }


def failures(arrays, schemas) -> list[str]:
    """Broken rules in words, sorted."""
    return sorted(str(failure) for failure in contract_failures(arrays, schemas))


def test_all_arrays_of_the_contract(arrays, schemas):
    """Required and optional arrays together break no rule."""
    assert failures(arrays, schemas) == []


@pytest.mark.parametrize("name", ["diff3d", "xcoords_start", "ycoords_start", "scan_index", "Y"])
def test_optional_arrays(arrays, schemas, name):
    """These may be absent."""
    del arrays[name]
    assert failures(arrays, schemas) == []


@pytest.mark.parametrize("name", ["diffraction", "objectGuess", "probeGuess", "xcoords", "ycoords"])
def test_required_arrays(arrays, schemas, name):
    """These may not."""
    del arrays[name]
    assert failures(arrays, schemas) == [f"contract: {name}: expected a value; found none"]


def test_unknown_arrays(arrays, schemas):
    """What the contract does not know is refused, by its name."""
    arrays["intensity"] = arrays["diffraction"]
    (found,) = failures(arrays, schemas)
    assert found.startswith("contract: intensity: expected one of the known keys"), found


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("diffraction", "<f8", "<f4"),
        ("diffraction", ">f4", "<f4"),
        ("diffraction", "<f2", "<f4"),
        ("diffraction", "<i4", "<f4"),
        ("objectGuess", "<c16", "<c8"),
        ("objectGuess", ">c8", "<c8"),
        ("probeGuess", "<c16", "<c8"),
        ("xcoords", "<f4", "<f8"),
        ("xcoords", ">f8", "<f8"),
        ("ycoords", "<i8", "<f8"),
        ("xcoords_start", "<f4", "<f8"),
        ("ycoords_start", "<f4", "<f8"),
        ("scan_index", "<i4", "<i8"),
        ("Y", "<c16", "<c8"),
    ],
)
def test_dtypes_are_exact(arrays, schemas, name, wrong, right):
    """Width, kind and byte order of each array are fixed."""
    arrays.pop("diff3d")
    arrays[name] = arrays[name].astype(wrong)
    expected = f'contract: {name}.dtype: expected "{right}"; found "{wrong}"'
    assert failures(arrays, schemas) == [expected]


def per_position(arrays, n: int):
    """The arrays with n positions."""
    longer = {"objectGuess", "probeGuess"}
    return {
        name: array if name in longer else np.concatenate([array] * 9)[:n]
        for name, array in arrays.items()
    }


@pytest.mark.parametrize("n", [16, 64, 128])
def test_numbers_of_frames_allowed(arrays, schemas, n):
    """From 16, enough for two groups at gridsize 2, to 128."""
    assert failures(per_position(arrays, n), schemas) == []


@pytest.mark.parametrize(("n", "rule"), [(15, "at least 16"), (129, "at most 128")])
def test_numbers_of_frames_refused(arrays, schemas, n, rule):
    """One frame too few or too many is refused in every array that has it."""
    found = failures(per_position(arrays, n), schemas)
    assert len(found) == 8
    assert f"contract: diffraction.shape.0: expected {rule}; found {n}" in found


@pytest.mark.parametrize(
    ("name", "shape", "rule"),
    [
        # 64 would pass for a number of frames
        ("diffraction", (64, 64, N), "diffraction.shape.2: expected 64; found 16"),
        ("diffraction", (N, 32, 64), "diffraction.shape.1: expected 64; found 32"),
        ("diffraction", (N, 64), "diffraction.shape: expected at least 3 items"),
        ("diffraction", (N, 64, 64, 1), "diffraction.shape: expected at most 3 items"),
        ("objectGuess", (127, 130), "objectGuess.shape.0: expected at least 128; found 127"),
        ("objectGuess", (130, 127), "objectGuess.shape.1: expected at least 128; found 127"),
        ("objectGuess", (1, 130, 130), "objectGuess.shape: expected at most 2 items"),
        ("probeGuess", (32, 64), "probeGuess.shape.0: expected 64; found 32"),
        ("probeGuess", (64, 32), "probeGuess.shape.1: expected 64; found 32"),
        ("probeGuess", (1, 64, 64), "probeGuess.shape: expected at most 2 items"),
        ("xcoords", (N, 1), "xcoords.shape: expected at most 1 items"),
        ("scan_index", (), "scan_index.shape: expected at least 1 items"),
        ("Y", (N, 64, 32), "Y.shape.2: expected 64; found 32"),
    ],
)
def test_shapes(arrays, schemas, name, shape, rule):
    """Axes of each array, their number and their length."""
    arrays[name] = np.zeros(shape, arrays[name].dtype)
    found = failures(arrays, schemas)
    assert any(line.startswith(f"contract: {rule}") for line in found), found


@pytest.mark.parametrize("name", ["diffraction", "objectGuess", "probeGuess", "xcoords", "Y"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_are_finite(arrays, schemas, name, value):
    """One NaN or infinity is enough, in the imaginary part too."""
    arrays.pop("diff3d")
    array = arrays[name]
    (array.imag if array.dtype.kind == "c" else array).flat[7] = value
    expected = (
        f"contract: {name}.finite: expected true, that is no NaN and no infinity; found false"
    )
    assert failures(arrays, schemas) == [expected]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (-1e-6, "diffraction.range.0: expected at least 0; found -9.999999974752427e-07"),
        (10.0, "diffraction.range.1: expected less than 10; found 10.0"),
    ],
)
def test_range_of_amplitudes(arrays, schemas, value, rule):
    """Amplitudes are not negative and stay below 10, where counts and intensities do not."""
    arrays.pop("diff3d")
    arrays["diffraction"].flat[5] = value
    assert failures(arrays, schemas) == [f"contract: {rule}"]


def test_limits_of_the_range(arrays, schemas):
    """0 is an amplitude, and so is the number next to 10."""
    arrays.pop("diff3d")
    arrays["diffraction"].flat[:2] = 0, np.nextafter(np.float32(10), np.float32(0))
    assert failures(arrays, schemas) == []


def test_one_number_of_positions(arrays, schemas):
    """Every per-position array has as many entries as the others."""
    arrays["ycoords"] = np.append(arrays["ycoords"], 1.0)
    (found,) = failures(arrays, schemas)
    assert found.startswith(
        "contract: positions: expected the same number of positions in every per-position array; "
        "found diffraction 16, diff3d 16, xcoords 16, ycoords 17"
    ), found


def test_diff3d_is_the_same_array(arrays, schemas):
    """The alias may not differ in a single bit."""
    arrays["diff3d"][3, 2, 1] *= 1.0000001
    (found,) = failures(arrays, schemas)
    assert found.startswith("contract: diff3d: expected the same array as diffraction"), found
