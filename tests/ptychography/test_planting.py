"""How mistakes are planted: each by as much as its meaning says."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from generators import defect_v1
from registry.ptychography import planting
from registry.ptychography.mistakes import MISTAKES
from tests.kit.scans import sound_scan


@pytest.fixture
def arrays():
    """Those of a sound fixture; nothing may write to them."""
    found = sound_scan()
    for array in found.values():
        array.flags.writeable = False
    return found


@pytest.fixture
def grid():
    """Positions of four rows of four, in pixels."""
    y, x = (40.0 + 10.0 * axis.ravel() for axis in np.mgrid[:4, :4])
    return x, y


def test_what_is_planted_is_contiguous(arrays):
    """As an array is that was read from a file."""
    planted = planting.frames(lambda a: a.transpose(0, 2, 1))(arrays)
    assert planted["diffraction"].flags.c_contiguous, "a view in another order"


def test_an_alias_is_changed_with_its_array(arrays):
    """And no alias is made where there is none."""
    planted = planting.frames(lambda a: a + 1)({**arrays, "diff3d": arrays["diffraction"]})
    assert planted["diff3d"] is planted["diffraction"], "the alias is left behind"
    assert set(planting.frames(lambda a: a + 1)(arrays)) == {"diffraction"}
    labelled = {**arrays, "Y": np.ones((2, 4, 4), "<c8"), "label": np.ones((2, 4, 4), "<c8")}
    planted = planting.one("Y", np.negative)(labelled)
    assert planted["label"] is planted["Y"], "the label is left behind"
    assert set(planting.one("probeGuess", np.conj)(arrays)) == {"probeGuess"}


@pytest.mark.parametrize(
    "unusual",
    [
        {"diffraction": np.ones((4, 4), "<f4")},
        {"diffraction": np.ones((0, 4, 4), "<f4")},
        {"diffraction": np.ones((2, 4, 4), "<i4")},
        {},
    ],
)
def test_arrays_that_do_not_look_like_themselves(unusual):
    """Of other axes, empty, of another kind, or absent: nothing is planted."""
    assert planting.frames(lambda a: a + 1)(unusual) == {}, "planted all the same"


def test_positions_of_two_lengths():
    """Nothing is planted in what does not fit together."""
    x, y = np.ones(3), np.ones(4)
    assert planting.shifted(1, 1)({"xcoords": x, "ycoords": y}) == {}, "planted all the same"


def test_shifted(arrays):
    """Each axis by its own."""
    planted = planting.shifted(0.25, -2)(arrays)
    np.testing.assert_array_equal(planted["xcoords"], arrays["xcoords"] + 0.25)
    np.testing.assert_array_equal(planted["ycoords"], arrays["ycoords"] - 2)


def test_reordered(arrays):
    """Both axes alike."""
    planted = planting.reordered(lambda n: np.arange(n)[::-1])(arrays)
    np.testing.assert_array_equal(planted["xcoords"], arrays["xcoords"][::-1])
    np.testing.assert_array_equal(planted["ycoords"], arrays["ycoords"][::-1])


@pytest.mark.parametrize("n", [16, 64, 128])
def test_the_generators_orders(n):
    """Those of `defect_v1`."""
    np.testing.assert_array_equal(planting.shuffled(n), defect_v1._shuffled(n))
    np.testing.assert_array_equal(planting.partly_rolled(n), defect_v1._partly_rolled(n))


@pytest.mark.parametrize(("n", "order"), [(1, [0]), (2, [1, 0]), (5, [0, 2, 1, 3, 4])])
def test_neighbours_swapped(n, order):
    """Two, and no more."""
    assert planting.neighbours_swapped(np.arange(n)).tolist() == order


def test_the_generators_frames(arrays):
    """Those of `defect_v1`, bit for bit."""
    frames = arrays["diffraction"]
    for mine, theirs in (
        (planting.duplicated(frames), defect_v1._duplicated(frames)),
        (planting.duplicated(frames, 1.5), defect_v1._duplicated(frames, 1.5)),
        (planting.one_pixel(frames, -0.25), defect_v1._one_pixel(frames, -0.25)),
        (planting.unshifted(frames), defect_v1._unshifted(frames)),
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_the_generators_probe(arrays):
    """That of `defect_v1`, but for rounding."""
    theirs = defect_v1._other_probe(arrays, np.arange(64))["probeGuess"]
    mine = planting.other_probe(arrays["probeGuess"])
    np.testing.assert_allclose(mine, theirs, atol=1e-5 * abs(theirs).max())


def test_zero_frequency_of_frames_of_odd_size():
    """From the middle to the corner, where there is a pixel in the middle."""
    frames = np.zeros((1, 5, 7), "<f4")
    frames[0, 2, 3] = 1
    assert np.argwhere(planting.unshifted(frames)).tolist() == [[0, 0, 0]]


def test_a_single_position():
    """Is moved as any."""
    moved = planting.shifted(1, -2)({"xcoords": np.full(1, 5.0), "ycoords": np.full(1, 7.0)})
    assert (moved["xcoords"].tolist(), moved["ycoords"].tolist()) == ([6.0], [5.0])


def test_one_pixel_of_few_frames():
    """The last, where there is no fourth."""
    planted = planting.one_pixel(np.zeros((2, 6, 6), "<f4"), 1.0)
    assert np.argwhere(planted).tolist() == [[1, 2, 3]], "another pixel"


def test_one_outside(arrays):
    """By 20 px, and no other."""
    planted = planting.one_outside(arrays)["xcoords"]
    (n,) = np.flatnonzero(planted != arrays["xcoords"])
    assert (n, planted[n]) == (5, 12.0), "not 20 px over the edge"


def test_one_outside_of_frames_that_are_no_squares():
    """Half of a frame's width, whatever its height and modes."""
    arrays = {"xcoords": np.full(24, 50.0), "probeGuess": np.ones((2, 64, 32), "<c8")}
    planted = planting.one_outside(arrays)["xcoords"]
    assert planted.tolist() == [50.0, 50.0, -4.0, *[50.0] * 21]


def test_a_background(arrays):
    """The same intensity everywhere, a hundredth of the mean."""
    intensity = arrays["diffraction"].astype(float) ** 2
    planted = planting.with_background(arrays["diffraction"])
    assert planted.dtype == np.float32, "another dtype"
    added = planted.astype(float) ** 2 - intensity
    np.testing.assert_allclose(added, 0.01 * intensity.mean(), atol=1e-6 * intensity.max())


def test_a_hot_pixel(arrays):
    """One of the detector, in each frame, in the dark."""
    frames = arrays["diffraction"]
    planted = planting.with_hot_pixel(frames)
    places = {(int(row), int(column)) for _, row, column in np.argwhere(planted != frames)}
    assert places == {(8, 8)}, "not one pixel"
    assert (planted[:, 8, 8] == frames.max()).all(), "not as bright as the brightest"
    assert frames[:, 8, 8].max() < frames.max() / 10, "it is bright anyway"


def test_second_rows_off(grid):
    """The second and the fourth of four, by 1 px in x."""
    x, y = planting.second_rows_off(*grid)
    assert (x - grid[0]).reshape(4, 4).tolist() == [[0] * 4, [1] * 4, [0] * 4, [1] * 4]
    assert y is grid[1], "rows move in y"


def test_a_single_row_has_no_second():
    """Nothing is off."""
    x, y = np.arange(9.0), np.full(9, 7.0)
    assert planting.second_rows_off(x, y)[0] is x, "moved"


def test_every_second_off(grid):
    """By 0.3 px in x."""
    x, y = planting.every_second_off(*grid)
    np.testing.assert_allclose(x - grid[0], [0, 0.3] * 8, atol=1e-12)
    assert y is grid[1], "frames move in y"


def test_drifted(grid):
    """By 1 px in all, as much to either side, and evenly."""
    x, y = planting.drifted(*grid)
    drift = x - grid[0]
    np.testing.assert_allclose([drift[0], drift[-1], drift.mean()], [-0.5, 0.5, 0], atol=1e-12)
    np.testing.assert_allclose(np.diff(drift), 1 / 15)
    assert y is grid[1], "frames move in y"


def test_enlarged(grid):
    """By a hundredth about the middle."""
    for before, after in zip(grid, planting.enlarged(*grid), strict=True):
        np.testing.assert_allclose(after - 55, 1.01 * (before - 55))


def test_turned(grid):
    """By one degree about the middle, from x to y."""
    x, y = planting.turned(*grid)
    before = (grid[0] - 55) + 1j * (grid[1] - 55)
    after = (x - 55) + 1j * (y - 55)
    np.testing.assert_allclose(np.degrees(np.angle(after / before)), 1.0)
    np.testing.assert_allclose(abs(after), abs(before))


def test_another_probe_has_the_power_of_its_own(arrays):
    """And its dtype and axes, modes included."""
    probe = arrays["probeGuess"]
    for own in (probe, np.stack([probe, probe])):
        other = planting.other_probe(own)
        assert (other.dtype, other.ndim) == (own.dtype, own.ndim), "another form"
        assert (abs(other) ** 2).sum() == pytest.approx((abs(own) ** 2).sum(), rel=1e-5)


def test_another_probe_is_in_focus_in_the_middle(arrays):
    """Of a round pupil: as bright to all sides, and brightest there."""
    other = abs(planting.other_probe(arrays["probeGuess"]))
    height, width = other.shape
    assert np.unravel_index(other.argmax(), other.shape) == (height // 2, width // 2)
    inside = other[1:, 1:]
    np.testing.assert_allclose(inside, inside[::-1, ::-1], atol=1e-4 * other.max())


def test_defocused():
    """A disc's edge is a quarter of a wave behind its middle, and nothing gets brighter."""
    rows, columns = np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), indexing="ij")
    pupil = (np.hypot(rows, columns) <= 0.2).astype(complex)
    planted = np.fft.fft2(planting.defocused(np.fft.ifft2(pupil)))
    np.testing.assert_allclose(abs(planted), abs(pupil), atol=1e-12)
    assert np.angle(planted[0, 0]) == pytest.approx(0), "the middle is turned"
    edge = np.angle(planted[0, 12]) * (0.2 / rows[12, 0]) ** 2
    assert edge == pytest.approx(np.pi / 2, rel=0.03), "not a quarter of a wave"


def test_defocus_of_modes():
    """All of them by as much as their light together tells."""
    rng = np.random.default_rng(4)
    probe = rng.normal(size=(2, 16, 12)) + 1j * rng.normal(size=(2, 16, 12))
    planted = planting.defocused(probe)
    turned = [np.fft.fft2(new) / np.fft.fft2(old) for new, old in zip(planted, probe, strict=True)]
    np.testing.assert_allclose(turned[0], turned[1], atol=1e-9)
    np.testing.assert_allclose(abs(turned[0]), 1)
    assert planting.defocused(probe[:1])[0] == pytest.approx(planting.defocused(probe[0]))


def test_defocus_of_a_pupil_without_an_edge():
    """Of a Gaussian intensity exp(-f²/s²) the mean square radius is s², half of the disc's edge."""
    rows, columns = np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(48), indexing="ij")
    pupil = np.exp(-(rows**2 + columns**2) / (2 * 0.1**2)) + 0j
    planted = np.fft.fft2(planting.defocused(np.fft.ifft2(pupil)))
    for place in ((0, 0), (6, 0), (0, 5), (6, 5)):
        square = rows[place] ** 2 + columns[place] ** 2
        phase = np.pi / 2 * square / (2 * 0.1**2)
        assert np.angle(planted[place]) == pytest.approx(phase, abs=1e-3), place


@pytest.mark.parametrize("probe", [np.zeros((8, 8), "<c8"), np.ones((8, 8), "<c8")])
def test_nothing_to_defocus(probe):
    """No light, or one plane wave."""
    np.testing.assert_array_equal(planting.defocused(probe), probe)


def test_a_big_endian_machine_plants_the_same(monkeypatch):
    """Computed in its own order, a mistake stays in the data's; one of byte order does not."""
    monkeypatch.setattr(sys, "byteorder", "big")
    arrays = {"diffraction": np.ones((2, 3, 3), "<f4")}
    changed = planting.frames(lambda frames: frames.astype(">f4"))(arrays)
    assert changed["diffraction"].dtype.str == "<f4", "refused for its dtype, not its values"
    mistake = next(mistake for mistake in MISTAKES if mistake.name == "big_endian_frames")
    assert mistake.plant(arrays)["diffraction"].dtype.str == ">f4", "the mistake is mended"
