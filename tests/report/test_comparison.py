"""Tests of `registry.report.comparison`.

One file, its pictures in it, the same bytes each time.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import registry
from registry import digests, drawing
from registry.compare import fixture_difference
from registry.compare.operand import Operand
from registry.identity import npz
from registry.report import comparison
from tests.kit.repository import REPOSITORY

pytest.importorskip("jinja2", reason="the extra report is not installed")
pytest.importorskip("matplotlib", reason="the extra report is not installed")

FRAMES = np.linspace(0, 1.5, 4 * 6 * 8, dtype="<f4").reshape(4, 6, 8)
PROBE = np.exp(1j * np.linspace(0, 6, 48)).astype("<c8").reshape(6, 8)


def side(arrays, label="a.npz", **fields) -> Operand:
    """A side with these arrays."""
    known = {"sha256": label, "sidecar": None, "verified": False, **fields}
    return Operand(label=label, arrays=arrays, **known)


def compare(a, b, label="b.npz") -> fixture_difference.FixtureDifference:
    """What lies between two sets of arrays."""
    return fixture_difference.compare(side(a), side(b, label))


def render(*sides) -> str:
    """The page."""
    return comparison.render(compare(*sides)).decode()


def pictures(a, b):
    """All pictures that lie between two arrays."""
    return [
        picture
        for section in comparison.sections(compare({"x": a}, {"x": b}))
        for picture in section.pictures
    ]


def pixels(picture) -> np.ndarray:
    """Colours of an image: (Y, X, 3) uint8."""
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(io.BytesIO(picture.light)).convert("RGB"))


class Page(HTMLParser):
    """Images and their words, and whatever refers to something outside."""

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
        for key in ("src", "href", "srcset"):
            if key in found and not found[key].startswith(("data:", "#")):
                self.outside.append(found[key])


def test_images_side_by_side():
    """Of frames those that differ are shown, the most first; of a probe amplitude and phase."""
    other = FRAMES.copy()
    other[2, 3, 4] += 1
    other[1, 0, 0] += 0.5
    page = Page(
        render(
            {"diffraction": FRAMES, "probeGuess": PROBE, "same": FRAMES},
            {"diffraction": other, "probeGuess": PROBE * 2, "same": FRAMES},
        )
    )
    assert [alt for _, alt in page.images] == [
        "Largest difference of each of 4 rows: the most is 1, of row 2.",
        "diffraction, A, row 2: 0.7539 to 1.123.",
        "diffraction, B, row 2: 0.7539 to 1.974.",
        "diffraction, B − A, row 2: within ±1.",
        "diffraction, A, row 1: 0.377 to 0.7461.",
        "diffraction, B, row 1: 0.3848 to 0.877.",
        "diffraction, B − A, row 1: within ±0.5.",
        "probeGuess, A, amplitude: 1 to 1.",
        "probeGuess, B, amplitude: 2 to 2.",
        "probeGuess, B − A, amplitude: within ±1.",
        "probeGuess, A, phase: -3.092 to 3.064.",
        "probeGuess, B, phase: -3.092 to 3.064.",
        # a factor is no difference in phase
        "probeGuess, B − A, phase: within ±0.",
    ]


def test_no_more_than_three_rows():
    """Are shown, and the page says of how many."""
    (section,) = comparison.sections(compare({"x": FRAMES}, {"x": FRAMES + 1}))
    assert section.words == (
        "4 of the 4 rows that both have differ in a value. Shown are the 3 that differ most."
    )
    assert len(section.pictures) == 1 + 3 * 3
    assert section.columns == 3, "A, B and their difference do not stand side by side"


def test_the_frame_that_differs_most_is_shown_whatever_is_no_number():
    """What became NaN has no distance: the frame that differs most in numbers is shown."""
    other = FRAMES.copy()
    other[1, 0, 0] = np.nan
    other[3, 0, 0] += 0.5
    _, first, *_ = pictures(FRAMES, other)
    assert first.title == "A, row 3"


def test_an_image_shows_a_b_and_the_difference():
    """A and B on one scale; the difference is white where there is none, and red for more in B."""
    a = np.zeros((20, 20), "<f4")
    b = a.copy()
    b[10:] = 1
    left, right, apart = map(pixels, pictures(a, b))
    assert (left == left[0, 0]).all(), "A is not even"
    assert (left[0, 0] == right[0, 0]).all(), "A and B are not on one scale"
    assert not (right[0, 0] == right[15, 0]).all(), "B is even"
    assert apart[0, 0].min() > 240, "the difference is not white where there is none"
    assert apart[15, 0, 0] > apart[15, 0, 2] + 60, "more in B is not red"


def test_the_same_comparison_gives_the_same_bytes():
    """Nothing in the page depends on the clock, on a counter or on a path."""
    arrays = {"x": FRAMES, "y": PROBE, "z": np.arange(5.0)}
    changed = {name: array + 1 for name, array in arrays.items()}
    assert render(arrays, changed) == render(arrays, changed), "two pages of one comparison"


def test_a_users_settings_do_not_matter(monkeypatch):
    """A matplotlibrc of one's own changes no page."""
    import matplotlib

    sides = {"x": FRAMES, "y": np.arange(5.0)}, {"x": FRAMES + 1, "y": np.arange(5.0) + 1}
    expected = render(*sides)
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30.0)
    monkeypatch.setitem(matplotlib.rcParams, "savefig.dpi", 30)
    assert render(*sides) == expected, "settings came through"


def test_nothing_from_elsewhere():
    """The page loads nothing and links to nothing but itself; its one script is in it."""
    page = Page(render({"x": FRAMES}, {"x": FRAMES + 1}))
    assert page.outside == [], "a reference that leaves the file"
    assert (page.tags.count("script"), page.tags.count("link")) == (1, 1), "another script"


def test_names_are_escaped():
    """What a file is called, and what its arrays are called, is text."""
    evil = '<script>alert("1")</script>'
    text = render({evil: FRAMES}, {evil: FRAMES + 1}, evil)
    page = Page(text)
    assert page.tags.count("script") == 1, "a name became a tag"
    assert text.count("&lt;script&gt;") >= 5, "the name is not shown"
    # the parser has taken the escapes back
    assert page.images[1][1].startswith(f"{evil}, A, row "), "not in the image's words"


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.arange(5.0), np.arange(5.0) + 2,
         ["x over the index: A 0 to 4, B 2 to 6.", "x, B − A over the index: 2 to 2."]),
        (np.arange(5.0), np.arange(3.0), ["x over the index: A 0 to 4, B 0 to 2."]),
        (FRAMES, FRAMES[1:] + 8, ["x, A, row 0: 0 to 0.3691.", "x, B, row 0: 8.377 to 8.746."]),
        (np.zeros((2, 3)), np.ones((3, 2)), ["x, A: 0 to 0.", "x, B: 1 to 1."]),
        (np.full((2, 2), np.nan), np.array([[1, np.inf], [2, np.nan]]),
         ["x, A: nothing finite.", "x, B: 1 to 2.", "x, B − A: within ±0."]),
        (np.array([[0, 5]], "|u1"), np.array([[9, 5]], "|u1"),
         ["x, A: 0 to 5.", "x, B: 5 to 9.", "x, B − A: within ±9."]),
        (np.array([[False, True]]), np.array([[True, True]]),
         ["x, A: 0 to 1.", "x, B: 1 to 1.", "x, B − A: within ±1."]),
        (np.array([[0.0, 5e-324]]), np.array([[0.0, 0.0]]),
         ["x, A: 0 to 4.941e-324.", "x, B: 0 to 0.", "x, B − A: within ±4.94e-324."]),
        (np.array([[1.7e308, 0]]), np.array([[-1.7e308, 0]]),
         ["x, A: 0 to 1.7e+308.", "x, B: -1.7e+308 to 0.", "x, B − A: within ±0."]),
    ],
    ids=["line", "lengths", "counts", "turned", "nan", "unsigned", "bool", "tiny", "huge"],
)  # fmt: skip
def test_what_can_be_drawn(a, b, words):
    """Of each kind of array there are pictures, with figures in words, without a warning."""
    assert [alt for _, alt in Page(render({"x": a}, {"x": b})).images] == words


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
        (np.array([[1.0]]), np.array([["a"]])),
        (np.ones((1, 3)), np.ones((0, 3))),
        (np.ones(3), np.ones(3) * 1j),
    ],
    ids=["text", "4-d", "0-d", "complex line", "empty", "dimensions", "added", "text in one",
         "empty in one", "complex in one"],
)  # fmt: skip
def test_what_cannot_be_drawn(a, b):
    """It has its line in the table, and no picture."""
    for pair in ((a, b), (b, a)):
        sides = ({} if array is None else {"x": array} for array in pair)
        text = render(*sides)
        assert Page(text).images == [], "an image of what"
        assert re.search(r'<th scope="row"><code>x</code></th>', text), "no line"


def test_identical_arrays_have_one_line():
    """Those that are the same bit for bit are named, and take no more room."""
    text = render({"x": FRAMES, "y": PROBE}, {"x": FRAMES + 1, "y": PROBE})
    assert "Identical, bit for bit: <code>y</code>." in text
    assert text.count('scope="row"') == 1, "a row of nothing"


def test_the_same_arrays_have_no_pictures():
    """Of an archive that was written anew nothing is drawn."""
    assert list(comparison.sections(compare({"x": FRAMES}, {"x": FRAMES.copy()}))) == []


def test_an_array_under_two_names_is_drawn_once():
    """`diff3d` is `diffraction` again: the page says so in place of the same pictures."""
    a, b = (
        {"diff3d": FRAMES, "diffraction": FRAMES},
        {"diff3d": FRAMES + 1, "diffraction": FRAMES + 1},
    )
    first, second = comparison.sections(compare(a, b))
    assert first.pictures, "not drawn"
    assert (second.title, second.words, second.pictures) == ("diffraction", "as diff3d", ())


def test_what_is_said_of_an_array_with_its_images():
    """Its name, its note, and for each image what it shows."""
    turned = {"x": FRAMES[0].T, "y": PROBE.T}
    found = list(comparison.sections(compare({"x": FRAMES[0], "y": PROBE}, turned)))
    note = "the values of A with its axes in the order (1, 0)"
    assert [(one.title, one.words, [item.title for item in one.pictures]) for one in found] == [
        ("x", note, ["A", "B"]),
        ("y", note, ["A, amplitude", "B, amplitude", "A, phase", "B, phase"]),
    ]
    assert {one.columns for one in found} == {2}, "A and B do not stand side by side"


def test_a_difference_of_phases_is_the_short_way_round():
    """From just below pi to just above -pi is next to nothing."""
    a, b = np.full((2, 3), np.exp(3.1j)), np.full((2, 3), np.exp(-3j))
    *_, first, second, phase = pictures(a, b)
    assert phase.alt == "x, B − A, phase: within ±0.183."
    assert first.alt == "x, A, phase: -3.183 to -3.183."
    assert second.alt == "x, B, phase: -3 to -3."
    assert first.scale == second.scale, "A and B are not on one scale"


def test_complex_against_real_is_drawn_as_complex():
    """An imaginary part that was lost is seen as a phase that is zero."""
    titles = [picture.title for picture in pictures(PROBE, np.abs(PROBE))]
    assert titles[:1] + titles[3:4] == ["A, amplitude", "A, phase"]


def test_values_that_nobody_gave_an_extent_are_drawn_from_black_to_white():
    """A and B share one scale, from the least value of both to the largest."""
    left, right, *_ = pictures(np.full((20, 20), 3 + 0j), np.full((20, 20), 7 + 0j))
    assert pixels(left).max() == 0, "the least value is not black"
    assert pixels(right).min() == 255, "the largest value is not white"
    assert (left.scale.low_text, left.scale.high_text) == ("3", "7")


def test_fields_of_the_record_are_shown_side_by_side():
    """Of lists of lines the lines that differ, of others the values in few words."""
    text = fixture_difference.FieldDifference(
        field="transformations", a=["same", "old", "older"], b=["same", "new"]
    )
    value = fixture_difference.FieldDifference(field="licence", a="MIT", b="CC0-1.0")
    found = replace(compare({}, {}), fields=[text, value])
    page = comparison.render(found).decode()
    assert ">same" not in page, "a line that both have"
    assert "old\nolder" in page
    assert page.index("older") < page.index(">new<") < page.index("MIT") < page.index("CC0-1.0")


@pytest.fixture(scope="module")
def fixture():
    """A published fixture of 16 positions."""
    return registry.load("minimal_dataset_v1_n16", REPOSITORY)


def with_record(fixture, chosen=slice(None), **arrays) -> Operand:
    """A side that has some of its positions, and other arrays in place of its own."""
    per_position = {
        name: array[chosen] if array.shape[:1] == (16,) else array
        for name, array in fixture.arrays.items()
    }
    indices = tuple(np.array(fixture.sidecar.subset_indices)[chosen].tolist())
    return side(
        {**per_position, **arrays},
        sha256=repr((chosen, list(arrays))),
        sidecar=replace(fixture.sidecar, subset_indices=indices),
    )


def test_rows_of_two_subsets(fixture):
    """Rows of one place in the source are held against each other, whatever their number."""
    frames = fixture.diffraction[4:].copy()
    frames[6, 0, 0] += 1
    a = with_record(fixture, slice(0, 12))
    b = with_record(fixture, slice(4, 16), diffraction=frames, diff3d=frames)
    scan, found, *_ = comparison.sections(fixture_difference.compare(a, b))
    assert scan.title == "Scan", "the field's own comes first"
    assert [picture.title for picture in scan.pictures] == ["Scan positions of A and B"]
    assert found.words == "1 of the 8 positions that both have differ in a value."
    chart, first, *_ = found.pictures
    assert first.title == "A, position 10 and 6", "not the one that was changed"
    assert "the most is 1, of position 10" in chart.alt


def test_rows_that_both_have_and_are_the_same(fixture):
    """No frame is shown of a mere subset."""
    a, b = with_record(fixture, slice(0, 12)), with_record(fixture, slice(4, 16))
    found = {one.title: one for one in comparison.sections(fixture_difference.compare(a, b))}
    assert found["diff3d"].pictures == []
    assert found["diff3d"].words == "0 of the 8 positions that both have differ in a value."


def test_rows_of_which_none_is_in_both(fixture):
    """The first of each is shown, and nothing is taken from what is not its own."""
    a, b = with_record(fixture, slice(0, 8)), with_record(fixture, slice(8, 16))
    found = {one.title: one for one in comparison.sections(fixture_difference.compare(a, b))}
    assert found["diff3d"].words == "No positions that belong together: the first of each."
    assert [picture.title for picture in found["diff3d"].pictures] == [
        "A, position 0", "B, position 0",
    ]  # fmt: skip


def test_positions_over_the_source(fixture, tmp_path):
    """Those of the source are drawn where the registry has it that a side came from."""
    chosen = list(fixture.sidecar.subset_indices)
    whole = {name: np.linspace(30.0, 80.0, 1087) for name in ("xcoords", "ycoords")}
    for name, values in whole.items():
        values[chosen] = fixture.arrays[name]
    data = npz.encode(whole)
    record = replace(
        fixture.sidecar, source_dataset="source.npz", source_sha256=digests.sha256(data)
    )
    a = replace(with_record(fixture), sidecar=record, schemas=tmp_path / "schemas")
    b = with_record(fixture, xcoords=fixture.xcoords + 1)
    for here, marks in ((False, ["A", "B"]), (True, ["A", "B", "all positions of the source"])):
        if here:
            (tmp_path / "source.npz").write_bytes(data)
        scan, *_ = comparison.sections(fixture_difference.compare(a, b))
        assert [what for _, what in scan.key] == marks


def test_charts_are_in_the_page_for_light_and_dark():
    """Each has its ink for a dark page beside that for a light one."""
    text = render({"x": np.arange(5.0)}, {"x": np.arange(5.0) + 1})
    for theme, attribute in (("dark", "srcset"), ("light", "img src")):
        found = re.findall(rf'{attribute}="data:image/svg\+xml;base64,([^"]+)"', text)
        assert len(found) == 2, theme
        for data in found:
            assert drawing.THEMES[theme]["accent"].encode() in base64.b64decode(data), theme


def test_pictures_are_in_the_page():
    """Each image's data is that of its picture."""
    found = compare({"x": FRAMES[0]}, {"x": FRAMES[0] + 1})
    (section,) = comparison.sections(found)
    images = Page(comparison.render(found).decode()).images
    assert [base64.b64decode(uri.removeprefix("data:image/png;base64,")) for uri, _ in images] == [
        picture.light for picture in section.pictures
    ]
