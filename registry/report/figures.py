"""The report's own charts: how a training went, and what lies between two arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from registry.drawing import Picture, dots, draw_chart, log_scale, silently

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def losses(name: str, rows: Sequence[tuple[float, float]]) -> Picture:
    """Training loss over steps."""
    steps, values = np.array(rows).T

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.14, 0.2, 0.84, 0.75))
        axes.plot(steps, values, color=ink["accent"], linewidth=1.3)
        dots(axes, steps, values, color=ink["accent"], width=3)
        if (values > 0).all() and values.max() > 5 * values.min():
            log_scale(axes)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")

    alt = (
        f"Training loss over {len(rows)} steps, from {values[0]:.4g} at step {steps[0]:g} to "
        f"{values[-1]:.4g} at step {steps[-1]:g}."
    )
    return draw_chart(name, "Training loss over steps", alt, draw, (5.2, 2.5))


def lines(name: str, a: np.ndarray, b: np.ndarray) -> list[Picture]:
    """Values of A and of B (N,) over their index, and what lies between them.

    What is not finite is not drawn. Where both have not as many, nothing lies between them.
    """
    words = f"A {span(a)}, B {span(b)}"

    def both(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.14, 0.2, 0.84, 0.75))
        for values, colour, width in ((a, "quiet", 2.6), (b, "accent", 1.0)):
            axes.plot(values, color=ink[colour], linewidth=width, marker=".", markersize=2 + width)
        axes.set_xlabel("index")

    title = "A (wide, grey) and B"
    pictures = [draw_chart("", title, f"{name} over the index: {words}.", both, (5.2, 2.5))]
    if a.shape == b.shape:
        with silently():
            apart = np.where(np.isfinite(b - a), b - a, np.nan)

        def between(figure: Figure, ink: Mapping[str, str]) -> None:
            axes = figure.add_axes((0.14, 0.2, 0.84, 0.75))
            axes.plot(apart, color=ink["accent"], linewidth=1.0, marker=".", markersize=3)
            axes.set_xlabel("index")

        alt = f"{name}, B − A over the index: {span(apart)}."
        pictures.append(draw_chart("", "B − A", alt, between, (5.2, 2.5)))
    return pictures


def by_row(word: str, rows: Sequence[int], apart: np.ndarray) -> Picture:
    """How far apart A and B are in each row (N,), at most."""

    def draw(figure: Figure, ink: Mapping[str, str]) -> None:
        axes = figure.add_axes((0.14, 0.24, 0.84, 0.71))
        dots(axes, np.array(rows), apart, color=ink["accent"], width=3.4)
        axes.set_xlabel(f"{word} of A")
        axes.set_ylabel("largest |B − A|")

    worst = int(np.argmax(apart))
    alt = (
        f"Largest difference of each of {len(rows)} {word}s: the most is {apart[worst]:.3g}, of "
        f"{word} {rows[worst]}."
    )
    return draw_chart("", f"How far apart each {word} is", alt, draw, (5.2, 2.0))


def span(values: np.ndarray) -> str:
    """Least and largest of the finite values, in words."""
    known = values[np.isfinite(values)]
    return f"{known.min():.4g} to {known.max():.4g}" if known.size else "nothing finite"
