"""Tests of `registry.cli.terminal_picture`: a complex image in characters."""

from __future__ import annotations

import numpy as np
import pytest

from registry.cli import terminal_picture


def brightness(colours: np.ndarray) -> np.ndarray:
    """Luminance of sRGB colours, 0 to 1."""
    linear = ((colours / 255 + 0.055) / 1.055) ** 2.4
    return linear @ [0.2126, 0.7152, 0.0722]


def test_two_pixels_to_a_character():
    """The upper pixel is the ink, the lower one the ground; a missing last row is black."""
    values = np.array([[0, 1], [1, 0], [1, 1]])
    lines = terminal_picture.picture(values, 2, hue=False)
    assert [line.plain for line in lines] == ["▀▀", "▀▀"]
    colours = [
        (span.style.color.triplet, span.style.bgcolor.triplet)
        for line in lines
        for span in line.spans
    ]
    black, white = (0, 0, 0), (255, 255, 255)
    assert colours == [(black, white), (white, black), (white, black), (white, black)]


def test_hue_is_the_phase():
    """Red, green and blue are where the legend has them, and π is -π."""
    colours = terminal_picture.rgb(np.exp(1j * np.array([0.5, 2.4, -1.9, np.pi, -np.pi])))
    assert [int(np.argmax(colour)) for colour in colours[:3]] == [0, 1, 2], "other hues"
    assert (colours[3] == colours[4]).all(), "a seam where the phase wraps"


def test_no_hue_is_brighter_than_another():
    """Lightness tells the amplitude alone."""
    colours = terminal_picture.rgb(np.exp(1j * np.linspace(-np.pi, np.pi, 50)))
    found = brightness(colours)
    assert found.max() / found.min() < 1.35, "a phase passes for an amplitude"


def test_lightness_is_the_amplitude():
    """Nothing is black, the largest amplitude lightest, and more is lighter."""
    found = brightness(terminal_picture.rgb(np.linspace(0, 7, 8) * np.exp(1j)))
    assert found[0] < 1e-3, "nothing is not black"
    assert (np.diff(found) > 0).all(), "more is not lighter"


@pytest.mark.parametrize("shape", [(64, 64), (227, 226), (3, 100), (100, 3), (1, 1)])
def test_a_large_image_is_reduced(shape):
    """It is at most as wide as asked, in proportion, and its mean stays."""
    values = np.random.default_rng(1).uniform(1, 2, shape)
    found = terminal_picture.reduce(values, 38)
    step = -(-shape[1] // 38)
    assert found.shape == (-(-shape[0] // step), -(-shape[1] // step)), "not in proportion"
    assert found.real.mean() == pytest.approx(values.mean(), rel=0.02), "not the mean"


def test_fringes_stay_bright():
    """Where the phase turns from pixel to pixel, the amplitude is still seen."""
    fringes = np.tile([1, -1], (4, 40))
    assert np.abs(terminal_picture.reduce(fringes, 20)) == pytest.approx(1.0), "the mean went dark"


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_what_is_not_finite_is_black(value):
    """It does not spoil the rest of the image, and makes no warning."""
    found = terminal_picture.rgb(terminal_picture.reduce(np.array([[value, 2.0]]), 2))
    assert found[0, 0].tolist() == [0, 0, 0], "not black"
    assert found[0, 1].max() > 150, "the rest is spoilt"


def test_the_legend_goes_around():
    """It starts and ends with the same colour."""
    line = terminal_picture.legend(9)
    assert line.plain == "-π " + " " * 9 + " π"
    ends = [line.spans[0].style.bgcolor, line.spans[-1].style.bgcolor]
    assert ends[0] == ends[1], "two colours for one phase"
