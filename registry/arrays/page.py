"""What the report says of any arrays: a picture of each, and the figures of the sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from registry.drawing import Picture, Scale, complex_pair, draw_chart, draw_image, value_range
from registry.identity.sidecar import Sidecar
from registry.page import Check, Page, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Values along a line; more can be seen on no screen.
_MOST = 2000
# An image that is longer than so many times its width would be a line: its pixels are stretched.
_LONGEST = 4


def page(arrays: Mapping[str, np.ndarray] | None, record: Sidecar) -> Page:
    """The field's part of a fixture's page."""
    checks = [
        Check(
            name=name, meaning="", measured=f"{value:g}" if isinstance(value, float) else str(value)
        )
        for name, value in record.checks.items()
    ]
    if arrays is None:
        return Page(checks=checks, no_charts="the bytes did not pass verification")
    pictures = [picture for name in sorted(arrays) for picture in pictures_of(name, arrays[name])]
    section = Section(anchor="pictures", title="Pictures", pictures=pictures)
    return Page(
        sections=[section] if pictures else [],
        checks=checks,
    )


def pictures_of(name: str, values: np.ndarray) -> list[Picture]:
    """Pictures of an array: a line along one axis, an image along two, of more the first of each.

    Parameters
    ----------
    name : str
    values : array
        Of one that is no number, or a single one, there are no pictures.
    """
    what, note = name, ""
    if values.dtype.kind not in "biufc" or not values.size:
        return []
    while values.ndim > 2:
        values, note = values[0], "first of several"
    if values.ndim == 2 and min(values.shape) == 1:
        values = values.ravel()
    if values.ndim == 0 or values.size == 1:
        return []
    if values.ndim == 1:
        return [_line(what, values, note)]
    if values.dtype.kind == "c":
        return complex_pair(what, values)
    values = values.astype(np.float64)
    rows, columns = values.shape
    if max(rows, columns) > _LONGEST * min(rows, columns):
        return [_raster(what, values, note)]
    low, high = value_range(values)
    alt = f"{what}, {columns} × {rows}, from {low:.3g} to {high:.3g}."
    title = f"{what}, {note}" if note else what
    scale = Scale.between("viridis", low, high)
    return [draw_image(f"array-{what}", title, alt, values, scale, f"{columns} × {rows}")]


def _raster(name: str, values: np.ndarray, note: str) -> Picture:
    """A table of values in colours, stretched to the chart."""
    rows, columns = values.shape
    down, right = (-(-length // _MOST) for length in values.shape)
    low, high = value_range(values)

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.14, 0.2, 0.84, 0.75))
        axes.imshow(
            values[::down, ::right],
            cmap="viridis",
            vmin=low,
            vmax=high,
            interpolation="none",
            aspect="auto",
            extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
        )
        axes.set_xlabel("column")
        axes.set_ylabel("row")

    alt = f"{name}, {columns} × {rows}, from {low:.3g} (dark) to {high:.3g} (light)."
    return draw_chart(f"array-{name}", name, alt, draw, (5.2, 2.5), note)


def _line(name: str, values: np.ndarray, note: str) -> Picture:
    """Values over their index; of complex ones the magnitude."""
    shown = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
    step = -(-len(shown) // _MOST)
    index = np.arange(len(shown))[::step]
    low, high = value_range(shown)

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.14, 0.2, 0.84, 0.75))
        axes.plot(index, shown[::step], color=ink["accent"], linewidth=1.0)
        axes.set_xlabel("index")

    alt = f"{name} over the index, {len(values)} values from {low:.3g} to {high:.3g}."
    if step > 1:
        alt += f" Every {step}. value is drawn."
    return draw_chart(f"array-{name}", name, alt, draw, (5.2, 2.5), note)
