"""Tests of `generators.scan_v2`: what is declared is done, and a false word is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from generators import epie_v1, scan_v2, simulate_scan_v1
from registry.ptychography.forward import model_amplitude
from tests.kit.scans import fine, scan_file, twin

PLAIN = {
    "measurement": "amplitude",
    "noise": "measured",
    "zero_frequency": "centre",
    "x_sign": 1,
    "y_sign": 1,
    "object": "file",
    "origin": "corner",
}
SIGNS = ("x_sign", "y_sign")


@pytest.fixture(scope="module")
def truth():
    """A scan of 36 frames of 64 x 64."""
    return twin()


@pytest.fixture(scope="module")
def large():
    """A scan of 25 frames of 128 x 128, of which 64 x 64 hold nearly everything."""
    return fine()


def file_of(truth, frames=None, **fields):
    """The scan as a file holds it: of one probe mode, positions in pixels."""
    kept = {"probe": truth.probe[None], "obj": truth.obj, "x": truth.x, "y": truth.y}
    return scan_file(truth.amplitude if frames is None else frames, **{**kept, **fields})


def generate(scan, *without, **declared):
    """Arrays and record of a plain declaration with these changes."""
    params = {key: value for key, value in PLAIN.items() if key not in without}
    return scan_v2.generate({**params, **declared}, scan)


def reconstructed(scan, **declared):
    """The same without an object in the file."""
    return generate(scan, "origin", object="reconstruct", **declared)


def frames_of(arrays) -> np.ndarray:
    """All frames, as the source's file gets them."""
    return arrays["diffraction"][np.arange(len(arrays["xcoords"]))]


def misfit(arrays) -> float:
    """R-factor of all frames."""
    frames = frames_of(arrays)
    names = ("objectGuess", "probeGuess", "xcoords", "ycoords")
    model = model_amplitude(*(arrays[name] for name in names))
    return float(np.abs(frames - model).sum() / frames.sum())


# A scan that needs no conversion


def test_nothing_to_do(truth):
    """Where the file is as a fixture wants it, its values come out as they are."""
    start = {"x_start": truth.x + 0.5, "y_start": truth.y - 0.5}
    scan = file_of(truth, **start, scan_index=np.arange(36), provenance={"diffraction": "array a"})
    arrays, record = generate(scan)
    expected = {
        "objectGuess": truth.obj,
        "probeGuess": truth.probe,
        "xcoords": truth.x,
        "ycoords": truth.y,
        "xcoords_start": truth.x + 0.5,
        "ycoords_start": truth.y - 0.5,
        "scan_index": np.arange(36),
        "sample_indices": np.arange(36),
    }
    frames = arrays.pop("diffraction")
    assert frames.shape == (36, 64, 64), "not all frames"
    np.testing.assert_array_equal(frames[np.arange(36)], truth.amplitude)
    assert set(arrays) == set(expected), "other arrays"
    for name, array in expected.items():
        np.testing.assert_array_equal(arrays[name], array, err_msg=f"{name} changed")
    assert record == {
        "layout": "canonical",
        "measurement": "amplitude",
        "noise": "measured",
        "photon_scale": None,
        "physics": "checked",
        "transformations": [
            "diffraction: from array a",
            "outliers are judged by the relative errors of all frames",
        ],
    }, "another record"


# Frames


def test_counts(truth):
    """Counts become amplitudes by a root and the declared normalisation, which is the unit."""
    counts = np.rint(truth.amplitude**2 * 5000)
    arrays, record = generate(file_of(truth, counts), measurement="intensity", normalisation=5000.0)
    np.testing.assert_allclose(frames_of(arrays), np.sqrt(counts / 5000), rtol=1e-15)
    assert "diffraction: amplitude = sqrt(counts / 5000)" in record["transformations"]


def test_a_crop(large):
    """Far field, probe, object and positions go together: pixels become twice as large."""
    scan = file_of(large)
    arrays, record = generate(scan, crop=64)
    assert arrays["objectGuess"].shape == (115, 120), "the object is not half as large"
    np.testing.assert_array_equal(arrays["xcoords"], large.x / 2)
    assert misfit(arrays) < 0.01, "they do not belong together"
    assert record["transformations"][:3] == [
        "diffraction: 64 x 64 of 128 x 128 pixels about the zero frequency, 100.0% of the counts "
        "in 16 frames",
        "probeGuess: far field cropped as the frames, from 128 x 128 to 64 x 64",
        "xcoords, ycoords: times 0.5 and 0.5, because object pixels are as much larger",
    ], "not told"


def test_bins(large):
    """The field of view is half as wide, and the probe's far field turned to the bins' middle."""
    scan = file_of(large)
    arrays, _ = generate(scan, bin=2)
    np.testing.assert_array_equal(arrays["objectGuess"], large.obj)
    np.testing.assert_array_equal(arrays["xcoords"], large.x)
    turned = misfit(arrays)
    middle = {**arrays, "probeGuess": large.probe[32:96, 32:96]}
    assert turned < 0.04, "they do not belong together"
    assert misfit(middle) > 4 * turned, "the turn makes no difference"


def test_a_probe_of_the_fixtures_own_size(large):
    """A probe of 64 x 64 is on the fixture's grid already, and so are positions in pixels."""
    scan = file_of(large, probe=large.probe[None, 32:96, 32:96])
    arrays, _ = generate(scan, bin=2)
    np.testing.assert_array_equal(arrays["probeGuess"], large.probe[32:96, 32:96])
    np.testing.assert_array_equal(arrays["xcoords"], large.x)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({}, "crop: expected a declared window, because frames are 128 x 128"),
        ({"crop": 128}, "crop: expected 64 times bin, so 64, found 128"),
        ({"crop": 64, "bin": 2}, "crop: expected 64 times bin, so 128, found 64"),
        ({"bin": 4}, "crop: expected a declared window"),
        ({"crop": 256, "bin": 4}, "crop: expected a window of 256 x 256 pixels"),
    ],
)
def test_a_window_is_never_guessed(large, declared, message):
    """What part of larger frames is taken has to be declared, and to be there."""
    with pytest.raises(ValueError, match=message):
        generate(file_of(large), **declared)


def test_a_declared_size(large):
    """Frames and probe are of any size, an odd one too, about the zero frequency."""
    arrays, _ = generate(file_of(large), size=128)
    assert arrays["diffraction"].shape == (25, 128, 128)
    assert misfit(arrays) < 1e-12, "they do not belong together"
    for declared in ({"size": 32, "crop": 32}, {"size": 65, "crop": 65}):
        arrays, _ = generate(file_of(large), "origin", object="ones", **declared)
        size = declared["size"]
        frames, probe = frames_of(arrays), arrays["probeGuess"]
        assert (frames.shape, probe.shape) == ((25, size, size), (size, size))
        taken = slice(64 - size // 2, 64 - size // 2 + size)
        np.testing.assert_array_equal(frames, large.amplitude[:, taken, taken])
        far = np.fft.fftshift(np.fft.fft2(large.probe))[taken, taken] / 128
        found = np.fft.fftshift(np.fft.fft2(probe)) / size
        np.testing.assert_allclose(np.abs(found), np.abs(far), atol=1e-9)


def test_a_size_that_does_not_fit(large):
    """The messages have the declared size, and not that of a smaller fixture."""
    for declared, message in (
        ({"size": 32}, "crop: expected a declared window, because frames are 128 x 128 and a "
         "fixture's are 32 x 32: crop: 32 keeps the field of view"),
        ({"size": 32, "crop": 64}, "crop: expected 32 times bin, so 32, found 64"),
        ({"size": 256}, "diffraction: expected frames of at least 256 x 256, found 128 x 128"),
        ({"size": 96, "crop": 96, "probe_scale": "frames"}, "size: expected a power of two with "
         "object: reconstruct or probe_scale: frames, found 96"),
    ):  # fmt: skip
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            generate(file_of(large), **declared)
        assert str(caught.value).startswith(message)
    with pytest.raises(ValueError, match="size: expected a power of two"):
        reconstructed(file_of(large), size=100, crop=100)


def test_the_zero_frequency_elsewhere(large):
    """A crop about the wrong one is refused, with what it would keep."""
    corner = np.fft.ifftshift(large.amplitude, axes=(1, 2))
    with pytest.raises(ValueError, match="declare zero_frequency: corner"):
        generate(file_of(large, corner), crop=64)
    scan = file_of(large, corner)
    arrays, record = generate(scan, crop=64, zero_frequency="corner")
    assert misfit(arrays) < 0.01, "not the frames"
    assert "diffraction: zero frequency from the corner to the centre" in record["transformations"]


def test_mask_and_dark(truth):
    """Dead pixels and dark counts are told, and gone."""
    counts = truth.amplitude**2 * 5000
    mask, dark = np.ones((64, 64), bool), np.full((64, 64), 7.0)
    mask[5, 6] = False
    raw = counts + dark
    raw[:, 5, 6] = 1e9
    scan = file_of(truth, raw, mask=mask, dark=dark)
    arrays, record = generate(scan, measurement="intensity", normalisation=5000.0)
    expected = np.where(mask, truth.amplitude, 0)
    np.testing.assert_allclose(frames_of(arrays), expected, atol=1e-9)
    assert record["transformations"][:2] == [
        "diffraction: 1 masked pixels of the detector left out; 1 pixels hold zero",
        "diffraction: dark counts subtracted, what is then below zero set to zero",
    ], "not told"


@pytest.mark.parametrize("noise", ["measured", "poisson"])
@pytest.mark.parametrize("row", [0, 32], ids=["corner", "centre"])
def test_a_dead_pixel_without_a_mask(truth, noise, row):
    """It is named before it is taken for the zero frequency, or for light."""
    counts = np.random.default_rng(1).poisson(truth.amplitude**2 * 5000).astype("uint16")
    counts[:, row, 1] = 65535
    declared = {"measurement": "intensity", "normalisation": 5000.0, "noise": noise}
    with pytest.raises(ValueError, match=f"^mask: expected .* found 65535, .* row {row}, column 1"):
        generate(file_of(truth, counts), **declared)
    mask = np.ones((64, 64), bool)
    mask[row, 1] = False
    generate(file_of(truth, counts, mask=mask), **declared)


@pytest.mark.parametrize(
    ("frames", "declared", "message"),
    [
        (lambda a: a * 100, {}, "expected amplitudes below 10, found .* declare measurement"),
        (
            lambda a: a**2 * 5000,
            {"measurement": "intensity", "normalisation": 1.0},
            "normalisation: expected more than .* so that amplitudes stay below 10, found 1: the",
        ),
        (lambda a: a, {"measurement": "intensity"}, "normalisation: expected with measurement: in"),
        (lambda a: a, {"normalisation": 2.0}, "normalisation: expected with measurement: intensit"),
        (lambda a: a, {"noise": "poisson"}, "photon_scale: expected with noise: poisson"),
        (
            lambda a: a[:, :32],
            {},
            "diffraction: expected frames of at least 64 x 64, found 32 x 64",
        ),
        (lambda a: a[:35], {}, "expected as many frames as positions, found 35 frames and 36"),
        (lambda a: a, {"sample": 40}, "sample: expected 16 to 36, as many as frames, found 40"),
        (lambda a: a, {"sample": 8}, "sample: expected 16 to 36, as many as frames, found 8"),
    ],
)
def test_frames_that_are_not_as_declared(truth, frames, declared, message):
    """The message names the key, and where a number is wanted, which."""
    with pytest.raises(ValueError, match=message):
        generate(file_of(truth, frames(truth.amplitude)), **declared)


def test_too_few_frames(truth):
    """It is said how many there are, and how many a fixture needs; no range that is none."""
    scan = file_of(truth, truth.amplitude[:15], x=truth.x[:15], y=truth.y[:15])
    for declared in ({}, {"sample": 16}):
        message = "^diffraction: expected at least 16 frames, .* found 15; take a longer scan$"
        with pytest.raises(ValueError, match=message):
            generate(scan, **declared)


def test_dark_counts_of_amplitudes(truth):
    """They cannot be subtracted from roots."""
    with pytest.raises(ValueError, match="dark: expected none with measurement: amplitude"):
        generate(file_of(truth, dark=np.ones((64, 64))))


@pytest.mark.parametrize("noise", ["none", "poisson"])
def test_the_noise_of_a_simulated_scan(truth, noise):
    """The normalisation of counts is the photon scale; no sample is kept to judge outliers by."""
    counts = np.rint(truth.amplitude**2 * 5000)
    declared = {"measurement": "intensity", "normalisation": 5000.0, "noise": noise}
    arrays, record = generate(file_of(truth, counts), **declared)
    assert record["photon_scale"] == (5000.0 if noise == "poisson" else None)
    assert "sample_indices" not in arrays, "a sample that nobody needs"


def test_a_sample(truth):
    """As many evenly spaced frames as declared stand for all, and no other is read."""
    scan = file_of(truth)
    arrays, record = generate(scan, sample=16)
    expected = [n * 35 // 15 for n in range(16)]
    assert arrays["sample_indices"].tolist() == expected, "not evenly spaced"
    assert set(scan.frames.read_indices) == set(expected), "others were read"
    assert record["transformations"] == [
        "outliers are judged by the relative errors of 16 evenly spaced frames"
    ], "not told"


def test_frames_that_are_read(truth):
    """So many evenly spaced frames are the source, and what stands for all; no other is read."""
    scan = file_of(truth, x_start=truth.x + 1, y_start=truth.y, scan_index=np.arange(36))
    arrays, record = generate(scan, frames=16)
    expected = [n * 35 // 15 for n in range(16)]
    np.testing.assert_array_equal(frames_of(arrays), truth.amplitude[expected])
    assert arrays["diffraction"].shape == (16, 64, 64)
    assert set(scan.frames.read_indices) == set(expected), "others were read"
    whole, _ = generate(file_of(truth))
    for name in ("xcoords", "ycoords"):
        np.testing.assert_array_equal(arrays[name], whole[name][expected])
        np.testing.assert_array_equal(arrays[f"scan_{name}"], whole[name], "not of all positions")
    np.testing.assert_array_equal(arrays["xcoords_start"], arrays["xcoords"] + 1)
    np.testing.assert_array_equal(arrays["ycoords_start"], arrays["ycoords"])
    assert arrays["scan_index"].tolist() == expected
    assert arrays["sample_indices"].tolist() == list(range(16))
    assert record["transformations"] == [
        "every per-position array: 16 of 36 positions, 16 evenly spaced times 1 in a row, of which "
        "row n starts at the file's n * 35 // 15; of the other frames nothing is known",
        "outliers are judged by the relative errors of all 16 frames that were read",
    ], "not told"


def test_frames_in_a_row(truth):
    """So many of them follow each other; a sample is one of those that are read."""
    scan = file_of(truth)
    arrays, record = generate(scan, frames=24, in_a_row=8, sample=16)
    expected = [start + n for start in (0, 14, 28) for n in range(8)]
    np.testing.assert_array_equal(frames_of(arrays), truth.amplitude[expected])
    sample = [n * 23 // 15 for n in range(16)]
    assert arrays["sample_indices"].tolist() == sample
    assert record["transformations"] == [
        "every per-position array: 24 of 36 positions, 3 evenly spaced times 8 in a row, of which "
        "row n starts at the file's n * 28 // 2; of the other frames nothing is known",
        "outliers are judged by the relative errors of 16 evenly spaced frames",
    ], "not told"
    arrays, _ = generate(scan, frames=16, in_a_row=16)
    np.testing.assert_array_equal(frames_of(arrays), truth.amplitude[:16])


def test_all_frames_are_read(truth):
    """As many as there are is what is done without the key, bit for bit."""
    some, one = generate(file_of(truth), frames=36, in_a_row=4)
    every, other = generate(file_of(truth))
    assert (some.keys(), one) == (every.keys(), other)


def test_frames_that_are_not_there(truth):
    """More than the file has, fewer than make a fixture, or no whole number of rows."""
    for declared, said in (
        ({"frames": 37}, "frames: expected 16 to 36, as many as the file has, found 37"),
        ({"frames": 15}, "frames: expected 16 to 36, as many as the file has, found 15"),
        ({"frames": 20, "in_a_row": 8}, "in_a_row: expected a divisor of frames, 20, found 8"),
        ({"frames": 20, "sample": 21}, "sample: expected 16 to 20, as many as frames, found 21"),
    ):
        with pytest.raises(ValueError, match=said):
            generate(file_of(truth), **declared)


def test_positions_of_all_frames_tell_of_the_scan(truth):
    """Where the object's middle is, and whether frames overlap, not only of those that are read."""
    whole, _ = generate(file_of(truth), origin="middle")
    some, _ = generate(file_of(truth), origin="middle", frames=16, in_a_row=16)
    np.testing.assert_array_equal(some["xcoords"], whole["xcoords"][:16])
    made, _ = reconstructed(file_of(truth), frames=16, in_a_row=16)
    assert made["objectGuess"].shape == reconstructed(file_of(truth))[0]["objectGuess"].shape


def test_a_scan_too_long_to_be_read_whole(truth, monkeypatch):
    """Of many frames a sample has to be declared."""
    monkeypatch.setattr(scan_v2, "LARGE", 30)
    with pytest.raises(ValueError, match="sample: expected how many frames to judge 36 by"):
        generate(file_of(truth))
    generate(file_of(truth), sample=20)
    generate(file_of(truth), frames=20)


@pytest.mark.parametrize(
    ("missing", "name"),
    [("frames", "diffraction"), ("probe", "probeGuess"), ("x", "xcoords, ycoords"),
     ("y", "xcoords, ycoords")],
)  # fmt: skip
def test_a_file_without(truth, missing, name):
    """What the file does not have is named."""
    scan = file_of(truth)
    object.__setattr__(scan, missing, None)
    with pytest.raises(ValueError, match=f"{name}: expected in the file, found none"):
        generate(scan)


# Probe


@pytest.fixture(scope="module")
def modes(truth):
    """Two modes, of which the second has three quarters of the power."""
    return np.stack([0.5 * np.roll(truth.probe, 3, 0), np.sqrt(0.75) * truth.probe])


def test_the_dominant_mode(truth, modes):
    """The mode of most power is taken, and it is told how much it has."""
    arrays, record = generate(file_of(truth, probe=modes))
    np.testing.assert_array_equal(arrays["probeGuess"], modes[1])
    assert "probeGuess: mode 1 of 2, which has 75.0% of the power" in record["transformations"]


def test_all_modes(truth, modes):
    """They are kept, of their shapes, where that is asked for."""
    frames = model_amplitude(truth.obj, modes, truth.x, truth.y)
    scan = file_of(truth, frames, probe=modes)
    arrays, record = generate(scan, modes="all")
    np.testing.assert_array_equal(arrays["probeGuess"], modes)
    assert misfit(arrays) < 1e-9, "not the modes"
    assert "probeGuess: all 2 modes" in record["transformations"]


def test_the_probes_scale(truth):
    """It is that of the file, unless the frames' is asked for."""
    scan = file_of(truth, probe=7.0 * truth.probe[None])
    arrays, _ = generate(scan)
    np.testing.assert_array_equal(arrays["probeGuess"], 7.0 * truth.probe)
    arrays, record = generate(scan, probe_scale="frames")
    np.testing.assert_allclose(arrays["probeGuess"], truth.probe, rtol=1e-9)
    said = "probeGuess: scaled so that frames and models have the same power in all frames"
    assert said in record["transformations"]


def test_a_probe_that_is_too_small(large):
    """One that has fewer pixels than the window cannot be brought to it."""
    scan = file_of(large, probe=large.probe[None, 14:114, 14:114])
    with pytest.raises(ValueError, match=r"probeGuess: expected 64 x 64, .* found 100 x 100"):
        generate(scan, bin=2)


@pytest.mark.parametrize("object_", [{}, {"object": "reconstruct"}])
def test_a_probe_that_is_larger_than_the_frames(truth, object_):
    """It is said to be so, and not held against signs and axes."""
    scan = file_of(truth, probe=np.pad(truth.probe, 32)[None])
    with pytest.raises(ValueError, match=r"^probeGuess: expected .* 64 x 64, found 128 x 128"):
        generate(scan, *(["origin"] if object_ else []), **object_)


# Positions

METRES = {"position_unit": "m", "wavelength_m": 1e-10, "distance_m": 2.0,
          "detector_pixel_m": (50e-6, 100e-6)}  # fmt: skip
# wavelength * distance / (64 * pixel): rows, columns
PIXEL_M = (2e-10 / (64 * 50e-6), 2e-10 / (64 * 100e-6))


def test_metres(truth):
    """They become pixels by wavelength * distance / (window * pixel), for rows and columns."""
    x, y = truth.x * PIXEL_M[1], truth.y * PIXEL_M[0]
    arrays, record = generate(file_of(truth, x=x, y=y, **METRES))
    np.testing.assert_allclose(arrays["xcoords"], truth.x, rtol=1e-12)
    np.testing.assert_allclose(arrays["ycoords"], truth.y, rtol=1e-12)
    assert record["transformations"][0] == (
        "xcoords, ycoords: from metres to object pixels of 3.125e-08 m x 6.25e-08 m, "
        "wavelength * distance / (64 * pixel of the detector)"
    ), "not told"


@pytest.mark.parametrize(("declared", "factor"), [({"crop": 64}, 0.5), ({"bin": 2}, 1.0)])
def test_metres_and_a_window(large, declared, factor):
    """Pixels of the object follow the window of the detector that is taken, not its bins."""
    pixel = 2e-10 / (128 * 50e-6)
    fields = {**METRES, "detector_pixel_m": (50e-6, 50e-6)}
    scan = file_of(large, x=large.x * pixel, y=large.y * pixel, **fields)
    arrays, _ = generate(scan, **declared)
    np.testing.assert_allclose(arrays["xcoords"], factor * large.x, rtol=1e-12)
    assert misfit(arrays) < 0.04, "they do not belong together"


def test_what_a_file_does_not_say_of_metres(truth):
    """Figures that are not in the file are declared, and a declared one counts more."""
    x, y = truth.x * PIXEL_M[0], truth.y * PIXEL_M[0]
    bare = {**METRES, "wavelength_m": None, "detector_pixel_m": None}
    with pytest.raises(ValueError, match="wavelength_m: expected in the file or declared"):
        generate(file_of(truth, x=x, y=y, **bare))
    said = {"wavelength_m": 1e-10, "detector_pixel_m": 50e-6}
    for fields in (bare, METRES):
        arrays, _ = generate(file_of(truth, x=x, y=y, **fields), **said)
        np.testing.assert_allclose(arrays["xcoords"], truth.x, rtol=1e-12)


def test_the_pixels_of_an_object_in_metres(truth):
    """Where the file says how large its object's pixels are, nothing has to be computed."""
    fields = {"position_unit": "m", "object_pixel_m": (2e-8, 4e-8)}
    scan = file_of(truth, x=truth.x * 4e-8, y=truth.y * 2e-8, **fields)
    arrays, _ = generate(scan)
    np.testing.assert_allclose(arrays["xcoords"], truth.x, rtol=1e-12)
    np.testing.assert_allclose(arrays["ycoords"], truth.y, rtol=1e-12)


@pytest.mark.parametrize(
    ("raw", "declared"),
    [
        (lambda x, y: (-x, y), {"x_sign": -1}),
        (lambda x, y: (x, -y), {"y_sign": -1}),
        (lambda x, y: (y, x), {"swap_axes": True}),
        (lambda x, y: (y, -x), {"swap_axes": True, "x_sign": -1}),
        (
            lambda x, y: ((x - 4) / 2, (y - x) / 4),
            {"map_xx": 2.0, "map_xy": 0.0, "map_x0": 4.0, "map_yx": 2.0, "map_yy": 4.0,
             "map_y0": 4.0},
        ),
    ],
    ids=["x", "y", "swap", "swap and x", "map"],
)  # fmt: skip
def test_axes(truth, raw, declared):
    """Signs, a swap, and an affine map bring positions to the object's pixels."""
    x, y = raw(truth.x, truth.y)
    without = SIGNS if "map_xx" in declared else ()
    scan = file_of(truth, x=x, y=y, x_start=x, y_start=y)
    arrays, record = generate(scan, *without, **declared)
    for suffix in ("", "_start"):
        np.testing.assert_allclose(arrays[f"xcoords{suffix}"], truth.x, rtol=1e-12)
        np.testing.assert_allclose(arrays[f"ycoords{suffix}"], truth.y, rtol=1e-12)
    assert record["transformations"][0].startswith(("xcoords", "ycoords")), "not told"


@pytest.mark.parametrize(
    ("without", "declared", "message"),
    [
        (("x_sign",), {}, "x_sign, y_sign: expected 1 or -1 each, or a map, found none"),
        ((), {"map_xx": 1.0}, "expected map_xx, .* all together, without signs and swap"),
        (("origin",), {}, "origin: expected corner"),
        ((), {"origin": "file"}, "origin: expected corner or middle, because the file does not"),
    ],
)
def test_axes_are_never_guessed(truth, without, declared, message):
    """What is not declared of positions stops everything."""
    with pytest.raises(ValueError, match=message):
        generate(file_of(truth), *without, **declared)


@pytest.mark.parametrize(
    ("scale", "offset", "message"),
    [
        (1.0, 1e8, "xcoords: expected positions that are exact to less than half a pixel"),
        (300.0, 0.0, "positions: expected frames that overlap"),
        (1e6, 0.0, "positions: expected those of an object of at most"),
        (1e300, 0.0, "positions: expected those of an object of at most"),
    ],
)
@pytest.mark.parametrize("object_", ["ones", "reconstruct"])
def test_positions_that_cannot_be(truth, scale, offset, message, object_):
    """They are told for what they are, before memory is asked for or a convention is looked for."""
    x, y = (axis.astype(np.float32).astype(float) * scale for axis in (truth.x, truth.y))
    x = (x + offset).astype(np.float32).astype(float) if offset else x
    with pytest.raises(ValueError, match=message):
        generate(file_of(truth, x=x, y=y), "origin", object=object_)


def test_an_origin_in_the_middle(truth):
    """The middle of the positions' range comes to the middle of the object."""
    arrays, _ = generate(file_of(truth, x=truth.x - 500, y=truth.y + 77), origin="middle")
    for axis, name in ((1, "xcoords"), (0, "ycoords")):
        found = (arrays[name].min() + arrays[name].max()) / 2
        assert found == pytest.approx(truth.obj.shape[axis] / 2), f"{name} is not in the middle"


def test_an_origin_that_the_file_knows(truth):
    """The position that the file gives for the object's middle comes to it, signs and all."""
    rows, columns = truth.obj.shape
    fields = {"position_unit": "m", "object_pixel_m": (2e-8, 2e-8)}
    x, y = -(truth.x - columns / 2) * 2e-8 + 3e-6, (truth.y - rows / 2) * 2e-8 - 1e-6
    scan = file_of(truth, x=x, y=y, object_center_m=(-1e-6, 3e-6), **fields)
    arrays, _ = generate(scan, origin="file", x_sign=-1)
    np.testing.assert_allclose(arrays["xcoords"], truth.x, rtol=1e-10)
    np.testing.assert_allclose(arrays["ycoords"], truth.y, rtol=1e-10)


def test_positions_that_leave_the_object(truth):
    """With the wrong sign or unit they are all outside, and the message has both ranges."""
    with pytest.raises(ValueError, match="expected frames within the object of 227 x 226, found 0"):
        generate(file_of(truth), x_sign=-1)


# Object


def test_an_object_that_is_not_there(truth):
    """The message names what can be declared in its place."""
    with pytest.raises(ValueError, match="declare object: reconstruct, or object: ones"):
        generate(file_of(truth, obj=None))


def test_a_reconstructed_object(truth):
    """It explains the frames, all positions lie 9 px inside, and the R-factors are told."""
    scan = file_of(truth, obj=None, x=truth.x - 300, y=truth.y + 40)
    arrays, record = reconstructed(scan, sweeps=6)
    found = misfit(arrays)
    assert found < 0.1, "the object does not explain the frames"
    for axis, name in ((1, "xcoords"), (0, "ycoords")):
        low, high = arrays[name].min(), arrays[name].max()
        assert low == 41.0, f"{name} does not start 9 px inside"
        assert high <= arrays["objectGuess"].shape[axis] - 41.0, f"{name} ends outside"
    assert record["physics"] == "checked", "it can be checked, and is not"
    told = [step for step in record["transformations"] if "ePIE" in step]
    assert len(told) == 1, "not told"
    assert (
        f"6 sweeps of ePIE over 36 frames, from ones and the given probe; R-factor {found:.3f}"
        in (told[0])
    ), "other figures"


def test_many_frames_are_looked_at_some_at_a_time(truth, monkeypatch):
    """In single precision: another reconstruction, for any change grows, and as good a one."""
    scaled, _ = generate(file_of(truth), probe_scale="frames")
    monkeypatch.setattr(scan_v2, "PART", 5 * 64 * 64)
    monkeypatch.setattr(epie_v1, "CHUNK", 5 * 64 * 64)
    arrays, record = reconstructed(file_of(truth, obj=None))
    found = misfit(arrays)
    assert found < 0.16, "the object does not explain the frames"
    assert f"R-factor {found:.3f}, 0.3" in record["transformations"][1], "another figure is told"
    others, _ = generate(file_of(truth), probe_scale="frames")
    np.testing.assert_allclose(others["probeGuess"], scaled["probeGuess"], rtol=1e-6)


@pytest.fixture
def two_sweeps(monkeypatch):
    """As many of each reconstruction that is tried as tell these clean frames apart."""
    monkeypatch.setattr(scan_v2, "TELLING", 2 * 36)


@pytest.mark.usefixtures("two_sweeps")
@pytest.mark.parametrize(
    ("raw", "declared", "named"),
    [
        (lambda x, y: (-x, y), {"y_sign": -1}, "x_sign: -1, y_sign: 1"),
        (lambda x, y: (-y, x), {"x_sign": -1}, "x_sign: 1, y_sign: -1, swap_axes: true"),
        (lambda x, y: (x, -y), {"swap_axes": True}, "x_sign: 1, y_sign: -1"),
        (
            lambda x, y: (-x, y),
            {"map_xx": 1.0, "map_xy": 0.0, "map_x0": 0.0, "map_yx": 0.0, "map_yy": 1.0,
             "map_y0": 0.0},
            "x mirrored",
        ),
    ],
    ids=["signs", "swap", "no swap", "map"],
)  # fmt: skip
def test_a_wrong_convention_is_named(truth, raw, declared, named):
    """Frames do not fit positions with a wrong sign or swap, and the message has the right one."""
    x, y = raw(truth.x, truth.y)
    params = {key: value for key, value in PLAIN.items() if key != "origin"}
    if "map_xx" in declared:
        params = {key: value for key, value in params.items() if key not in SIGNS}
    params.update(declared, object="reconstruct")
    with pytest.raises(ValueError, match="positions: expected frames that fit") as caught:
        scan_v2.generate(params, file_of(truth, obj=None, x=x, y=y))
    assert f"permuted; with {named} it is" in str(caught.value), "not the right convention"


def test_frames_of_other_positions(truth):
    """Where no convention is better, nothing is claimed: the physics will refuse the fixture."""
    order = np.random.default_rng(0).permutation(36)
    scan = file_of(truth, truth.amplitude[order], obj=None)
    _, record = reconstructed(scan)
    assert any("ePIE" in step for step in record["transformations"]), "not reconstructed"


def test_an_object_of_ones(truth):
    """It is declared, and the source says that the physics is not checked."""
    arrays, record = generate(file_of(truth, obj=None), "origin", object="ones")
    assert set(arrays["objectGuess"].ravel()) == {1.0}, "not ones"
    assert record["physics"] == "not checked", "not told"
    assert "objectGuess: ones; the physics cannot be checked" in record["transformations"]
    assert "sample_indices" not in arrays, "a sample that nobody needs"
    np.testing.assert_array_equal(arrays["probeGuess"], truth.probe)


@pytest.mark.parametrize("key", [{"origin": "corner"}, {"probe_scale": "frames"}])
def test_keys_of_an_object_in_the_file(truth, key):
    """Where there is none, they mean nothing and are refused."""
    with pytest.raises(ValueError, match="origin, probe_scale: expected with object: file only"):
        generate(file_of(truth), "origin", object="ones", **key)


# Frames that are simulated


def test_frames_for_a_reconstruction(truth):
    """Object, probe and positions of a file without frames are imaged as those of a `.npz` are."""
    rows, columns = truth.obj.shape
    scan = file_of(
        truth, x=(truth.x - columns / 2) * -2e-8, y=(truth.y - rows / 2) * 2e-8,
        position_unit="m", object_pixel_m=(2e-8, 2e-8), object_center_m=(0.0, 0.0),
    )  # fmt: skip
    object.__setattr__(scan, "frames", None)
    params = {"seed": 1, "x_sign": -1, "y_sign": 1, "origin": "file"}
    arrays, record = simulate_scan_v1.generate(params, scan)
    assert record["layout"] == "legacy", "not as simulate_v1 says"
    frames = np.moveaxis(arrays["diffraction"], -1, 0)
    np.testing.assert_allclose(frames, truth.amplitude, atol=1e-9)
    assert record["transformations"][-1].startswith("simulated from object, probe and positions")


def test_nothing_to_simulate_from(truth):
    """Without an object there is nothing to image."""
    with pytest.raises(ValueError, match="objectGuess: expected in the file, found none"):
        simulate_scan_v1.generate({"seed": 1, "origin": "corner"}, file_of(truth, obj=None))
