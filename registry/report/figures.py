"""The report's own pictures: how a training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from registry.drawing import Picture, dots, draw_chart, log_scale

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
    return draw_chart(name, "Loss", alt, draw, (5.2, 2.5))
