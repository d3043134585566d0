"""Seeded defects are refused, and good data pass: in the twin and in the real scan, at each level.

Every defect is planted in the source, so that the fixture agrees with it: what refuses it must be
the contract or the physics, not the comparison with the source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from generators import subset_v1
from registry.ptychography.acceptance import Source, accept, as_scan
from registry.ptychography.noise import Noise
from registry.ptychography.physics import agrees_with_source

Arrays = dict[str, np.ndarray]
Bench = Any  # of conftest.py

# What the source declares of its noise, and mean photons per frame.
LEVELS = {
    "noise-free": ("none", None),
    "1e4 photons": ("poisson", 1e4),
    "1e6 photons": ("poisson", 1e6),
    "1e5 photons, as measured": ("measured", 1e5),
}


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A mistake, and the criteria that must refuse it at every level, each of them.

    plant : changes the arrays of a good fixture, made on a bench with some noise
    caught_by : whatever the source declares of its noise
    bounded_by : where the noise gives a bound, that is, not as measured
    named : the mistake that `alternatives` must name, as one of the three that fit best
    """

    plant: Callable[[Arrays, Bench, Noise], Arrays]
    caught_by: tuple[str, ...]
    bounded_by: tuple[str, ...] = ()
    named: str = ""

    def expected(self, level: str) -> set[str]:
        """Criteria that must fire at a level."""
        return {*self.caught_by, *(() if LEVELS[level][0] == "measured" else self.bounded_by)}


def frames(change: Callable[[np.ndarray], np.ndarray]):
    """Plant by changing the frames alone."""
    return lambda arrays, *_: {**arrays, "diffraction": change(arrays["diffraction"])}


def moved(x: float = 0.0, y: float = 0.0):
    """Plant by shifting all coordinates."""
    return lambda arrays, *_: {
        **arrays,
        "xcoords": arrays["xcoords"] + x,
        "ycoords": arrays["ycoords"] + y,
    }


def first_frames(arrays: Arrays, bench: Bench, noise: Noise) -> Arrays:
    """The upstream defect: the first frames, but evenly spaced coordinates."""
    n = len(arrays["diffraction"])
    return {**arrays, "diffraction": bench.frames(np.arange(n), noise, seed=7).astype("<f4")}


def other_probe(arrays: Arrays, bench: Bench, _) -> Arrays:
    """The probe of another scan, with the power of this one, as one would hand it over."""
    own, other = arrays["probeGuess"], bench.other_probe
    power = np.sqrt((np.abs(own) ** 2).sum() / (np.abs(other) ** 2).sum())
    return {**arrays, "probeGuess": (other * power).astype("<c8")}


def one_pixel(stack: np.ndarray, value: float) -> np.ndarray:
    """One pixel of one frame set to a value."""
    stack = stack.copy()
    stack[3, 20, 30] = value
    return stack


def duplicated(stack: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """Frame 30 in place of frame 10."""
    stack = stack.copy()
    stack[10] = stack[30] * np.float32(factor)
    return stack


def misaligned(arrays: Arrays, *_) -> Arrays:
    """20 of 64 frames carry the coordinates of each other."""
    order = np.arange(len(arrays["xcoords"]))
    order[5:25] = np.roll(order[5:25], 7)
    return {**arrays, "xcoords": arrays["xcoords"][order], "ycoords": arrays["ycoords"][order]}


def one_outside(arrays: Arrays, *_) -> Arrays:
    """One frame leaves the object on the left."""
    x = arrays["xcoords"].copy()
    x[5] = 10.0
    return {**arrays, "xcoords": x}


def reversed_coordinates(arrays: Arrays, *_) -> Arrays:
    """Coordinates run from the last to the first."""
    x, y = arrays["xcoords"][::-1].copy(), arrays["ycoords"][::-1].copy()
    return {**arrays, "xcoords": x, "ycoords": y}


DEFECTS = {
    "first frames, evenly spaced coordinates": Defect(
        plant=first_frames, caught_by=("own-match",), bounded_by=("chi-square",)
    ),
    "x and y swapped": Defect(
        plant=lambda a, *_: {**a, "xcoords": a["ycoords"], "ycoords": a["xcoords"]},
        caught_by=("own-match", "alternatives"),
        bounded_by=("chi-square",),
        named="x and y swapped",
    ),
    # 64 frames of 64 x 64: no shape tells
    "axes (H, W, N)": Defect(
        plant=frames(lambda f: np.ascontiguousarray(f.transpose(1, 2, 0))),
        caught_by=("own-match",),
        bounded_by=("chi-square",),
    ),
    "axes transposed within a frame": Defect(
        plant=frames(lambda f: np.ascontiguousarray(f.transpose(0, 2, 1))),
        caught_by=("own-match", "alternatives"),
        bounded_by=("chi-square",),
        named="frames transposed",
    ),
    "intensity for amplitude": Defect(
        plant=frames(lambda f: f**2),
        caught_by=("alternatives",),
        bounded_by=("chi-square", "scale"),
        named="frames to the power 1/2",
    ),
    "no fftshift": Defect(
        plant=frames(lambda f: np.fft.ifftshift(f, axes=(1, 2))),
        caught_by=("own-match", "alternatives"),
        bounded_by=("chi-square",),
        named="frames without fftshift",
    ),
    "float64 frames": Defect(
        plant=frames(lambda f: f.astype("<f8")), caught_by=("contract: diffraction.dtype",)
    ),
    "big-endian frames": Defect(
        plant=frames(lambda f: f.astype(">f4")), caught_by=("contract: diffraction.dtype",)
    ),
    "NaN": Defect(
        plant=frames(lambda f: one_pixel(f, np.nan)),
        caught_by=("contract: diffraction.finite", "physics"),
    ),
    "negative amplitude": Defect(
        plant=frames(lambda f: one_pixel(f, -0.25)), caught_by=("contract: diffraction.range.0",)
    ),
    "probe of another scan": Defect(
        plant=other_probe, caught_by=("own-match",), bounded_by=("chi-square",)
    ),
    "double sqrt": Defect(
        plant=frames(np.sqrt),
        caught_by=("alternatives",),
        bounded_by=("chi-square", "scale"),
        named="frames to the power 2",
    ),
    "one frame duplicated over another": Defect(
        plant=frames(duplicated),
        caught_by=("distinct", "own-match"),
        bounded_by=("chi-square",),
    ),
    "one frame duplicated, not bit for bit": Defect(
        plant=frames(lambda f: duplicated(f, 1 + 1e-5)),
        caught_by=("own-match",),
        bounded_by=("chi-square",),
    ),
    "20 of 64 frames misaligned": Defect(
        plant=misaligned, caught_by=("own-match",), bounded_by=("chi-square",)
    ),
    "coordinates reversed": Defect(
        plant=reversed_coordinates,
        caught_by=("own-match", "alternatives"),
        bounded_by=("chi-square",),
        named="positions in reverse order",
    ),
    "object conjugated": Defect(
        plant=lambda a, *_: {**a, "objectGuess": a["objectGuess"].conj()},
        caught_by=("own-match", "alternatives"),
        bounded_by=("chi-square",),
        named="object conjugated",
    ),
    "frames doubled in scale": Defect(
        plant=frames(lambda f: 2 * f), caught_by=("scale",), bounded_by=("chi-square",)
    ),
    "a frame outside the object": Defect(plant=one_outside, caught_by=("inside",)),
}
for axis in "xy":
    for distance in (-8, -1, 1, 8):
        DEFECTS[f"{axis} shifted by {distance:+d} px"] = Defect(
            plant=moved(**{axis: distance}),
            caught_by=("alternatives",),
            named=f"{axis} shifted by {-distance:+d} px",
        )
for x, y, mended in (
    (0.5, 0.5, "positions shifted by (-0.5, -0.5) px"),
    (-0.5, -0.5, "positions shifted by (+0.5, +0.5) px"),
    (0.5, 0, "x shifted by -0.5 px"),
    (0, -0.5, "y shifted by +0.5 px"),
):
    DEFECTS[f"off the centre convention by ({x:+g}, {y:+g}) px"] = Defect(
        plant=moved(x, y), caught_by=("alternatives",), named=mended
    )
# The twin lies nearer to the edge of its object: these leave it, which hides what they would fit.
OUTSIDE_THE_TWIN = ("x shifted by -8 px", "y shifted by -8 px")


def declared(level: str, noise: Noise) -> Noise:
    """Noise as the source declares it at a level."""
    return Noise(kind="measured") if LEVELS[level][0] == "measured" else noise


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bench", "level"),
    [
        ("twin", "noise-free"),
        ("twin", "1e4 photons"),
        ("twin", "1e5 photons, as measured"),
        ("real", "1e6 photons"),
    ],
    indirect=["bench"],
)
@pytest.mark.parametrize("name", DEFECTS)
@pytest.mark.usefixtures("remembered_models")
def test_a_seeded_defect_is_refused(request, bench, name, level, schemas):
    """The criteria that should refuse a defect do so, though the source has it as well."""
    defect = DEFECTS[name]
    good, noise = bench.fixture(LEVELS[level][1], seed=7)
    planted = defect.plant(good, bench, noise)
    # no source holds NaN: it is refused when it is read
    scan = as_scan(planted)[0] or as_scan(good)[0]
    source = Source(
        scan=scan,
        indices=np.arange(len(scan.frames)),
        noise=declared(level, noise),
        strategy="evenly_spaced",
    )

    failures = accept(planted, source, schemas).failures

    expected, mistake = defect.expected(level), defect.named
    if request.node.callspec.params["bench"] == "twin" and name in OUTSIDE_THE_TWIN:
        expected, mistake = {"inside"}, ""
    fired = {failure.criterion for failure in failures}
    assert expected <= fired, f"not refused by {expected - fired}, only by {fired}"
    assert "source" not in fired, "a source with the defect in it disagrees with its fixture"
    if mistake:
        found = [failure.found for failure in failures if failure.criterion == "alternatives"]
        assert f" {mistake} (" in found[0], f"{mistake} is not among {found}"


@pytest.mark.parametrize(
    "name", [name for name in DEFECTS if "contract" not in DEFECTS[name].caught_by[0]]
)
@pytest.mark.usefixtures("remembered_models")
def test_a_defect_in_the_fixture_alone_disagrees_with_its_source(bench, name):
    """Whatever the generator itself breaks is found by comparison with the source, too."""
    good, noise = bench.fixture(1e6, seed=7)
    planted = DEFECTS[name].plant(good, bench, noise)
    failures = agrees_with_source(as_scan(planted)[0], as_scan(good)[0])
    assert [failure.criterion for failure in failures] == ["source"], failures


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "photons"), [(0, None), *zip(range(1, 7), (1e4, 1e5, 1e6) * 2, strict=True)]
)
@pytest.mark.usefixtures("remembered_models")
def test_a_good_twin_passes(make_twin, source_of, seed, photons, schemas):
    """Twins of some seeds, which differ in object, positions and noise, pass at each level."""
    arrays, noise = make_twin(seed).fixture(photons, seed)
    acceptance = accept(arrays, source_of(arrays, noise), schemas)
    assert acceptance.failures == [], "good data are refused"
    assert acceptance.checks["own_match_rate"] == 1.0, "not every frame is matched by its own model"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("photons", "seed"),
    [(None, 0), *((photons, seed) for photons in (1e4, 1e5, 1e6) for seed in range(3))],
)
@pytest.mark.usefixtures("remembered_models")
def test_a_good_real_scan_passes(real, source_of, seed, photons, schemas):
    """The real object, probe and positions pass at each level, under the noise of some seeds."""
    arrays, noise = real.fixture(photons, seed)
    acceptance = accept(arrays, source_of(arrays, noise), schemas)
    assert acceptance.failures == [], "good data are refused"
    assert acceptance.checks["own_match_rate"] == 1.0, "not every frame is matched by its own model"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.usefixtures("remembered_models")
def test_a_thousand_photons_are_enough(bench, source_of, seed, schemas):
    """Good data pass, although noise alone lets another model look better here and there."""
    arrays, noise = bench.fixture(1e3, seed)
    acceptance = accept(arrays, source_of(arrays, noise), schemas)
    assert acceptance.failures == [], "good data are refused"
    assert acceptance.checks["own_match_rate"] > 0.95


@pytest.fixture
def cut():
    """Fixture that `subset_v1` cuts from all of a bench's scan at 1e4 photons, and its source."""

    def make(bench, strategy: str, n: int, kind: str = "poisson"):
        everything = np.arange(len(bench.reconstruction["xcoords"]))
        noise = bench.noise(everything, 1e4)
        frames = bench.frames(everything, noise, seed=3)
        scan = {**bench.reconstruction, "diffraction": frames.transpose(1, 2, 0)}
        params = {"strategy": strategy, "n_subset": n, "seed": 0}
        arrays, record = subset_v1.generate(params, scan, {"measurement": "amplitude"})
        return arrays, Source(
            scan=as_scan({**scan, "diffraction": frames})[0],
            indices=np.array(record["subset_indices"]),
            noise=noise if kind == "poisson" else Noise(kind=kind),
            strategy=strategy,
        )

    return make


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "n"), [("evenly_spaced", 128), ("grid", 16), ("random", 16)])
def test_good_subsets_pass(bench, cut, strategy, n, schemas):
    """What `subset_v1` cuts from a good scan passes: each strategy, from the fewest to the most."""
    arrays, source = cut(bench, strategy, n)
    acceptance = accept(arrays, source, schemas)
    assert acceptance.failures == [], "good data are refused"
    assert acceptance.checks["own_match_rate"] == 1.0, "not every frame is matched by its own model"


@pytest.mark.slow
def test_a_good_scan_declared_as_measured_passes(bench, cut, schemas):
    """Where nothing is known of the noise, the source's own frames give the bound."""
    arrays, source = cut(bench, "evenly_spaced", 64, kind="measured")
    acceptance = accept(arrays, source, schemas)
    assert acceptance.failures == [], "good data are refused"
    assert acceptance.checks["chi_square_max"] is None, "a photon scale from nowhere"


def test_the_first_frames_are_refused_for_their_coverage_alone(bench, cut, schemas):
    """Frames of strategy `first` belong together: what they lack is most of the scan."""
    arrays, source = cut(bench, "first", 64)
    failures = accept(arrays, source, schemas).failures
    assert [failure.criterion for failure in failures] == ["coverage"], failures
    assert "use strategy: evenly_spaced" in failures[0].found, failures[0].found
