"""Tests of `bench.found`."""

from __future__ import annotations

import pytest

from bench import found
from tests.kit.scans import sound_scan


@pytest.fixture
def findings():
    """Two twins, in which drift alone is found: at 1e6 photons in both, at 1e5 in one."""
    seen = {1e6: [["chi-square"], ["scale"]], 1e5: [["chi-square"], []]}
    return {
        (name, photons, kind, n): seen.get(photons, [[], []])
        if (name, kind) == ("drift", "poisson")
        else [[], []]
        for name in ("", *found.NAMES)
        for photons in found.PHOTONS
        for kind in found.KINDS
        for n in found.SIZES
    }


def test_the_table(findings):
    """A row for each mistake, with what found it where."""
    rows = found.lines(findings).splitlines()
    assert rows[0].startswith("Photons per frame: 1e3 1e4 1e5 1e6."), rows[0]
    (drift,) = [row for row in rows if "`drift`" in row]
    seen, none = "· · ○ ●", "· · · ·"
    assert drift == f"| `drift` | {seen} | {seen} | {none} | {none} | chi-square, scale |  |"
    assert len(rows) == 5 + len(found.NAMES), "a mistake is left out"


def test_a_twin_that_is_refused_as_it_is_says_nothing(findings):
    """Of the other one it is told whether the mistake is found; without any, nothing is."""
    findings["", 1e5, "poisson", 16] = [[], ["own-match"]]
    findings["", 1e4, "poisson", 16] = [["own-match"], ["own-match"]]
    rows = found.lines(findings).splitlines()
    (sound,) = [row for row in rows if "sound data refused" in row]
    assert sound.startswith("| sound data refused | · ● ○ · | · · · · |"), sound
    (drift,) = [row for row in rows if "`drift`" in row]
    assert drift.startswith("| `drift` | · – ● ● | · · ○ ● |"), drift


def test_every_mistake_of_the_table_changes_the_twin():
    """The table says nothing of a mistake that is not there."""
    arrays = sound_scan()
    for name, changed in found.planted(arrays):
        assert bool(changed) == bool(name), f"{name}: {set(changed)}"


@pytest.mark.slow
def test_sound_data_are_not_refused():
    """What is found is found for its mistake."""
    for (name, *_), criteria in found.trials(1084, 1e6):
        if not name:
            assert criteria == [], "the twin is refused as it is"
