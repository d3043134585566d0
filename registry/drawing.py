"""Pictures as SVG, drawn by matplotlib: the same bytes for the same arrays.

Images carry their scale bar and their colour bar with them, on a dark mat that suits a light page
and a dark one. Charts come twice, in the ink of each.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
_MAT, _ON_MAT = "#11141b", "#e8eaf0"
_SETTINGS = {
    "svg.hashsalt": "fixture-registry",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
}
# Inches; on a page a picture is as wide as its column.
_WIDTH = 3.4
_BAR = 0.32
# Pixels along an image; more can be seen on no screen, and weigh megabytes.
_MOST = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture and its words. ``dark`` is the same chart for a dark page, if there is another.

    ``size`` is width and height in CSS pixels.
    """

    name: str
    title: str
    alt: str
    light: bytes
    dark: bytes | None = None
    size: tuple[int, int] = (0, 0)
    note: str = ""


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
    amplitude, phase = np.abs(values), np.angle(values)
    if hidden is not None:
        amplitude, phase = (np.where(hidden, np.nan, part) for part in (amplitude, phase))
    low, high = value_range(amplitude)
    size = f"{columns} × {rows} pixels"
    stem = what.replace(" ", "-")
    return [
        draw_image(
            f"{stem}-amplitude",
            f"{what.capitalize()}, amplitude",
            f"Amplitude of the {what}, {size}, from {low:.3g} (black) to {high:.3g} (white).",
            amplitude,
            ("gray", low, high, f"{low:.3g}", f"{high:.3g}"),
        ),
        draw_image(
            f"{stem}-phase",
            f"{what.capitalize()}, phase",
            f"Phase of the {what}, {size}, from −π to π on a cyclic colour map.",
            phase,
            ("twilight_shifted", -np.pi, np.pi, "−π", "π"),
        ),
    ]


def draw_image(
    name: str,
    title: str,
    alt: str,
    image: np.ndarray,
    scale: tuple[str, float, float, str, str],
) -> Picture:
    """An image with a scale bar on it and a colour bar below it.

    Parameters
    ----------
    name, title, alt : str
        As a `Picture` has them.
    image : (Y, X) real
    scale : tuple
        Name of the colour map; the values at its ends; and these in words.
    """
    from matplotlib.figure import Figure
    from matplotlib.image import BboxImage
    from matplotlib.transforms import Bbox, TransformedBbox

    colours, low, high, low_text, high_text = scale
    rows, columns = image.shape
    step = -(-max(rows, columns) // _MOST)
    if step > 1:
        alt += f" Every {step}. pixel of a row and of a column is drawn."
    # a very long image is no wider than the column, and no higher than twice that
    height = min(_WIDTH * rows / columns, 2 * _WIDTH)
    with _style():
        figure = Figure(figsize=(_WIDTH, height + _BAR), facecolor=_MAT)
        share = height / (height + _BAR)
        axes = figure.add_axes((0, 1 - share, 1, share))
        axes.set_axis_off()
        axes.imshow(
            image[::step, ::step],
            cmap=colours,
            vmin=low,
            vmax=high,
            interpolation="none",
            aspect="auto",
            # axes in the array's own pixels, however many are drawn
            extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
        )
        _scale_bar(axes, rows, columns, height)
        bounds = Bbox.from_bounds(0.3, (1 - share) * 0.36, 0.4, (1 - share) * 0.32)
        # not an axes of its own, which would take longer than all the rest
        bar = BboxImage(TransformedBbox(bounds, figure.transFigure), cmap=colours)
        bar.set_data(np.linspace(0, 1, 256)[None])
        figure.add_artist(bar)
        for x, text, side in ((0.28, low_text, "right"), (0.72, high_text, "left")):
            figure.text(x, (1 - share) * 0.5, text, color=_ON_MAT, ha=side, va="center_baseline")
        return Picture(
            name=name, title=title, alt=alt, light=_svg(figure), size=_css(_WIDTH, height + _BAR)
        )


def _scale_bar(axes: Axes, rows: int, columns: int, height: float) -> None:
    from matplotlib.patches import Rectangle

    length = bar_length(columns)
    # in points, so that bar and text look alike on every image
    column, row = columns / (72 * _WIDTH), rows / (72 * height)
    left, base = 8 * column - 0.5, rows - 0.5 - 9 * row
    text = axes.text(
        left + length / 2, base - 5 * row, f"{length} px", color="white", ha="center", va="bottom"
    )
    text.set_bbox({"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.5})
    axes.add_patch(
        Rectangle(
            (left, base - 3 * row), length, 3 * row, facecolor="white", edgecolor="black", lw=0.6
        )
    )


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
        # a chart is wider than an image, and shrinks more on a phone
        "font.size": 9.5,
    }
    with _style(colours):
        figure = Figure(figsize=inches)
        draw(figure, ink)
        light = _svg(figure, transparent=True)
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
        size=_css(*inches),
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


def _css(width: float, height: float) -> tuple[int, int]:
    return round(96 * width), round(96 * height)


@contextmanager
def _style(colours: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Our settings alone, whatever a user's matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = {**_SETTINGS, **(colours or {})}
        matplotlib.rcParams.update(settings)
        yield


def _svg(figure: Figure, *, transparent: bool = False) -> bytes:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(figure)
    buffer = io.BytesIO()
    # neither a date nor the name of a version
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing, transparent=transparent)
    return buffer.getvalue()


def value_range(values: np.ndarray) -> tuple[float, float]:
    """Least and largest of the finite values; 0 and 1 where there are none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    # nor is rounding shown as if it were a structure
    return (low, high) if high - low > 1e-6 * abs(high) else (low, low + 1.0)
