"""Tests of `registry.ptychography.alternatives`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.ptychography.alternatives import NAMES, _Own, alternative_margins, nearest
from registry.ptychography.forward import Forward

DISTANCES = ["0.5", "1", "2", "3", "4", "5", "6", "7", "8"]
SHIFTS = [
    f"{axis} shifted by {sign}{distance} px"
    for axis in "xy"
    for sign in "+-"
    for distance in DISTANCES
]
DIAGONALS = {
    f"positions shifted by ({x:+g}, {y:+g}) px": (x, y) for x in (-0.5, 0.5) for y in (-0.5, 0.5)
}
POWERS = {0.5: "1/2", 2.0: "2"}
# Scan with the mistake in it, from one without.
OTHERS = {
    "x and y swapped": lambda s: replace(s, x=s.y, y=s.x),
    "x mirrored": lambda s: replace(s, x=s.x.min() + s.x.max() - s.x),
    "y mirrored": lambda s: replace(s, y=s.y.min() + s.y.max() - s.y),
    "positions in reverse order": lambda s: replace(s, x=s.x[::-1], y=s.y[::-1]),
    "frames transposed": lambda s: replace(s, frames=s.frames.transpose(0, 2, 1)),
    "frames flipped in rows": lambda s: replace(s, frames=s.frames[:, ::-1]),
    "frames flipped in columns": lambda s: replace(s, frames=s.frames[:, :, ::-1]),
    "frames without fftshift": lambda s: replace(s, frames=np.fft.ifftshift(s.frames, (1, 2))),
    "object conjugated": lambda s: replace(s, obj=s.obj.conj()),
    "probe conjugated": lambda s: replace(s, probe=s.probe.conj()),
    "frames to the power 1/2": lambda s: replace(s, frames=s.frames**2),
    "frames to the power 2": lambda s: replace(s, frames=np.sqrt(s.frames)),
}


def seen(scan, model) -> dict[str, float]:
    """Margins of the mistakes that these data can tell."""
    return {name: margin for name, margin in alternative_margins(scan, model) if margin is not None}


def blind(scan, model) -> set[str]:
    """Mistakes that these data cannot tell."""
    return {name for name, margin in alternative_margins(scan, model) if margin is None}


def margins(scan) -> dict[str, float]:
    """Margins of a scan whose frames are scaled to the power of its model."""
    model = scan.model()
    scale = np.sqrt((scan.frames**2).sum() / (model**2).sum())
    return seen(replace(scan, frames=scan.frames / scale), model)


def test_every_mistake_fits_worse_than_good_data(small):
    """All named mistakes are tried, and none explains data without them."""
    found = margins(small)
    assert sorted(found) == sorted([*SHIFTS, *DIAGONALS, *OTHERS]), "not the mistakes of the list"
    assert min(found.values()) > 1e-3, "a mistake that fits"


def planted(scan, name: str):
    """The scan with the mistake in it that undoing `name` mends."""
    if name in SHIFTS:
        axis, by = name[0], float(name.split()[3])
        return replace(scan, **{axis: getattr(scan, axis) - by})
    if name in DIAGONALS:
        x, y = DIAGONALS[name]
        return replace(scan, x=scan.x - x, y=scan.y - y)
    return OTHERS[name](scan)


@pytest.mark.parametrize("name", [*SHIFTS, *DIAGONALS, *OTHERS])
def test_a_planted_mistake_is_named(small, name):
    """Undoing the mistake that was made fits better than the data, and better than all others."""
    found = margins(planted(small, name))
    assert found[name] < 0, f"{name} fits no better than the data"
    # powers are held against intensities, which are not to be compared with the others
    others = {other: margin for other, margin in found.items() if "power" not in other}
    if name in others:
        assert min(others, key=lambda other: others[other]) == name, "another mistake fits better"


def test_a_margin_is_a_part_of_the_frames_power(small):
    """What a mistake adds in squared error, over the squared frames: worked out for one."""
    scan = replace(small, frames=small.frames[:, ::-1] + 0.01)
    model = small.model()
    flipped = ((scan.frames[:, ::-1] - model) ** 2).sum() - ((scan.frames - model) ** 2).sum()
    assert flipped < 0, "one that fits worse is not summed to its end"
    found = seen(scan, model)["frames flipped in rows"]
    assert found == pytest.approx(flipped / (scan.frames**2).sum(), rel=1e-12)


def to_the_end(scan, model) -> dict[str, float]:
    """Margins of all mistakes but the powers, each from all of its frames."""
    found = {}
    for name in [*SHIFTS, *DIAGONALS, *OTHERS]:
        undone = scan if "power" in name else undo(scan, name)
        rows = np.flatnonzero(undone.inside())
        if "power" in name or not rows.size:
            continue
        frames, same = (s.frames[rows] for s in (undone, scan))
        x, y = undone.x[rows], undone.y[rows]
        other = model[rows] if "frames" in name else replace(undone, x=x, y=y).model()
        more = ((frames - other) ** 2).sum() - ((same - model[rows]) ** 2).sum()
        found[name] = more / (same**2).sum()
    return found


def undo(scan, name: str):
    """The scan with `name` undone: all but shifts undo themselves."""
    sign = -1 if name in SHIFTS or name in DIAGONALS else 1
    if sign > 0:
        return OTHERS[name](scan)
    away = planted(scan, name)
    return replace(scan, x=2 * scan.x - away.x, y=2 * scan.y - away.y)


@pytest.mark.parametrize("mistake", [None, "x shifted by +3 px", "y mirrored", "probe conjugated"])
def test_what_is_cut_short_is_no_less_than_the_least(small, mistake):
    """The least margin, whose it is, and those below zero are what all of the frames say."""
    scan = small if mistake is None else planted(small, mistake)
    rng = np.random.default_rng(4)
    scan = replace(scan, frames=np.abs(scan.frames + rng.normal(0, 1e-3, scan.frames.shape)))
    # a frame at the edge takes no part in some of the shifts
    scan = replace(scan, x=np.where(np.arange(16) == 5, 8.25, scan.x))
    model = scan.model()
    whole, found = to_the_end(scan, model), seen(scan, model)
    assert found.keys() - OTHERS.keys() == whole.keys() - OTHERS.keys()
    assert nearest(found) == min(whole, key=whole.get)
    least = min(whole.values())
    for name, margin in whole.items():
        if margin <= max(least, 0):
            assert found[name] == pytest.approx(margin, rel=1e-9), name
        else:
            assert max(least, 0) < found[name] <= margin * (1 + 1e-9), name
    asked = dict(alternative_margins(scan, model, enough=0.0))
    for name, margin in whole.items():
        assert (asked[name] > 0) == (margin > 0), f"{name}: another answer to a lesser question"


def test_few_frames_tell_most_mistakes(small, monkeypatch):
    """What misses the brightest frames by more than the nearest misses all is asked no more."""
    frames, made = np.tile(small.frames, (4, 1, 1)), []
    amplitude = Forward.amplitude

    def counted(self, x, y, **how):
        made.append(len(x))
        return amplitude(self, x, y, **how)

    monkeypatch.setattr(Forward, "amplitude", counted)
    scan = replace(small, frames=frames, x=np.tile(small.x, 4), y=np.tile(small.y, 4))
    model = np.tile(small.frames, (4, 1, 1))
    assert len(list(alternative_margins(scan, model))) == len(NAMES)
    assert sum(made) < 16 * len(model), "as many models as there are mistakes"
    del made[:]
    assert len(list(alternative_margins(scan, model, enough=0.0))) == len(NAMES)
    assert sum(made) < 8 * len(model), "more than it takes to see that no mistake fits"


def test_of_two_that_fit_alike_the_first_is_named():
    """In the order of the list, whichever was looked at first."""
    assert (
        nearest({"y shifted by +2 px": 0.5, "x mirrored": 0.5, "y mirrored": 0.7}) == "x mirrored"
    )
    assert nearest({}) is None


def test_mistakes_that_change_nothing_are_left_out(small):
    """A real object equals its conjugate: no data can tell, so nothing is said."""
    real = replace(small, obj=np.abs(small.obj))
    scan = replace(real, frames=real.model())
    assert "object conjugated" not in margins(scan), "judged by rounding"
    assert "probe conjugated" in margins(scan), "left out though it can be told"


@pytest.mark.parametrize(("step", "told"), [(1e-7, False), (1e-5, True)])
@pytest.mark.parametrize("factor", [1, 100])
def test_arrays_that_change_by_rounding_do_not_change(small, step, factor, told):
    """Be they objects, probes or positions, and however large their numbers are."""
    even = replace(
        small,
        obj=factor * np.abs(small.obj) * np.exp(1j * step),
        probe=factor * np.abs(small.probe) * np.exp(1j * step),
        # in a row along x, but for rounding
        x=np.linspace(17.0, 43.0, 16),
        y=30.0 * (1 + 4 * step * (np.arange(16) == 3)),
    )
    found = dict(alternative_margins(replace(even, frames=even.model()), even.model()))
    for name in ("object conjugated", "probe conjugated", "y mirrored"):
        assert (name in found) == told, name


def test_the_brightest_frames_are_asked_first(small):
    """They are missed by most; and of those that are alike the first."""
    bright = np.array([1.0, 3.0, 2.0, 3.0])
    frames = np.sqrt(bright)[:, None, None] * np.full((4, 2, 2), 0.5)
    own = _Own.of(frames, 0.8 * frames)
    assert own.order.tolist() == [1, 3, 2, 0]
    np.testing.assert_allclose(own.light, bright)
    np.testing.assert_allclose(own.misfit, 0.04 * bright)


def test_mistakes_that_look_most_like_the_data_are_tried_first(small):
    """Of shifts the shortest, and all of them after the powers, which cost no model."""
    names = [name for name, _ in alternative_margins(small, small.frames)]
    assert all("power" in name for name in names[:2])
    moved = {**DIAGONALS, **{name: (float(name.split()[3]), 0.0) for name in SHIFTS}}
    distances = [np.hypot(*moved[name]) for name in names[2 : 2 + len(moved)]]
    assert distances == sorted(distances)


def test_frames_whose_shift_leaves_the_object_take_no_part(small):
    """A shift is judged by the frames that stay inside; by none where none does."""
    x = np.append(small.x[:-1], 8.25)
    scan = replace(small, x=x)
    scan = replace(scan, frames=scan.model())
    inside = replace(scan, frames=scan.frames[:-1], x=x[:-1], y=scan.y[:-1])
    name = "x shifted by -0.5 px"
    assert margins(scan)[name] == pytest.approx(margins(inside)[name], rel=1e-9)

    tight = replace(small, obj=small.obj[:16, :16], x=np.full(16, 8.0), y=np.full(16, 8.0))
    tight = replace(tight, frames=tight.model())
    assert not any("shifted" in name for name in margins(tight)), "a shift that nothing can tell"


def test_frames_that_are_not_square_cannot_be_transposed(small):
    """Axes of different length were not exchanged."""
    scan = replace(small, probe=small.probe[:, :12])
    scan = replace(scan, frames=scan.model())
    assert "frames transposed" not in margins(scan)


@pytest.mark.parametrize("photons", [200, 1000, 5000, 1e5])
@pytest.mark.parametrize("n", [1, 16])
def test_few_photons_do_not_fit_better_as_their_powers(small, n, photons):
    """A root makes noise smaller: the powers must not gain by that, however few the counts."""
    rng = np.random.default_rng(1)
    model = small.model()[:n]
    photon_scale = photons * n / (model**2).sum()
    frames = np.sqrt(rng.poisson(photon_scale * model**2) / photon_scale)
    scan = replace(small, frames=frames, x=small.x[:n], y=small.y[:n])
    found = margins(scan)
    for name in ("frames to the power 1/2", "frames to the power 2"):
        assert found[name] > 0.02, f"{name} fits data without it"


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_the_margin_of_a_power_is_one_of_intensities(small, power, monkeypatch):
    """Worked out: what a power of the model, of its own light, adds in squared error."""
    monkeypatch.setattr("registry.ptychography.stack.PART", 3 * 16 * 16)
    model = 3 * small.model()
    # frames with the mistake that the power mends
    frames = model ** (1 / power) * np.random.default_rng(1).normal(1, 0.01, model.shape)
    frames *= np.sqrt((model**2).sum() / (frames**2).sum())
    other = (model**2) ** (1 / power)
    other *= (model**2).sum() / other.sum()
    more = ((frames**2 - other) ** 2).sum() - ((frames**2 - model**2) ** 2).sum()
    assert more < 0, "what fits worse is not summed to its end"
    found = seen(replace(small, frames=frames), model)[f"frames to the power {POWERS[power]}"]
    assert found == pytest.approx(more / (model**4).sum(), rel=1e-9)


@pytest.mark.parametrize("factor", [1, 5])
@pytest.mark.parametrize(("contrast", "told"), [(1e-7, False), (1e-5, True), (1e-3, True)])
def test_powers_that_change_nothing_are_left_out(small, contrast, told, factor):
    """Even frames are their own powers, and what is even but for rounding is even."""
    pattern = np.where(np.indices(small.frames.shape).sum(axis=0) % 2, 1.0, -1.0)
    model = factor * (1 + contrast * pattern)
    found = dict(alternative_margins(replace(small, frames=model), model))
    assert ("frames to the power 1/2" in found) == told
    assert ("frames to the power 2" in found) == told


@pytest.mark.parametrize(("step", "told"), [(1e-7, False), (1e-5, True), (1e-3, True)])
def test_frames_that_are_symmetric_but_for_rounding_are_symmetric(small, step, told):
    """Their mirror image says nothing, until they differ from it by more than rounding."""
    frames = np.ones_like(small.frames)
    frames[:, :8] += step
    found = seen(replace(small, frames=frames), frames)
    assert ("frames flipped in rows" in found) == told


def test_mistakes_that_change_the_arrays_and_no_model_are_blind(small):
    """A constant object looks the same from everywhere: it is not that there is no mistake."""
    scan = replace(small, obj=np.ones_like(small.obj))
    scan = replace(scan, frames=scan.model())
    unseen = blind(scan, scan.frames)
    assert unseen == {*SHIFTS, *DIAGONALS, "x and y swapped", "x mirrored", "y mirrored",
                          "positions in reverse order"}, "judged by models"  # fmt: skip
    found = seen(scan, scan.frames)
    assert "object conjugated" not in {*found, *unseen}, "the conjugate of a real object is itself"
    assert "frames transposed" in found, "frames can still be told"


def test_a_power_that_changes_no_model_is_blind(small):
    """A model without contrast is its own power, and frames with some are not."""
    frames = np.ones_like(small.frames)
    frames[:, ::2] += 0.1
    unseen = blind(replace(small, frames=frames), np.ones_like(frames))
    assert {"frames to the power 1/2", "frames to the power 2"} <= unseen
