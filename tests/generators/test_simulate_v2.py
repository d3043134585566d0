"""Tests of `generators.simulate_v2`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import exact_v1, simulate_v1, simulate_v2
from registry.digests import content_digest
from registry.ptychography.forward import model_amplitude

POSITIONS = ("xcoords", "ycoords")


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


def generate(reconstruction, **given):
    """Arrays and record of a scan."""
    return simulate_v2.generate({"seed": 1, **given}, reconstruction)


THREE = {"modes": 3, "dominant_power": 0.7}


# What stays


@pytest.mark.parametrize(
    "given", [{}, {"photons_per_frame": 1e4}, {"photons_per_frame": 1e4, "max_amplitude": 2}]
)
def test_without_anything_new(tiny, given):
    """It is `simulate_v1`, to the bit."""
    arrays, record = generate(tiny, **given)
    expected, expected_record = simulate_v1.generate({"seed": 1, **given}, tiny)
    assert content_digest(arrays) == content_digest(expected)
    assert record == expected_record


def test_keys_of_the_twin(monkeypatch):
    """With modes and inexact positions it has the twin's keys, shapes and dtypes."""
    # a few of its 1087 positions are enough here
    whole = simulate_v1._twin(1084)
    few = {key: array[::99] if array.ndim == 1 else array for key, array in whole.items()}
    monkeypatch.setattr(simulate_v1, "_twin", lambda seed: few if seed == 1084 else None)
    arrays, record = simulate_v2.generate({"seed": 1084, **THREE, "jitter_px": 2}, None)
    form = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    assert form == {
        "diffraction": ("<f8", (64, 64, 11)),
        "objectGuess": ("<c16", (227, 226)),
        "probeGuess": ("<c16", (3, 64, 64)),
        **dict.fromkeys(POSITIONS, ("<f8", (11,))),
        **{f"{name}_start": ("<f8", (11,)) for name in POSITIONS},
    }
    assert "the twin of Run1084 (seed 1084)" in record["transformations"][0]


# Several modes


def test_frames_of_several_modes(tiny):
    """Intensities of the modes add up, as the forward model has it."""
    arrays, _ = generate(tiny, **THREE)
    expected = model_amplitude(
        tiny["objectGuess"], arrays["probeGuess"], tiny["xcoords"], tiny["ycoords"]
    )
    found = arrays["diffraction"].transpose(2, 0, 1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * expected.max())
    assert arrays["diffraction"].flags.c_contiguous


def test_one_mode_does_not_explain_them(tiny):
    """Neither the first mode alone nor a coherent sum gives the same frames."""
    arrays, _ = generate(tiny, **THREE)
    frames = arrays["diffraction"].transpose(2, 0, 1)
    for probe in (arrays["probeGuess"][0], arrays["probeGuess"].sum(axis=0), tiny["probeGuess"]):
        model = model_amplitude(tiny["objectGuess"], probe, tiny["xcoords"], tiny["ycoords"])
        model *= np.sqrt((frames**2).sum() / (model**2).sum())
        assert np.abs(frames - model).sum() / frames.sum() > 0.05


@pytest.mark.parametrize(
    ("modes", "dominant", "expected"),
    [
        (2, 0.9, [0.9, 0.1]),
        (2, 0.5, [0.5, 0.5]),
        (3, 0.7, [0.7, 0.2, 0.1]),
        (4, 0.65, [0.65, 0.2, 0.1, 0.05]),
    ],
)
def test_power_of_the_modes(tiny, modes, dominant, expected):
    """The declared part for the first; each further one has twice as much as the next."""
    arrays, _ = generate(tiny, modes=modes, dominant_power=dominant)
    power = (np.abs(arrays["probeGuess"]) ** 2).sum(axis=(1, 2))
    assert power.sum() == pytest.approx((np.abs(tiny["probeGuess"]) ** 2).sum(), rel=1e-12)
    np.testing.assert_allclose(power / power.sum(), expected, rtol=1e-12)


def test_modes_are_orthogonal(tiny):
    """No two share light."""
    arrays, _ = generate(tiny, modes=4, dominant_power=0.4)
    flat = arrays["probeGuess"].reshape(4, -1)
    overlap = np.abs(flat.conj() @ flat.T)
    np.fill_diagonal(overlap, 0)
    assert overlap.max() < 1e-12 * (np.abs(flat) ** 2).sum()


def test_the_first_mode_is_the_probe(tiny):
    """But for its power."""
    arrays, _ = generate(tiny, **THREE)
    expected = tiny["probeGuess"] * np.sqrt(0.7)
    np.testing.assert_allclose(arrays["probeGuess"][0], expected, rtol=1e-12)


def test_photons_of_several_modes(tiny):
    """Counts of the summed intensity, on average as many as declared."""
    arrays, record = generate(tiny, **THREE, photons_per_frame=1e7)
    clean = generate(tiny, **THREE)[0]["diffraction"]
    rates = record["photon_scale"] * clean**2
    assert rates.sum() / 5 == pytest.approx(1e7, rel=1e-12)
    counts = record["photon_scale"] * arrays["diffraction"] ** 2
    np.testing.assert_allclose(counts, np.rint(counts), rtol=0, atol=1e-6)
    misfit = 4 * (np.sqrt(counts) - np.sqrt(rates)) ** 2
    assert misfit.mean() == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("photons", [None, 1e5])
def test_max_amplitude_scales_modes_and_frames_alike(tiny, photons):
    """The largest amplitude is the declared one, and the modes explain the frames as before."""
    given = {**THREE, "photons_per_frame": photons}
    before, record_before = generate(tiny, **given)
    after, record = generate(tiny, **given, max_amplitude=3.5)
    assert after["diffraction"].max() == pytest.approx(3.5, rel=1e-12)
    factor = 3.5 / before["diffraction"].max()
    for name in ("diffraction", "probeGuess"):
        np.testing.assert_allclose(after[name], factor * before[name], rtol=1e-12)
    if photons is not None:
        expected = record_before["photon_scale"] / factor**2
        assert record["photon_scale"] == pytest.approx(expected, rel=1e-12)


def test_record_of_several_modes(tiny):
    """What the source's record and the sidecar say."""
    _, record = generate(tiny, **THREE, photons_per_frame=1e4, max_amplitude=2)
    assert record.pop("photon_scale") > 0
    assert record == {
        "layout": "legacy",
        "measurement": "amplitude",
        "noise": "poisson",
        "transformations": [
            "simulated from object, probe and positions of a reconstruction (seed 1): "
            "amplitude = |fftshift(fft2(probe * patch))| / sqrt(H * W)",
            "probeGuess: 3 orthogonal modes with 0.7, 0.2, 0.1 of the power; their intensities "
            "are summed",
            "diffraction: Poisson counts, 10000 photons per frame on average, then amplitude = "
            "sqrt(counts / photon_scale)",
            "probeGuess: scaled so that the largest amplitude is 2",
        ],
    }
    _, record = generate(tiny, **THREE)
    assert (record["noise"], record["photon_scale"]) == ("none", None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"modes": 1, "dominant_power": 0.5}, "modes: expected 2 to 4, found 1"),
        ({"modes": 5, "dominant_power": 0.5}, "modes: expected 2 to 4, found 5"),
        ({"modes": 2, "dominant_power": 1.0}, "dominant_power: expected a part between 0 and 1"),
        ({"modes": 2, "dominant_power": 0.0}, "dominant_power: expected a part between 0 and 1"),
        (
            {"modes": 2, "dominant_power": 0.4},
            "dominant_power: expected no mode to have more, found 0.4 and 0.6",
        ),
    ],
)
def test_modes_that_cannot_be(tiny, given, message):
    """Too few, too many, without power, or not dominated by the first."""
    with pytest.raises(ValueError, match=message):
        generate(tiny, **given)


@pytest.mark.parametrize("name", ["objectGuess", "probeGuess", "xcoords", "ycoords"])
def test_a_reconstruction_without_a_key(tiny, name):
    """What is missing is named, beside what there is."""
    del tiny[name]
    with pytest.raises(ValueError, match=f"{name} missing among .*unknown"):
        generate(tiny, **THREE)


@pytest.mark.parametrize("name", ["objectGuess", "probeGuess"])
@pytest.mark.parametrize("given", [{"photons_per_frame": 1e4}, {"max_amplitude": 1}])
def test_nothing_but_darkness(tiny, name, given):
    """Without light there is nothing to scale."""
    tiny[name] = np.zeros_like(tiny[name])
    with pytest.raises(ValueError, match="expected light in the"):
        generate(tiny, **THREE, **given)


# Positions


def test_true_and_nominal_positions(tiny):
    """Frames belong to the true positions, and nominal ones are off by up to the jitter."""
    exact, _ = generate(tiny)
    arrays, record = generate(tiny, jitter_px=0.75)
    for name in ("diffraction", "objectGuess", "probeGuess", *POSITIONS):
        np.testing.assert_array_equal(arrays[name], exact[name])
    for name in POSITIONS:
        error = np.abs(arrays[f"{name}_start"] - arrays[name])
        assert 0.2 < error.max() <= 0.75
        assert (error > 0).all()
    assert record["transformations"][-1] == (
        "xcoords_start, ycoords_start: off the true positions by up to 0.75 px each"
    )


def test_the_jitter_is_evenly_distributed(tiny):
    """In x and in y, without a bias, and independently."""
    x, y = exact_v1.uniform(4, (2, 2000)) * 10 + 5
    arrays = {**tiny, "xcoords": x, "ycoords": y}
    start = simulate_v2._nominal(arrays, 1.0, seed=3)
    errors = start["xcoords_start"] - x, start["ycoords_start"] - y
    for error in errors:
        assert abs(error.mean()) < 0.05
        assert error.std() == pytest.approx(1 / np.sqrt(3), rel=0.05)
    assert abs(np.corrcoef(errors)[0, 1]) < 0.07


def test_nominal_positions_of_a_reconstruction_are_replaced(tiny):
    """Where it has some, the declared jitter goes first."""
    tiny["xcoords_start"] = tiny["ycoords_start"] = np.zeros(5)
    arrays, _ = generate(tiny, jitter_px=0.5)
    assert np.abs(arrays["xcoords_start"] - arrays["xcoords"]).max() <= 0.5
    kept, _ = generate(tiny, **THREE)
    assert kept["xcoords_start"].tolist() == [0, 0, 0, 0, 0]


def test_the_jitter_depends_on_the_seed(tiny):
    """And on nothing else, modes among it."""
    first, again, other = (
        simulate_v2.generate({"seed": seed, "jitter_px": 0.5, **given}, tiny)[0]["xcoords_start"]
        for seed, given in ((1, {}), (1, THREE), (2, {}))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


@pytest.mark.parametrize(
    ("name", "at"), [("xcoords", 4.0), ("xcoords", 20.0), ("ycoords", 4.0), ("ycoords", 16.0)]
)
def test_a_nominal_position_outside_the_object(tiny, name, at):
    """A loader that cuts patches there would fail: it is named, on each of the four sides."""
    tiny[name] = np.full(5, at)
    message = (
        rf"jitter_px: with 0\.5 px, nominal position \d, {name}_start [\d.]+, leaves the object"
    )
    with pytest.raises(ValueError, match=message):
        generate(tiny, jitter_px=0.5)


@pytest.mark.parametrize(
    ("given", "digest"),
    [
        (
            THREE,
            "cc099ccce37735a6c6a8e9bce7ec052a70245d8d8f0e94620cddf22b1fab76f3",
        ),
        (
            {**THREE, "photons_per_frame": 1e4},
            "08aec18a87d1f148d4aa0eaa2a392f8d267b109f31d03203bd74c2767296fe65",
        ),
        (
            {"modes": 4, "dominant_power": 0.4, "photons_per_frame": 1e4, "max_amplitude": 2},
            "d058d27aaed2d503b1e8cc643fe0b2ca97b33f342a94a08222d9d2679b1a0549",
        ),
        (
            {"jitter_px": 0.5},
            "27a464b44ac544b46a355462c5bd6e42e67b760510d4f662bc5605a73f447bbc",
        ),
    ],
)
def test_the_same_bits_on_every_machine(tiny, given, digest):
    """Content of a small scan of each kind."""
    assert content_digest(generate(tiny, **given)[0]) == digest
