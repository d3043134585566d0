"""Tests of `registry.ptychography.held_out`."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from generators import epie_v1
from registry.ptychography.forward import model_amplitude
from registry.ptychography.held_out import (
    FEWEST,
    HeldOut,
    _is_lost,
    _likelihood,
    _of_places,
    _places,
    _splits,
    held_out,
    order_z,
    reconstruct,
)
from registry.ptychography.likelihood import LIKELIHOOD_LIMIT, SIGMAS
from tests.proof.cases import KINDS, MEASURED, counted, shuffled, sound


@pytest.fixture(scope="module")
def scan():
    """A sound scan of 32 frames, with photon noise."""
    return sound(3, 32, 1e4)[0]


def first(scan, n):
    """The first frames of a scan."""
    return replace(scan, frames=scan.frames[:n], x=scan.x[:n], y=scan.y[:n])


def test_frames_that_know_their_place(scan):
    """A reconstruction from the other half predicts each frame where it was taken."""
    found = held_out(scan)
    assert (found.places, found.lost) == (32, 0)
    assert found.z > 10, found


def test_frames_that_do_not(scan):
    """Of permuted frames one order is as good as any, and most places are better in some split."""
    orders = [shuffled(seed, 32) for seed in range(4)]
    found = [held_out(replace(scan, frames=scan.frames[order])) for order in orders]
    z = np.array([one.z for one in found])
    # the halves are of the same frames: added as if they were not, six would give 2.4 times this
    assert np.sqrt((z**2).mean()) < 1, z
    assert min(one.lost for one in found) > 16, found


def test_the_object_counts_for_nothing(scan):
    """What is asked is whether frames know their place, not whether the object knows the frames."""
    assert held_out(replace(scan, obj=np.ones_like(scan.obj))) == held_out(scan)


def test_a_third_of_the_frames_is_lost(scan):
    """Few enough for the order as a whole, too many for each by itself."""
    order = np.arange(32)
    order[::3] = np.roll(order[::3], 1)
    found = held_out(replace(scan, frames=scan.frames[order]))
    assert found.z > SIGMAS, found
    assert found.lost >= 3, found


@pytest.mark.parametrize("seed", [5006, 5036, 5042, 5073])
def test_no_third_passes_by_luck(seed):
    """At few counts misplaced frames may all fit their places in one split, but not in three."""
    kind = KINDS["a third misplaced, then the object reconstructed"]
    found = held_out(kind.make(seed, 32, 1e3, MEASURED)[2])
    assert found.z > SIGMAS, found
    assert found.lost, found


def test_a_probe_with_modes(scan):
    """Modes do not interfere, and are all followed."""
    modes = np.stack([scan.probe, 0.3 * np.roll(scan.probe, 5, axis=1)])
    mixed = replace(scan, probe=modes)
    mixed = replace(mixed, frames=mixed.model())
    assert held_out(mixed).z > 10


def test_too_few_frames_say_nothing(scan):
    """A half of 12 frames has 5e8 orders, and six standard deviations are one in 1e9."""
    assert held_out(first(scan, FEWEST - 1)) == HeldOut(places=26, z=None)
    assert held_out(first(scan, FEWEST)).z is not None


def exposed(scan, times, seed=None):
    """So many exposures of each of 32 places; with a seed, all of a place taken at another one."""
    order = np.repeat(np.arange(32), times)
    taken = order if seed is None else np.repeat(shuffled(seed, 32), times)
    model = scan.model()
    frames, _ = counted(model[taken], 1e4, 5)
    return replace(scan, frames=frames, x=scan.x[order], y=scan.y[order])


def test_exposures_of_one_place_do_not_vouch_for_each_other(scan):
    """All of a place are held out together, and have one vote."""
    found = held_out(exposed(scan, 2))
    assert found.places == 32, found
    assert found.z > 8, found
    for seed in range(3):
        wrong = held_out(exposed(scan, 2, seed))
        assert abs(wrong.z) < SIGMAS, wrong


def test_what_is_one_place(scan):
    """Less than a pixel apart, or linked by frames that are."""
    few = held_out(exposed(first(scan, 32), 1))
    assert few.places == 32
    x = np.concatenate([scan.x[:24], scan.x[23] + 0.9 * np.arange(1, 9)])
    y = np.concatenate([scan.y[:24], np.full(8, scan.y[23])])
    assert held_out(replace(scan, x=x, y=y)) == HeldOut(places=24, z=None)


@pytest.mark.parametrize("dark", ["frames", "probe"])
def test_in_the_dark_nothing_is_known(scan, dark):
    """No light, no place: a figure, and no division by zero."""
    black = replace(scan, **{dark: np.zeros_like(getattr(scan, dark))})
    found = held_out(black)
    assert (found.places, found.z, found.lost) == (32, 0.0, 0)


def test_frames_that_are_all_the_same_know_nothing(scan):
    """Models of an empty beam differ by rounding, which counts for nothing."""
    same = replace(scan, obj=np.ones_like(scan.obj))
    found = held_out(replace(same, frames=same.model()))
    assert (found.z, found.lost) == (0.0, 0), found


def test_a_figure_of_orders_worked_out():
    """Mean and variance over all orders are those of all orders, one by one."""
    likelihood = np.array([[3.0, 1.0, 0.5, 0.0], [0.2, 2.0, 1.0, 4.0], [1.0, 0.0, 5.0, 1.0],
                           [0.3, 2.0, 1.0, 1.5]])  # fmt: skip
    rows = np.arange(4)
    sums = [likelihood[rows, list(order)].sum() for order in itertools.permutations(range(4))]
    expected = (np.trace(likelihood) - np.mean(sums)) / np.std(sums)
    assert order_z(likelihood) == pytest.approx(expected, rel=1e-12)


def test_what_frames_or_places_have_in_common_changes_no_figure():
    """A bright frame fits all places better, and says nothing of its own."""
    likelihood = np.random.default_rng(1).normal(size=(20, 20)) + 2 * np.eye(20)
    shifted = likelihood + np.arange(20)[:, None] - 3.0 * np.arange(20)[None, :]
    assert order_z(shifted) == pytest.approx(order_z(likelihood), rel=1e-9)


def test_likelihoods_that_are_the_same_but_for_rounding():
    """Sums in another order are no evidence."""
    likelihood = 1e6 + 1e-8 * np.random.default_rng(1).normal(size=(20, 20))
    assert order_z(likelihood) == 0.0
    assert order_z(np.zeros((20, 20))) == 0.0


def test_a_frame_is_lost_that_more_than_half_of_the_other_places_explain_better():
    """And one of them by more than luck gives; its own place does not count."""
    far = LIKELIHOOD_LIMIT + 1
    likelihood = np.array([
        [0, far, 1, -9, -9],  # two of four
        [far, 0, 1, 1, -9],  # three of four
        [1, 1, 0, 1, 1],  # all, none of them clearly
        [-9, -9, -9, 0, -9],
        [far, far, far, far, 0],
    ], float)  # fmt: skip
    assert _is_lost(likelihood).tolist() == [False, True, False, False, True]


def test_how_far_apart_frames_of_one_place_are():
    """Less than a pixel, in x and y together, be it over others between them."""
    x, y = np.array([5.0, 5.9, 9.0, 6.6, 5.0]), np.array([3.0, 3.0, 3.0, 3.6, 4.0])
    assert _places(x, y).tolist() == [0, 0, 1, 0, 2]
    assert _places(y, x).tolist() == [0, 0, 1, 0, 2]


def test_all_frames_of_a_place_speak_for_it():
    """Their likelihoods add up; of the models of a place the mean is taken."""
    likelihood = np.array([[1.0, 2, 4], [8, 16, 32], [64, 128, 256]])
    found = _of_places(likelihood, np.array([7, 3, 7]))
    # of the second frame alone, which is of the first place; and of the two others
    np.testing.assert_allclose(found, [[16.0, 20.0], [130.0, 162.5]])


def test_no_frames_have_no_place(scan):
    """And know nothing."""
    assert held_out(first(scan, 0)) == HeldOut(places=0, z=None)


def test_each_two_of_four_places_are_parted_once():
    """Of three splits into halves one has them on the same side, and two have not."""
    sides = np.array(list(_splits(np.arange(12))))
    assert (sides.reshape(3, 3, 4).sum(axis=2) == 2).all(), "no halves"
    for one, other in itertools.combinations(range(4), 2):
        assert np.count_nonzero(sides[:, one] == sides[:, other]) == 1


def small_scan(modes: int):
    """Frames of 16 x 8 between pixels, their positions, and a probe of so many modes."""
    rng = np.random.default_rng(6)
    obj = 1 + 0.3 * rng.normal(size=(30, 24)) + 0.3j * rng.normal(size=(30, 24))
    probe = rng.normal(size=(modes, 16, 8)) + 1j * rng.normal(size=(modes, 16, 8))
    x, y = rng.uniform(4, 20, 16), rng.uniform(8, 22, 16)
    # on the last whole pixel there is nothing beside it
    x[3], y[3] = 20.0, 22.0
    frames = 3 * model_amplitude(obj, probe, x, y)
    frames[:, 0, 0] = 0.0
    return frames, x, y, probe, (30, 24)


@pytest.mark.parametrize("modes", [1, 2])
def test_a_reconstruction_is_that_of_the_generator(modes):
    """Each of 16 frames is followed 16 times, as far as `generators/epie_v1.py` follows it."""
    frames, x, y, probe, shape = small_scan(modes)
    everywhere = np.ones((16, 8), bool)
    expected = epie_v1.reconstruct(frames, x, y, probe, shape, 16, everywhere)
    obj, found = reconstruct(frames, x, y, probe, shape)
    np.testing.assert_allclose(obj, expected[0], atol=2e-6)
    np.testing.assert_allclose(found, expected[1], atol=2e-6)
    if modes == 1:
        obj, found = reconstruct(frames, x, y, probe[0], shape)
        np.testing.assert_allclose(found, expected[1], atol=2e-6)


def test_how_many_steps_a_reconstruction_takes():
    """No fewer for a number of frames that is no part of them: 22 sweeps of 12, and not 21."""
    frames, x, y, probe, shape = small_scan(1)
    everywhere = np.ones((16, 8), bool)
    expected = epie_v1.reconstruct(frames[:12], x[:12], y[:12], probe, shape, 22, everywhere)
    obj, _ = reconstruct(frames[:12], x[:12], y[:12], probe, shape)
    np.testing.assert_allclose(obj, expected[0], atol=2e-6)


@pytest.mark.parametrize("factor", [20, 1e-4])
def test_the_unit_of_brightness_tells_nothing(small, factor):
    """How much better a frame fits one place than another is the same for brighter numbers."""
    given, asked = np.arange(0, 16, 2), np.arange(1, 16, 2)
    once = _likelihood(small, given, asked)
    brighter = _likelihood(replace(small, frames=factor * small.frames), given, asked)
    preferred = [found - np.diagonal(found)[:, None] for found in (once, brighter)]
    np.testing.assert_allclose(preferred[1], preferred[0], rtol=1e-6, atol=1e-6)
    assert np.abs(preferred[0]).max() > 1, "nothing is told"


@pytest.mark.parametrize("dark", ["given", "asked"])
def test_one_half_in_the_dark_tells_nothing_of_the_other(small, dark):
    """Be it that which is reconstructed or that which is asked."""
    given, asked = np.arange(0, 16, 2), np.arange(1, 16, 2)
    frames = small.frames.copy()
    frames[given if dark == "given" else asked] = 0
    found = _likelihood(replace(small, frames=frames), given, asked)
    assert found.tolist() == [[0.0] * 8] * 8
