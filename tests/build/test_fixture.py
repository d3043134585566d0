"""Tests of `registry.build.fixture`.

What sound sources turn into, and what does not get through.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from registry.build import fixture, source
from registry.digests import content_digest
from registry.identity import ledger, npz, schema, sidecar

# The whole physics for each test.
pytestmark = pytest.mark.slow

FOLDER = Path("tests/fixtures/pytorch_integration")
DATA, SIDECAR = FOLDER / "small_v1.npz", FOLDER / "small_v1.json"
CREATED = "2026-11-23T00:00:00+00:00"
FLAGS = [f"{FOLDER}/small_v1", "--generator", "subset_v1", "--source", "mine", "--n_subset", "16",
         "--created", CREATED]  # fmt: skip
EVENLY = [*FLAGS, "--strategy", "evenly_spaced"]
# What these flags select from 40 positions.
INDICES = [0, 2, 5, 7, 10, 13, 15, 18, 20, 23, 26, 28, 31, 33, 36, 39]


@pytest.fixture
def declare(run, put, photon_scale, few_planted):
    """Build a source from a scan, as file_v1 does."""

    def build(scan: dict[str, np.ndarray], *flags: str) -> None:
        noise = ["--noise", "poisson", "--photon_scale", str(photon_scale)]
        declared = ["mine", "--generator", "file_v1", "--licence", "MIT", *put(scan), *flags]
        if "--noise" not in flags:
            declared += noise
        ended = run(source.main, *declared)
        assert ended.code == 0, f"the source is refused: {ended.err}"

    return build


def built() -> dict[str, np.ndarray]:
    """Arrays of the fixture that was built, read as strictly as tests read it."""
    return npz.parse(DATA.read_bytes(), subject="small_v1")


# What sound sources turn into


def as_intensity(scan: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same scan as a detector counts it: the square of the amplitude."""
    return {**scan, "diffraction": scan["diffraction"].astype(np.float64) ** 2}


SOUND = {
    "canonical": (lambda scan, legacy: scan, []),
    "canonical-declared": (lambda scan, legacy: scan, ["--layout", "canonical"]),
    "legacy": (lambda scan, legacy: legacy(scan), []),
    "intensity": (lambda scan, legacy: as_intensity(scan), ["--measurement", "intensity"]),
    "legacy-intensity": (
        lambda scan, legacy: as_intensity(legacy(scan)),
        ["--measurement", "intensity"],
    ),
    "fortran": (
        lambda scan, legacy: {key: np.asfortranarray(array) for key, array in scan.items()},
        [],
    ),
    "big-endian": (
        lambda scan, legacy: {
            key: array.astype(array.dtype.newbyteorder(">")) for key, array in scan.items()
        },
        [],
    ),
    "diff3d": (
        lambda scan, legacy: {
            "diff3d" if key == "diffraction" else key: array for key, array in scan.items()
        },
        [],
    ),
}


@pytest.mark.parametrize("form", SOUND)
def test_the_same_scan_in_any_form_is_the_same_fixture(run, declare, scan, legacy, form):
    """Layout, precision, byte order, memory order and intensity leave no trace in the arrays."""
    change, flags = SOUND[form]
    declare(change(scan, legacy), *flags)
    ended = run(fixture.main, *EVENLY)
    assert (ended.code, ended.err) == (0, ""), "a sound source is refused"
    arrays = built()
    expected = {name: array if array.ndim == 2 else array[INDICES] for name, array in scan.items()}
    assert set(arrays) == set(expected), "not the arrays of the scan"
    for name, array in expected.items():
        assert arrays[name].dtype.str == array.dtype.str, f"{name} has another dtype"
        np.testing.assert_array_equal(arrays[name], array, err_msg=f"{name} changed")


@pytest.mark.parametrize(
    ("form", "steps"),
    [
        ("canonical", []),
        (
            "legacy",
            [
                "diffraction: transpose (H,W,N) -> (N,H,W)",
                "diffraction: dtype float64 -> float32",
                "objectGuess: dtype complex128 -> complex64",
                "probeGuess: dtype complex128 -> complex64",
            ],
        ),
        (
            "intensity",
            [
                "diffraction: square root of intensity -> amplitude",
                "diffraction: dtype float64 -> float32",
            ],
        ),
        ("diff3d", ["diff3d: rename to diffraction"]),
    ],
)
def test_every_conversion_is_in_the_sidecar(run, declare, scan, legacy, form, steps):
    """What was done to the source's arrays is told, and nothing that was not done."""
    change, flags = SOUND[form]
    declare(change(scan, legacy), *flags)
    run(fixture.main, *EVENLY)
    first, *others = json.loads(SIDECAR.read_bytes())["transformations"]
    assert first == (
        "every per-position array: evenly_spaced subset of 16 of 40 positions (subset_indices)"
    ), "the selection is not told"
    assert others == steps, "not what was done"


def test_the_sidecar(run, declare, scan, put, top, photon_scale):
    """Identity, origin, parameters and hashes are those of what was declared and built."""
    flags = put(scan)
    commit = "0123456789abcdef0123456789abcdef01234567"
    (top / "generators/file_v1.py").write_bytes(b"from generators import d_v1\n")
    (top / "generators/d_v1.py").write_bytes(b"hello = 1\n")
    declare(scan, "--commit", commit)
    run(fixture.main, *EVENLY, "--diff3d")
    record = json.loads(SIDECAR.read_bytes())
    data = DATA.read_bytes()
    expected = {
        "name": "small_v1",
        "version": "v1",
        "created": CREATED,
        "licence": "MIT",
        "generator_script": "generators/subset_v1.py",
        "generator_commit": "blob:454b49f04cc661e237dfb6d79691d540db6e894d",
        "generator_helpers": {
            "generators/exact_v1.py": "blob:33bc01c9445ded4a820eadc671f8b53f27b2330a"
        },
        "generator_parameters": {
            "strategy": "evenly_spaced",
            "n_subset": 16,
            "diff3d": True,
            "Y": False,
        },
        "source_dataset": "build/sources/mine.npz",
        "source_sha256": flags[3],
        "source_commit": commit,
        # as git hash-object prints them
        "source_generators": {
            "generators/d_v1.py": "blob:d7501694bb581f4ca76a85243ba9efa0d3d0eed7",
            "generators/file_v1.py": "blob:aeb00dc869c6ef6081e7d09eb41527aa7a025d54",
        },
        "subset_strategy": "evenly_spaced",
        "subset_size": 16,
        "subset_indices": INDICES,
        "sha256_checksum": hashlib.sha256(data).hexdigest(),
        "content_sha256": content_digest(built()),
        "size": len(data),
        "contract": "data_001_v1.schema.json",
        "field": "ptychography",
        "verdict": "checked",
        "suite": "ptychography_v1",
        "ptychography": {"noise": "poisson", "photon_scale": photon_scale},
    }
    assert {key: record[key] for key in expected} == expected, "not what was declared and built"
    schemas = ["data_001_v1", "ptychography_v1", "sidecar_v3"]
    assert list(record["schemas"]) == [f"{name}.schema.json" for name in schemas]
    for file in ("sidecar_v3.schema.json", "ptychography_v1.schema.json"):
        assert schema.problems(record, top / "schemas" / file) == [], f"it breaks {file}"
    assert set(record["arrays"]) == set(built()), "not every array is listed"
    assert not {"reason", "defect"} & set(record), "fields of what there is none of"


def test_a_published_version_is_built_again(run, declare, scan, top):
    """The same is fine; what would be something else is refused, and files stay as they were."""
    declare(scan)
    run(fixture.main, *EVENLY)
    record = sidecar.Sidecar.from_dict(json.loads(SIDECAR.read_bytes()), subject="small_v1")
    (top / ledger.FILE).write_bytes(ledger.extended(top, [ledger.line(record)]))
    assert run(fixture.main, *EVENLY).code == 0, "the same bytes are refused"
    before = DATA.read_bytes(), SIDECAR.read_bytes()
    later = ["2026-11-24T00:00:00+00:00" if word == CREATED else word for word in EVENLY]
    for changed in ([*EVENLY, "--diff3d"], later):
        ended = run(fixture.main, *changed)
        assert ended.code == 1, changed
        assert ended.err.startswith("error: fixture small_v1: published and immutable\n")
        assert "  to mend:  declare the change as small_v2 in params.yaml" in ended.err
        assert (DATA.read_bytes(), SIDECAR.read_bytes()) == before, changed


def test_the_sidecar_names_no_folder(run, declare, scan, tmp_path):
    """Nothing in it depends on the machine: not even where the source's file lies."""
    declare(scan)
    run(fixture.main, *EVENLY)
    assert str(tmp_path) not in SIDECAR.read_text(), "a folder of this machine is in the sidecar"


def test_a_source_without_a_commit_has_its_generators_id(run, declare, scan):
    """What is known of a source's origin before a commit exists is recorded in its place."""
    declare(scan)
    run(fixture.main, *EVENLY)
    record = json.loads(SIDECAR.read_bytes())
    made_by = json.loads(Path("build/sources/mine.json").read_bytes())["generators"]
    assert record["source_commit"] == made_by["generators/file_v1.py"], "not its generator's id"
    assert record["source_generators"] == made_by, "not all that made the source"


def test_built_twice_it_is_the_same(run, declare, scan, files_below):
    """The same declaration gives the same two files, byte for byte."""
    declare(scan)
    run(fixture.main, *EVENLY, "--Y")
    one = files_below(Path("tests"))
    run(fixture.main, *EVENLY, "--Y")
    assert files_below(Path("tests")) == one, "a second run gives other bytes"


def test_what_was_built_is_said(run, declare, scan):
    """One line tells what was measured."""
    declare(scan)
    ended = run(fixture.main, *EVENLY)
    digest = hashlib.sha256(DATA.read_bytes()).hexdigest()[:12]
    assert f"fixture small_v1: {len(DATA.read_bytes())} bytes, sha256 {digest}; covers" in ended.out
    assert "own match 100.0%" in ended.out, "not what was measured"


# What does not get through


def check_refused(ended, code: int, *said: str) -> None:
    """The run ended with a message, and there is no fixture."""
    assert ended.code == code, f"exit code {ended.code}: {ended.err}"
    assert ended.out == "", "something on stdout"
    for text in said:
        assert text in ended.err, f"{text!r} is not said: {ended.err}"
    assert "\n  to mend:  " in ended.err, "no remedy"
    left = [path for path in Path("tests").rglob("*") if path.is_file()]
    assert left == [], "something was left behind"


def test_first_on_a_real_raster(run, declare, scan):
    """`first` covers a strip of the scan, and the message names the strategy to use."""
    declare(scan)
    ended = run(fixture.main, *FLAGS, "--strategy", "first")
    check_refused(
        ended,
        1,
        "error: fixture small_v1: 1 criterion not met",
        "coverage: expected a subset that spans more than 50% of the source in x and y; found ",
        "with strategy first; use strategy: evenly_spaced (or grid)",
    )


def test_every_failed_criterion_is_named(run, declare, scan):
    """Coverage, amplitude, scale and alignment fail at once, and each is told."""
    scan["diffraction"] = np.roll(scan["diffraction"], 1, axis=0) * np.float32(20)
    declare(scan, "--noise", "measured")
    ended = run(fixture.main, *FLAGS, "--strategy", "first")
    check_refused(
        ended,
        1,
        "contract: diffraction.range.1: expected less than 10; found 3",
        "coverage: expected a subset that spans more than 50%",
        "scale: expected frames between ",
        "own-match: expected each frame matched best by the model of its own position",
        "edit params.yaml fixtures.small_v1, or its source; the last good fixture and its "
        "sidecar are as they were",
    )


def test_intensity_handed_over_as_amplitude(run, declare, scan):
    """The square of an amplitude is noticed even where it is small enough."""
    declare(as_intensity(scan))
    check_refused(run(fixture.main, *EVENLY), 1, "criteria not met")


def test_amplitude_declared_as_intensity(run, declare, scan):
    """So is the root of an amplitude."""
    declare(scan, "--measurement", "intensity")
    check_refused(run(fixture.main, *EVENLY), 1, "criteria not met")


def test_negative_intensity(run, declare, scan):
    """A count below zero has no root: it is refused, not turned into NaN."""
    scan = as_intensity(scan)
    scan["diffraction"][7, 0, 0] = -1
    declare(scan, "--measurement", "intensity")
    ended = run(fixture.main, *EVENLY)
    check_refused(ended, 1, "diffraction: expected intensities of at least 0, found -1.0")


def test_a_duplicated_frame(run, declare, scan):
    """Frames are pairwise different."""
    scan["diffraction"][2] = scan["diffraction"][0]
    declare(scan)
    ended = run(fixture.main, *EVENLY)
    check_refused(ended, 1, "distinct: expected pairwise different frames; found frame 1 equal to")


def test_more_positions_than_there_are(run, declare, scan):
    """A subset is not larger than its source."""
    declare(scan)
    ended = run(fixture.main, *EVENLY, "--n_subset", "41")
    check_refused(ended, 1, "n_subset: expected at most the source's 40 positions, found 41")


def test_random_without_a_seed(run, declare, scan):
    """A selection that depends on a seed needs one."""
    declare(scan)
    ended = run(fixture.main, *FLAGS, "--strategy", "random")
    check_refused(ended, 1, "seed: expected an integer for strategy random, found none")


def test_no_source(run):
    """A source that was not built is exit code 3, with the command that builds it."""
    check_refused(run(fixture.main, *EVENLY), 3, "to mend:  dvc repro source@mine")


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"x"), lambda path: path.unlink()])
def test_a_source_that_is_not_the_recorded_one(run, declare, scan, spoil):
    """A source's file is held against its record before it is read."""
    declare(scan)
    spoil(Path("build/sources/mine.npz"))
    check_refused(run(fixture.main, *EVENLY), 1, "to mend:  dvc repro --force source@mine")


def test_a_refused_fixture_leaves_the_last_good_one(run, declare, scan, files_below):
    """What was built before stays as it was, sidecar included."""
    declare(scan)
    run(fixture.main, *EVENLY)
    before = files_below(Path("tests"))
    assert len(before) == 2, "the good fixture was not built"
    assert run(fixture.main, *FLAGS, "--strategy", "first").code == 1, "a bad one was accepted"
    assert files_below(Path("tests")) == before, "the last good fixture changed"


def test_a_full_disk(run, declare, scan, files_below, monkeypatch):
    """Where the sidecar no longer fits, the arrays are not replaced either."""
    declare(scan)
    run(fixture.main, *EVENLY)
    before = files_below(Path("tests"))
    synced = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    ended = run(fixture.main, *EVENLY, "--n_subset", "20")
    assert ended.code == 3, "not the exit code of what is out of reach"
    assert f"error: file {SIDECAR}\n" in ended.err, "the file is not named"
    assert "No space left on device" in ended.err, "the reason is not told"
    assert files_below(Path("tests")) == before, "half a pair is new, or something was left behind"


# What generators of variants hand over


VARIANT = """
import numpy as np
from generators import subset_v1


def generate(params, source, declared):
    cut, record = subset_v1.generate(params, source, declared)
"""
DOUBLED = """
    emitted = {**cut, "diffraction": cut["diffraction"].astype("<f8")}
    return emitted, {**record, "canonical": cut}
"""
ROLLED = """
    canonical = {**cut, "diffraction": np.roll(cut["diffraction"], 1, axis=0)}
    return cut, {**record, "canonical": canonical}
"""
SWAPPED = """
    own = {{name: array.astype(array.dtype.newbyteorder("{order}")) for name, array in cut.items()}}
    return own, {{**record, "canonical": own}}
"""


@pytest.fixture
def variant(generator, run, declare, scan):
    """Build a fixture with a made-up generator: `subset_v1`, and what some lines make of it."""

    def build(lines, *contracts):
        contracts = [f"{name}.schema.json" for name in contracts or ["data_001_v1"]]
        generator("variant_v1", VARIANT + lines, contracts=contracts)
        flags = ["variant_v1" if flag == "subset_v1" else flag for flag in EVENLY]
        return run(fixture.main, *flags)

    declare(scan)
    return build


def test_a_variant_in_another_form(variant, top):
    """The physics is that of the canonical arrays; what comes out is held to its own contract."""
    text = (top / "schemas/data_001_v1.schema.json").read_text()
    (top / "schemas/doubled_v1.schema.json").write_text(text.replace('"<f4"', '"<f8"'))
    ended = variant(DOUBLED, "doubled_v1", "data_001_v1")
    assert ended.code == 0, ended.err
    record = json.loads(SIDECAR.read_bytes())
    assert record["contract"] == "doubled_v1.schema.json", "not its contract"
    assert "doubled_v1.schema.json" in record["schemas"], "its contract's digest is not told"
    assert set(record["generator_helpers"]) == {
        "generators/exact_v1.py",
        "generators/subset_v1.py",
    }, "not what the generator imports"
    assert built()["diffraction"].dtype == np.float64, "not what the generator emitted"
    assert record["checks"]["own_match_rate"] == 1.0, "the physics was not checked"


def test_on_a_big_endian_machine(variant, declare, run, scan, monkeypatch):
    """Arrays in its own order, the canonical ones as well, make the same fixture and sidecar."""
    assert variant(SWAPPED.format(order="<")).code == 0
    expected, record = DATA.read_bytes(), json.loads(SIDECAR.read_bytes())
    monkeypatch.setattr(sys, "byteorder", "big")
    ended = variant(SWAPPED.format(order=">"))
    assert ended.code == 0, ended.err
    assert DATA.read_bytes() == expected, "other bytes"
    found = json.loads(SIDECAR.read_bytes())
    # its code is another one here
    assert {**found, "generator_commit": record["generator_commit"]} == record


@pytest.mark.parametrize(
    ("lines", "criterion"),
    [(ROLLED, "own-match: expected"), (DOUBLED, "contract: diffraction.dtype: expected")],
    ids=["canonical", "emitted"],
)
def test_a_variant_of_which_one_form_is_bad(variant, lines, criterion):
    """Neither the canonical arrays nor those that come out may break a rule of theirs."""
    check_refused(variant(lines, "data_001_v1", "data_001_v1"), 1, criterion)


def test_a_planted_defect(variant):
    """The sidecar has its name, and the criteria that refuse it without asking the source."""
    ended = variant("""
    defect = {"name": "x_plus_1px", "description": "x coordinates 1 px too large"}
    emitted = {**cut, "xcoords": cut["xcoords"] + 1}
    return emitted, {**record, "canonical": cut, "defect": defect}
""")
    assert ended.code == 0, ended.err
    assert "before the defect x_plus_1px, which is refused by alternatives" in ended.out
    record = json.loads(SIDECAR.read_bytes())
    assert record["defect"]["name"] == "x_plus_1px", "not its name"
    assert "alternatives" in record["defect"]["refused_by"], "not what refuses it"
    assert not {"source", "coverage"} & set(record["defect"]["refused_by"]), "a source was asked"
    assert record["checks"]["own_match_rate"] == 1.0, "not the figures of the good arrays"


def test_a_planted_defect_that_makes_no_difference(variant):
    """What no criterion refuses is no defect, and is not built."""
    ended = variant("""
    defect = {"name": "nothing", "description": "nothing"}
    return cut, {**record, "canonical": cut, "defect": defect}
""")
    check_refused(
        ended, 1, "fixture small_v1: defect nothing", "none: what was planted makes no difference"
    )


def test_a_defect_in_a_bad_fixture(variant):
    """The arrays before the defect have to be good."""
    ended = variant("""
    rolled = {**cut, "diffraction": np.roll(cut["diffraction"], 1, axis=0)}
    return rolled, {**record, "canonical": rolled, "defect": {"name": "x", "description": "x"}}
""")
    check_refused(ended, 1, "own-match: expected each frame matched best")
