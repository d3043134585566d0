"""The variants that params.yaml has in store: each is one line away, and none is built before."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from registry.build import fixture, record, scratch, source, stage
from registry.declare import params
from registry.digests import content_digest
from registry.errors import CheckError
from registry.identity import foreign_npz, sidecar
from registry.identity.sidecar import Sidecar
from registry.ptychography import planted
from registry.ptychography.acceptance import as_scan
from tests.kit import repository
from tests.kit.once import once
from tests.kit.repository import FOLDER, REPOSITORY

# A line that declares a variant once "# " is removed: its name, and the whole entry.
OFF = re.compile(r"^  # ([a-z0-9_]+): (\{<<: .*\})$", re.MULTILINE)
TEXT = repository.params()

# Name to the first digits of the SHA-256 of its arrays' content.
SOURCES = (
    "run1084_twin_1e3",
    "run1084_twin_1e4",
    "run1084_twin_modes",
    "run1084_twin_jittered",
)
FIXTURES = {
    "minimal_dataset_v1_legacy": "eb7b7bd3851e",
    "minimal_dataset_v1_intensity": "11097716c8ec",
    "minimal_dataset_v1_photons_1e3": "0d673ed96a50",
    "minimal_dataset_v1_photons_1e4": "71faeea84ff9",
    "minimal_dataset_v1_modes": "4d95b7b61c92",
    "minimal_dataset_v1_jittered": "563c7e783837",
    "minimal_dataset_v1_defect_first_frames": "5e456b179a01",
    "minimal_dataset_v1_defect_x_plus_1px": "05379b417d85",
    "minimal_dataset_v1_defect_duplicated_frame": "7eea0082e268",
    "minimal_dataset_v1_defect_nan_pixel": "ae3a441b733d",
}


def switched_on(text: str, *names: str) -> str:
    """params.yaml without the "# " in front of some variants."""
    for name in names:
        text, count = re.subn(rf"(?m)^  # {name}: \{{", f"  {name}: {{", text)
        assert count == 1, f"{name} is there {count} times"
    return text


@pytest.fixture
def declared(tmp_path):
    """Load a declaration beside this repository's schemas and generators."""

    def load(text: str) -> params.Params:
        for name in ("schemas", "generators"):
            shutil.copytree(REPOSITORY / name, tmp_path / name, dirs_exist_ok=True)
        (tmp_path / "params.yaml").write_text(text)
        return params.load(tmp_path)

    return load


def test_the_lines_in_store():
    """Those listed here, which a test builds, and no others."""
    assert [match[1] for match in OFF.finditer(TEXT)] == [*SOURCES, *FIXTURES]


@pytest.mark.parametrize("name", FIXTURES)
def test_a_line_is_an_entry(declared, name):
    """One line, with that of its source where it has its own, is a sound declaration."""
    (line,) = [match[2] for match in OFF.finditer(TEXT) if match[1] == name]
    own = [source for source in SOURCES if f"source: {source}}}" in line]
    before, after = declared(TEXT), declared(switched_on(TEXT, name, *own))
    assert after.fixtures.keys() - before.fixtures.keys() == {name}
    assert after.sources.keys() - before.sources.keys() == set(own)
    assert {key: after.fixtures[key] for key in before.fixtures} == before.fixtures


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("run1084_twin_modes", "modes: 3", "modes: 5", "modes: expected at most 4; found 5"),
        ("run1084_twin_modes", "modes: 3", "modes: 1", "modes: expected at least 2; found 1"),
        ("run1084_twin_modes", ", dominant_power: 0.7", "",
         "dominant_power: expected a value beside modes; found none"),
        ("run1084_twin_modes", "modes: 3, ", "",
         "modes: expected a value beside dominant_power; found none"),
        ("run1084_twin_modes", "power: 0.7", "power: 1", "dominant_power: expected less than 1;"),
        ("run1084_twin_jittered", "px: 2", "px: 0", "jitter_px: expected more than 0; found 0"),
        ("run1084_twin_jittered", "px: 2", "px: 17", "jitter_px: expected at most 16; found 17"),
        ("run1084_twin_1e4", "photons", "modes: 2, photons", "modes: expected one of the known"),
        ("minimal_dataset_v1_legacy", "diff3d: false", "Y: true", "Y: expected one of the known"),
        ("minimal_dataset_v1_legacy", "16", "15", "n_subset: expected at least 16; found 15"),
        ("minimal_dataset_v1_legacy", "16,", "16, strategy: random,", "seed: expected a value"),
        ("minimal_dataset_v1_intensity", "intensity_v1}", "intensity_v1, n_subset: 129}",
         "n_subset: expected at most 128; found 129"),
        ("minimal_dataset_v1_defect_nan_pixel", "defect: nan_pixel", "seed: 1",
         "seed: expected no seed, which strategy: random alone has"),
        ("minimal_dataset_v1_defect_nan_pixel", ", defect: nan_pixel", "",
         "defect: expected a value; found none"),
        ("minimal_dataset_v1_defect_nan_pixel", "defect: nan_pixel", "defect: worse",
         "defect: expected a defect that generators/defect_v1.py can plant: \"first_frames\","),
    ],
)  # fmt: skip
def test_a_line_with_a_mistake(declared, name, old, new, message):
    """What a generator cannot work with is refused before it runs, by its dotted path."""
    (line,) = [match[0] for match in OFF.finditer(TEXT) if match[1] == name]
    head, found, tail = line.rpartition(old)
    assert found, f"{old} is not in {line}"
    text = switched_on(TEXT.replace(line, head + new + tail), name)
    kind = "sources" if name in SOURCES else "fixtures"
    with pytest.raises(CheckError) as caught:
        declared(text)
    assert f"{kind}.{name}.{message}" in caught.value.found, caught.value.found


def test_every_source_in_store_has_a_fixture():
    """No line declares a source that nothing is cut from."""
    for name in SOURCES:
        assert TEXT.count(f"source: {name}}}") == 1, name


@dataclass(frozen=True)
class Variant:
    """Arrays of a variant as declared, and the sidecar of it cut to sixteen frames, as built."""

    arrays: dict[str, np.ndarray]
    sidecar: Sidecar


def build(root: Path) -> None:
    """Build every variant in this process: only which mistakes it would show is left out."""
    for name in ("schemas", "generators"):
        shutil.copytree(REPOSITORY / name, root / name)
    (root / "params.yaml").write_text(switched_on(TEXT, *SOURCES, *FIXTURES))
    declared = params.load(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(planted, "MISTAKES", ())
        for name in ("run1084_twin", *SOURCES):
            source.main([name, *scratch.flags(declared.sources[name], root)])
        for name in FIXTURES:
            entry = declared.fixtures[name]
            cut_from = record.read(entry["source"])
            arrays, _ = stage.load_generator(entry["generator"]).generate(
                entry, foreign_npz.read(cut_from.path, subject=name), cut_from.to_dict()
            )
            np.savez(root / f"{name}.npz", **arrays)
            fixture.main([f"{FOLDER}/{name}", *scratch.flags({**entry, "n_subset": 16}, root)])


@pytest.fixture(scope="module")
def built(tmp_path_factory, request):
    """Every variant, made once for all workers."""
    root, found = once(tmp_path_factory, request.config, "variants", build), {}
    for name in FIXTURES:
        with np.load(root / f"{name}.npz") as file:
            arrays = dict(file)
        text = (root / FOLDER / f"{name}.json").read_bytes()
        found[name] = Variant(arrays, sidecar.parse(text, subject=name))
    return found


@pytest.mark.slow
def test_all_variants_are_built(built):
    """Each has the content that is pinned here, is accepted, and names what is special of it."""
    found = {name: content_digest(variant.arrays)[:12] for name, variant in built.items()}
    assert found == FIXTURES, "other arrays than those pinned here"
    special = {
        name.removeprefix("minimal_dataset_v1_"): (item.sidecar.contract, item.sidecar.verdict)
        for name, item in built.items()
        if (item.sidecar.contract, item.sidecar.verdict) != ("data_001_v1.schema.json", "checked")
    }
    assert special == {
        "legacy": ("data_001_legacy_v1.schema.json", "checked"),
        "intensity": ("data_001_intensity_v1.schema.json", "checked"),
        "modes": ("data_001_v2.schema.json", "checked"),
    }


@pytest.mark.slow
def test_loaders_arrive_at_the_good_fixture(built, v1, n16):
    """What is transposed, and what is counted, becomes the published fixture bit for bit."""
    legacy = built["minimal_dataset_v1_legacy"].arrays
    frames = np.moveaxis(legacy["diffraction"], -1, 0).astype(np.float32)
    np.testing.assert_array_equal(frames, n16.diffraction)
    for name in ("objectGuess", "probeGuess"):
        np.testing.assert_array_equal(legacy[name].astype(np.complex64), n16[name])
    intensity = built["minimal_dataset_v1_intensity"]
    counts, scale = intensity.arrays["diffraction"], intensity.sidecar.details["photon_scale"]
    assert (counts == np.rint(counts)).all(), "parts of photons"
    amplitude = np.sqrt(counts.astype(np.float64) / scale).astype(np.float32)
    np.testing.assert_array_equal(amplitude, v1.diffraction)


@pytest.mark.slow
@pytest.mark.parametrize(("photons", "r_factor"), [(1000, 0.838), (10000, 0.339)])
def test_photon_limited(built, photons, r_factor):
    """Frames hold as many photons as declared, on average, and pass the same checks."""
    variant = built[f"minimal_dataset_v1_photons_1e{len(str(photons)) - 1}"]
    scan, _ = as_scan(variant.arrays)
    power = (scan.frames.astype(np.float64) ** 2).sum(axis=(1, 2)).mean()
    assert power * variant.sidecar.details["photon_scale"] == pytest.approx(photons, rel=0.05)
    assert (scan.frames == 0).mean() > 0.75, "not the dark frames of docs/variants.md"
    assert variant.sidecar.checks["own_match_rate"] == 1.0, "noise hides where a frame belongs"
    found = np.abs(scan.frames - scan.model()).sum() / scan.frames.sum()
    assert round(float(found), 3) == r_factor, "not the figure of docs/variants.md"


@pytest.mark.slow
def test_jittered(built, v1):
    """Only the nominal positions differ from the published fixture, by up to two pixels."""
    jittered = built["minimal_dataset_v1_jittered"].arrays
    for name in set(v1) - {"xcoords_start", "ycoords_start"}:
        np.testing.assert_array_equal(jittered[name], v1[name])
    for axis in "xy":
        error = np.abs(jittered[f"{axis}coords_start"] - jittered[f"{axis}coords"])
        assert 1.8 < error.max() <= 2.0, axis


@pytest.mark.slow
def test_modes(built):
    """Three modes, the first of which has seven tenths of the power."""
    probe = built["minimal_dataset_v1_modes"].arrays["probeGuess"].astype(np.complex128)
    power = (np.abs(probe) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(power / power.sum(), [0.7, 0.2, 0.1], rtol=1e-6)


@pytest.mark.slow
def test_defects_say_so(built, v1):
    """The sidecar names the defect, what it is, and the criteria that refuse it."""
    found = {
        name: built[f"minimal_dataset_v1_defect_{name}"].sidecar.defect
        for name in ("first_frames", "x_plus_1px", "duplicated_frame", "nan_pixel")
    }
    assert {name: defect["name"] for name, defect in found.items()} == {n: n for n in found}
    refused = {name: set(defect["refused_by"]) for name, defect in found.items()}
    assert refused["first_frames"] >= {"own-match", "alternatives", "chi-square"}
    assert refused["x_plus_1px"] >= {"alternatives"}
    assert refused["duplicated_frame"] >= {"distinct", "own-match", "chi-square"}
    assert refused["nan_pixel"] == {
        "contract: diff3d.finite", "contract: diffraction.finite", "physics",
    }  # fmt: skip
    assert v1.sidecar.defect is None
