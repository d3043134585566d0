"""Tests of `registry.compare.array_difference`.

Verdicts of a rebuild: tests/build/test_regenerate.py.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from registry.compare import array_difference

FRAMES = np.linspace(0, 1.5, 24, dtype="<f4").reshape(2, 3, 4)
NAN = np.array([0x7FC00000], "<u4").view("<f4")[0]
OTHER_NAN = np.array([0x7FC00001], "<u4").view("<f4")[0]


def compare(a: object, b: object, dtype: str | None = None) -> array_difference.ArrayDifference:
    """What lies between two arrays, or two lists of values of a dtype."""
    return array_difference.compare("a", np.asarray(a, dtype), np.asarray(b, dtype))


def test_an_identical_array():
    """Nothing differs, and nothing has a distance."""
    found = compare(FRAMES, FRAMES.copy())
    assert (found.verdict, found.differing, found.total) == ("identical", 0, 24)
    assert (found.first, found.largest_absolute, found.largest_ulp) == (None, None, None)


def test_one_value_one_step_off():
    """It is rounding: how many, where, and how far in three measures."""
    after = FRAMES.copy()
    after[1, 0, 2] = np.nextafter(after[1, 0, 2], np.float32(9))
    found = compare(FRAMES, after)
    assert (found.verdict, found.differing) == ("rounding", 1)
    assert (found.first, found.worst, found.largest_ulp) == ((1, 0, 2), (1, 0, 2), 1)
    # 14/23 of 1.5 is 0.913, where floats of 24 bits are 2**-24 apart
    assert found.largest_absolute == 2.0**-24, "not one step"
    assert found.largest_relative == pytest.approx(2.0**-24 / 0.913, rel=1e-3)


@pytest.mark.parametrize(("steps", "verdict"), [(4, "rounding"), (5, "different")])
def test_where_rounding_ends(steps, verdict):
    """Four steps are rounding, five are not."""
    after = np.array([1.0 + steps * 2.0**-52])
    found = compare([1.0], after)
    assert (found.largest_ulp, found.verdict) == (steps, verdict)


def test_one_value_that_is_further_off_than_the_others():
    """A single value decides, and it need not be the first that differs."""
    found = compare([1.0, 2.0, 3.0], [1.0 + 2.0**-52, 2.0, 4.5])
    assert (found.verdict, found.first, found.worst) == ("different", (0,), (2,))
    assert found.largest_absolute == 1.5
    assert found.largest_relative == pytest.approx(1.5 / 4.5), "not relative to the larger one"


def test_the_relative_difference_of_opposites():
    """It is at most 2, in either direction, and zero is no division by zero."""
    for a, b in ((1.0, -1.0), (-1.0, 1.0)):
        assert compare([a], [b]).largest_relative == 2.0
    assert compare([0.0], [3.0]).largest_relative == 1.0


def test_complex_values():
    """Absolute is the distance in the plane, ULP that of the worse component."""
    found = compare([1 + 1j], [4 + 5j], "<c8")
    assert found.largest_absolute == 5.0
    assert found.largest_relative == pytest.approx(5 / math.sqrt(41))
    # from 1 to 4 are two doublings, to 5 another quarter of one: 2**23 steps each
    assert found.largest_ulp == 2.25 * 2**23


@pytest.mark.parametrize("dtype", ["<c8", "<c16"])
def test_the_imaginary_component_counts(dtype):
    """A difference of the imaginary component alone is found."""
    found = compare([1 + 1j], [1 + 2j], dtype)
    assert found.largest_ulp == 2.0 ** (23 if dtype == "<c8" else 52)


def test_the_sign_of_zero():
    """Other bytes, no distance: rounding, and it has its place."""
    found = compare([1.0, -0.0], [1.0, 0.0])
    assert (found.verdict, found.differing, found.first) == ("rounding", 1, (1,))
    assert (found.largest_absolute, found.largest_relative, found.largest_ulp) == (0, 0, 0)


def test_nan_against_a_number():
    """It has no distance, is counted, and is never rounding."""
    found = compare([NAN, 1, 2], [1, 1, 2.5], "<f4")
    assert (found.verdict, found.differing, found.not_finite) == ("different", 2, 1)
    assert found.largest_absolute == 0.5, "the other value's distance is lost"
    assert math.isinf(found.largest_ulp), "a NaN passes for near"


def test_two_kinds_of_nan():
    """Another NaN is other bytes and no distance, as a zero's sign is."""
    found = array_difference.compare("a", np.array([NAN, 1]), np.array([OTHER_NAN, 1]))
    assert (found.verdict, found.differing, found.not_finite) == ("rounding", 1, 0)
    assert array_difference.compare("a", np.array([NAN]), np.array([NAN])).verdict == "identical"


@pytest.mark.parametrize("other", [1.0, -np.inf, np.nan])
def test_infinity(other):
    """What is infinite on one side alone is further off than any number."""
    found = compare([np.inf], [other])
    assert (found.verdict, found.not_finite) == ("different", 1)
    assert (found.largest_absolute, found.largest_relative) == (None, None)


def test_the_ends_of_a_dtype():
    """More than a float can tell is infinite, without a warning, and steps are counted."""
    limits = np.finfo(np.float64)
    found = compare([limits.min], [limits.max])
    assert math.isinf(found.largest_absolute)
    assert found.largest_ulp == 18437736874454810622.0, "the distance wrapped around"


@pytest.mark.parametrize(
    ("a", "b", "dtype", "largest"),
    [
        ([5, 7], [5, 3], "<i8", 4),
        ([-(2**63)], [2**63 - 1], "<i8", 2**64 - 1),
        ([0], [2**64 - 1], "<u8", 2**64 - 1),
        ([-128], [127], "|i1", 255),
    ],
)
def test_integers(a, b, dtype, largest):
    """Whole numbers are never rounding, and their distance does not wrap around."""
    found = compare(a, b, dtype)
    assert (found.verdict, found.largest_ulp) == ("different", None)
    assert found.largest_absolute == float(largest)


@pytest.mark.parametrize(
    ("a", "b"),
    [(["ab", "c"], ["ab", "d"]), ([b"ab", b"c"], [b"ab", b"d"]), ([True, False], [True, True])],
)
def test_what_has_no_distance(a, b):
    """Text and truth values are counted, and that is all."""
    found = array_difference.compare("a", np.array(a), np.array(b))
    assert (found.verdict, found.differing, found.first) == ("different", 1, (1,))
    assert (found.largest_absolute, found.largest_relative) == (None, None)


def test_long_doubles():
    """A float of no standard width is measured, but has no ULP, and is never rounding."""
    one, step = np.ones(1, np.longdouble), np.finfo(np.longdouble).eps
    found = array_difference.compare("a", one, one + step)
    assert (found.verdict, found.largest_ulp) == ("different", None)
    assert found.largest_absolute == float(step), "measured less precisely than it is"


def test_the_ends_of_half_precision():
    """Distances are measured in floats of eight bytes, which all others fit into."""
    assert compare([-60000], [60000], "<f2").largest_absolute == 120000.0


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (0, 4)])
def test_empty_arrays(shape):
    """Of equal shape they are identical; of another one they are not."""
    empty = np.empty(shape, "<f4")
    assert compare(empty, empty).verdict == "identical"
    assert array_difference.changed_values(empty, empty).shape == shape
    found = compare(empty, np.empty((*shape, 0), "<f4"))
    assert (found.verdict, found.differing) == ("different", None)


def test_a_single_value():
    """An array without dimensions is one value, whose index is empty."""
    found = compare(1.0, 2.0)
    assert (found.total, found.first, found.largest_absolute) == (1, (), 1.0)


def test_foreign_byte_order():
    """Both big-endian: measured as any other."""
    found = compare([1.0, 2.0], [1.0, 2.0 + 2.0**-51], ">f8")
    assert (found.verdict, found.largest_ulp) == ("rounding", 1)


def test_memory_order_is_no_difference():
    """Fortran order holds the same values at the same indices."""
    assert compare(FRAMES, np.asfortranarray(FRAMES)).verdict == "identical"


@pytest.mark.parametrize(
    ("a", "b", "note"),
    [
        ([0.1, 2.0], np.float32([0.1, 2.0]), "the values of A, cast; precision was lost"),
        (np.float32([0.1, 2.0]), np.float32([0.1, 2.0]).astype("<f8"),
         "the values of A, cast; nothing was lost"),
        ([0.1, 2.0], np.float32([0.1, 3.0]), ""),
        ([1.5], np.array([1.5], ">f8"), "the same values, other byte order"),
        ([1.5], np.array([2.5], ">f8"), ""),
        ([1e300], np.float32([np.inf]), "the values of A, cast; precision was lost"),
        ([1 + 2j], [1.0], "the values of A, cast; precision was lost"),
        (["1"], [1], ""),
        ([1.0], [1.0, 2.0], ""),
        (FRAMES, FRAMES.transpose(1, 2, 0),
         "the values of A with its axes in the order (1, 2, 0)"),
        (FRAMES, FRAMES.reshape(4, 6), "the values of A in another shape"),
        (FRAMES, FRAMES.reshape(4, 6) + 1, ""),
        (FRAMES[0], FRAMES[0].T, "the values of A with its axes in the order (1, 0)"),
    ],
)  # fmt: skip
def test_another_dtype_or_layout(a, b, note):
    """It is different, not measured, and where it is a mere conversion, that is said."""
    found = compare(a, b)
    assert (found.verdict, found.differing, found.note) == ("different", None, note)
    assert (found.total, found.not_finite) == (0, 0), "values were counted"


def test_what_only_one_side_has():
    """It is said which, with dtype and shape."""
    added = array_difference.compare("a", None, FRAMES)
    assert (added.verdict, added.dtypes, added.shapes) == (
        "only in B", (None, "<f4"), (None, (2, 3, 4)),
    )  # fmt: skip
    assert array_difference.compare("a", FRAMES, None).verdict == "only in A"


def test_rows_in_another_order():
    """The order leads from A to B, equal rows included, and the array's note says it."""
    a = np.array([[1, 2], [3, 4], [1, 2], [5, 6]])
    b = a[[3, 0, 2, 1]]
    order = array_difference.row_order(a, b)
    assert order is not None, "no order found"
    assert (a[order] == b).all(), "not the order that leads from A to B"
    assert compare(a, b).note == "the same rows in another order"
    assert compare([1.0, 2.0], [2.0, 1.0]).note == "the same values in another order"


@pytest.mark.parametrize(
    "b", [[[1, 2], [3, 4]], [[3, 4], [3, 4]], [[3, 4], [1, 3]], [[3, 4], [1, 2], [1, 2]]]
)
def test_rows_that_are_no_other_order(b):
    """The same order, a row twice, another row, or one more, is none."""
    assert array_difference.row_order(np.array([[1, 2], [3, 4]]), np.array(b)) is None


@pytest.mark.parametrize("axes", [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_every_order_of_three_axes_is_recognised(axes):
    """Whichever way a stack of frames was turned, the note has the way."""
    found = compare(FRAMES, FRAMES.transpose(axes))
    assert found.note == f"the values of A with its axes in the order {axes}"


def test_a_single_value_in_an_array_is_not_called_another_shape():
    """What has no axes has no shape to change."""
    assert compare(1.5, [1.5]).note == compare([1.5], 1.5).note == ""


@pytest.mark.parametrize(
    ("a", "b", "relative"), [([10, 0], [15, 0], 1 / 3), ([-10], [5], 1.5), ([4], [0], 1.0)]
)
def test_whole_numbers_are_relative_to_the_larger_magnitude(a, b, relative):
    """As floats are, in either direction."""
    assert compare(a, b, "<i8").largest_relative == pytest.approx(relative)
    assert compare(b, a, "<i8").largest_relative == pytest.approx(relative)


@pytest.mark.parametrize(
    ("a", "b", "steps"),
    [
        (np.float16(1), np.float16(1 + 2**-10), 1),
        (np.float32(-1), np.float32(-1 - 2**-23), 1),
        (np.float64(-1), np.float64(-1 + 2**-52), 2),
        (-5e-324, 5e-324, 2),
        (-0.0, 5e-324, 1),
        (0.0, 5e-324, 1),
        (np.float32(-2), np.float32(2), 2**31),
        (np.nan, 1.0, np.inf),
        (1.0, -np.inf, np.inf),
        (-0.0, 0.0, 0),
        (np.nan, -np.nan, 0),
        (np.inf, np.inf, 0),
    ],
)
def test_steps_between_two_floats(a, b, steps):
    """Counted across zero, below it as above it, in any precision."""
    a, b = np.asarray(a), np.asarray(b)
    assert array_difference.ulp_distance(a, b) == steps
    assert array_difference.ulp_distance(b, a) == steps


def test_half_precision_can_be_rounding():
    """All floats that have a width of two, four or eight bytes are counted in steps."""
    found = compare(np.float16([1, 2]), np.float16([1 + 2**-10, 2]))
    assert (found.verdict, found.largest_ulp) == ("rounding", 1)
