"""Mistakes that are planted in a fixture's own arrays."""

from __future__ import annotations

import numpy as np
import pytest

from generators.defect_v1 import DEFECTS
from registry.ptychography.mistakes import MISTAKES
from tests.kit.scans import sound_scan

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}
# What it takes is in the source alone.
PLANTED_FROM_THE_SOURCE = {"first_frames"}


@pytest.fixture
def arrays():
    """Those of a sound fixture, with the alias and with patches; nothing may write to them."""
    found = sound_scan()
    found["diff3d"] = found["diffraction"]
    found["Y"] = np.ones(found["diffraction"].shape, "<c8")
    for array in found.values():
        array.flags.writeable = False
    return found


def test_names_are_unique():
    """A sidecar names a mistake by its name alone."""
    assert len(BY_NAME) == len(MISTAKES), "two mistakes of one name"


def test_every_defect_of_the_generator_is_there():
    """What can be built as a fixture can be planted in one."""
    missing = set(DEFECTS) - set(BY_NAME) - PLANTED_FROM_THE_SOURCE
    assert not missing, f"not among the mistakes: {missing}"


@pytest.mark.parametrize("name", sorted(set(DEFECTS) - PLANTED_FROM_THE_SOURCE))
def test_the_generator_plants_the_same(name, arrays):
    """Of one name there is one mistake."""
    expected = DEFECTS[name][1](arrays, arrays["diffraction"])
    planted = BY_NAME[name].plant(arrays)
    assert set(planted) - {"diff3d"} == set(expected), "another array is changed"
    for key, array in expected.items():
        assert planted[key].dtype == array.dtype, f"{key} of another dtype"
        # the generator's own transform and that of numpy differ in their last bits
        tolerance = 1e-6 * np.abs(array).max() if name == "other_probe" else 0
        np.testing.assert_allclose(planted[key], array, rtol=0, atol=tolerance, equal_nan=True)


# What the generator has not: the array that is changed, and what becomes of it.
OTHERS = {
    "rolled_frames": ("diffraction", lambda a: np.concatenate([a[-1:], a[:-1]])),
    "mirrored_x": ("xcoords", lambda x: x.max() - (x - x.min())),
    "mirrored_y": ("ycoords", lambda y: y.max() - (y - y.min())),
    "clipped": ("diffraction", lambda a: np.where(a < a.max() / 2, a, a.max() / 2)),
    "transposed_object": ("objectGuess", lambda a: np.einsum("ij->ji", a)),
    "transposed_probe": ("probeGuess", lambda a: np.einsum("...ij->...ji", a)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_generator_has_not_is_planted_as_it_is_said(name, arrays):
    """By as much as the mistake's meaning says, and nothing else is changed."""
    modes = np.stack([arrays["probeGuess"], 0.3 * arrays["probeGuess"][::-1]])
    for known in (arrays, {**arrays, "probeGuess": modes}):
        planted = BY_NAME[name].plant(known)
        key, change = OTHERS[name]
        np.testing.assert_allclose(planted.pop(key), change(known[key]), rtol=1e-12)
        for other, array in planted.items():
            assert other == "diff3d" or array is known[other] or (array == known[other]).all()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_sound_fixture_is_changed(name, arrays):
    """Each mistake is one: the twin has nothing symmetric, real or empty about it."""
    planted = BY_NAME[name].plant(arrays)
    assert planted, "nothing is changed"
    assert any(
        array.dtype != arrays[key].dtype or not np.array_equal(array, arrays[key])
        for key, array in planted.items()
    ), "all arrays are as they were"


@pytest.mark.parametrize("name", BY_NAME)
def test_other_names_of_frames_change_with_them_and_patches_never(name, arrays):
    """``diff3d`` is ``diffraction`` again; ``Y`` is what the mistake would be found by."""
    planted = BY_NAME[name].plant(arrays)
    assert planted.get("diff3d") is planted.get("diffraction"), "diff3d is left behind"
    assert "Y" not in planted, "Y is changed"
    without = {key: array for key, array in arrays.items() if key != "diff3d"}
    assert "diff3d" not in BY_NAME[name].plant(without), "an array that the fixture never had"


@pytest.mark.parametrize("name", BY_NAME)
def test_planted_twice_it_is_the_same(name, arrays):
    """No mistake depends on chance."""
    first, second = BY_NAME[name].plant(arrays), BY_NAME[name].plant(arrays)
    for key, array in first.items():
        assert array.tobytes() == second[key].tobytes(), f"{key} differs"


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(
    "lacking",
    [
        {},
        {"diffraction": np.zeros((64, 64), "<f4"), "probeGuess": np.zeros(64, "<c8")},
        {"xcoords": np.zeros(0), "ycoords": np.zeros(0), "objectGuess": np.zeros(3, "<c8")},
        {"xcoords": np.zeros(3), "ycoords": np.zeros(4)},
        {"diffraction": np.zeros((2, 4, 4), "<i4")},
    ],
)
def test_where_there_is_nothing_to_plant_it_in_nothing_is_planted(name, lacking):
    """For want of an array, or of one that looks like itself."""
    assert BY_NAME[name].plant(lacking) == {}, "planted in arrays that it knows nothing of"


def test_what_is_symmetric_stays_as_it_is(arrays):
    """Nothing to change is no error."""
    flat = {key: array for key, array in arrays.items() if key != "diff3d"}
    flat["probeGuess"] = np.zeros((64, 64), "<c8")
    flat["ycoords"] = np.full(64, 40.0)
    for name, key in (("defocused_probe", "probeGuess"), ("second_rows_off", "xcoords")):
        planted = BY_NAME[name].plant(flat)
        np.testing.assert_array_equal(planted[key], flat[key], f"{name} changes {key}")


@pytest.mark.parametrize("name", BY_NAME)
def test_a_probe_with_modes(name, arrays):
    """Those that change the probe take one of several modes."""
    modes = np.stack([arrays["probeGuess"], 0.3 * arrays["probeGuess"][::-1]]).astype("<c8")
    planted = BY_NAME[name].plant({**arrays, "probeGuess": modes})
    if "probeGuess" in planted:
        assert planted["probeGuess"].ndim == 3, "the axis of modes is lost"
    assert planted, "nothing is changed"
