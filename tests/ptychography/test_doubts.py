"""Tests of `registry.ptychography.doubts`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.ptychography.doubts import doubts
from registry.ptychography.held_out import HeldOut

MODEL = np.random.default_rng(1).random((16, 8, 8))
KNOWN = HeldOut(places=64, z=6.0)


def test_data_that_can_tell():
    """Neither a doubt where all is told, nor where nothing was held out because nothing had to."""
    assert list(doubts(0.51, MODEL, [], KNOWN)) == []
    assert list(doubts(1.0, MODEL, [], None)) == []


def test_models_that_are_all_the_same():
    """Said once: that mistakes change no model, and are not noticed, follows from it."""
    same = np.repeat(MODEL[:1], 16, axis=0) * (1 + 1e-9 * MODEL)
    assert list(doubts(0.0, same, ["x mirrored"], None)) == [
        "models of different positions are the same but for rounding"
    ]


@pytest.mark.parametrize("factor", [1e-3, 1, 1e3])
@pytest.mark.parametrize(("step", "is_same"), [(3e-6, True), (5e-6, False)])
def test_models_that_differ_by_more_than_rounding(factor, step, is_same):
    """Of the brightest pixel of all, in whatever unit."""
    models = np.full((12, 8, 8), factor * 0.1)
    models[:, 0, 0] = factor
    models[11, 3, 4] -= factor * step
    assert (list(doubts(1.0, models, [], None)) != []) == is_same


def test_no_more_power_than_chance_gives():
    """One half is what frames reach that know nothing."""
    assert list(doubts(0.5, MODEL, [], None)) == [
        "only 50% of single misplacements would be noticed (expected more than 50%, which chance "
        "gives)"
    ]


@pytest.mark.parametrize(
    ("blind", "text"),
    [
        (["a"], "mistakes that would change no model: a"),
        (["a", "b"], "mistakes that would change no model: a, b"),
        (["a", "b", "c"], "mistakes that would change no model: a, b and 1 more"),
        (["a", "b", "c", "d"], "mistakes that would change no model: a, b and 2 more"),
    ],
)
def test_mistakes_that_change_no_model(blind, text):
    """Two are named, and all are counted."""
    assert list(doubts(1.0, MODEL, blind, None)) == [text]


@pytest.mark.parametrize(
    ("held_out", "text"),
    [
        (HeldOut(places=16, z=None),
         "16 places are too few to hold some out (expected at least 27)"),
        (HeldOut(places=64, z=5.94),
         "held-out frames do not know their place: z = 5.9 (expected at least 6)"),
        (HeldOut(places=64, z=float("nan")),
         "held-out frames do not know their place: z = nan (expected at least 6)"),
        (HeldOut(places=64, z=20.0, lost=1),
         "frames of 1 of 64 places, held out, fit most others better"),
    ],
)  # fmt: skip
def test_held_out_frames(held_out, text):
    """Too few, in any order, or each by itself."""
    assert list(doubts(1.0, MODEL, [], held_out)) == [text]


def test_every_doubt_is_told():
    """Who mends one learns at once of the next."""
    found = list(doubts(0.2, MODEL, ["a"], HeldOut(places=64, z=0.0)))
    assert [text.split()[0] for text in found] == ["only", "mistakes", "held-out"]
