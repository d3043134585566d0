"""Draw one fixture: ``python docs/draw_fixture.py minimal_dataset_v1 docs/minimal_dataset_v1.png``.

Needs the extra ``report`` (matplotlib).
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import registry


def draw(fixture: registry.Fixture) -> Figure:
    """Object, probe, scan positions and diffraction frames, side by side."""
    figure = Figure(figsize=(12, 5.6), dpi=75, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 4)
    obj, probe = fixture.objectGuess, fixture.probeGuess
    frames, x, y = fixture.diffraction, fixture.xcoords, fixture.ycoords
    half = probe.shape[0] / 2

    panels = [
        (axes[0, 0], np.abs(obj), "gray", "object: amplitude"),
        (axes[0, 1], np.angle(obj), "magma", "object: phase [rad]"),
        (axes[1, 0], np.abs(probe), "gray", "probe: amplitude"),
        # the probe's phase wraps, so its colours must too
        (axes[1, 1], np.angle(probe), "twilight", "probe: phase [rad]"),
    ]
    middle = len(frames) // 2
    panels += [
        (axis, np.log10(image**2 + 1e-4), "viridis", f"{title}: log10 intensity")
        for axis, image, title in (
            (axes[0, 3], frames.mean(axis=0), "mean frame"),
            (axes[1, 2], frames[0], "frame 0"),
            (axes[1, 3], frames[middle], f"frame {middle}"),
        )
    ]
    for axis, image, colours, title in panels:
        drawn = axis.imshow(image, cmap=colours)
        axis.set_title(title, fontsize=9)
        figure.colorbar(drawn, ax=axis, shrink=0.8).ax.tick_params(labelsize=7)

    scan = axes[0, 2]
    scan.imshow(np.abs(obj), cmap="gray")
    scan.plot(x, y, "o", markersize=3, color="tab:orange")
    scan.add_patch(
        Rectangle((x[0] - half, y[0] - half), 2 * half, 2 * half, fill=False, color="tab:orange")
    )
    scan.set(xlim=(x.min() - half, x.max() + half), ylim=(y.max() + half, y.min() - half))
    scan.set_title(f"{len(x)} scan positions; frame 0 outlined", fontsize=9)
    for axis in axes.flat:
        axis.tick_params(labelsize=7)
    figure.suptitle(f"{fixture.name} (axes in pixels)", fontsize=11)
    return figure


def main() -> None:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    figure = draw(registry.load(arguments.name))
    # no date and no version in the file, so that the same fixture gives the same picture
    figure.savefig(arguments.picture, metadata={"Software": None})


if __name__ == "__main__":
    main()
