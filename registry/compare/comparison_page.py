"""A comparison as one HTML file with its images in it: the same comparison, the same bytes.

Needs the extra ``report``: matplotlib and jinja2.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from registry import extras
from registry.compare import array_difference, fixture_difference
from registry.compare import wording as wording
from registry.compare.array_difference import ArrayDifference
from registry.compare.fixture_difference import FieldDifference, FixtureDifference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TEMPLATE = "comparison_page.html.jinja"
# a dark mat, which suits a light page and a dark one
_MAT, _INK, _QUIET, _ACCENT = "#11141b", "#e8eaf0", "#a3adbf", "#ff9d5c"
_PANEL_INCHES = 3.2
_DPI = 100
# the ends of a dtype lie further apart than it can tell; what is then infinite is not drawn
_silently = partial(np.errstate, over="ignore", invalid="ignore")


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """PNG bytes as a data URI, and their words."""

    title: str
    alt: str
    uri: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """A plane of an array to draw: real numbers, their colours, and what they are."""

    what: str
    colours: str
    # from values (Y, X) to what is drawn of them
    part: Callable[[np.ndarray], np.ndarray]
    cyclic: bool = False


_REAL = _View(what="", colours="viridis", part=lambda values: values.astype(np.float64))
_COMPLEX = (
    _View(what="amplitude", colours="gray", part=np.abs),
    # the phase wraps, so its colours must too
    _View(what="phase", colours="twilight", part=np.angle, cyclic=True),
)


def render(found: FixtureDifference) -> str:
    """The page.

    Raises
    ------
    MissingError
        The extra ``report`` is not installed.
    """
    try:
        import jinja2
        import matplotlib  # noqa: F401 -- asked for here, where its absence can be told in words
    except ImportError as error:
        raise extras.missing(
            "report",
            "fixtures diff --html",
            expected="matplotlib and jinja2, with which the page is made",
            found=str(error),
        ) from None

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = resources.files("registry").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    page: str = environment.from_string(text).render(
        found=found,
        meaning=fixture_difference.MEANINGS[found.verdict],
        fields=[(item.field, *_cells(item)) for item in found.fields],
        head=wording.HEAD,
        rows=[wording.row(item) for item in found.arrays],
        pictures=list(pictures(found)),
    )
    return page


def _cells(item: FieldDifference) -> tuple[str, str]:
    if not item.is_text:
        return wording.shown(item.a), wording.shown(item.b)
    before, after = (
        "\n".join(line for sign, line in item.text_lines() if sign == wanted) for wanted in "-+"
    )
    return before, after


def pictures(found: FixtureDifference) -> Iterator[tuple[str, str, list[Picture]]]:
    """Name, note and pictures of each array that differs and can be drawn."""
    drawn: dict[tuple[bytes, bytes], str] = {}
    for item in found.arrays:
        a, b = (side.arrays.get(item.name) if side.arrays else None for side in (found.a, found.b))
        if item.verdict == array_difference.IDENTICAL or a is None or b is None:
            continue
        key = (a.tobytes(), b.tobytes())
        if a.size and key in drawn:
            yield item.name, f"as {drawn[key]}", []
            continue
        drawn[key] = item.name
        made = _pictures(item, a, b)
        if made:
            yield item.name, item.note, made


def _pictures(item: ArrayDifference, a: np.ndarray, b: np.ndarray) -> list[Picture]:
    if not (a.size and b.size and a.dtype.kind in "biufc" and b.dtype.kind in "biufc"):
        return []
    if a.ndim == b.ndim == 1:
        return [_lines(item.name, a, b)] if "c" not in a.dtype.kind + b.dtype.kind else []
    if a.ndim != b.ndim or a.ndim not in (2, 3):
        return []
    # rows of unequal stacks do not belong to each other, whatever their number
    paired = a.shape == b.shape
    where = ""
    if a.ndim == 3:
        row, where = _row(a, b)
        a, b = a[row], b[row]
    views = _COMPLEX if "c" in a.dtype.kind + b.dtype.kind else (_REAL,)
    return [_images(f"{item.name}{where}", view, a, b, paired) for view in views]


def _row(a: np.ndarray, b: np.ndarray) -> tuple[int, str]:
    """The row to show: that with the largest difference, where there is one."""
    if a.shape != b.shape:
        return 0, ", row 0"
    with _silently():
        changed = np.abs(_finite(_wide(b) - _wide(a)))
    largest = np.nan_to_num(changed, nan=0.0).max(axis=(1, 2))
    row = int(np.argmax(largest))
    return row, f", row {row} of {len(a)}: the largest difference"


def _images(what: str, view: _View, a: np.ndarray, b: np.ndarray, paired: bool) -> Picture:
    """A and B side by side, and B - A where they are a pair."""
    left, right = (_finite(view.part(values)) for values in (a, b))
    name = " ".join(filter(None, (what, view.what and f"({view.what})")))
    low, high = (-np.pi, np.pi) if view.cyclic else _range(left, right)
    panels = [
        (image, view.colours, low, high, f"{letter}: {_span(image)}")
        for letter, image in (("A", left), ("B", right))
    ]
    words = f"A {_span(left)}, B {_span(right)}"
    if paired:
        with _silently():
            apart = np.angle(_wide(b) * np.conj(_wide(a))) if view.cyclic else right - left
        apart = _finite(apart)
        limit = float(np.nan_to_num(np.abs(apart), nan=0.0).max())
        panels.append((apart, "RdBu_r", -limit, limit, f"B - A: within ±{limit:.3g}"))
        words += f", B - A within ±{limit:.3g}"

    def draw(figure: Figure) -> None:
        for axes, (image, colours, least, most, title) in zip(
            np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
        ):
            # scaled here: matplotlib cannot scale what is next to nothing
            with _silently():
                scaled = (image - least) / ((most - least) or 1.0)
            axes.imshow(scaled, cmap=colours, vmin=0, vmax=1, interpolation="none")
            _plain(axes, title)

    width = _PANEL_INCHES * len(panels)
    height = _PANEL_INCHES * min(max(left.shape[0] / left.shape[1], 0.2), 2.0) * 0.97 + 0.25
    return _png(name, f"{name}, side by side: {words}.", draw, width, height)


def _lines(name: str, a: np.ndarray, b: np.ndarray) -> Picture:
    """Values of both over their index, and what lies between them."""
    left, right = _finite(_wide(a)), _finite(_wide(b))
    panels = [("A and B", [(left, _QUIET, "A"), (right, _ACCENT, "B")])]
    words = f"A {_span(left)}, B {_span(right)}"
    if left.shape == right.shape:
        with _silently():
            apart = _finite(right - left)
        panels.append(("B - A", [(apart, _ACCENT, "B - A")]))
        words += f", B - A {_span(apart)}"

    def draw(figure: Figure) -> None:
        for axes, (title, series) in zip(
            np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
        ):
            for values, colour, label in series:
                axes.plot(values, ".-", color=colour, linewidth=0.6, markersize=4, label=label)
            axes.set_facecolor(_MAT)
            axes.set_title(title, color=_INK, fontsize=9)
            axes.tick_params(colors=_QUIET, labelsize=7)
            if len(series) > 1:
                axes.legend(fontsize=7, labelcolor=_INK, facecolor=_MAT)

    return _png(name, f"{name}, over the index: {words}.", draw, 3 * _PANEL_INCHES, 2.6)


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, color=_INK, fontsize=9)
    axes.set_axis_off()


def _png(
    title: str, alt: str, draw: Callable[[Figure], None], width: float, height: float
) -> Picture:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        # ours alone, whatever a user's matplotlibrc says
        matplotlib.rcdefaults()
        figure = Figure(figsize=(width, height), dpi=_DPI, facecolor=_MAT, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        buffer = io.BytesIO()
        # without the name of a version
        figure.savefig(buffer, format="png", metadata={"Software": None})
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Picture(
        title=title, alt=alt, uri=uri, width=round(width * _DPI), height=round(height * _DPI)
    )


def _wide(values: np.ndarray) -> np.ndarray:
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def _finite(values: np.ndarray) -> np.ndarray:
    """The same with NaN, which is not drawn, for what is infinite."""
    return np.where(np.isfinite(values), values, np.nan)


def _range(*images: np.ndarray) -> tuple[float, float]:
    """Least and largest of the values of all images; 0 and 1 where there are none."""
    values: Any = np.concatenate([image[np.isfinite(image)] for image in images])
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


def _span(image: np.ndarray) -> str:
    if not np.isfinite(image).any():
        return "nothing finite"
    low, high = _range(image)
    return f"{low:.4g} to {high:.4g}"
