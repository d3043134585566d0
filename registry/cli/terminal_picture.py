"""A complex image in characters: half blocks, two pixels to each, coloured by value.

Lightness is the amplitude and hue the phase, in a colour space in which equal steps look equal
(Oklab), so that neither a hue passes for brightness nor a seam shows where the phase wraps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rich.text import Text

UPPER_HALF = "\N{UPPER HALF BLOCK}"
# the strongest colour that a screen can show at every hue and this lightness, and dark at zero
_LIGHTEST, _CHROMA = 0.78, 0.115
# from Oklab to the cone responses' cube roots, and from these to linear sRGB (Ottosson 2020)
_TO_CONES = np.array([
    [1, 0.3963377774, 0.2158037573],
    [1, -0.1055613458, -0.0638541728],
    [1, -0.0894841775, -1.2914855480],
])  # fmt: skip
_TO_RGB = np.array([
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
])  # fmt: skip


def picture(values: np.ndarray, columns: int, *, hue: bool = True) -> list[Text]:
    """Lines of characters.

    Parameters
    ----------
    values : (Y, X) complex or real
        Wide images are reduced to the width, by the mean of the values that a pixel stands for.
        What is not finite is black.
    columns : int
        Width in characters, of which each is about half as wide as high.
    hue : bool
        Whether the phase is shown. In 256 colours there are enough greys, and too few of the rest.
    """
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    colours = rgb(reduce(values, columns), hue=hue)
    if len(colours) % 2:
        colours = np.concatenate([colours, np.zeros_like(colours[:1])])
    lines = []
    for upper, lower in zip(colours[::2], colours[1::2], strict=True):
        line = Text()
        for over, under in zip(upper.tolist(), lower.tolist(), strict=True):
            style = Style(color=Color.from_rgb(*over), bgcolor=Color.from_rgb(*under))
            line.append(UPPER_HALF, style)
        lines.append(line)
    return lines


def legend(columns: int) -> Text:
    """All hues from -π to π, in one line."""
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    line = Text("-π ")
    for colour in rgb(np.exp(1j * np.linspace(-np.pi, np.pi, columns))[None])[0].tolist():
        line.append(" ", Style(bgcolor=Color.from_rgb(*colour)))
    return line.append(" π")


def reduce(values: np.ndarray, columns: int) -> np.ndarray:
    """Mean over blocks of pixels, so that the image has at most that many columns.

    Of amplitudes and phases each by themselves: where a phase turns fast, the values' own mean is
    dark.

    Returns
    -------
    (Y', X') complex128
    """
    rows, width = values.shape
    step = max(1, -(-width // columns))
    # edges of equal blocks; the last may be smaller
    down, right = np.arange(0, rows, step), np.arange(0, width, step)
    finite = np.where(np.isfinite(values), values, 0).astype(np.complex128)
    counts = np.diff([*down, rows])[:, None] * np.diff([*right, width])
    amplitudes, sums = (
        np.add.reduceat(np.add.reduceat(part, down, axis=0), right, axis=1)
        for part in (np.abs(finite), finite)
    )
    mean: np.ndarray = amplitudes / counts * np.exp(1j * np.angle(sums))
    return mean


def rgb(values: np.ndarray, *, hue: bool = True) -> np.ndarray:
    """Colours of complex values, (..., 3) uint8; the largest amplitude is the lightest."""
    amplitude = np.abs(values)
    largest = float(amplitude.max(initial=0.0))
    share = amplitude / largest if 0 < largest < np.inf else np.zeros_like(amplitude)
    phase = np.angle(values)
    chroma = _CHROMA * share if hue else np.zeros_like(share)
    lab = np.stack(
        [(_LIGHTEST if hue else 1.0) * share, chroma * np.cos(phase), chroma * np.sin(phase)],
        axis=-1,
    )
    linear = (lab @ _TO_CONES.T) ** 3 @ _TO_RGB.T
    linear = np.clip(linear, 0.0, 1.0)
    encoded = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
    colours: np.ndarray = np.rint(255 * encoded).astype(np.uint8)
    return colours
