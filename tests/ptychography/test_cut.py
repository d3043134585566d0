"""Tests of `registry.ptychography.cut`: a fixture held against the scan that it was cut from."""

from __future__ import annotations

import numpy as np
import pytest

from registry.errors import CheckError
from registry.field import Acceptance, Context
from registry.ptychography import cut, planted
from registry.ptychography.contracts import CONTRACTS, DATA_001
from registry.ptychography.field import FIELD

N = 16
LEGACY = CONTRACTS["data_001_legacy_v1"].file


@pytest.fixture(scope="module")
def _made(twin):
    arrays, noise = twin.fixture(1e5, seed=4, indices=twin.evenly_spaced(N))
    return arrays, noise.photon_scale


@pytest.fixture
def arrays(_made):
    """Arrays of a good fixture of 16 frames."""
    return dict(_made[0])


@pytest.fixture
def photons(_made):
    """Photons per unit of amplitude squared."""
    return _made[1]


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    """One mistake is planted, and one shift: which, others test."""
    kept = tuple(mistake for mistake in planted.MISTAKES if mistake.name == "doubled_frames")
    monkeypatch.setattr(planted, "MISTAKES", kept)
    monkeypatch.setattr(planted, "LADDER", (1.0,))


@pytest.fixture
def context(arrays, schemas, photons):
    """What there is beside it: the very same scan as its source, unless a test says otherwise."""

    def context(source=arrays, contracts=(DATA_001.file,), made=None, **declared) -> Context:
        return Context(
            schemas=schemas,
            contracts=contracts,
            source=source,
            declared={
                "name": "mine",
                "declaration": {},
                "layout": "canonical",
                "measurement": "amplitude",
                "noise": "poisson",
                "photon_scale": photons,
                **declared,
            },
            made={"layout": "canonical", "subset_indices": [*range(N)], **(made or {})},
            params={"strategy": "evenly_spaced"},
        )

    return context


def test_a_good_fixture(arrays, context, photons):
    """It is checked, with what the sidecar says of its noise and of planted mistakes."""
    found = FIELD.accept(arrays, context())
    assert (found.failures, found.verdict, found.refused_by) == ([], "checked", [])
    assert found.details == {"noise": "poisson", "photon_scale": photons}
    assert list(found.mistakes["found"]) == ["doubled_frames"]
    assert found.summary == (
        "covers 100.0% of x, 100.0% of y; own match 100.0%; R-factor "
        f"{found.checks['r_factor']:.3f}"
    )


def test_a_fixture_of_other_frames(arrays, context):
    """What refuses it is named, and no mistake is planted in it."""
    found = cut.accept({**arrays, "diffraction": arrays["diffraction"][::-1].copy()}, context())
    assert "own-match" in [failure.criterion for failure in found.failures]
    assert found.mistakes is None


def test_a_source_of_which_some_frames_were_read(arrays, context):
    """Coverage is that of all positions of the scan, of which the fixture's are a part."""
    x, y = arrays["xcoords"], arrays["ycoords"]
    scan = {"scan_xcoords": np.append(x, x.min() - np.ptp(x)), "scan_ycoords": np.append(y, y[0])}
    found = FIELD.accept(arrays, context({**arrays, **scan}))
    assert (found.checks["coverage_x"], found.checks["coverage_y"]) == (0.5, 1.0)


def test_a_legacy_source(arrays, context):
    """Frames that come last in the source are those of the fixture."""
    source = {**arrays, "diffraction": np.moveaxis(arrays["diffraction"], 0, -1)}
    found = cut.accept(arrays, context(source, made={"layout": "legacy"}, layout="legacy"))
    assert found.failures == []


def test_a_source_of_intensities(arrays, context):
    """They are turned into amplitudes, as the generator does."""
    source = {**arrays, "diffraction": arrays["diffraction"].astype("<f8") ** 2}
    assert cut.accept(arrays, context(source, measurement="intensity")).failures == []
    criteria = {failure.criterion for failure in cut.accept(arrays, context(source)).failures}
    assert criteria == {"source"}, "intensities pass for amplitudes"


def test_another_form(arrays, context):
    """A variant's own arrays are held against its contract; its canonical ones against all."""
    made = {"canonical": arrays}
    contracts = (LEGACY, DATA_001.file)
    found = cut.accept(arrays, context(contracts=contracts, made=made))
    assert {failure.criterion.partition(".")[0] for failure in found.failures} == {
        "contract: diffraction", "contract: objectGuess", "contract: probeGuess",
    }  # fmt: skip


def test_a_planted_defect(arrays, context):
    """The criteria that refuse it are named; the good arrays stay the measured ones."""
    made = {"canonical": arrays, "defect": {"name": "doubled"}}
    doubled = {**arrays, "diffraction": 2 * arrays["diffraction"]}
    found = cut.accept(doubled, context(made=made))
    assert found.failures == []
    assert "scale" in found.refused_by
    assert cut.accept(arrays, context(made=made)).refused_by == []


def test_a_source_without_an_object(arrays, context):
    """Nothing is held against a model, and no mistake in the physics is looked for."""
    found = cut.accept(arrays, context(physics="not checked"))
    assert (found.failures, found.verdict) == ([], "not checked")
    assert found.summary == "covers 100.0% of x, 100.0% of y"


def test_a_source_is_asked_once_for_all_of_its_fixtures(arrays, context, monkeypatch):
    """As long as it is the same file, read in the same way; of another nothing is known."""
    asked, held_out = [], cut.held_out
    monkeypatch.setattr(cut, "held_out", lambda sample: asked.append(sample) or held_out(sample))
    monkeypatch.setattr(cut, "_OF_SOURCE", {})

    def found(**declared):
        described = context(noise="measured", photon_scale=None, **declared)
        return cut._source(described).held_out, len(asked)

    first, _ = found(sha256="a" * 64)
    assert found(sha256="a" * 64) == (first, 1)
    assert found(sha256="b" * 64)[1] == 2, "what is known of another file"
    assert found(sha256="b" * 64, measurement="intensity")[1] == 3, "read in another way"
    assert [found()[1], found()[1]] == [4, 5], "a file that nobody has read a digest of"
    assert len(cut._OF_SOURCE) == 1, "as many as there were"


@pytest.mark.parametrize(
    ("declared", "held_out"),
    [
        ({"noise": "measured", "photon_scale": None}, True),
        ({"declaration": {"object": "reconstruct"}}, True),
        ({}, False),
    ],
    ids=["measured", "reconstructed", "simulated"],
)
def test_frames_are_held_out_where_the_object_was_made_from_them(
    arrays, context, declared, held_out, monkeypatch
):
    """There, and nowhere else, frames that an object was not made from have to know their place."""
    asked = []
    monkeypatch.setattr(cut, "held_out", asked.append)
    cut.accept(arrays, context(**declared))
    assert [len(sample.frames) for sample in asked] == ([N] if held_out else [])


@pytest.mark.parametrize("noise", ["measured", "none"])
def test_what_is_usual_among_the_source_s_frames(arrays, context, noise, monkeypatch):
    """It is asked for where frames have errors of which nothing is known beforehand."""
    seen = []
    refused = Acceptance(failures=["enough"])
    monkeypatch.setattr(cut, "hold", lambda checked, source, *rest: seen.append(source) or refused)
    declared = {"photon_scale": None, "declaration": {"object": "reconstruct"}}
    cut.accept(arrays, context(noise=noise, **declared))
    assert [source.usual is not None for source in seen] == [noise == "measured"]


def test_a_source_that_is_no_scan(arrays, context):
    """It is the source that is to be mended."""
    source = {**arrays, "probeGuess": np.ones((3, 3))}
    with pytest.raises(CheckError) as caught:
        cut.accept(arrays, context(source))
    assert caught.value.subject == "source mine"
    assert caught.value.remedy == "correct the source: params.yaml sources.mine"
