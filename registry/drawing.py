"""Pictures for pages, with matplotlib's colours: the same bytes for the same arrays.

Images are PNG, a pixel for each of the array's. What is written on them, a scale bar, and below
them, a colour bar, is the page's own text, so that it can be read at any size and in any light.
Charts are SVG and come twice, in the ink of a light page and of a dark one.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Ink, quiet ink and accent of a chart, on a light page and on a dark one; as in report.css.
THEMES = {
    "light": {"ink": "#1c2230", "quiet": "#5d6677", "faint": "#aab2c0", "accent": "#b3400f"},
    "dark": {"ink": "#e8eaf0", "quiet": "#a3adbf", "faint": "#566076", "accent": "#ff9d5c"},
}
_SETTINGS = {
    "svg.hashsalt": "fixture-registry",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    # a chart shrinks on a phone
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
}
# CSS pixels; on a page an image is as wide as its column.
_WIDTH = 320
# Its height, over its width.
_FLATTEST, _HIGHEST = 0.25, 2.0
# Pixels along an image; more can be seen on no screen, and weigh megabytes.
_MOST = 1024
# Colours along a colour bar: so many that a browser's way between two of them is the map's.
_COLOURS = 17
# the ends of a dtype lie further apart than it can tell; what is then infinite is not drawn
silently = partial(np.errstate, over="ignore", invalid="ignore")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """What colours stand for: a map of matplotlib's, the values at its ends, and these in words."""

    colours: str
    low: float
    high: float
    low_text: str
    high_text: str

    @classmethod
    def between(cls, colours: str, low: float, high: float, unit: str = "") -> Scale:
        """A scale that has its own values for words."""
        return cls(
            colours=colours,
            low=low,
            high=high,
            low_text=in_words(low),
            high_text=f"{in_words(high)} {unit}".rstrip(),
        )

    @property
    def ramp(self) -> list[str]:
        """The colours of a colour bar from the low end to the high one."""
        from matplotlib import colormaps
        from matplotlib.colors import to_hex

        return [to_hex(colour) for colour in colormaps[self.colours](np.linspace(0, 1, _COLOURS))]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture and its words. ``dark`` is the same chart for a dark page, if there is another.

    ``size`` is width and height in CSS pixels, ``suffix`` that of its file. An image has a
    ``scale`` and, unless it is stretched, ``bar``: the length of its scale bar in its own pixels,
    and as a part of its width.
    """

    name: str
    title: str
    alt: str
    light: bytes
    dark: bytes | None = None
    size: tuple[int, int] = (0, 0)
    note: str = ""
    suffix: str = "svg"
    scale: Scale | None = None
    bar: tuple[int, float] | None = None


def in_words(value: float) -> str:
    """A value in three digits.

    >>> in_words(0.25), in_words(-3), in_words(12345.6)
    ('0.25', '−3', '1.23e+04')
    """
    # no zero has a sign
    return f"{value + 0.0:.3g}".replace("-", "−")


def complex_pair(what: str, values: np.ndarray, hidden: np.ndarray | None = None) -> list[Picture]:
    """Amplitude and phase of a complex image.

    Parameters
    ----------
    what : str
        What it shows; names the pictures' files, too.
    values : (Y, X) complex
    hidden : (Y, X) bool, optional
        Pixels of which nothing is known.
    """
    rows, columns = values.shape
    amplitude = np.abs(values)
    if hidden is not None:
        amplitude = np.where(hidden, np.nan, amplitude)
    (phase,), scale = phases(np.where(np.isfinite(amplitude), values, np.nan))
    low, high = value_range(amplitude)
    size = f"{columns} × {rows} pixels"
    stem = what.replace(" ", "-")
    if scale.colours == CYCLIC:
        words = "from −π to π on a cyclic colour map"
    else:
        words = f"from {scale.low_text} (dark) to {scale.high_text} (light)"
    return [
        draw_image(
            f"{stem}-amplitude",
            f"{what[0].upper()}{what[1:]}, amplitude",
            f"Amplitude of the {what}, {size}, from {low:.3g} (black) to {high:.3g} (white).",
            amplitude,
            Scale.between("gray", low, high),
            note=size,
        ),
        draw_image(
            f"{stem}-phase",
            f"{what[0].upper()}{what[1:]}, phase",
            f"Phase of the {what}, {size}, {words}.",
            phase,
            scale,
            note=size,
        ),
    ]


CYCLIC = "twilight_shifted"


def phases(*images: np.ndarray) -> tuple[list[np.ndarray], Scale]:
    """Phases of complex images in radians, and one scale for all of them.

    Phases that lie within half a circle have that arc to themselves; others go round a cyclic
    colour map. What has no amplitude has no phase: NaN.
    """
    found = [np.where(image == 0, np.nan, np.angle(image)) for image in images]
    known = np.concatenate([phase[np.isfinite(phase)] for phase in found])
    if known.size:
        # only where the circle is cut: rounded, so that it is the same on every machine
        middle = round(float(np.arctan2(np.sin(known).sum(), np.cos(known).sum())), 1)
        cut = [np.mod(phase - middle + np.pi, 2 * np.pi) - np.pi + middle for phase in found]
        low, high = value_range(np.concatenate([phase.ravel() for phase in cut]))
        if high - low < np.pi:
            return cut, Scale.between("cividis", low, high, "rad")
    return found, Scale(colours=CYCLIC, low=-np.pi, high=np.pi, low_text="−π", high_text="π")


def draw_image(
    name: str,
    title: str,
    alt: str,
    image: np.ndarray,
    scale: Scale,
    note: str = "",
    points: tuple[np.ndarray, np.ndarray] | None = None,
) -> Picture:
    """An image with a scale bar and a colour bar.

    Parameters
    ----------
    name, title, alt, note : str
        As a `Picture` has them.
    image : (Y, X) real
        What is not finite is not drawn.
    scale : Scale
    points : pair of (N,) real, optional
        Columns and rows at which it has a dot. It is then SVG.
    """
    rows, columns = image.shape
    down, right = (-(-length // _MOST) for length in image.shape)
    left_out = [
        f"every {step}. {what}" for step, what in ((down, "row"), (right, "column")) if step > 1
    ]
    if left_out:
        alt += f" Of its pixels {' and '.join(left_out)} is drawn."
    data = _png(image[::down, ::right], scale)
    # a very long image is stretched, and its pixels are then no measure any more
    shape = min(max(rows / columns, _FLATTEST), _HIGHEST)
    length = bar_length(columns)
    return Picture(
        name=name,
        title=title,
        alt=alt,
        light=data if points is None else _dotted(data, rows, columns, points),
        size=(_WIDTH, round(_WIDTH * shape)),
        note=note,
        suffix="png" if points is None else "svg",
        scale=scale,
        bar=(length, length / columns) if shape == rows / columns else None,
    )


def _png(image: np.ndarray, scale: Scale) -> bytes:
    from matplotlib import colormaps
    from PIL import Image

    with silently():
        # not by matplotlib, which cannot scale what is next to nothing
        shares = (image.astype(np.float64) - scale.low) / ((scale.high - scale.low) or 1.0)
    colours = colormaps[scale.colours]
    pixels = colours(np.ma.masked_invalid(np.clip(shares, 0, 1)), bytes=True)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _dotted(data: bytes, rows: int, columns: int, points: tuple[np.ndarray, np.ndarray]) -> bytes:
    """An image with round dots: lines of no length, round at the ends."""
    # of many dots each is smaller
    width = min(rows, columns) * min(0.05, 0.3 / len(points[0]) ** 0.5)
    path = "".join(f"M{x + 0.5:.2f} {y + 0.5:.2f}h0" for x, y in zip(*points, strict=True))
    # rimmed, so that they are seen on bright and on dark
    strokes = "".join(
        f'<path d="{path}" stroke="{colour}" stroke-width="{wide:.2f}"/>\n'
        for colour, wide in (("#11141b", 1.5 * width), (THEMES["dark"]["accent"], width))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {rows}">\n'
        f'<image width="{columns}" height="{rows}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" '
        f'href="data:image/png;base64,{base64.b64encode(data).decode()}"/>\n'
        f'<g fill="none" stroke-linecap="round">\n{strokes}</g>\n</svg>\n'
    ).encode()


def bar_length(columns: int) -> int:
    """A round length of about a quarter of an image.

    >>> [bar_length(columns) for columns in (3, 64, 227, 1000)]
    [1, 20, 50, 200]
    """
    limit = max(columns / 3, 1)
    power = int("1" + "0" * (len(str(int(limit))) - 1))
    return max(step * power for step in (1, 2, 5) if step * power <= limit)


def draw_chart(
    name: str,
    title: str,
    alt: str,
    draw: Callable[[Figure, Mapping[str, str]], None],
    inches: tuple[float, float],
    note: str = "",
) -> Picture:
    """A chart, in the ink of a light page and of a dark one, by a function that draws it in one."""
    from matplotlib.figure import Figure

    ink = THEMES["light"]
    colours = {
        "text.color": ink["ink"],
        "axes.labelcolor": ink["ink"],
        "axes.edgecolor": ink["quiet"],
        "xtick.color": ink["quiet"],
        "ytick.color": ink["quiet"],
        "axes.facecolor": "none",
    }
    with _style(colours):
        figure = Figure(figsize=inches)
        draw(figure, ink)
        light = _svg(figure)
    # drawing it once more takes thirty times as long
    dark = light
    for part, colour in ink.items():
        dark = dark.replace(colour.encode(), THEMES["dark"][part].encode())
    return Picture(
        name=name,
        title=title,
        alt=alt,
        light=light,
        dark=dark,
        size=(round(96 * inches[0]), round(96 * inches[1])),
        note=note,
    )


def log_scale(axes: Axes) -> None:
    """A logarithmic scale upwards, with numbers in plain figures."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")


def dots(axes: Axes, x: np.ndarray, y: np.ndarray, **style: Any) -> None:
    """Round dots as one path: lines of no length with round ends, a fifth of what markers take."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points = np.repeat(np.column_stack([x, y]).astype(float), 2, axis=0)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(x))
    path = Path(points, codes)
    # or what has no length would be left out
    path.should_simplify = False
    width = style.pop("width")
    dots = PathPatch(path, fill=False, linewidth=width, capstyle="round", **style)
    # not add_patch, which would not count them when it looks for the axes' limits
    axes.add_artist(dots)
    axes.update_datalim(points)
    axes.autoscale_view()


@contextmanager
def _style(colours: Mapping[str, Any]) -> Iterator[None]:
    """Our settings alone, whatever a user's matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = {**_SETTINGS, **colours}
        matplotlib.rcParams.update(settings)
        yield


def _svg(figure: Figure) -> bytes:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(figure)
    buffer = io.BytesIO()
    # neither a date nor the name of a version
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    return buffer.getvalue()


def value_range(values: np.ndarray) -> tuple[float, float]:
    """Least and largest of the finite values; 0 and 1 where there are none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    # nor is rounding shown as if it were a structure
    return (low, high) if high - low > 1e-6 * abs(high) else (low, low + 1.0)
