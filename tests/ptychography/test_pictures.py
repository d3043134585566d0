"""Tests of `registry.ptychography.pictures`, and of `registry.drawing`, which draws them."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

import registry
from registry import drawing
from registry.page import SourceArrays
from registry.ptychography import pictures
from registry.ptychography.limits import fit
from registry.report import figures
from tests.kit.repository import REPOSITORY
from tests.report.kit import NAME


@pytest.fixture(scope="module")
def fixture():
    """A published fixture."""
    return registry.load(NAME, REPOSITORY)


def image(picture: drawing.Picture) -> np.ndarray:
    """Pixels of an image, whose colour bar comes before it: (Y, X, 4) uint8."""
    from PIL import Image

    (_, last) = re.findall(rb"data:image/png;base64,\s*([^\"]+)", picture.light)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(last))).convert("RGBA"))


def scan(fixture, source):
    """The picture of the fixture's positions over those of a source."""
    return pictures.positions(fixture.arrays, fixture.sidecar, source)


def whole_source(fixture):
    """A source of 1087 positions that has the fixture's where the sidecar says."""
    chosen = list(fixture.sidecar.subset_indices)
    x, y = np.linspace(34, 80, 1087), np.linspace(35, 80, 1087)
    x[chosen], y[chosen] = fixture.xcoords, fixture.ycoords
    return SourceArrays(
        path="build/sources/a.npz", values={"xcoords": x.tolist(), "ycoords": y.tolist()}
    )


def test_probe_and_object(fixture):
    """Amplitude and phase of both, each pixel of the array a pixel of the image."""
    found = pictures.probe_and_object(fixture.arrays)
    assert [(picture.name, image(picture).shape) for picture in found] == [
        ("object-amplitude", (227, 226, 4)),
        ("object-phase", (227, 226, 4)),
        ("probe-amplitude", (64, 64, 4)),
        ("probe-phase", (64, 64, 4)),
    ], "not the arrays' own pixels"


def test_an_image_shows_its_array():
    """Row 0 is at the top, column 0 at the left, and bright is much."""
    values = np.zeros((4, 5), np.complex64)
    values[0, 1] = 3
    amplitude, _ = drawing.complex_pair("object", values)
    shown = image(amplitude)[..., 0]
    assert shown[0, 1] == 255, "the only bright pixel is elsewhere"
    assert np.count_nonzero(shown) == 1, "other pixels are bright, too"


def test_phase_is_cyclic():
    """Just below π and just above −π have the same colour; 0 has another one."""
    values = np.exp(1j * np.array([[np.pi - 1e-3, -np.pi + 1e-3, 0.0]]))
    _, phase = drawing.complex_pair("object", values)
    end, start, middle = image(phase)[0, :, :3].astype(int)
    assert np.abs(end - start).max() <= 4, "the colours do not close"
    assert np.abs(end - middle).max() > 100, "one colour for all"


def test_a_large_object():
    """Of an object with more pixels than a screen only every nth is drawn, and that is said."""
    large = np.arange(1, 2501)[:, None] * np.ones((1, 10), np.complex64)
    amplitude, _ = drawing.complex_pair("object", large)
    assert image(amplitude).shape[:2] == (834, 4), "not every third pixel"
    assert "10 × 2500 pixels" in amplitude.alt, "not its own size"
    assert "Every 3. pixel of a row and of a column is drawn." in amplitude.alt, "not said"


def test_modes_of_a_probe(fixture):
    """Each mode of a probe is drawn."""
    probe = np.stack([fixture.probeGuess, fixture.probeGuess.T])
    found = pictures.probe_and_object({"probeGuess": probe})
    assert [picture.name for picture in found] == [
        "probe-amplitude", "probe-phase", "probe-mode-2-amplitude", "probe-mode-2-phase",
    ]  # fmt: skip


def test_frames(fixture):
    """The mean and three single frames, on one scale that the words tell."""
    found = pictures.frames(fixture.arrays, 2000.0)
    assert [picture.title for picture in found] == ["Mean frame", "Frame 0", "Frame 8", "Frame 15"]
    peak = 2000 * float(fixture.diffraction[[0, 8, 15]].max()) ** 2
    for picture in found:
        assert f"photons per pixel on a log scale, from 0 to {peak:.0f}" in picture.alt


def test_frames_without_a_photon_scale(fixture):
    """Where photons are not known, intensities are relative to the brightest pixel."""
    found = pictures.frames(fixture.arrays, None)
    assert "down to a millionth of the peak" in found[0].alt
    assert image(found[1]).shape == (64, 64, 4)


def test_frames_are_on_a_log_scale():
    """Equal ratios are equal steps of colour."""
    stack = np.sqrt(np.array([[[1e-6, 1e-4, 1e-2, 1.0]]]))
    _, single = pictures.frames({"diffraction": stack}, None)
    from matplotlib import colormaps

    wanted = colormaps["viridis"]([0.0, 1 / 3, 2 / 3, 1.0], bytes=True)
    assert np.abs(image(single)[0].astype(int) - wanted).max() <= 3, "not the colours of a log"


def test_values_that_are_not_finite(fixture):
    """A NaN leaves its pixel on the mat, and the others as they are."""
    frames = fixture.diffraction.copy()
    frames[0, 3, 4] = np.nan
    _, first, *_ = pictures.frames({"diffraction": frames}, 2000.0)
    alpha = image(first)[..., 3]
    assert alpha[3, 4] == 0, "a NaN has a colour"
    assert np.count_nonzero(alpha == 0) == 1, "others have none"


@pytest.mark.parametrize(
    "arrays",
    [{}, {"objectGuess": np.ones(3), "probeGuess": np.ones(3), "diffraction": np.ones(3)}],
    ids=["absent", "axes"],
)
def test_arrays_that_cannot_be_drawn(fixture, arrays):
    """Arrays that are not there, or have other axes, give no picture."""
    assert pictures.probe_and_object(arrays) == []
    assert pictures.frames(arrays, None) == []
    assert pictures.positions(arrays, fixture.sidecar, None) is None


@pytest.mark.parametrize("stretched", ["xcoords", "ycoords"])
def test_positions_of_any_shape_are_drawn_in_silence(fixture, caplog, stretched):
    """A scan that is wider or higher than the figure leaves no words of matplotlib's."""
    arrays = {**fixture.arrays, stretched: 3 * fixture.arrays[stretched]}
    pictures.positions(arrays, fixture.sidecar, None)
    assert caplog.messages == [], "matplotlib has warned"


def test_positions_over_the_source(fixture):
    """The source's positions are drawn where they are those that the fixture was cut from."""
    picture = scan(fixture, whole_source(fixture))
    assert picture.note == "", "something is said to be wrong"
    assert picture.alt == (
        "16 scan positions in object pixels, joined in their order, over the 1087 of the source. "
        "They span 96.1% of the source's range in x and 99.2% in y."
    )
    alone = scan(fixture, None)
    more = picture.light.count(b"\nL ") - alone.light.count(b"\nL ")
    assert more >= 1087, "not every dot of the source is there"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"problem": "is not here (dvc repro builds it)", "values": {}}, "is not here"),
        ({"values": {"xcoords": [1.0], "ycoords": [1.0]}}, "has other positions than the sidecar"),
        (
            {"values": {"xcoords": [1.0] * 1087, "ycoords": [1.0] * 1087}},
            "has its positions on another scale",
        ),
    ],
    ids=["absent", "fewer", "scaled"],
)
def test_positions_alone(fixture, change, said):
    """Where the source's cannot be shown, the fixture's are, and the page says why."""
    picture = scan(fixture, replace(whole_source(fixture), **change))
    assert said in picture.note, "not said"
    assert "The fixture's own positions are drawn alone." in picture.note, "not said"
    assert "of the source. They" not in picture.alt, "they are said to be there"


def test_every_frame_against_its_model(fixture):
    """The words of the chart tell the worst frame and its limit."""
    fitted, _ = fit(fixture.arrays, {**fixture.sidecar.checks, **fixture.sidecar.details})
    picture = pictures.frame_fit(fitted)
    assert picture.alt == (
        "Misfit over photon noise (χ²) of each of 16 frames: from 0.957 to 1.06, which is frame "
        "3. The limit of frame 3 is 1.13."
    )


def every(fixture):
    """One picture of each kind."""
    fitted, _ = fit(fixture.arrays, {**fixture.sidecar.checks, **fixture.sidecar.details})
    return [
        *pictures.probe_and_object(fixture.arrays),
        *pictures.frames(fixture.arrays, 2000.0),
        scan(fixture, whole_source(fixture)),
        pictures.frame_fit(fitted),
        figures.losses("loss-g1", [(0, 2.0), (1, 0.1)]),
    ]


def test_the_same_bytes_again(fixture, monkeypatch):
    """The same arrays give the same bytes, whatever the user's own settings are."""
    import matplotlib

    before = every(fixture)
    for name, value in (("font.size", 20), ("svg.hashsalt", "x"), ("savefig.transparent", True)):
        monkeypatch.setitem(matplotlib.rcParams, name, value)
    assert every(fixture) == before
    assert matplotlib.rcParams["font.size"] == 20, "the user's settings are changed"


def test_what_is_not_in_a_picture(fixture):
    """No date, no version, no script, and no address to fetch anything from."""
    for picture in every(fixture):
        for data in filter(None, (picture.light, picture.dark)):
            root = ElementTree.fromstring(data)
            links = [
                value
                for element in root.iter()
                for key, value in element.attrib.items()
                if key.endswith("href") and not value.startswith(("#", "data:image/png;base64,"))
            ]
            assert links == [], f"{picture.name} refers to something"
            tags = {element.tag.rpartition("}")[2] for element in root.iter()}
            assert not tags & {"script", "date", "creator", "foreignObject"}, picture.name


def test_charts_for_light_and_dark(fixture):
    """A chart has ink of its own on a dark page; an image is the same on both."""
    for picture in every(fixture):
        chart = picture.name in ("positions", "frame-fit", "loss-g1")
        assert (picture.dark is not None) == chart, picture.name
        if picture.dark is not None:
            assert drawing.THEMES["light"]["accent"].encode() in picture.light, picture.name
            assert drawing.THEMES["dark"]["accent"].encode() in picture.dark, picture.name
            assert drawing.THEMES["light"]["accent"].encode() not in picture.dark, picture.name


def test_charts_and_pages_have_the_same_colours():
    """The style sheet's colours are those of the charts."""
    style = (REPOSITORY / "registry/report/templates/report.css").read_text()
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for theme, text in (("light", light), ("dark", dark.partition("\n}\n")[0])):
        for name, colour in drawing.THEMES[theme].items():
            assert f"--{name}: {colour};" in text, f"{name} of {theme}"


def test_pyplot_is_not_needed():
    """Figures are made without pyplot, which would keep state and may want a screen."""
    program = (
        "import sys, numpy as np\n"
        "from registry import drawing\n"
        "from registry.report import figures\n"
        "drawing.complex_pair('object', np.ones((4, 4), complex))\n"
        "figures.losses('a', [(0, 1.0), (1, 0.5)])\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout == "False\n", "pyplot was imported"
