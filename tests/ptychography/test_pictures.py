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
from registry.page import Side, SourceArrays
from registry.ptychography import pictures
from registry.ptychography.limits import Fit, fit
from registry.report import figures
from tests.kit.repository import REPOSITORY
from tests.report.kit import NAME


@pytest.fixture(scope="module")
def fixture():
    """A published fixture."""
    return registry.load(NAME, REPOSITORY)


def image(picture: drawing.Picture) -> np.ndarray:
    """Pixels of an image, also of one that lies below dots: (Y, X, 4) uint8."""
    from PIL import Image

    data = picture.light
    if picture.suffix == "svg":
        (found,) = re.findall(rb"data:image/png;base64,([^\"]+)", data)
        data = base64.b64decode(found)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@pytest.fixture
def figures_of(monkeypatch):
    """Figures of the charts that a function draws, to ask what lies where in them."""
    from matplotlib.figure import Figure

    drawn = []

    def draw_chart(name, title, alt, draw, inches, note=""):
        drawn.append(Figure(figsize=inches))
        draw(drawn[-1], drawing.THEMES["light"])
        # which widens an axis to an equal scale
        drawn[-1].draw_without_rendering()

    def ask(function, *arguments):
        drawn.clear()
        with monkeypatch.context() as patch:
            patch.setattr(pictures, "draw_chart", draw_chart)
            function(*arguments)
        return drawn[0]

    return ask


def dots_of(axes) -> list[tuple[np.ndarray, str]]:
    """Dots of a chart, those that are drawn first first: columns and rows, and their colour."""
    from matplotlib.colors import to_hex
    from matplotlib.patches import PathPatch

    patches = sorted(
        (child for child in axes.get_children() if isinstance(child, PathPatch)),
        key=lambda patch: patch.zorder,
    )
    return [(patch.get_path().vertices[::2].T, to_hex(patch.get_edgecolor())) for patch in patches]


def is_within(inner, outer) -> bool:
    """Whether a box of matplotlib's lies in another one."""
    return bool(
        outer.x0 <= inner.x0
        and inner.x1 <= outer.x1
        and outer.y0 <= inner.y0
        and inner.y1 <= outer.y1
    )


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


def test_a_phase_within_half_a_circle():
    """Has the arc that it takes to itself, be it over the end of the circle; not the whole one."""
    values = 2 * np.exp(1j * np.array([[3.0, 3.1, -3.1, -2.9]]))
    _, phase = drawing.complex_pair("object", values)
    assert (phase.scale.low_text, phase.scale.high_text) == ("−3.28", "−2.9 rad")
    assert phase.alt == "Phase of the object, 4 × 1 pixels, from −3.28 (dark) to −2.9 rad (light)."
    brightness = image(phase)[0, :, :3].astype(int).sum(axis=1)
    assert (np.diff(brightness) > 50).all(), "it does not rise over the end of the circle"


def test_a_phase_of_nothing():
    """Where there is no amplitude there is none, and the mat is seen."""
    _, phase = drawing.complex_pair("object", np.array([[0, 1, 1j]]))
    assert image(phase)[0, :, 3].tolist() == [0, 255, 255]


def test_phase_is_cyclic():
    """Just below π and just above −π have the same colour; 0 has another one."""
    values = np.exp(1j * np.array([[np.pi - 1e-3, -np.pi + 1e-3, 0.0]]))
    _, phase = drawing.complex_pair("object", values)
    end, start, middle = image(phase)[0, :, :3].astype(int)
    assert np.abs(end - start).max() <= 4, "the colours do not close"
    assert np.abs(end - middle).max() > 100, "one colour for all"
    assert (phase.scale.low_text, phase.scale.high_text) == ("−π", "π")


def test_a_large_object():
    """Of an object with more pixels than a screen some are left out, of no row or column all."""
    large = np.arange(1, 2501)[:, None] * np.ones((1, 10), np.complex64)
    amplitude, _ = drawing.complex_pair("object", large)
    assert image(amplitude).shape[:2] == (834, 10), "not every third row"
    assert "10 × 2500 pixels" in amplitude.alt, "not its own size"
    assert amplitude.alt.endswith(" Of its pixels every 3. row is drawn."), "not said"
    amplitude, _ = drawing.complex_pair("object", np.ones((1025, 2049), np.complex64))
    assert image(amplitude).shape[:2] == (513, 683)
    assert amplitude.alt.endswith(" Of its pixels every 2. row and every 3. column is drawn.")


@pytest.mark.parametrize(
    ("shape", "size", "bar"),
    [
        ((20, 20), (320, 320), (5, 0.25)),
        ((20, 40), (320, 160), (10, 0.25)),
        ((2, 100), (320, 80), None),
        ((30, 20), (320, 480), (5, 0.25)),
        ((100, 2), (320, 640), None),
    ],
    ids=["square", "flat", "very flat", "tall", "very tall"],
)
def test_the_size_of_an_image(shape, size, bar):
    """It is as high as its array wants, within limits; what is stretched has no scale bar."""
    picture, _ = drawing.complex_pair("object", np.ones(shape, complex))
    assert (picture.size, picture.bar) == (size, bar)


def test_modes_of_a_probe(fixture):
    """Each mode of a probe is drawn."""
    probe = np.stack([fixture.probeGuess, fixture.probeGuess.T])
    found = pictures.probe_and_object({"probeGuess": probe})
    assert [picture.name for picture in found] == [
        "probe-amplitude", "probe-phase", "probe-mode-2-amplitude", "probe-mode-2-phase",
    ]  # fmt: skip


def test_a_patch(fixture):
    """Where there are patches of the object, the first one is drawn, and says whose it is."""
    patches = np.stack([fixture.probeGuess, fixture.probeGuess.T])
    amplitude, _ = pictures.probe_and_object({"Y": patches})
    assert amplitude.name == "patch-under-frame-0-amplitude"
    assert amplitude.title == "Patch under frame 0, amplitude"
    assert image(amplitude).shape == (64, 64, 4)


def test_light_on_the_object():
    """Frames add up where they overlap, in their place; a dot is at each position."""
    probe = np.full((4, 4), 3.0 + 0j)
    where = {"xcoords": np.array([12.0, 14.0]), "ycoords": np.array([20.2, 20.0])}
    picture = pictures.coverage({"probeGuess": probe, **where})
    # of each side a quarter of a frame is cut; one frame is √½ as bright as two
    assert image(picture)[..., 0].tolist() == [[181, 255, 255, 181]] * 2
    assert (picture.bar, picture.note[:14]) == ((1, 0.25), "4 × 2 pixels: ")
    assert "4 × 2 pixels from column 11 and row 19" in picture.alt
    (path,) = set(re.findall(r'path d="([^"]+)"', picture.light.decode()))
    # the middle of pixel 12 is 1.5 from the edge of pixel 11
    assert path == "M1.50 1.70h0M3.50 1.50h0"
    assert picture.light.count(drawing.THEMES["dark"]["accent"].encode()) == 1


def test_light_of_a_frame_that_is_no_square():
    """Intensity, of all modes; a quarter of a frame's height is cut, and a quarter of its width."""
    probe = np.random.default_rng(3).normal(size=(2, 8, 20))
    where = {"xcoords": np.array([30.0, 35.0]), "ycoords": np.array([50.0, 53.0])}
    picture = pictures.coverage({"probeGuess": probe, **where})
    assert "15 × 7 pixels from column 25 and row 48" in picture.alt
    light = np.zeros((11, 25))
    for row, column in ((0, 0), (3, 5)):
        light[row : row + 8, column : column + 20] += (probe**2).sum(axis=0)
    shown = np.sqrt(light[2:-2, 5:-5])
    assert np.abs(image(picture)[..., 0] - 255 * shown / shown.max()).max() <= 2
    assert b'path d="M5.50 2.50h0M10.50 5.50h0"' in picture.light


def test_light_of_no_light():
    """A probe of zeros gives a black picture."""
    where = {"xcoords": np.array([12.0]), "ycoords": np.array([20.0])}
    assert not image(pictures.coverage({"probeGuess": np.zeros((8, 8)), **where}))[..., :3].any()


def test_positions_as_far_apart_as_a_scan_can_have():
    """So many frames' sizes, and no more."""
    farthest = 4.0 * pictures._FARTHEST
    for axis, other in (("xcoords", "ycoords"), ("ycoords", "xcoords")):
        arrays = {"probeGuess": np.ones((2, 4)), other: np.zeros(2)}
        assert pictures.coverage({**arrays, axis: np.array([0, farthest])}) is not None
        assert pictures.coverage({**arrays, axis: np.array([0, farthest + 0.5])}) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"ycoords": np.array([0.0, np.nan])},
        {"xcoords": np.zeros((2, 1)), "ycoords": np.zeros((2, 1))},
        {"xcoords": np.zeros(0), "ycoords": np.zeros(0)},
        {"xcoords": np.array([0.0, 1e9])},
        {"xcoords": np.array([0.0, np.nan])},
        {"xcoords": np.array([0.0])},
        {"probeGuess": np.array([[np.nan]])},
        {"probeGuess": np.ones(4)},
        {"probeGuess": np.ones((0, 4))},
    ],
    ids=[
        "y nan",
        "axes",
        "none",
        "far apart",
        "nan",
        "fewer",
        "probe nan",
        "probe axes",
        "probe empty",
    ],
)
def test_no_light_on_the_object(changes):
    """What tells no light, or more than a scan can have, gives no picture, and no error."""
    arrays = {"probeGuess": np.ones((4, 4)), "xcoords": np.zeros(2), "ycoords": np.zeros(2)}
    assert pictures.coverage(arrays) is not None
    assert pictures.coverage({**arrays, **changes}) is None


def test_many_positions_have_small_dots():
    """Of 400 each is a third as wide as of 4, so that they do not hide the light."""
    wide = []
    for count in (4, 400):
        points = {"xcoords": np.zeros(count), "ycoords": np.zeros(count)}
        picture = pictures.coverage({"probeGuess": np.ones((8, 8)), **points})
        wide.append(float(re.findall(r'stroke-width="([0-9.]+)"', picture.light.decode())[1]))
    assert wide == [0.2, 0.06]


def test_frames(fixture):
    """The mean and three single frames, on one scale that the words tell."""
    found = pictures.frames(fixture.arrays, 2000.0)
    assert [picture.title for picture in found] == ["Mean frame", "Frame 0", "Frame 8", "Frame 15"]
    place = f"at x {fixture.xcoords[8]:.1f}, y {fixture.ycoords[8]:.1f} px"
    assert [found[0].note, found[2].note] == ["of all 16", place]
    peak = 2000 * float(fixture.diffraction[[0, 8, 15]].max()) ** 2
    for picture in found:
        assert f"photons per pixel on a log scale, from 0 to {peak:.0f}" in picture.alt


def test_frames_without_a_photon_scale(fixture):
    """Where photons are not known, intensities are relative to the brightest pixel."""
    found = pictures.frames(fixture.arrays, None)
    assert "down to a millionth of the peak" in found[0].alt
    assert image(found[1]).shape == (64, 64, 4)


def test_frames_are_on_a_log_scale():
    """Equal ratios are equal steps of colour, from a millionth of the brightest pixel on."""
    stack = np.sqrt(np.array([[[4e-6, 4e-4, 4e-2, 4.0]]]))
    _, single = pictures.frames({"diffraction": stack}, None)
    from matplotlib import colormaps

    wanted = colormaps["viridis"]([0.0, 1 / 3, 2 / 3, 1.0], bytes=True)
    assert np.abs(image(single)[0].astype(int) - wanted).max() <= 3, "not the colours of a log"


def test_frames_in_photons():
    """From none, in the darkest colour, to the most of any frame, in the lightest."""
    from matplotlib import colormaps

    stack = np.sqrt([[[0.0, 9, 1]], [[0, 99, 1]]])
    mean, first, second = pictures.frames({"diffraction": stack}, 1.0)
    for picture, photons in ((mean, [0, 54, 1]), (first, [0, 9, 1]), (second, [0, 99, 1])):
        wanted = colormaps["viridis"](np.log10(1 + np.array(photons)) / 2, bytes=True)
        assert np.abs(image(picture)[0].astype(int) - wanted).max() <= 3, picture.title
        assert picture.scale.high_text == "99 photons"
    assert pictures.frames({"diffraction": stack}, 10.0)[0].scale.high_text == "990 photons"


def test_frames_without_light():
    """Are as dark as can be, on either scale, and divided by nothing."""
    from matplotlib import colormaps

    darkest = list(colormaps["viridis"](0.0, bytes=True))
    for photon_scale in (None, 2.0):
        found = pictures.frames({"diffraction": np.zeros((2, 4, 4))}, photon_scale)
        assert [image(picture)[0, 0].tolist() for picture in found] == [darkest] * 3


@pytest.mark.parametrize(
    ("where", "notes"),
    [
        ({"xcoords": np.arange(2.0), "ycoords": np.arange(2.0)}, ["at x 0.0, y 0.0 px", ""]),
        ({"xcoords": np.arange(3.0)}, ["", ""]),
    ],
    ids=["fewer", "one axis"],
)
def test_frames_whose_place_is_not_known(where, notes):
    """Of them nothing is said."""
    found = pictures.frames({"diffraction": np.ones((3, 4, 4)), **where}, None)
    assert [found[1].note, found[3].note] == notes


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
    assert pictures.coverage(arrays) is None
    assert pictures.both_positions(Side(arrays=fixture.arrays), Side(arrays=arrays)) is None


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


def as_scan(fixture, x, y):
    """Arrays and sidecar of a fixture with these of four positions of its source."""
    chosen = [0, 2, 3]
    arrays = {"xcoords": np.array(x)[chosen], "ycoords": np.array(y)[chosen]}
    checks = {**fixture.sidecar.checks, "coverage_x": 0.75, "coverage_y": 0.5}
    source = SourceArrays(path="a.npz", values={"xcoords": x, "ycoords": y})
    return arrays, replace(fixture.sidecar, subset_indices=chosen, checks=checks), source


WIDE = [10.0, 60.0, 30.0, 50.0], [20.0, 34.0, 28.0, 30.0]
HIGH = WIDE[1], WIDE[0]


@pytest.mark.parametrize("coordinates", [WIDE, HIGH], ids=["wide", "high"])
def test_what_lies_where_among_positions(fixture, figures_of, coordinates):
    """The fixture's over the source's, joined in their order, and each of three by its number."""
    arrays, record, source = as_scan(fixture, *coordinates)
    axes = figures_of(pictures.positions, arrays, record, source).axes[0]
    own = np.stack([arrays["xcoords"], arrays["ycoords"]])
    (others, faint), (mine, accent) = dots_of(axes)
    np.testing.assert_array_equal(others, coordinates)
    np.testing.assert_array_equal(mine, own)
    assert (faint, accent) == tuple(drawing.THEMES["light"][ink] for ink in ("faint", "accent"))
    path, *_ = axes.lines
    np.testing.assert_array_equal(path.get_data(), own)
    first, middle, last = (text for text in axes.texts if text.get_text().isdigit())
    assert [text.get_text() for text in (first, middle, last)] == ["0", "1", "2"]
    np.testing.assert_array_equal([text.xy for text in (first, middle, last)], own.T)


@pytest.mark.parametrize("coordinates", [WIDE, HIGH], ids=["wide", "high"])
def test_what_a_fixture_covers_is_drawn_beside_its_positions(fixture, figures_of, coordinates):
    """Along x above them, along y to their right: the source's range, and over it the fixture's."""
    arrays, record, source = as_scan(fixture, *coordinates)
    axes = figures_of(pictures.positions, arrays, record, source).axes[0]
    ends = [np.transpose([(each.min(), each.max()) for each in (x, y)]) for x, y in (
        np.array(coordinates), (arrays["xcoords"], arrays["ycoords"])
    )]  # fmt: skip
    colours = [drawing.THEMES["light"][ink] for ink in ("faint", "faint", "accent", "accent")]
    _, *bars = axes.lines
    assert [bar.get_color() for bar in bars] == colours
    assert bars[0].get_linewidth() > bars[2].get_linewidth(), "the source's is hidden"
    for bar, (low, high) in zip(bars[::2], ends, strict=True):
        np.testing.assert_array_equal(bar.get_xdata(), [low[0], high[0]])
        assert (bar.get_ydata() < ends[0][0, 1]).all(), "not above"
        np.testing.assert_array_equal(bar.get_ydata(), bars[0].get_ydata())
    for bar, (low, high) in zip(bars[1::2], ends, strict=True):
        np.testing.assert_array_equal(bar.get_ydata(), [low[1], high[1]])
        assert (bar.get_xdata() > ends[0][1, 0]).all(), "not to the right"
        np.testing.assert_array_equal(bar.get_xdata(), bars[1].get_xdata())


@pytest.mark.parametrize("coordinates", [WIDE, HIGH], ids=["wide", "high"])
def test_words_beside_positions_have_their_room(fixture, figures_of, coordinates):
    """In the middle of what they tell of, farther out than it, and within the axes."""
    arrays, record, source = as_scan(fixture, *coordinates)
    axes = figures_of(pictures.positions, arrays, record, source).axes[0]
    of_x, of_y = (text for text in axes.texts if not text.get_text().isdigit())
    assert (of_x.get_text(), of_y.get_text()) == ("75.0% of x", "50.0% of y")
    boxes = [text.get_window_extent() for text in (of_x, of_y)]
    bars = [axes.lines[n].get_window_extent() for n in (1, 2)]
    assert (boxes[0].x0 + boxes[0].x1) == pytest.approx(bars[0].x0 + bars[0].x1, abs=2)
    assert (boxes[1].y0 + boxes[1].y1) == pytest.approx(bars[1].y0 + bars[1].y1, abs=2)
    assert boxes[0].y0 > bars[0].y1, "over the range in x"
    assert boxes[1].x0 > bars[1].x1, "over the range in y"
    assert boxes[0].width > boxes[0].height, "does not lie along x"
    assert boxes[1].height > boxes[1].width, "does not stand along y"
    assert all(is_within(box, axes.bbox) for box in boxes), "beyond the axes"
    dots = axes.transData.transform(np.transpose(coordinates))
    assert (dots > axes.bbox.min).all(), "a position is cut off"
    assert (dots < axes.bbox.max).all(), "a position is cut off"
    extent = np.ptp(dots, axis=0) / [axes.bbox.width, axes.bbox.height]
    assert extent.max() > 0.7, "most of the picture is empty"


def test_a_larger_scan_is_drawn_as_a_smaller_one(fixture, figures_of):
    """Everything beside positions is as far from them, whatever pixels they span."""
    places = []
    for factor in (1, 10):
        x, y = ([factor * value for value in values] for values in WIDE)
        axes = figures_of(pictures.positions, *as_scan(fixture, x, y)).axes[0]
        drawn = [*axes.lines, *(text for text in axes.texts if not text.get_text().isdigit())]
        places.append([part.get_window_extent().extents for part in drawn])
    np.testing.assert_allclose(places[1], places[0], atol=0.5)


def test_positions_without_a_source_or_coverage(fixture, figures_of):
    """There is nothing to hold them against, and no word without a number."""
    arrays, record, _ = as_scan(fixture, *WIDE)
    record = replace(record, checks={"coverage_x": 0.75})
    axes = figures_of(pictures.positions, arrays, record, None).axes[0]
    assert [colour for _, colour in dots_of(axes)] == [drawing.THEMES["light"]["accent"]]
    assert [text.get_text() for text in axes.texts] == ["0", "1", "2", "75.0% of x", ""]
    source_range, own_range = axes.lines[1], axes.lines[3]
    np.testing.assert_array_equal(source_range.get_data(), own_range.get_data())
    picture = pictures.positions(arrays, record, None)
    assert picture.alt == "3 scan positions in object pixels, joined in their order."


def test_a_single_position(fixture, figures_of):
    """Is a picture of a pixel or so, not of nothing."""
    arrays = {"xcoords": np.array([30.0]), "ycoords": np.array([40.0])}
    axes = figures_of(pictures.positions, arrays, fixture.sidecar, None).axes[0]
    assert 0.1 < np.ptp(axes.get_xlim()) < 10, axes.get_xlim()
    assert 0.1 < np.ptp(axes.get_ylim()) < 10, axes.get_ylim()


def test_nothing_of_a_chart_is_cut_off(fixture, figures_of):
    """Axes and all that is written beside them lie within the picture, and take most of it."""
    side = Side(arrays=fixture.arrays)
    fitted, _ = fit(fixture.arrays, {**fixture.sidecar.checks, **fixture.sidecar.details})
    for drawn in (
        (pictures.positions, fixture.arrays, fixture.sidecar, None),
        (pictures.both_positions, side, side),
        (pictures.frame_fit, fitted),
    ):
        figure = figures_of(*drawn)
        (axes,) = figure.axes
        assert is_within(axes.get_tightbbox(), figure.bbox), drawn[0]
        share = axes.bbox.width * axes.bbox.height / (figure.bbox.width * figure.bbox.height)
        assert share > 0.6, drawn[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"values": {"xcoords": [1.0] * 1087, "ycoords": [1.0] * 1088}},
            "has other positions than the sidecar",
        ),
        ({"problem": "is not here (dvc repro builds it)", "values": {}}, "is not here"),
        ({"values": {"xcoords": [1.0], "ycoords": [1.0]}}, "has other positions than the sidecar"),
        (
            {"values": {"xcoords": [1.0] * 1087, "ycoords": [1.0] * 1087}},
            "has its positions on another scale",
        ),
    ],
    ids=["not as many", "absent", "fewer", "scaled"],
)
def test_positions_alone(fixture, change, said):
    """Where the source's cannot be shown, the fixture's are, and the page says why."""
    picture = scan(fixture, replace(whole_source(fixture), **change))
    assert said in picture.note, "not said"
    assert "The fixture's own positions are drawn alone." in picture.note, "not said"
    assert "of the source. They" not in picture.alt, "they are said to be there"


@pytest.mark.parametrize("scaled", ["xcoords", "ycoords"])
def test_positions_on_another_scale_along_one_axis(fixture, scaled):
    """Both axes have to be those of the source."""
    source = whole_source(fixture)
    other = [2 * value for value in source.values[scaled]]
    picture = scan(fixture, replace(source, values={**source.values, scaled: other}))
    assert "has its positions on another scale" in picture.note


@pytest.mark.parametrize(("count", "is_there"), [(3, False), (4, True)])
def test_a_source_that_ends_with_the_last_position(fixture, count, is_there):
    """From the first index on, and up to the last one: what is beyond it is not looked for."""
    arrays, record, _ = as_scan(fixture, *WIDE)
    shorter = {"xcoords": WIDE[0][:count], "ycoords": WIDE[1][:count]}
    picture = pictures.positions(arrays, record, SourceArrays(path="a.npz", values=shorter))
    assert ("over the 4 of the source" in picture.alt) == is_there
    assert ("other positions than the sidecar says" in picture.note) == (not is_there)


def test_the_source_of_either_of_two(fixture):
    """That of the first of them which has one."""
    longer = whole_source(fixture)
    longer = replace(longer, values={name: [*v, 50.0] for name, v in longer.values.items()})
    a = Side(arrays=fixture.arrays, record=fixture.sidecar, source=whole_source(fixture))
    b = Side(arrays=fixture.arrays, record=fixture.sidecar, source=longer)
    for sides, count in (((a, b), 1087), ((b, a), 1088), ((Side(arrays=a.arrays), b), 1088)):
        assert f"over the {count} of the source" in pictures.both_positions(*sides).alt


def test_what_lies_where_among_positions_of_two(fixture, figures_of):
    """B over A, both over the source's; a line from A to B where one moved, rows downwards."""
    x, y = fixture.xcoords, fixture.ycoords
    a = Side(arrays=fixture.arrays, record=fixture.sidecar, source=whole_source(fixture))
    moved = {"xcoords": x, "ycoords": y + 2.0 * (np.arange(16) == 3)}
    axes = figures_of(pictures.both_positions, a, Side(arrays=moved)).axes[0]
    (_, faint), (first, quiet), (second, accent) = dots_of(axes)
    assert [faint, quiet, accent] == [
        drawing.THEMES["light"][ink] for ink in ("faint", "quiet", "accent")
    ]
    np.testing.assert_array_equal(first, [x, y])
    np.testing.assert_array_equal(second, [x, moved["ycoords"]])
    lines = np.array([line.get_data() for line in axes.lines])
    np.testing.assert_array_equal(lines.transpose(2, 1, 0), [[x, y], [x, moved["ycoords"]]])
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert pictures.both_positions(a, Side(arrays=moved)).note == "1 of 16 moved."


def test_positions_of_two(fixture):
    """Both are drawn over the source's, with a line to each that moved."""
    moved = {**fixture.arrays, "xcoords": fixture.xcoords + 1.5 * (np.arange(16) > 12)}
    a = Side(arrays=fixture.arrays, record=fixture.sidecar, source=whole_source(fixture))
    picture = pictures.both_positions(a, Side(arrays=moved))
    assert picture.alt == (
        "16 scan positions of A and 16 of B, in object pixels, over the 1087 of the source."
    )
    assert picture.note == "3 of 16 moved."
    same = pictures.both_positions(a, a)
    assert same.note == "The same in both."
    lines = picture.light.count(b"line2d") - same.light.count(b"line2d")
    assert lines == 16, "no line from each place of A to that of B"


def test_positions_of_two_that_have_not_as_many(fixture):
    """Nothing is said to have moved; the source is that of the one whose positions it has."""
    few = {name: fixture.arrays[name][:5] for name in ("xcoords", "ycoords")}
    b = Side(arrays=fixture.arrays, record=fixture.sidecar, source=whole_source(fixture))
    absent = SourceArrays(path="a.npz", problem="is not here")
    picture = pictures.both_positions(Side(arrays=few, record=fixture.sidecar, source=absent), b)
    assert picture.note == ""
    assert picture.alt.startswith(
        "5 scan positions of A and 16 of B, in object pixels, over the 1087"
    )
    alone = pictures.both_positions(Side(arrays=few), Side(arrays=few))
    assert "source" not in alone.alt


def test_every_frame_against_its_model(fixture):
    """The words of the chart tell the worst frame and its limit."""
    fitted, _ = fit(fixture.arrays, {**fixture.sidecar.checks, **fixture.sidecar.details})
    picture = pictures.frame_fit(fitted)
    assert picture.alt == (
        "Misfit over photon noise (χ²) of each of 16 frames: from 0.957 to 1.06, which is frame "
        "3. The limit of frame 3 is 1.13."
    )


@pytest.mark.parametrize(
    ("values", "is_log"),
    [
        ([0.5, 5.0], False),
        ([0.5, 5.2], True),
        ([2.0, 19.0], False),
        ([0.0, 5.0], False),
    ],
)
def test_figures_over_more_than_a_decade_have_a_log_scale(figures_of, values, is_log):
    """And those have not among which is a zero, which has no logarithm."""
    fitted = Fit(what="relative error (of amplitude)", values=np.array(values))
    axes = figures_of(pictures.frame_fit, fitted).axes[0]
    assert (axes.get_yscale() == "log") == is_log
    assert axes.get_ylabel() == "relative error"


@pytest.mark.parametrize(
    ("limits", "bands"),
    [({}, 0), ({"high": np.array([2.0, 3.0])}, 0), ({"low": np.zeros(2), "high": np.ones(2)}, 1)],
    ids=["none", "upper", "both"],
)
def test_limits_are_drawn_as_far_as_there_are_any(figures_of, limits, bands):
    """A line for each, a band between two; one figure for each frame, in its place."""
    fitted = Fit(what="misfit", values=np.array([1.0, 1.5]), **limits)
    axes = figures_of(pictures.frame_fit, fitted).axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [
        limit.tolist() for limit in limits.values()
    ]
    assert len(axes.collections) == bands
    ((dots, _),) = dots_of(axes)
    np.testing.assert_array_equal(dots, [[0, 1], [1.0, 1.5]])
    picture = pictures.frame_fit(fitted)
    assert picture.note == ("Between the lines is what is allowed." if "high" in limits else "")
    assert ("The limit of frame 1 is" in picture.alt) == ("high" in limits)


def every(fixture):
    """One picture of each kind."""
    fitted, _ = fit(fixture.arrays, {**fixture.sidecar.checks, **fixture.sidecar.details})
    return [
        *pictures.probe_and_object(fixture.arrays),
        *pictures.frames(fixture.arrays, 2000.0),
        scan(fixture, whole_source(fixture)),
        pictures.coverage(fixture.arrays),
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
        if picture.suffix == "png":
            kinds = re.findall(rb"(IHDR|PLTE|tEXt|iTXt|zTXt|tIME|eXIf)", picture.light)
            assert kinds == [b"IHDR"], f"{picture.name} has words in it"
            continue
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
