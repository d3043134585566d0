"""Tests of `registry.ptychography.acceptance`."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from registry.ptychography.acceptance import accept, as_scan, modelled, refusals, span
from registry.ptychography.field import FIELD
from registry.ptychography.forward import model_amplitude, object_patches
from registry.ptychography.held_out import HeldOut
from registry.ptychography.noise import Noise
from registry.ptychography.outliers import Usual


@pytest.fixture(scope="module")
def _made(twin):
    indices = twin.evenly_spaced(16)
    return twin.fixture(1e5, seed=4, indices=indices)


@pytest.fixture
def arrays(_made):
    """Arrays of a good fixture of 16 frames."""
    return dict(_made[0])


@pytest.fixture
def source(_made, source_of):
    """The source that they were cut from."""
    return source_of(*_made)


def criteria(acceptance) -> list[str]:
    """Which criteria are not met."""
    return [failure.criterion for failure in acceptance.failures]


def test_a_good_fixture(arrays, source, schemas):
    """No failure, and the figures that the sidecar records."""
    acceptance = accept(arrays, source, schemas)
    assert acceptance.failures == []
    rules = json.loads((schemas / FIELD.schema).read_bytes())["properties"]["checks"]
    assert sorted(acceptance.checks) == sorted(rules["properties"])
    assert acceptance.checks["coverage_x"] == acceptance.checks["coverage_y"] == 1.0
    assert acceptance.checks["own_match_rate"] == 1.0


@pytest.mark.parametrize(
    ("held_out", "verdict", "reasons"),
    [
        (HeldOut(places=64, z=6.5), "checked", ""),
        (
            HeldOut(places=9, z=None),
            "undecided",
            "9 places are too few to hold some out (expected at least 27)",
        ),
    ],
    ids=["told", "not told"],
)
def test_what_data_could_not_have_told_is_undecided(
    arrays, source, schemas, held_out, verdict, reasons
):
    """And says why; it is no failure."""
    acceptance = accept(arrays, replace(source, held_out=held_out), schemas)
    assert (acceptance.verdict, acceptance.reason) == (verdict, reasons)
    assert acceptance.failures == []
    assert acceptance.checks["held_out_z"] == held_out.z


def test_measured_figures_are_rounded(arrays, source, schemas):
    """To three decimals, which are the same on every machine."""
    checks = accept(arrays, source, schemas).checks
    measured = [value for value in checks.values() if isinstance(value, float)]
    assert [round(value, 3) for value in measured] == measured
    assert len(measured) > 6, "few figures"
    assert checks["max_amplitude"] == round(float(arrays["diffraction"].max()), 3)


def test_a_figure_of_nothing_has_no_sign(arrays, source, schemas):
    """What is rounded to zero from below is the same zero, in the sidecar's text as well."""
    arrays["diffraction"] = np.full_like(arrays["diffraction"], -1e-4)
    checks = accept(arrays, replace(source, physics=False), schemas).checks
    assert str(checks["max_amplitude"]) == "0.0"


@pytest.mark.parametrize(("reach", "refused"), [(0.5, True), (0.51, False)])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_coverage_of_more_than_half(arrays, source, schemas, axis, reach, refused):
    """Exactly half of the source's range in either axis is too little."""
    scan = source.scan
    x, y = np.append(scan.x, scan.x[0]), np.append(scan.y, scan.y[0])
    values = {"x": x, "y": y}[axis]
    # one position more, which the fixture leaves out, so far away that the others reach so far
    values[-1] = values[:-1].min() + np.ptp(values[:-1]) / reach
    frames = np.append(scan.frames, scan.frames[:1], axis=0)
    far = replace(source, scan=replace(scan, frames=frames, x=x, y=y), strategy="first")

    acceptance = accept(arrays, far, schemas)

    assert (criteria(acceptance) == ["coverage"]) == refused, acceptance.failures
    assert acceptance.checks[f"coverage_{axis}"] == reach
    if refused:
        (failure,) = acceptance.failures
        part = {"x": "50% of x and 100% of y", "y": "100% of x and 50% of y"}[axis]
        assert failure.found == f"{part} with strategy first; use strategy: evenly_spaced (or grid)"


def test_no_failure_hides_another(arrays, source, schemas):
    """Contract, coverage, physics and source are all judged, whatever the others find."""
    arrays["diffraction"] = 2 * arrays["diffraction"].astype("<f8")
    narrow = replace(source, indices=np.arange(4))
    fired = set(criteria(accept(arrays, narrow, schemas)))
    assert fired == {
        "contract: diffraction.dtype",
        "coverage",
        "scale",
        "chi-square",
        "source",
    }


def test_axes_last(arrays, source, schemas):
    """Frames in the legacy order (H, W, N) break the contract."""
    arrays["diffraction"] = np.ascontiguousarray(arrays["diffraction"].transpose(1, 2, 0))
    fired = criteria(accept(arrays, source, schemas))
    assert "contract: diffraction.shape.2" in fired
    assert fired[-1] == "physics"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a.pop("objectGuess"), "no objectGuess"),
        (lambda a: (a.pop("xcoords"), a.pop("probeGuess")), "no probeGuess, xcoords"),
        (
            lambda a: a.update(xcoords=a["xcoords"][:, None], ycoords=a["ycoords"][:, None]),
            "axes that do not fit: diffraction (16, 64, 64), objectGuess (227, 226), "
            "probeGuess (64, 64), xcoords (16, 1), ycoords (16, 1)",
        ),
        (
            lambda a: a.update(ycoords=a["ycoords"][1:]),
            "axes that do not fit: diffraction (16, 64, 64), objectGuess (227, 226), "
            "probeGuess (64, 64), xcoords (16,), ycoords (15,)",
        ),
        (
            lambda a: a.update(probeGuess=a["probeGuess"][:32]),
            "diffraction (16, 64, 64) for 16 positions and a probe (32, 64)",
        ),
        (
            lambda a: a.update(diffraction=a["diffraction"][1:]),
            "diffraction (15, 64, 64) for 16 positions and a probe (64, 64)",
        ),
        (
            lambda a: a.update(diffraction=a["diffraction"] + 0j),
            "frames or coordinates that are not real numbers",
        ),
        (lambda a: a.update(ycoords=a["ycoords"] * np.nan), "values that are not finite"),
        (lambda a: a.update(objectGuess=a["objectGuess"] * np.nan), "values that are not finite"),
    ],
)
def test_arrays_that_no_model_can_be_held_against(arrays, source, schemas, change, reason):
    """The criterion `physics` says why, in place of a traceback; the contract is judged as well."""
    change(arrays)
    acceptance = accept(arrays, source, schemas)
    assert any(criterion.startswith("contract") for criterion in criteria(acceptance))
    last = acceptance.failures[-1]
    assert (last.criterion, last.found) == ("physics", reason)
    assert acceptance.checks["coverage_x"] == 1.0, "no figure of what can still be measured"


def test_no_frames_at_all(arrays, source, schemas):
    """An empty fixture is refused in words."""
    for name in ("diffraction", "xcoords", "ycoords"):
        arrays[name] = arrays[name][:0]
    failure = accept(arrays, source, schemas).failures[-1]
    assert failure.found == "diffraction (0, 64, 64) for 0 positions and a probe (64, 64)"


def test_a_frame_outside_the_object(arrays, source, schemas):
    """It has no model: no figures, and nothing said of the source."""
    arrays["ycoords"] = np.append(300.0, arrays["ycoords"][1:])
    acceptance = accept(arrays, source, schemas)
    assert criteria(acceptance) == ["inside"]
    assert "own_match_rate" not in acceptance.checks


def test_what_a_generator_breaks(arrays, source, schemas):
    """Frames of other indices than it claims: consistent in themselves, but not the source's."""
    order = np.roll(np.arange(16), 1)
    for name in ("diffraction", "xcoords", "ycoords"):
        arrays[name] = arrays[name][order]
    assert criteria(accept(arrays, source, schemas)) == ["source"]


def test_a_generator_that_loses_a_frame(arrays, source, schemas):
    """Fewer frames than indices are refused in words."""
    indices = np.append(source.indices, 0)
    (failure,) = accept(arrays, replace(source, indices=indices), schemas).failures
    assert failure.criterion == "source"
    assert failure.found == "frames (16, 64, 64)"


def test_a_measured_source_of_which_some_frames_leave_the_object(arrays, source, schemas):
    """Those take no part in its distribution of errors, nor in the fixture."""
    scan = source.scan
    more = replace(
        scan,
        frames=np.append(scan.frames, scan.frames[:2], axis=0),
        x=np.append(scan.x, [5.0, 300.0]),
        y=np.append(scan.y, [60.0, 60.0]),
    )
    measured = replace(source, scan=more, noise=Noise(kind="measured"))
    assert "chi-square" not in criteria(accept(arrays, measured, schemas))


def test_a_measured_fixture_is_held_against_all_of_its_source(arrays, source, schemas, twin):
    """Frames noisier than those the source has elsewhere are outliers, though all alike."""
    quiet = twin.evenly_spaced(64)
    frames = twin.frames(quiet, twin.noise(quiet, 1e6), seed=1)
    x, y = (twin.reconstruction[name][quiet] for name in ("xcoords", "ycoords"))
    scan = source.scan
    both = replace(
        scan,
        frames=np.append(scan.frames, frames, axis=0),
        x=np.append(scan.x, x),
        y=np.append(scan.y, y),
    )
    measured = replace(source, scan=both, noise=Noise(kind="measured"))
    assert "chi-square" in criteria(accept(arrays, measured, schemas))


@pytest.fixture
def supervised(arrays):
    """The fixture with the object patch under each frame."""
    patches = object_patches(arrays["objectGuess"], arrays["xcoords"], arrays["ycoords"], (64, 64))
    return {**arrays, "Y": patches.astype("<c8")}


def test_patches_under_the_frames(supervised, source, schemas):
    """What supervised training learns from belongs to the frames as well."""
    assert accept(supervised, source, schemas).failures == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda y: y[::-1].copy(), "16 of 16 others, the first is that of frame 0"),
        (
            lambda y: np.append(y[:15], y[:1], axis=0),
            "1 of 16 others, the first is that of frame 15",
        ),
        (lambda y: y.conj(), "16 of 16 others, the first is that of frame 0"),
        (lambda y: y * np.float32(1.00001), "16 of 16 others, the first is that of frame 0"),
        (lambda y: y[:, :32], "Y (16, 32, 64)"),
    ],
)
def test_patches_of_other_frames(supervised, source, schemas, change, found):
    """Patches in another order, of another frame, or rescaled, are refused."""
    supervised["Y"] = change(supervised["Y"])
    last = accept(supervised, source, schemas).failures[-1]
    assert (last.criterion, last.found) == ("patches", found)


def test_a_scan_is_computed_in_double_precision(arrays):
    """Whatever the arrays' own dtypes are."""
    scan, reason = as_scan(arrays)
    assert reason == ""
    assert (scan.frames.dtype, scan.x.dtype, scan.y.dtype) == (np.float64,) * 3
    assert (scan.probe.dtype, scan.obj.dtype) == (np.complex128,) * 2


def test_models_of_arrays(arrays):
    """Those at their positions, and none where there can be none."""
    np.testing.assert_array_equal(modelled(arrays), as_scan(arrays)[0].model())
    assert modelled({**arrays, "xcoords": arrays["xcoords"] + 300}) is None
    del arrays["objectGuess"]
    assert modelled(arrays) is None


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        ([0, 4, 10], [4, 10], 0.6),
        ([0, 0.5], [0.25, 0.5], 0.5),
        ([5, 5], [5], 1.0),
        ([0, 10], [3], 0.0),
    ],
)
def test_span(whole, part, expected):
    """Part of a range; all of it, where the range is a point."""
    assert span(np.array(whole, float), np.array(part, float)) == expected


# Sources of which only a part was read


def test_coverage_of_a_source_of_which_a_part_was_read(arrays, source, schemas):
    """Positions of the whole source count, wherever its frames are."""
    x, y = source.scan.x, source.scan.y
    far = np.append(x, x.min() + 3 * np.ptp(x)), np.append(y, y[0])
    acceptance = accept(arrays, replace(source, positions=far), schemas)
    assert criteria(acceptance) == ["coverage"], "judged by what was read"
    assert acceptance.checks["coverage_x"] == 0.333, "not the whole source's range"


@pytest.mark.parametrize(("error", "refused"), [(0.01, True), (0.9, False)])
def test_outliers_by_a_sample_of_the_source(arrays, source, schemas, error, refused):
    """What is usual in a measured source may be handed over, for frames that were not kept."""
    usual = Usual(error=error, photon_scale=1e9, excess=1.0)
    measured = replace(source, noise=Noise(kind="measured"), usual=usual)
    acceptance = accept(arrays, measured, schemas)
    assert ("chi-square" in criteria(acceptance)) == refused, acceptance.failures


# Sources without an object


def test_physics_that_cannot_be_checked(arrays, source, schemas):
    """Without an object, contract, coverage and geometry are judged, and figures are null."""
    arrays["objectGuess"] = np.ones_like(arrays["objectGuess"])
    acceptance = accept(arrays, replace(source, physics=False), schemas)
    assert acceptance.failures == [], "held against a model that is not there"
    null = [key for key, value in acceptance.checks.items() if value is None]
    assert null == [
        "own_match_rate", "power", "held_out_z", "nearest_alternative",
        "nearest_alternative_margin", "chi_square_min", "chi_square_max", "correlation_median",
        "r_factor", "scale",
    ], "a figure from nowhere"  # fmt: skip


def test_what_is_judged_without_an_object(arrays, source, schemas):
    """Equal frames, frames outside, and broken contracts are refused all the same."""
    arrays["diffraction"] = np.append(arrays["diffraction"][:15], arrays["diffraction"][:1], axis=0)
    arrays["ycoords"] = np.append(300.0, arrays["ycoords"][1:])
    arrays["probeGuess"] = arrays["probeGuess"].astype("<c16")
    fired = criteria(accept(arrays, replace(source, physics=False), schemas))
    assert fired == ["contract: probeGuess.dtype", "distinct", "inside"]


# Several modes


def test_a_fixture_of_several_modes(arrays, source, schemas):
    """Its own version of the contract has room for them, and the physics is checked with all."""
    modes = np.stack([arrays["probeGuess"], 0.4 * np.roll(arrays["probeGuess"], 4, 0)])
    scan = source.scan
    frames = model_amplitude(scan.obj, modes, scan.x, scan.y)
    several = replace(
        source, scan=replace(scan, frames=frames, probe=modes), noise=Noise(kind="none")
    )
    arrays.update(diffraction=frames.astype("<f4"), probeGuess=modes)
    acceptance = accept(arrays, several, schemas, "data_001_v2.schema.json")
    assert acceptance.failures == [], "a good fixture of several modes is refused"
    assert acceptance.checks["own_match_rate"] == 1.0
    fired = criteria(accept(arrays, several, schemas))
    assert fired == ["contract: probeGuess.shape", "contract: probeGuess.shape.0"]
    arrays["probeGuess"] = modes[:1]
    fired = criteria(accept(arrays, several, schemas, "data_001_v2.schema.json"))
    assert "chi-square" in fired, "a missing mode is not noticed"


# Planted defects


def test_nothing_refuses_good_arrays(arrays, source, schemas):
    """Neither contract nor physics has a word against a good fixture by itself."""
    assert refusals(arrays, source, schemas) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda a: a.update(xcoords=a["xcoords"] + 8), {"own-match", "alternatives", "chi-square"}),
        (lambda a: a.update(diffraction=a["diffraction"].astype("<f8")),
         {"contract: diffraction.dtype"}),
        (lambda a: a.pop("objectGuess"), {"contract: objectGuess", "physics"}),
    ],
)  # fmt: skip
def test_what_refuses_a_defect(arrays, source, schemas, change, expected):
    """What arrays themselves show: nothing is said of a source that a consumer does not have."""
    change(arrays)
    fired = {failure.criterion for failure in refusals(arrays, source, schemas)}
    assert expected <= fired, fired
    assert not fired & {"source", "coverage"}, "a source was asked"


def test_a_defect_in_patches(supervised, source, schemas):
    """Patches of other frames are noticed without the source."""
    supervised["Y"] = supervised["Y"][::-1].copy()
    assert [failure.criterion for failure in refusals(supervised, source, schemas)] == ["patches"]


def test_a_defect_where_the_physics_is_not_checked(supervised, source, schemas):
    """Without a model no physics refuses anything; patches are held against the object anyway."""
    unchecked = replace(source, physics=False)
    other = {**supervised, "diffraction": supervised["diffraction"][::-1].copy()}
    assert refusals(other, unchecked, schemas) == []
    assert refusals(other, source, schemas) != []
    other["Y"] = np.full_like(other["Y"], np.nan)
    # the contract has a word as well
    *_, failure = refusals(other, unchecked, schemas)
    assert failure.found == "16 of 16 others, the first is that of frame 0"


def test_patches_of_a_bright_object(supervised, source, schemas):
    """Rounding is a part of the object's size, in whatever units that is."""
    for name, factor in (("objectGuess", 1000), ("Y", 1000), ("probeGuess", 1 / 1000)):
        supervised[name] = (supervised[name] * factor).astype("<c8")
    assert refusals(supervised, source, schemas) == []
    supervised["Y"] = supervised["Y"] * np.float32(1.00001)
    assert [failure.criterion for failure in refusals(supervised, source, schemas)] == ["patches"]


def test_a_defect_that_leaves_the_object(supervised, source, schemas):
    """Where there is no patch under a frame, the frame is refused, and none of the patches."""
    supervised["ycoords"] = np.append(300.0, supervised["ycoords"][1:])
    found = [failure.criterion for failure in refusals(supervised, source, schemas)]
    assert found == ["inside"]
