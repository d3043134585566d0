"""The report's pictures: SVG drawn by matplotlib, the same bytes for the same arrays.

Images carry their scale bar and their colour bar with them, on a dark mat that suits a light page
and a dark one. Charts come twice, in the ink of each.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.identity.sidecar import Sidecar
from registry.report.facts import SourcePositions
from registry.report.limits import Fit

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


def probe_and_object(arrays: Mapping[str, np.ndarray]) -> list[Picture]:
    """Amplitude and phase of those two, as far as they are there."""
    pictures = []
    obj, probe = arrays.get("objectGuess"), arrays.get("probeGuess")
    if obj is not None and obj.ndim == 2 and obj.size:
        pictures += complex_pair("object", obj)
    if probe is not None and probe.ndim == 2 and probe.size:
        pictures += complex_pair("probe", probe)
    elif probe is not None and probe.ndim == 3 and probe.size:
        for number, mode in enumerate(probe, 1):
            # the first one by the name that a card looks for
            pictures += complex_pair("probe" if number == 1 else f"probe mode {number}", mode)
    return pictures


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
    low, high = _range(amplitude)
    size = f"{columns} × {rows} pixels"
    stem = what.replace(" ", "-")
    return [
        _image(
            f"{stem}-amplitude",
            f"{what.capitalize()}, amplitude",
            f"Amplitude of the {what}, {size}, from {low:.3g} (black) to {high:.3g} (white).",
            amplitude,
            ("gray", low, high, f"{low:.3g}", f"{high:.3g}"),
        ),
        _image(
            f"{stem}-phase",
            f"{what.capitalize()}, phase",
            f"Phase of the {what}, {size}, from −π to π on a cyclic colour map.",
            phase,
            ("twilight_shifted", -np.pi, np.pi, "−π", "π"),
        ),
    ]


def chosen_frames(count: int) -> list[int]:
    """First, middle and last of the frames: three, where there are as many.

    >>> chosen_frames(64), chosen_frames(2), chosen_frames(0)
    ([0, 32, 63], [0, 1], [])
    """
    return sorted({0, count // 2, count - 1}) if count else []


def frames(arrays: Mapping[str, np.ndarray], photon_scale: float | None) -> list[Picture]:
    """Mean and three single frames on one log scale.

    Photons where their number is known, else the intensity over its largest value.

    Parameters
    ----------
    arrays : mapping
        ``diffraction`` (N, H, W), amplitude.
    photon_scale : float or None
        Photons per unit of amplitude squared.
    """
    stack = arrays.get("diffraction")
    if stack is None or stack.ndim != 3 or not stack.size:
        return []
    intensity = stack.astype(np.float64) ** 2
    shown = [("mean", "Mean frame", f"Mean of {len(stack)} diffraction frames", intensity.mean(0))]
    shown += [
        (f"{n}", f"Frame {n}", f"Diffraction frame {n}", intensity[n])
        for n in chosen_frames(len(stack))
    ]
    if photon_scale is not None:
        images = [np.log10(1 + photon_scale * image) for *_, image in shown]
        top = max(_range(image)[1] for image in images)
        scale = ("viridis", 0.0, top, "0", f"{10**top - 1:.0f} photons")
        words = f"photons per pixel on a log scale, from 0 to {10**top - 1:.0f}"
    else:
        peak = max(_range(image)[1] for *_, image in shown) or 1.0
        images = [np.log10(np.maximum(image / peak, 1e-6)) for *_, image in shown]
        scale = ("viridis", -6.0, 0.0, "10⁻⁶", "of the peak")
        words = "intensity on a log scale, down to a millionth of the peak"
    return [
        _image(f"frame-{key}", title, f"{what}: {words}.", image, scale)
        for (key, title, what, _), image in zip(shown, images, strict=True)
    ]


def positions(
    arrays: Mapping[str, np.ndarray], record: Sidecar, source: SourcePositions | None
) -> Picture | None:
    """Scan positions over the source's, with the range that they cover in x and in y."""
    if not all(name in arrays and arrays[name].ndim == 1 for name in ("xcoords", "ycoords")):
        return None
    x, y = arrays["xcoords"], arrays["ycoords"]
    finite = len(x) == len(y) and len(x) > 0 and np.isfinite(x).all() and np.isfinite(y).all()
    if not finite:
        return None
    whole, note = _source_positions(x, y, record, source)
    coverage = [record.checks.get(name) for name in ("coverage_x", "coverage_y")]
    covered = [f"{part:.1%}" if isinstance(part, float) else "" for part in coverage]

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        _draw_positions(figure.add_axes((0.11, 0.1, 0.87, 0.88)), ink, (x, y), whole, covered)

    alt = f"{len(x)} scan positions in object pixels, joined in their order"
    if whole is not None:
        alt += f", over the {len(whole[0])} of the source"
    if all(covered):
        alt += f". They span {covered[0]} of the source's range in x and {covered[1]} in y"
    return _chart("positions", "Scan positions", f"{alt}.", draw, (5.2, 5.0), note)


def _source_positions(
    x: np.ndarray, y: np.ndarray, record: Sidecar, source: SourcePositions | None
) -> tuple[tuple[np.ndarray, np.ndarray] | None, str]:
    """Positions of the whole source, if they are those that the fixture's were taken from."""
    if source is None:
        return None, ""
    alone = "The fixture's own positions are drawn alone."
    if source.problem:
        return None, f"The source {source.path} {source.problem}. {alone}"
    xs, ys, chosen = np.array(source.x), np.array(source.y), list(record.subset_indices)
    if len(xs) != len(ys) or any(not 0 <= index < len(xs) for index in chosen):
        return None, f"The source {source.path} has other positions than the sidecar says. {alone}"
    if not (np.array_equal(xs[chosen], x) and np.array_equal(ys[chosen], y)):
        return None, f"The source {source.path} has its positions on another scale. {alone}"
    return (xs, ys), ""


def _draw_positions(
    axes: Axes,
    ink: Mapping[str, str],
    own: tuple[np.ndarray, np.ndarray],
    whole: tuple[np.ndarray, np.ndarray] | None,
    covered: Sequence[str],
) -> None:
    outer = own if whole is None else whole
    left, right, top, bottom = outer[0].min(), outer[0].max(), outer[1].min(), outer[1].max()
    room = 0.05 * max(right - left, bottom - top, 1.0)
    if whole is not None:
        _dots(axes, *whole, color=ink["faint"], width=2.4, zorder=1)
    axes.plot(*own, "-", color=ink["accent"], linewidth=0.5, alpha=0.45, zorder=2)
    _dots(axes, *own, color=ink["accent"], width=4, zorder=3)
    for n in chosen_frames(len(own[0])):
        axes.annotate(
            f"{n}",
            (own[0][n], own[1][n]),
            xytext=(5, 5),
            textcoords="offset points",
            color=ink["ink"],
            fontweight="bold",
            zorder=4,
        )
    # the range of the source, and over it the fixture's: what coverage means
    for along_x in (True, False):
        ends = outer[0 if along_x else 1], own[0 if along_x else 1]
        fixed = top - 1.6 * room if along_x else right + 1.6 * room
        for values, colour, width in zip(ends, ("faint", "accent"), (5.5, 2.5), strict=True):
            span, across = [values.min(), values.max()], [fixed, fixed]
            line = (span, across) if along_x else (across, span)
            axes.plot(*line, color=ink[colour], linewidth=width, solid_capstyle="butt", zorder=2)
        text = covered[0 if along_x else 1]
        if text:
            where = ((left + right) / 2, fixed - 0.7 * room)
            if not along_x:
                where = (fixed + 0.7 * room, (top + bottom) / 2)
            axes.text(
                *where,
                f"{text} of {'x' if along_x else 'y'}",
                color=ink["ink"],
                ha="center" if along_x else "left",
                va="bottom" if along_x else "center",
                rotation=0 if along_x else 270,
            )
    # not fixed, or matplotlib warns of each scan whose range it has to widen to an equal scale
    axes.set_xlim(left - room, right + 4 * room, auto=None)
    axes.set_ylim(bottom + room, top - 4 * room, auto=None)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("x, column [px]")
    axes.set_ylabel("y, row [px]")


def frame_fit(fitted: Fit) -> Picture:
    """How each frame misses its model, between the limits."""
    count = np.arange(len(fitted.values))
    worst = int(np.argmax(fitted.values))

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.12, 0.2, 0.86, 0.75))
        for limit in (fitted.low, fitted.high):
            if limit is not None:
                axes.plot(count, limit, color=ink["quiet"], linewidth=1, drawstyle="steps-mid")
        if fitted.low is not None and fitted.high is not None:
            axes.fill_between(
                count, fitted.low, fitted.high, step="mid", color=ink["faint"], alpha=0.25, lw=0
            )
        _dots(axes, count, fitted.values, color=ink["accent"], width=3.4)
        if fitted.values.min() > 0 and fitted.values.max() > 10 * fitted.values.min():
            _log_scale(axes)
        axes.set_xlabel("frame")
        axes.set_ylabel(fitted.what.partition(" (")[0])

    limits = ""
    if fitted.high is not None:
        limits = f" The limit of frame {worst} is {fitted.high[worst]:.3g}."
    alt = (
        f"{fitted.what.capitalize()} of each of {len(count)} frames: from "
        f"{fitted.values.min():.3g} to {fitted.values.max():.3g}, which is frame {worst}.{limits}"
    )
    return _chart("frame-fit", "Every frame against its model", alt, draw, (5.2, 2.5))


def losses(name: str, rows: Sequence[tuple[float, float]]) -> Picture:
    """Training loss over steps."""
    steps, values = np.array(rows).T

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.14, 0.2, 0.84, 0.75))
        axes.plot(steps, values, color=ink["accent"], linewidth=1.3)
        _dots(axes, steps, values, color=ink["accent"], width=3)
        if (values > 0).all() and values.max() > 5 * values.min():
            _log_scale(axes)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")

    alt = (
        f"Training loss over {len(rows)} steps, from {values[0]:.4g} at step {steps[0]:g} to "
        f"{values[-1]:.4g} at step {steps[-1]:g}."
    )
    return _chart(name, "Loss", alt, draw, (5.2, 2.5))


def _image(
    name: str,
    title: str,
    alt: str,
    image: np.ndarray,
    scale: tuple[str, float, float, str, str],
) -> Picture:
    """An image with a scale bar on it and a colour bar below it."""
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


def _chart(
    name: str,
    title: str,
    alt: str,
    draw: Callable[[Figure, Mapping[str, str]], None],
    inches: tuple[float, float],
    note: str = "",
) -> Picture:
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


def _log_scale(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray, **style: Any) -> None:
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


def _range(values: np.ndarray) -> tuple[float, float]:
    """Least and largest of the finite values; 0 and 1 where there are none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    # nor is rounding shown as if it were a structure
    return (low, high) if high - low > 1e-6 * abs(high) else (low, low + 1.0)
