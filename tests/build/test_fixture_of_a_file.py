"""Fixtures cut from files that readers open: both runners together, with scan_v2."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from registry.build import fixture, source
from registry.identity import npz, schema
from registry.identity.sidecar import Sidecar
from registry.ptychography.forward import model_amplitude
from tests.kit.scans import twin

# The whole physics for each test.
pytestmark = pytest.mark.slow

FOLDER = Path("tests/fixtures/pytorch_integration")
DATA, SIDECAR = FOLDER / "mine_v1.npz", FOLDER / "mine_v1.json"
FIXTURE = [f"{FOLDER}/mine_v1", "--source", "mine", "--n_subset", "16",
           "--strategy", "evenly_spaced", "--created", "2026-11-24T00:00:00+00:00"]  # fmt: skip
SOURCE = ["mine", "--generator", "scan_v2", "--licence", "MIT", "--format", "npz",
          "--diffraction", "counts", "--zero_frequency", "corner", "--measurement", "intensity",
          "--noise", "measured", "--y_sign", "1"]  # fmt: skip
OBJECT = ["--object", "file", "--origin", "corner", "--probe_scale", "frames"]
NORMALISATION = 5000.0
# Evenly spaced among 36.
INDICES = [n * 35 // 15 for n in range(16)]


@pytest.fixture(scope="module")
def truth():
    """A scan of 36 frames."""
    return twin()


@pytest.fixture(scope="module")
def scan(truth):
    """It as a file has it: counts with the zero frequency in the corner, x with the other sign."""
    rng = np.random.default_rng(7)
    counts = rng.poisson(truth.amplitude**2 * NORMALISATION).astype(np.uint16)
    return {
        "counts": np.fft.ifftshift(counts, axes=(1, 2)),
        "objectGuess": truth.obj,
        "probeGuess": 40.0 * truth.probe,
        "xcoords": -truth.x,
        "ycoords": truth.y,
    }


@pytest.fixture
def build(run, put, few_planted):
    """Build the source and the fixture; how the latter ended."""

    def call(scan, *flags: str, generator="subset_v1", x_sign="-1"):
        declared = [*SOURCE, *put(scan), "--x_sign", x_sign, *flags]
        if "--normalisation" not in flags:
            declared += ["--normalisation", str(NORMALISATION)]
        ended = run(source.main, *declared)
        if ended.code:
            return ended
        return run(fixture.main, *FIXTURE, "--generator", generator)

    return call


def built() -> dict[str, np.ndarray]:
    """Arrays of the fixture."""
    return npz.parse(DATA.read_bytes(), subject="mine_v1")


def test_a_fixture_of_counts(build, scan, truth):
    """Counts in the corner become amplitudes in the middle, of the positions they belong to."""
    ended = build(scan, *OBJECT)
    assert (ended.code, ended.err) == (0, ""), "a sound scan is refused"
    assert "own match 100.0%" in ended.out, "the physics was not checked"
    arrays = built()
    counts = np.fft.fftshift(scan["counts"], axes=(1, 2))[INDICES]
    expected = np.sqrt(counts / NORMALISATION).astype("<f4")
    np.testing.assert_array_equal(arrays["diffraction"], expected, err_msg="other frames")
    np.testing.assert_array_equal(arrays["xcoords"], truth.x[INDICES])
    np.testing.assert_allclose(
        arrays["probeGuess"], truth.probe, atol=2e-2 * np.abs(truth.probe).max()
    )


def test_its_sidecar(build, scan, top):
    """It names what read the frames, all that was done, and no folder of this machine."""
    build(scan, *OBJECT)
    record = Sidecar.from_dict(json.loads(SIDECAR.read_bytes()), subject="mine_v1")
    detector = {"generators/scan_v2.py", "generators/detector_v1.py", "generators/sums_v1.py"}
    assert detector < set(record.source_generators), "not what turned the frames"
    assert record.source_declaration["path"] == "scan.npz", "a path, not a name"
    assert record.source_declaration["zero_frequency"] == "corner", "not what was declared"
    assert record.details == {"noise": "measured", "photon_scale": None}, "not what was declared"
    assert list(record.subset_indices) == INDICES, "not what was selected"
    for step in (
        "diffraction: zero frequency from the corner to the centre",
        "diffraction: amplitude = sqrt(counts / 5000)",
        "xcoords: sign inverted",
        "probeGuess: scaled so that frames and models have the same power in all frames",
        "diffraction: dtype float64 -> float32",
    ):
        assert step in record.transformations, f"not told: {step}"
    text = SIDECAR.read_text()
    assert str(top.parent) not in text, "a folder of this machine is in the sidecar"
    for file in ("sidecar_v3.schema.json", "ptychography_v1.schema.json"):
        assert schema.problems(record.to_dict(), top / "schemas" / file) == [], f"it breaks {file}"


def test_built_twice_it_is_the_same(build, scan, files_below):
    """The same declaration gives the same two files, byte for byte."""
    flags = ["--object", "reconstruct", "--sweeps", "3"]
    build(scan, *flags)
    one = files_below(Path("tests"))
    build(scan, *flags)
    assert files_below(Path("tests")) == one, "a second run gives other bytes"
    assert any("ePIE" in step for step in json.loads(SIDECAR.read_bytes())["transformations"])


def test_physics_that_is_not_checked(build, scan, top):
    """Without an object the fixture is built, and says that its physics is not checked."""
    ended = build(scan, "--object", "ones")
    assert ended.code == 0, ended.err
    assert "physics not checked: the source has no object" in ended.out, "it is not said"
    record = json.loads(SIDECAR.read_bytes())
    assert (record["verdict"], record["checks"]["own_match_rate"]) == ("not checked", None)
    assert record["reason"] == (
        "the source has no object that the forward model could be held against"
    ), "not why"
    for file in ("sidecar_v3.schema.json", "ptychography_v1.schema.json"):
        assert schema.problems(record, top / "schemas" / file) == [], f"it breaks {file}"
    assert record["checks"]["coverage_x"] > 0.5, "coverage was not measured"
    assert record["mistakes"]["found"] == {}, "by a criterion that was not asked"


def test_what_can_be_checked_without_an_object(build, scan):
    """Equal frames are refused all the same."""
    counts = scan["counts"].copy()
    counts[INDICES[2]] = counts[INDICES[0]]
    ended = build({**scan, "counts": counts}, "--object", "ones")
    assert ended.code == 1, "two equal frames are taken"
    assert "distinct: expected pairwise different frames" in ended.err, "not the criterion"


def test_a_wrong_sign_is_named(build, scan, truth):
    """With an object in the file, the model tells that x is mirrored."""
    low, high = truth.x.min(), truth.x.max()
    ended = build({**scan, "xcoords": (low + high) - truth.x}, *OBJECT, x_sign="1")
    assert ended.code == 1, "a wrong sign is taken"
    assert "alternatives: expected every named mistake" in ended.err, "not the criterion"
    assert "x mirrored" in ended.err, f"not the mistake: {ended.err}"


def test_a_frame_that_is_worse_than_the_others(build, scan):
    """Outliers are found by what is usual among the frames of the file."""
    counts = scan["counts"].copy()
    rng = np.random.default_rng(0)
    counts[INDICES[3]] = rng.permutation(counts[INDICES[3]].ravel()).reshape(64, 64)
    ended = build({**scan, "counts": counts}, *OBJECT)
    assert ended.code == 1, "an outlier is taken"
    assert "chi-square: expected each relative error at most" in ended.err, "not the criterion"
    assert "the worst is frame 3" in ended.err, "not the frame"


MIXED = """
import numpy as np
from generators import subset_v1


def generate(params, source, declared):
    cut, record = subset_v1.generate(params, source, declared)
    names = ("diffraction", "xcoords", "ycoords")
    return {**cut, **{name: np.roll(cut[name], 1, axis=0) for name in names}}, record
"""


def test_a_generator_that_mixes_up_frames(build, scan, generator):
    """The source's frames are read apart from the generator, and compared with what comes out."""
    generator("mixed_v1", MIXED)
    ended = build(scan, *OBJECT, generator="mixed_v1")
    assert ended.code == 1, "mixed-up frames are taken"
    assert "source: expected each frame to miss its model as the source's frame" in ended.err


def test_the_file_is_opened_once(run, put, scan, few_planted):
    """All of its frames are in the source, so that a fixture is cut where the file is gone."""
    flags = put(scan)
    declared = [*SOURCE, *flags, "--x_sign", "-1", *OBJECT, "--normalisation", str(NORMALISATION)]
    ended = run(source.main, *declared)
    assert ended.code == 0, f"the source is refused: {ended.err}"
    assert "source mine: scan.npz: SHA-256 of " in ended.out, "the digest's time is not told"
    with np.load("build/sources/mine.npz") as file:
        frames = file["diffraction"]
    counts = np.fft.fftshift(scan["counts"], axes=(1, 2))
    np.testing.assert_array_equal(frames, np.sqrt(counts / NORMALISATION))
    Path(flags[1]).unlink()
    ended = run(fixture.main, *FIXTURE, "--generator", "subset_v1")
    assert ended.code == 0, ended.err


def test_several_modes(build, scan, truth):
    """All modes of a file come into a fixture of `modes_v1`, whose contract has room for them."""
    weak = 0.5 * np.roll(truth.probe, 5, axis=1)
    modes = np.stack([truth.probe, weak])
    amplitude = model_amplitude(truth.obj, modes, truth.x, truth.y)
    counts = np.random.default_rng(7).poisson(amplitude**2 * NORMALISATION)
    changed = {**scan, "counts": np.fft.ifftshift(counts, axes=(1, 2)), "probeGuess": modes}
    ended = build(changed, *OBJECT, "--modes", "all", generator="modes_v1")
    assert ended.code == 0, ended.err
    assert built()["probeGuess"].shape == (2, 64, 64), "not both modes"
    record = json.loads(SIDECAR.read_bytes())
    assert record["contract"] == "data_001_v2.schema.json", "another contract"
    assert record["checks"]["own_match_rate"] == 1.0, "frames do not belong to their positions"
    # the dominant one alone does not explain them as well
    both = record["checks"]["r_factor"]
    build(changed, *OBJECT)
    assert json.loads(SIDECAR.read_bytes())["checks"]["r_factor"] > 1.5 * both


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--object", "file"], 1, "origin: expected corner"),
        ([*OBJECT, "--sample", "99"], 1, "sample: expected 16 to 36"),
        ([*OBJECT, "--normalisation", "1e-3"], 1, "normalisation: expected more than"),
    ],
)
def test_a_declaration_that_does_not_fit(build, scan, flags, code, said):
    """What the generator refuses is told with the entry to edit, and nothing is left behind."""
    ended = build(scan, *flags)
    assert (ended.code, ended.out) == (code, ""), "not a clean refusal"
    assert said in ended.err, f"not the reason: {ended.err}"
    assert "to mend:  correct the file, or its declaration: params.yaml sources.mine" in ended.err
    assert list(Path("build").rglob("*.npz")) == [], "something was left behind"


# Other formats, from end to end


def test_a_scan_in_cxi(run, tmp_path, truth, few_planted):
    """Frames in the middle of a larger detector, and positions in metres."""
    pixel = 1e-10 * 2.0 / (64 * 75e-6)
    counts = np.random.default_rng(7).poisson(truth.amplitude**2 * NORMALISATION)
    path = tmp_path / "scan.cxi"
    with h5py.File(path, "w") as file:
        file["entry_1/data_1/data"] = np.pad(counts, ((0, 0), (20, 40), (30, 30))).astype("u2")
        metres = np.stack([-truth.x, truth.y], axis=1) * pixel
        file["entry_1/sample_1/geometry_1/translation"] = metres
        instrument = "entry_1/instrument_1"
        file[f"{instrument}/detector_1/distance"] = 2.0
        file[f"{instrument}/detector_1/x_pixel_size"] = 75e-6
        file[f"{instrument}/detector_1/y_pixel_size"] = 75e-6
        file[f"{instrument}/source_1/energy"] = 1.986445857e-25 / 1e-10
        file[f"{instrument}/source_1/probe"] = truth.probe
        file["object"] = truth.obj
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    flags = ["--path", str(path), "--sha256", digest, "--format", "cxi", "--objectGuess", "object",
             "--zero_frequency", "centre", "--zero_row", "52", "--crop", "64", "--x_sign", "-1",
             "--y_sign", "1", "--object", "file", "--origin", "corner", "--noise", "poisson",
             "--measurement", "intensity", "--normalisation", str(NORMALISATION)]  # fmt: skip
    ended = run(source.main, "mine", "--generator", "scan_v2", "--licence", "MIT", *flags)
    assert ended.code == 0, ended.err
    ended = run(fixture.main, *FIXTURE, "--generator", "subset_v1")
    assert ended.code == 0, ended.err
    expected = np.sqrt(counts[INDICES] / NORMALISATION).astype("<f4")
    np.testing.assert_array_equal(built()["diffraction"], expected, err_msg="other frames")
    np.testing.assert_allclose(built()["xcoords"], truth.x[INDICES], rtol=1e-7)


def test_a_product_of_ptychodus(run, tmp_path, truth, few_planted):
    """Frames are simulated for it, at positions that count from the middle of its object."""
    rows, columns = truth.obj.shape
    path = tmp_path / "product.h5"
    with h5py.File(path, "w") as file:
        for name, array in (("object", truth.obj[None]), ("probe", truth.probe[None, None])):
            file[name] = array
            file[name].attrs.update(pixel_height_m=2e-8, pixel_width_m=2e-8)
        file["object"].attrs.update(center_x_m=1e-6, center_y_m=-2e-6)
        file["probe_position_x_m"] = (truth.x - columns / 2) * 2e-8 + 1e-6
        file["probe_position_y_m"] = (truth.y - rows / 2) * 2e-8 - 2e-6
        file.attrs.update(detector_object_distance_m=2.0, probe_energy_eV=9000.0)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    flags = ["--path", str(path), "--sha256", digest, "--format", "ptychodus", "--seed", "1",
             "--x_sign", "1", "--y_sign", "1", "--origin", "file"]  # fmt: skip
    ended = run(source.main, "mine", "--generator", "simulate_scan_v1", "--licence", "MIT", *flags)
    assert ended.code == 0, ended.err
    ended = run(fixture.main, *FIXTURE, "--generator", "subset_v1")
    assert ended.code == 0, ended.err
    np.testing.assert_allclose(built()["xcoords"], truth.x[INDICES], rtol=1e-9)
    np.testing.assert_allclose(built()["diffraction"], truth.amplitude[INDICES], atol=1e-6)
