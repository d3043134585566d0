"""Tests of `registry.ptychography.page`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import registry
from registry.page import Side, SourceArrays
from registry.ptychography.page import compared, page
from tests.kit.repository import REPOSITORY


@pytest.fixture(scope="module")
def fixture():
    """A published fixture."""
    return registry.load("minimal_dataset_v1_n16", REPOSITORY)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """Nothing is drawn but names: how, others test."""
    for name in ("probe_and_object", "frames"):
        monkeypatch.setattr(f"registry.ptychography.pictures.{name}", lambda *a, name=name: [name])


def source(fixture):
    """A source of which the fixture has every position."""
    x, y = np.zeros(2000), np.zeros(2000)
    chosen = list(fixture.sidecar.subset_indices)
    x[chosen], y[chosen] = fixture.xcoords, fixture.ycoords
    return SourceArrays(path="a.npz", values={"xcoords": x.tolist(), "ycoords": y.tolist()})


def test_a_page(fixture):
    """Pictures, what stands beside the scan, the checks, and how each frame fits."""
    found = page(fixture.arrays, fixture.sidecar, source(fixture))
    assert [section.title for section in found.sections] == [
        "Probe and object", "Diffraction", "Scan",
    ]  # fmt: skip
    scan = found.sections[2]
    assert scan.facts == [
        ("Positions", "16 of 2000"),
        ("Strategy", "evenly spaced"),
        ("x in pixels", "35.42 to 78.53"),
        ("Covered of x", "96.1 %"),
        ("y in pixels", "35.76 to 78.74"),
        ("Covered of y", "99.2 %"),
    ]
    assert ("dot all", "all positions of the source") in scan.key
    assert [picture.name for picture in found.charts] == ["frame-fit"]
    assert found.no_charts == ""
    assert found.sections[1].words == "One log scale for all. Zero frequency is in the centre."


def test_positions_alone(fixture):
    """Without the source's positions the page counts the fixture's and draws no others."""
    absent = SourceArrays(path="a.npz", problem="is not here")
    scan = page(fixture.arrays, fixture.sidecar, absent).sections[2]
    assert scan.facts[0] == ("Positions", "16")
    assert [mark for mark, _ in scan.key] == ["dot own", "dash"]


def test_without_verified_arrays(fixture):
    """What the sidecar says is there, and nothing is drawn."""
    found = page(None, fixture.sidecar, None)
    assert (found.sections, found.charts) == ((), ())
    assert found.no_charts == "the bytes did not pass verification"
    assert len(found.checks) > 10


def test_coverage_that_was_not_measured(fixture):
    """It is said so."""
    record = replace(fixture.sidecar, checks={**fixture.sidecar.checks, "coverage_x": None})
    scan = page(fixture.arrays, record, source(fixture)).sections[2]
    assert ("Covered of x", "not measured") in scan.facts


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"verdict": "not checked", "reason": "no object"}, "its physics was not checked"),
        ({"contract": "mine_v1.schema.json"}, "the table of contracts has no mine_v1"),
    ],
)
def test_no_chart_of_the_fit(fixture, changes, why):
    """The page says why there is none."""
    found = page(fixture.arrays, replace(fixture.sidecar, **changes), source(fixture))
    assert (found.charts, found.no_charts) == ([], why)


def test_a_comparison(fixture):
    """Positions of both, with words for each kind of dot that is drawn."""
    known = Side(arrays=fixture.arrays, record=fixture.sidecar, source=source(fixture))
    alone = Side(arrays=fixture.arrays)
    for sides, marks in (
        ((alone, alone), ["dot quiet", "dot own"]),
        ((alone, known), ["dot quiet", "dot own", "dot all"]),
    ):
        (section,) = compared(*sides)
        assert [mark for mark, _ in section.key] == marks
        assert [picture.name for picture in section.pictures] == ["positions"]
    assert compared(alone, Side(arrays={})) == []


def test_arrays_without_positions(fixture):
    """There is no section without pictures, and no figure of what is not there."""
    frames = {"diffraction": fixture["diffraction"]}
    record = replace(fixture.sidecar, arrays={})
    found = page(frames, record, None)
    assert [section.title for section in found.sections] == ["Probe and object", "Diffraction"]
    assert (found.charts, found.no_charts) == (
        [],
        "no objectGuess, probeGuess, xcoords, ycoords",
    )


def test_positions_that_no_sidecar_describes(fixture):
    """Their range is not known, and what was covered is said all the same."""
    facts = page(fixture.arrays, replace(fixture.sidecar, arrays={}), None).sections[2].facts
    assert [name for name, _ in facts] == ["Positions", "Strategy", "Covered of x", "Covered of y"]


def test_frames_are_drawn_in_photons_where_their_number_is_known(fixture, monkeypatch):
    """What is no number is none."""
    asked = []
    monkeypatch.setattr(
        "registry.ptychography.pictures.frames", lambda arrays, scale: asked.append(scale) or ["a"]
    )
    details = fixture.sidecar.details
    page(fixture.arrays, fixture.sidecar, None)
    page(fixture.arrays, replace(fixture.sidecar, details={**details, "photon_scale": None}), None)
    assert asked == [details["photon_scale"], None]
