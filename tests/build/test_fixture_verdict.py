"""Tests of `registry.build.fixture`: what it makes of the verdict on the physics."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry.build import fixture, source
from registry.failure import Failure
from registry.identity import schema
from registry.ptychography.field import FIELD
from registry.ptychography.scan import Scan
from tests.proof.cases import counted, reconstructed, shuffled, sound, worked_out

# The whole physics for each test.
pytestmark = pytest.mark.slow

SIDECAR = Path("tests/fixtures/pytorch_integration/small_v1.json")
FLAGS = (f"{SIDECAR.parent}/small_v1",
         "--generator", "subset_v1", "--source", "mine", "--n_subset", "16",
         "--created", "2026-11-23T00:00:00+00:00", "--strategy", "evenly_spaced")  # fmt: skip
DECLARED = ("--physics", "undecided")
REASON = "models of different positions are the same to 1e-9"


@pytest.fixture
def build(run, put, scan, photon_scale):
    """Build a source from a sound scan, and a fixture from it."""
    noise = ("--noise", "poisson", "--photon_scale", str(photon_scale))
    declared = ("mine", "--generator", "file_v1", "--licence", "MIT", *put(scan), *noise)
    assert run(source.main, *declared).code == 0, "the source is refused"
    return lambda *flags: run(fixture.main, *FLAGS, *flags)


@pytest.fixture
def found(monkeypatch):
    """Let the field find other things than it does."""
    accept = FIELD.accept

    def put(**fields):
        monkeypatch.setattr(FIELD, "accept", lambda *given: replace(accept(*given), **fields))

    return put


def test_undecided_as_declared(build, found, top):
    """What the data cannot tell stands in the sidecar with the reason, and so does who said so."""
    found(verdict="undecided", reason=REASON)
    ended = build(*DECLARED)
    assert ended.code == 0, ended.err
    assert f"physics undecided: {REASON}\n" in ended.out, "it is not said"
    record = json.loads(SIDECAR.read_bytes())
    assert (record["verdict"], record["reason"]) == ("undecided", REASON)
    assert record["generator_parameters"]["physics"] == "undecided", "not as declared"
    assert record["checks"]["own_match_rate"] == 1.0, "figures are left out"
    for file in ("sidecar_v3.schema.json", "ptychography_v1.schema.json"):
        assert schema.problems(record, top / "schemas" / file) == [], f"it breaks {file}"


def test_undecided_and_not_declared(build, found):
    """Nobody gets an undecided fixture without having asked for one."""
    found(verdict="undecided", reason=REASON)
    ended = build()
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: fixture small_v1: physics undecided\n"
        "  expected: data that tell whether frames, positions, probe and object belong together; "
        "or an entry with physics: undecided\n"
        f"  found:    {REASON}\n"
        "  to mend:  take data that can tell, or say physics: undecided in "
        "params.yaml fixtures.small_v1\n"
    )
    assert not SIDECAR.exists(), "it is written all the same"


def test_undecided_and_no_key_to_declare_it(build, found, top):
    """A generator whose schema does not have the key is told where it has to be."""
    found(verdict="undecided", reason=REASON)
    path = top / "generators/subset_v1.schema.json"
    rules = json.loads(path.read_bytes())
    del rules["properties"]["physics"]
    path.write_text(json.dumps(rules))
    assert (
        "  to mend:  take data that can tell, or say physics: undecided in "
        "params.yaml fixtures.small_v1, for which generators/subset_v1.schema.json needs the key "
        "physics\n"
    ) in build().err


@pytest.mark.parametrize(
    ("verdict", "reason", "said"),
    [
        ("checked", "", "the verdict checked"),
        ("not checked", "no object", "the verdict not checked: no object"),
    ],
)
def test_declared_and_not_undecided(build, found, verdict, reason, said):
    """A declaration that is not true of the data does not stay."""
    found(verdict=verdict, reason=reason)
    ended = build(*DECLARED)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: fixture small_v1: physics declared as undecided\n"
        "  expected: an entry without the key physics, which only undecided data have\n"
        f"  found:    {said}\n"
        "  to mend:  remove physics: undecided from params.yaml fixtures.small_v1\n"
    )
    assert not SIDECAR.exists(), "it is written all the same"


@pytest.mark.parametrize("declared", [(), DECLARED])
def test_a_failed_criterion_refuses_whatever_is_declared(build, found, declared):
    """What contradicts the model is wrong, and not undecided."""
    failure = Failure(criterion="own-match", expected="one thing", found="another")
    found(verdict="undecided", reason=REASON, failures=[failure])
    ended = build(*declared)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: fixture small_v1: 1 criterion not met\n")
    assert "own-match: expected one thing; found another" in ended.err


def test_planted_mistakes(build):
    """What the criteria find of each goes into the sidecar."""
    assert build().code == 0
    mistakes = json.loads(SIDECAR.read_bytes())["mistakes"]
    assert mistakes["found"]["permuted_frames"] == ["own-match"]
    assert mistakes["found"]["doubled_frames"] == ["scale"]
    assert len(mistakes["found"]) + len(mistakes["missed"]) + len(mistakes["none"]) == 49
    assert set(mistakes["smallest"]) == {"x", "y"}


def test_frames_are_held_out_where_the_object_was_made_from_them(build, few_planted):
    """Whatever is declared of the noise: such an object explains any frames."""
    assert build().code == 0
    path = Path("build/sources/mine.json")
    record = json.loads(path.read_bytes())
    for made, asked in (("file", False), ("reconstruct", True)):
        record["declaration"]["object"] = made
        path.write_text(json.dumps(record))
        assert fixture.main([*FLAGS]) == 0
        found = json.loads(SIDECAR.read_bytes())["checks"]["held_out_z"]
        assert (found is not None) == asked, made


# What is handed over as measured, with an object that was made elsewhere


@pytest.fixture
def measured(run, put, few_planted):
    """Build a source from a scan that is declared as measured, and a fixture from it."""

    def built(found: Scan, *flags: str):
        arrays = {
            "diffraction": found.frames.astype("<f4"),
            "objectGuess": found.obj.astype("<c8"),
            "probeGuess": found.probe.astype("<c8"),
            "xcoords": found.x,
            "ycoords": found.y,
        }
        declared = ("mine", "--generator", "file_v1", "--licence", "MIT", "--noise", "measured")
        assert run(source.main, *declared, *put(arrays)).code == 0, "the source is refused"
        return run(fixture.main, *FLAGS, *flags)

    return built


def test_a_measured_scan(measured):
    """Its frames know their place, though the fixture has no more than 16 of them."""
    ended = measured(worked_out(sound(3, 40, 1e5)[0]))
    assert ended.code == 0, ended.err
    record = json.loads(SIDECAR.read_bytes())
    assert record["verdict"] == "checked"
    assert record["checks"]["held_out_z"] > 6, "nothing was held out"


def test_a_reconstruction_of_wrongly_paired_frames(measured):
    """It explains its frames as well as a right one does, and is not called checked."""
    scan = sound(3, 40, 1e4)[0]
    wrong = worked_out(replace(scan, frames=scan.frames[shuffled(1, 40)]))
    ended = measured(wrong)
    assert ended.code == 1, ended.out
    assert "own-match" in ended.err or "held-out frames do not know their place" in ended.err
    assert not SIDECAR.exists()


def test_an_empty_beam(measured):
    """Nothing tells where nothing was; what says so is built."""
    beam = replace(sound(3, 40, 1e5)[0], obj=np.ones((227, 226), complex))
    frames, _ = counted(beam.model(), 1e5, 4)
    beam = reconstructed(replace(beam, frames=frames))
    ended = measured(beam)
    assert (ended.code, ended.out) == (1, "")
    assert "fixture small_v1: physics undecided\n" in ended.err, ended.err
    assert "held-out frames do not know their place: z = " in ended.err
    assert measured(beam, *DECLARED).code == 0
    record = json.loads(SIDECAR.read_bytes())
    assert record["verdict"] == "undecided"
    assert record["mistakes"]["missed"], "planted mistakes are found in nothing"
