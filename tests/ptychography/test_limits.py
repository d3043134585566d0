"""Tests of `registry.ptychography.limits`."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

import registry
from registry.ptychography.limits import checks, fit
from registry.ptychography.physics import Figures
from tests.kit.repository import REPOSITORY
from tests.report.kit import NAME


@pytest.fixture(scope="module")
def fixture():
    """A published fixture."""
    return registry.load(NAME, REPOSITORY)


def recorded(fixture):
    """Figures of the sidecar, and what it says of the photon count."""
    return {**fixture.sidecar.checks, **fixture.sidecar.details}


def rows(fixture, **changes):
    """Rows of the fixture's table by name, with arrays changed."""
    known = recorded(fixture)
    fitted, _ = fit({**fixture.arrays, **changes}, known)
    return {row.name: row for row in checks(known, fitted)}


def test_the_table(fixture):
    """Each check with what was measured, its limit, and what lies between."""
    found = {name: (row.measured, row.limit, row.margin) for name, row in rows(fixture).items()}
    assert found == {
        "coverage_x": ("0.961", "more than 0.5", "0.461"),
        "coverage_y": ("0.992", "more than 0.5", "0.492"),
        "max_amplitude": ("1.570", "less than 10", "8.43"),
        "power": ("1.000", "more than 0.5", "0.5"),
        "held_out_z": ("not measured", "", ""),
        "own_match_rate": ("100.0%", "no other position e^18 times as likely", ""),
        "nearest_alternative_margin": ("0.006", "more than 0", "0.006"),
        "chi_square_min": ("0.957", "0.868 to 1.132", "0.0882"),
        "chi_square_max": ("1.057", "0.866 to 1.134", "0.0763"),
        "scale": ("1.000070", "0.999246 to 1.000754", "0.000683"),
        "correlation_median": ("0.999", "", ""),
        "r_factor": ("0.059", "", ""),
    }


def test_what_holds(fixture):
    """A published fixture keeps every limit that there is a margin to."""
    verdicts = {row.holds for row in rows(fixture).values() if row.margin}
    assert verdicts == {True}


def test_a_duplicated_frame(fixture):
    """One frame in another's place is beyond the limit of χ²."""
    frames = fixture["diffraction"].copy()
    frames[3] = frames[7]
    row = rows(fixture, diffraction=frames)["chi_square_max"]
    assert row.holds is False, "within its limit"
    assert float(row.margin) < -10, "the margin does not show how far off it is"
    assert row.gauge == 1.0, "the gauge is not at its end"


def test_doubled_frames(fixture):
    """Frames of twice the amplitude are beyond the limit of the scale."""
    row = rows(fixture, diffraction=fixture["diffraction"] * 2)["scale"]
    assert (row.holds, row.measured[:4]) == (False, "2.00")


def test_figures_are_the_recorded_ones(fixture):
    """What is computed from the arrays is what the sidecar has, to its three decimals."""
    figures = fixture.sidecar.checks
    for name in ("chi_square_min", "chi_square_max", "scale"):
        assert round(float(rows(fixture)[name].measured), 3) == figures[name], name


def test_what_is_allowed_of_each_frame(fixture):
    """As much to either side of one; of the least and the most misfit it is what the table has."""
    fitted, _ = fit(fixture.arrays, recorded(fixture))
    np.testing.assert_allclose(fitted.low + fitted.high, 2)
    for name, frame in (
        ("chi_square_min", fitted.values.argmin()),
        ("chi_square_max", fitted.values.argmax()),
    ):
        expected = fitted.values[frame], fitted.low[frame], fitted.high[frame]
        assert fitted.figures[name] == pytest.approx(expected), name


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"objectGuess": np.ones((40, 40), np.complex64)}, "a frame leaves the object"),
        ({"probeGuess": np.zeros((64, 64), np.complex64)}, "a model without any light"),
        ({"xcoords": np.full(16, np.nan)}, "values that are not finite"),
        ({"probeGuess": np.ones((2, 2), np.complex64)}, "a probe (2, 2)"),
    ],
    ids=["outside", "dark", "NaN", "shape"],
)
def test_no_fit(fixture, change, reason):
    """Arrays that the model cannot be held against give a reason and no figures."""
    fitted, found = fit({**fixture.arrays, **change}, recorded(fixture))
    assert fitted is None, "a fit of nothing"
    assert reason in found, "not the reason"


def test_limits_that_need_the_arrays(fixture):
    """Without verified arrays no limit is made up for what follows from them."""
    found = {row.name: row for row in checks(recorded(fixture), None)}
    for name in ("chi_square_min", "chi_square_max", "scale"):
        row = found[name]
        assert (row.limit, row.margin, row.holds) == ("follows from the arrays", "", None), name


def test_a_noiseless_fixture(fixture):
    """Where no noise is declared, each frame's error is held against rounding."""
    known = {"noise": "none", "photon_scale": None, "chi_square_max": None, "scale": 1.0}
    fitted, _ = fit(fixture.arrays, known)
    assert fitted.high.tolist() == [64 * 2.0**-24] * 16, "not the limit of rounding"
    found = {row.name: row for row in checks(known, fitted)}
    assert found["chi_square_max"].measured == "not measured"
    assert found["scale"].limit == "0.999996 to 1.000004"


def test_a_measured_fixture(fixture):
    """Of a measured scan the limit is its own source's: none is shown but that of the scale."""
    known = {"noise": "measured", "photon_scale": None, "scale": 1.02}
    fitted, _ = fit(fixture.arrays, known)
    assert (fitted.low, fitted.high) == (None, None)
    (row,) = checks(known, fitted)
    assert (row.limit, row.margin, row.holds) == ("0.707 to 1.414", "0.313", True)


def test_a_figure_that_is_rounded_to_its_limit(fixture):
    """A margin that three decimals do not show is no failure."""
    row = checks({"nearest_alternative_margin": 0.0, "nearest_alternative": "x"}, None)[0]
    assert (row.margin, row.holds) == ("0", True)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("power", 0.75, ("0.750", "more than 0.5", "0.25", True, 0.5)),
        ("power", 0.25, ("0.250", "more than 0.5", "-0.25", False, 0.0)),
        ("held_out_z", 90.5, ("90.500", "more than 6", "84.5", True, None)),
        ("held_out_z", 1.3, ("1.300", "more than 6", "-4.7", False, None)),
    ],
)
def test_figures_that_decide(name, value, shown):
    """What tells checked from undecided has its limit; what has no upper end has no gauge."""
    (row,) = checks({name: value}, None)
    assert (row.measured, row.limit, row.margin, row.holds, row.gauge) == shown


@pytest.mark.parametrize(
    ("name", "value", "gauge"),
    [
        ("coverage_x", 0.75, 0.5),
        ("coverage_y", 0.6, 0.2),
        ("max_amplitude", 2.5, 0.25),
        ("nearest_alternative_margin", 0.5, None),
        ("own_match_rate", 0.5, None),
    ],
)
def test_where_between_its_ends_a_figure_is(name, value, gauge):
    """From the limit to the most that it can be, or from the least to the limit."""
    (row,) = checks({name: value}, None)
    assert row.gauge == (None if gauge is None else pytest.approx(gauge))


@pytest.mark.parametrize(("scale", "holds"), [(1.4146, True), (1.4148, False), (0.7066, False)])
def test_a_figure_beyond_its_limit_by_less_than_a_sidecar_has(scale, holds):
    """Half of its last decimal is no failure, and no more than that."""
    (row,) = checks({"noise": "measured", "scale": scale}, None)
    assert row.holds is holds


def test_every_figure_has_words():
    """What the forward model gives is explained, each figure in its row or in another's."""
    names = [item.name for item in fields(Figures)]
    found = {row.name: row.meaning for row in checks(dict.fromkeys(names, 0.5), None)}
    assert sorted({*found, "nearest_alternative"}) == sorted(names), "a figure without a row"
    assert [name for name, meaning in found.items() if not meaning] == [], "not explained"
    assert found["nearest_alternative_margin"].endswith("named mistakes fits: 0.5"), "which one"


@pytest.mark.parametrize(("value", "shown"), [(None, "not measured"), ("sharp", "sharp")])
def test_figures_that_are_no_numbers(value, shown):
    """What was not measured says so, and a word is a word."""
    (row,) = checks({"sharpness": value}, None)
    assert (row.measured, row.limit, row.holds) == (shown, "", None)


def test_figures_that_this_version_does_not_know(fixture):
    """A figure of a later version is shown as it is, after those with limits."""
    found = checks({"sharpness": 3.5, "coverage_x": 0.9}, None)
    assert [(row.name, row.measured, row.limit) for row in found] == [
        ("coverage_x", "0.900", "more than 0.5"),
        ("sharpness", "3.5", ""),
    ]
