"""Tests of `generators.simulate_v1`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import exact_v1, simulate_v1
from registry.digests import content_digest
from registry.ptychography.forward import model_amplitude

TWIN = {"seed": 1084, "photons_per_frame": 1e6, "max_amplitude": 1.7036}


@pytest.fixture(scope="module")
def _twin():
    return simulate_v1.generate(TWIN, None)


@pytest.fixture
def twin(_twin):
    """Arrays of the twin that params.yaml declares."""
    return _twin[0]


@pytest.fixture
def record(_twin):
    """What `simulate_v1` says of it."""
    return _twin[1]


@pytest.fixture
def tiny():
    """A reconstruction of 5 positions with a probe of 8 x 8."""
    numbers = exact_v1.uniform(9, (2, 20, 24))
    x, y = exact_v1.uniform(10, (2, 5)) * 10 + 5
    return {
        "objectGuess": exact_v1.join((numbers[0] + 0.5, numbers[1])),
        "probeGuess": exact_v1.join((numbers[1, :8, :8], numbers[0, :8, :8] + 0.5)),
        "xcoords": x,
        "ycoords": y,
        "unknown": np.arange(3),
    }


# The twin, key for key, against the source in the report


def test_keys_of_the_twin(twin):
    """Those of the scan it stands in for."""
    assert sorted(twin) == [
        "diffraction",
        "objectGuess",
        "probeGuess",
        "xcoords",
        "xcoords_start",
        "ycoords",
        "ycoords_start",
    ]


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("diffraction", (64, 64, 1087), "<f8"),
        ("objectGuess", (227, 226), "<c16"),
        ("probeGuess", (64, 64), "<c16"),
        ("xcoords", (1087,), "<f8"),
        ("ycoords", (1087,), "<f8"),
        ("xcoords_start", (1087,), "<f8"),
        ("ycoords_start", (1087,), "<f8"),
    ],
)
def test_shapes_and_dtypes_of_the_twin(twin, name, shape, dtype):
    """The legacy layout, in double precision, finite throughout."""
    array = twin[name]
    assert (array.shape, array.dtype.str) == (shape, dtype)
    assert np.isfinite(array).all()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("xcoords", 34.412, 79.281),
        ("ycoords", 35.763, 79.107),
        ("xcoords_start", 34.412, 79.281),
        ("ycoords_start", 35.763, 79.107),
    ],
)
def test_coordinates_of_the_twin(twin, name, low, high):
    """They reach exactly as far as those in the report."""
    assert twin[name].min() == pytest.approx(low, abs=1e-9)
    assert twin[name].max() == pytest.approx(high, abs=1e-9)


def test_amplitudes_of_the_twin(twin):
    """From 0 to 1.7036, as measured, to within 1 %."""
    assert twin["diffraction"].min() == 0
    assert twin["diffraction"].max() == pytest.approx(1.7036, rel=0.01)


def test_object_of_the_twin(twin):
    """Both modulus and phase vary where frames lie, so that no symmetry hides a mistake."""
    seen = twin["objectGuess"][8:112, 8:112]
    assert np.ptp(np.abs(seen)) > 0.4
    assert np.ptp(np.angle(seen)) > 1.0
    assert np.abs(twin["objectGuess"]).max() < 1.1


def test_probe_of_the_twin(twin):
    """Bright in the middle of its window, dark at the edges, its phase curved."""
    power = np.abs(twin["probeGuess"]) ** 2
    rows, columns = np.indices(power.shape)
    assert (rows * power).sum() / power.sum() == pytest.approx(32, abs=1)
    assert (columns * power).sum() / power.sum() == pytest.approx(32, abs=1)
    edge = np.concatenate([power[0], power[-1], power[:, 0], power[:, -1]])
    assert edge.max() < 0.01 * power.max()
    bright = power > 0.1 * power.max()
    assert np.ptp(np.angle(twin["probeGuess"][bright])) > 1.0


def test_the_first_frames_of_the_twin_miss_most_of_the_scan(twin):
    """The first 64 positions cover all of x and hardly any of y: what makes `first` fail."""
    x, y = twin["xcoords"], twin["ycoords"]
    assert np.ptp(x[:64]) / np.ptp(x) > 0.9
    assert np.ptp(y[:64]) / np.ptp(y) < 0.1


@pytest.mark.parametrize(("n", "reach"), [(1087, 0.2), (64, 0.6)])
def test_frames_of_the_twin_overlap(twin, n, reach):
    """Each illuminates much of what another does, in the whole scan and in the fixture."""
    indices = np.arange(n) * 1086 // (n - 1)
    x, y = twin["xcoords"][indices], twin["ycoords"][indices]
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(distance, np.inf)
    power = np.abs(twin["probeGuess"]) ** 2
    rows, columns = np.indices(power.shape) - 32
    diameter = 2 * np.sqrt(((rows**2 + columns**2) * power).sum() / power.sum())
    assert distance.min(axis=1).max() < reach * diameter


def test_positions_of_the_twin_differ(twin):
    """No two frames see the same."""
    positions = set(zip(twin["xcoords"], twin["ycoords"], strict=True))
    assert len(positions) == 1087


def test_start_positions_of_the_twin_lack_the_jitter(twin):
    """They lie on a raster near the positions, serpentine."""
    assert len(set(twin["ycoords_start"])) == 36
    assert np.abs(twin["xcoords_start"] - twin["xcoords"]).max() < 2
    assert np.abs(twin["ycoords_start"] - twin["ycoords"]).max() < 1
    first, second = twin["xcoords_start"][:31], twin["xcoords_start"][31:62]
    assert (np.diff(first) > 0).all()
    np.testing.assert_array_equal(second, first[::-1])


def test_photons_of_the_twin(twin, record):
    """Amplitudes are roots of whole counts, as many as declared."""
    counts = record["photon_scale"] * twin["diffraction"] ** 2
    np.testing.assert_allclose(counts, np.rint(counts), rtol=0, atol=1e-6)
    # 1e9 photons in all, whose own root is 3e-5 of them
    assert counts.sum() / 1087 == pytest.approx(1e6, rel=2e-4)


def test_the_twin_belongs_together(twin):
    """Its probe, object and positions give its frames but for the noise."""
    indices = np.array([0, 500, 1086])
    model = model_amplitude(
        twin["objectGuess"], twin["probeGuess"], twin["xcoords"][indices], twin["ycoords"][indices]
    )
    frames = twin["diffraction"].transpose(2, 0, 1)[indices]
    # 1e6 photons leave sqrt(4096 / 4e6) = 0.03
    assert np.sqrt(((frames - model) ** 2).sum() / (model**2).sum()) < 0.04


def test_record_of_the_twin(record):
    """What the source's record and the sidecar say of it."""
    assert {key: value for key, value in record.items() if key != "photon_scale"} == {
        "layout": "legacy",
        "measurement": "amplitude",
        "noise": "poisson",
        "transformations": [
            "simulated from object, probe and positions of the twin of Run1084 (seed 1084): "
            "amplitude = |fftshift(fft2(probe * patch))| / sqrt(H * W)",
            "diffraction: Poisson counts, 1000000 photons per frame on average, then amplitude = "
            "sqrt(counts / photon_scale)",
            "probeGuess: scaled so that the largest amplitude is 1.7036",
        ],
    }


def test_the_twin_is_the_same_on_every_machine(twin, record):
    """Its content, to the bit."""
    assert (
        content_digest(twin) == "310c3a0f0254e29b51deb07f17f205e1a3b27b36ef2d2ee3ea245f7c7e5d1211"
    )
    assert record["photon_scale"].hex() == "0x1.f40ae536f8db5p+10"


# From a reconstruction


def test_frames_of_a_reconstruction(tiny):
    """Without noise, the forward model's amplitudes to 1e-12, frames last."""
    arrays, record = simulate_v1.generate({"seed": 1}, tiny)
    expected = model_amplitude(
        tiny["objectGuess"], tiny["probeGuess"], tiny["xcoords"], tiny["ycoords"]
    )
    found = arrays["diffraction"].transpose(2, 0, 1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * expected.max())
    assert arrays["diffraction"].flags.c_contiguous
    assert (record["noise"], record["photon_scale"]) == ("none", None)
    assert record["transformations"] == [
        "simulated from object, probe and positions of a reconstruction (seed 1): "
        "amplitude = |fftshift(fft2(probe * patch))| / sqrt(H * W)"
    ]


def test_a_reconstruction_is_handed_on(tiny):
    """Its object, probe and positions as they are; start positions where it has some."""
    arrays, _ = simulate_v1.generate({"seed": 1}, tiny)
    assert sorted(arrays) == ["diffraction", "objectGuess", "probeGuess", "xcoords", "ycoords"]
    for name in ("objectGuess", "probeGuess", "xcoords", "ycoords"):
        np.testing.assert_array_equal(arrays[name], tiny[name])
    arrays, _ = simulate_v1.generate({"seed": 1}, {**tiny, "xcoords_start": np.arange(5)})
    assert arrays["xcoords_start"].dtype == np.float64


def test_more_positions_than_one_chunk(tiny):
    """Frames do not depend on how many are computed at a time."""
    x, y = exact_v1.uniform(4, (2, 2 * simulate_v1.CHUNK + 3)) * 10 + 5
    many, _ = simulate_v1.generate({"seed": 1}, {**tiny, "xcoords": x, "ycoords": y})
    for n in (0, simulate_v1.CHUNK - 1, simulate_v1.CHUNK, x.size - 1):
        one = {**tiny, "xcoords": x[n : n + 1], "ycoords": y[n : n + 1]}
        expected = simulate_v1.generate({"seed": 1}, one)[0]["diffraction"][:, :, 0]
        np.testing.assert_array_equal(many["diffraction"][:, :, n], expected)


def test_photons_of_a_reconstruction(tiny):
    """Counts of the model's own rates, on average as many as declared."""
    params = {"seed": 1, "photons_per_frame": 1e7}
    arrays, record = simulate_v1.generate(params, tiny)
    clean = simulate_v1.generate({"seed": 1}, tiny)[0]["diffraction"]
    rates = record["photon_scale"] * clean**2
    assert rates.sum() / 5 == pytest.approx(1e7, rel=1e-12)
    counts = record["photon_scale"] * arrays["diffraction"] ** 2
    np.testing.assert_allclose(counts, np.rint(counts), rtol=0, atol=1e-6)
    misfit = 4 * (np.sqrt(counts) - np.sqrt(rates)) ** 2
    assert misfit.mean() == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("photons", [None, 1e5])
def test_max_amplitude_scales_probe_and_frames_alike(tiny, photons):
    """The largest amplitude is the declared one, and the probe explains the frames as before."""
    params = {"seed": 1, "photons_per_frame": photons}
    before, record_before = simulate_v1.generate(params, tiny)
    after, record = simulate_v1.generate({**params, "max_amplitude": 3.5}, tiny)
    assert after["diffraction"].max() == pytest.approx(3.5, rel=1e-12)
    factor = 3.5 / before["diffraction"].max()
    for name in ("diffraction", "probeGuess"):
        np.testing.assert_allclose(after[name], factor * before[name], rtol=1e-12)
    np.testing.assert_array_equal(after["objectGuess"], before["objectGuess"])
    if photons is not None:
        expected = record_before["photon_scale"] / factor**2
        assert record["photon_scale"] == pytest.approx(expected, rel=1e-12)


def test_seeds(tiny):
    """The noise depends on the seed and on nothing else."""
    params = {"photons_per_frame": 1e4}
    first, again, other = (
        simulate_v1.generate({**params, "seed": seed}, tiny)[0]["diffraction"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_the_seed_of_the_twin():
    """Object, jitter and noise follow from it; the optics do not."""
    one, two = simulate_v1._twin(1), simulate_v1._twin(2)
    for name in ("objectGuess", "xcoords", "ycoords"):
        assert (one[name] != two[name]).mean() > 0.5, name
    for name in ("probeGuess", "xcoords_start", "ycoords_start"):
        np.testing.assert_array_equal(one[name], two[name])


@pytest.mark.parametrize(
    ("params", "digest"),
    [
        ({"seed": 1}, "1a2b6987a1981c9d970e94607dbe44cdf0de61df814136f945734bf8d4f07b5a"),
        (
            {"seed": 1, "photons_per_frame": 1e4},
            "d5363fb017f4fde94a3b0e70f35cf409b8d99ae98de3d849efc3e7b001d51433",
        ),
        (
            {"seed": 1, "photons_per_frame": 1e4, "max_amplitude": 2},
            "d871e56b05816e269372237ac90712bf7e0aa44e39bd14cce1ed5bef2e6142b3",
        ),
    ],
)
def test_the_same_bits_on_every_machine(tiny, params, digest):
    """Content of a small scan of each kind."""
    assert content_digest(simulate_v1.generate(params, tiny)[0]) == digest


@pytest.mark.parametrize("name", ["objectGuess", "probeGuess", "xcoords", "ycoords"])
def test_a_reconstruction_without_a_key(tiny, name):
    """What is missing is named, beside what there is."""
    del tiny[name]
    with pytest.raises(ValueError, match=f"{name} missing among .*unknown"):
        simulate_v1.generate({"seed": 1}, tiny)


def test_a_reconstruction_of_which_a_frame_leaves_the_object(tiny):
    """The position is named."""
    tiny["xcoords"] = np.append(tiny["xcoords"][:4], 23.0)
    with pytest.raises(ValueError, match=r"patch 4 at x = 23\.000"):
        simulate_v1.generate({"seed": 1}, tiny)


def test_a_probe_of_another_size(tiny):
    """The exact transform takes powers of two alone."""
    tiny["probeGuess"] = tiny["probeGuess"][:6]
    with pytest.raises(ValueError, match="axis -2 has 6 elements"):
        simulate_v1.generate({"seed": 1}, tiny)
