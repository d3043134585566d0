"""Tests of `registry.compare.comparison_page`.

One file, its images in it, the same bytes each time.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from registry.compare import comparison_page, fixture_difference
from registry.compare.operand import Operand

pytest.importorskip("jinja2", reason="the extra report is not installed")
pytest.importorskip("matplotlib", reason="the extra report is not installed")

FRAMES = np.linspace(0, 1.5, 4 * 6 * 8, dtype="<f4").reshape(4, 6, 8)
PROBE = np.exp(1j * np.linspace(0, 6, 48)).astype("<c8").reshape(6, 8)


def side(arrays, label="a.npz", **fields) -> Operand:
    """A side with these arrays."""
    return Operand(label=label, arrays=arrays, sha256=label, sidecar=None, verified=False, **fields)


def compare(a, b, label="b.npz") -> fixture_difference.FixtureDifference:
    """What lies between two sets of arrays."""
    return fixture_difference.compare(side(a), side(b, label))


class Page(HTMLParser):
    """Images and their words, headings, and whatever refers to something outside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[tuple[str, str]] = []
        self.outside: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Note what a tag refers to."""
        self.tags.append(tag)
        found = dict(attributes)
        if tag == "img":
            self.images.append((found["src"], found["alt"]))
        for key in ("src", "href"):
            if key in found and not found[key].startswith("data:"):
                self.outside.append(found[key])


def test_images_side_by_side():
    """Frames that differ become one image, of the frame that differs most; probes become two."""
    other = FRAMES.copy()
    other[2, 3, 4] += 1
    other[1, 0, 0] += 0.5
    found = compare(
        {"diffraction": FRAMES, "probeGuess": PROBE, "same": FRAMES},
        {"diffraction": other, "probeGuess": PROBE * 2, "same": FRAMES},
    )
    page = Page(comparison_page.render(found))
    (frames, amplitude, phase) = [alt for _, alt in page.images]
    assert frames.startswith("diffraction, row 2 of 4: the largest difference, side by side: ")
    assert frames.endswith("B - A within ±1."), frames
    assert amplitude == "probeGuess (amplitude), side by side: A 1 to 1, B 2 to 2, B - A within ±1."
    assert phase.endswith("B - A within ±0."), "a factor is no difference in phase"


def test_the_frame_that_differs_most_is_shown_whatever_is_no_number():
    """What became NaN has no distance: the frame that differs most in numbers is shown."""
    other = FRAMES.copy()
    other[1, 0, 0] = np.nan
    other[3, 0, 0] += 0.5
    ((_, _, (picture,)),) = comparison_page.pictures(compare({"x": FRAMES}, {"x": other}))
    assert picture.title == "x, row 3 of 4: the largest difference"


def test_an_image_shows_a_b_and_the_difference():
    """Three panels from left to right: the third is blank but where the two differ."""
    image = pytest.importorskip("matplotlib.image")
    a = np.zeros((20, 20), "<f4")
    b = a.copy()
    b[10:] = 1
    page = Page(comparison_page.render(compare({"x": a}, {"x": b})))
    ((uri, _),) = page.images
    pixels = image.imread(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    height, width, _ = pixels.shape
    # in the middle of each panel's upper and lower half
    upper, lower = (
        [pixels[int(height * y), int(width * (panel + 0.5) / 3), :3] for panel in range(3)]
        for y in (0.35, 0.75)
    )
    assert np.allclose(upper[0], lower[0]), "A is not even"
    assert np.allclose(upper[0], upper[1]), "A and B are not on one scale"
    assert not np.allclose(upper[1], lower[1]), "B is even"
    assert upper[2].min() > 0.95, "the difference is not white where there is none"
    assert lower[2][0] > lower[2][2] + 0.25, "more in B is not red"


def test_the_same_comparison_gives_the_same_bytes():
    """Nothing in the page depends on the clock, on a counter or on a path."""
    arrays = {"x": FRAMES, "y": PROBE, "z": np.arange(5.0)}
    changed = {name: array + 1 for name, array in arrays.items()}
    first, second = (comparison_page.render(compare(arrays, changed)) for _ in range(2))
    assert first == second, "two pages of one comparison"


def test_a_users_settings_do_not_matter(monkeypatch):
    """A matplotlibrc of one's own changes no page."""
    import matplotlib

    found = compare({"x": FRAMES[0]}, {"x": FRAMES[0] + 1})
    expected = comparison_page.render(found)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30.0)
    monkeypatch.setitem(matplotlib.rcParams, "savefig.dpi", 30)
    assert comparison_page.render(found) == expected, "settings came through"


def test_nothing_from_elsewhere():
    """The page loads nothing and links to nothing."""
    page = Page(comparison_page.render(compare({"x": FRAMES}, {"x": FRAMES + 1})))
    assert page.outside == [], "a reference that leaves the file"
    assert "script" not in page.tags, "a script"


def test_names_are_escaped():
    """What a file is called, and what its arrays are called, is text."""
    evil = '<script>alert("1")</script>'
    text = comparison_page.render(compare({evil: FRAMES}, {evil: FRAMES + 1}, evil))
    page = Page(text)
    assert "script" not in page.tags, "a name became a tag"
    assert text.count("&lt;script&gt;") >= 5, "the name is not shown"
    # the parser has taken the escapes back
    assert page.images[0][1].startswith(f"{evil}, row "), "not in the image's words"


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.arange(5.0), np.arange(5.0) + 2,
         "x, over the index: A 0 to 4, B 2 to 6, B - A 2 to 2."),
        (np.arange(5.0), np.arange(3.0), "x, over the index: A 0 to 4, B 0 to 2."),
        (FRAMES, FRAMES[1:] + 8, "x, row 0, side by side: A 0 to 0.3691, B 8.377 to 8.746."),
        (np.full((2, 2), np.nan), np.array([[1, np.inf], [2, np.nan]]),
         "x, side by side: A nothing finite, B 1 to 2, B - A within ±0."),
        (np.array([[0, 5]], "|u1"), np.array([[9, 5]], "|u1"),
         "x, side by side: A 0 to 5, B 5 to 9, B - A within ±9."),
        (np.array([[False, True]]), np.array([[True, True]]),
         "x, side by side: A 0 to 1, B 1 to 1, B - A within ±1."),
        (np.array([[0.0, 5e-324]]), np.array([[0.0, 0.0]]),
         "x, side by side: A 0 to 4.941e-324, B 0 to 0, B - A within ±4.94e-324."),
        (np.array([[1.7e308, 0]]), np.array([[-1.7e308, 0]]),
         "x, side by side: A 0 to 1.7e+308, B -1.7e+308 to 0, B - A within ±0."),
    ],
    ids=["line", "lengths", "counts", "nan", "unsigned", "bool", "tiny", "huge"],
)  # fmt: skip
def test_what_can_be_drawn(a, b, words):
    """Of each kind of array there is an image, with its figures in words, without a warning."""
    page = Page(comparison_page.render(compare({"x": a}, {"x": b})))
    assert [alt for _, alt in page.images] == [words]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.array(["a"]), np.array(["b"])),
        (np.zeros((2, 2, 2, 2)), np.ones((2, 2, 2, 2))),
        (np.array(1.0), np.array(2.0)),
        (np.array([1j]), np.array([2j])),
        (np.empty((0, 3)), np.empty((0, 4))),
        (FRAMES, FRAMES[0]),
        (None, FRAMES),
    ],
    ids=["text", "4-d", "0-d", "complex line", "empty", "dimensions", "added"],
)
def test_what_cannot_be_drawn(a, b):
    """It has its line in the table, and no image."""
    sides = ({} if array is None else {"x": array} for array in (a, b))
    text = comparison_page.render(compare(*sides))
    assert Page(text).images == [], "an image of what"
    assert re.search(r'<th scope="row">x</th>', text), "no line in the table"


def test_an_array_under_two_names_is_drawn_once():
    """`diff3d` is `diffraction` again: the page says so in place of the same image."""
    a, b = (
        {"diff3d": FRAMES, "diffraction": FRAMES},
        {"diff3d": FRAMES + 1, "diffraction": FRAMES + 1},
    )
    text = comparison_page.render(compare(a, b))
    assert len(Page(text).images) == 1, "drawn twice"
    assert "as diff3d" in text, "not said why there is no image"


@pytest.mark.parametrize(
    ("a", "b", "size"),
    [
        (np.zeros((20, 20)), np.ones((20, 20)), (960, 335)),
        (np.zeros((20, 20)), np.ones((10, 20)), (640, 335)),
        (np.zeros((20, 40)), np.ones((20, 40)), (960, 180)),
        (np.zeros((2, 100)), np.ones((2, 100)), (960, 87)),
        (np.zeros((30, 20)), np.ones((30, 20)), (960, 491)),
        (np.zeros((100, 2)), np.ones((100, 2)), (960, 646)),
        (np.zeros(5), np.ones(5), (960, 260)),
        (np.zeros(5), np.ones(4), (960, 260)),
    ],
    ids=["square", "no pair", "flat", "very flat", "tall", "very tall", "line", "two lines"],
)
def test_the_size_of_an_image(a, b, size):
    """A panel is 320 pixels wide and as high as its array wants, within limits."""
    ((_, _, (picture,)),) = comparison_page.pictures(compare({"x": a}, {"x": b}))
    assert (picture.width, picture.height) == size
    data = base64.b64decode(picture.uri.removeprefix("data:image/png;base64,"))
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    # matplotlib cuts off where the page rounds
    assert (width, height) == pytest.approx(size, abs=1), "the image has another size"


def test_what_is_said_of_an_array_with_its_images():
    """Its name, its note, and for each image what it shows."""
    turned = {"x": FRAMES[0].T, "y": PROBE.T}
    found = list(comparison_page.pictures(compare({"x": FRAMES[0], "y": PROBE}, turned)))
    assert [(name, note, [picture.title for picture in made]) for name, note, made in found] == [
        ("x", "the values of A with its axes in the order (1, 0)", ["x"]),
        ("y", "the values of A with its axes in the order (1, 0)",
         ["y (amplitude)", "y (phase)"]),
    ]  # fmt: skip


def test_a_difference_of_phases_is_the_short_way_round():
    """From just below pi to just above -pi is next to nothing."""
    a, b = np.full((2, 3), np.exp(3.1j)), np.full((2, 3), np.exp(-3.1j))
    ((_, _, (_, phase)),) = comparison_page.pictures(compare({"x": a}, {"x": b}))
    assert phase.alt == (
        "x (phase), side by side: A 3.1 to 3.1, B -3.1 to -3.1, B - A within ±0.0832."
    )


def test_complex_against_real_is_drawn_as_complex():
    """An imaginary part that was lost is seen as a phase that is zero."""
    ((_, _, made),) = comparison_page.pictures(compare({"x": PROBE}, {"x": np.abs(PROBE)}))
    assert [picture.title for picture in made] == ["x (amplitude)", "x (phase)"]


def test_one_of_two_that_cannot_be_drawn():
    """Text against numbers, values against none, a complex line against a real one: no image."""
    for a, b in (
        (np.array([[1.0]]), np.array([["a"]])),
        (np.ones((1, 3)), np.ones((0, 3))),
        (np.ones(3), np.ones(3) * 1j),
        (np.ones(3), np.ones((3, 1))),
    ):
        for pair in ((a, b), (b, a)):
            sides = ({"x": array} for array in pair)
            assert list(comparison_page.pictures(compare(*sides))) == []


def test_fields_of_the_record_are_shown_side_by_side():
    """Of lists of lines the lines that differ, of others the values in few words."""
    text = fixture_difference.FieldDifference(
        field="transformations", a=["same", "old", "older"], b=["same", "new"]
    )
    value = fixture_difference.FieldDifference(field="licence", a="MIT", b="CC0-1.0")
    page = comparison_page.render(replace(compare({}, {}), fields=[text, value]))
    assert ">same" not in page, "a line that both have"
    assert "old\nolder" in page
    assert page.index("older") < page.index(">new<") < page.index("MIT") < page.index("CC0-1.0")


def test_values_that_nobody_gave_an_extent_are_drawn_from_black_to_white():
    """A and B share one scale, from the least value of both to the largest."""
    image = pytest.importorskip("matplotlib.image")
    a, b = np.full((20, 20), 3 + 0j), np.full((20, 20), 7 + 0j)
    ((_, _, (amplitude, _)),) = comparison_page.pictures(compare({"x": a}, {"x": b}))
    data = base64.b64decode(amplitude.uri.partition(",")[2])
    pixels = image.imread(io.BytesIO(data))[:, :, :3]
    height, width, _ = pixels.shape
    left, middle = (pixels[int(height * 0.6), int(width * (n + 0.5) / 3)] for n in range(2))
    assert left.max() == 0.0, "the least value is not black"
    assert middle.min() == 1.0, "the largest value is not white"
    assert (pixels[0, 0] * 255).round().tolist() == [17, 20, 27], "not the dark mat"
