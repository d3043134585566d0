"""Draw reconstructions beside the object: ``python docs/draw_training.py docs/training.png``.

Trains on minimal_dataset_v1 (a minute or two). Needs the extra ``train``.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import registry
from registry.identity import npz
from registry.training.inference import infer
from registry.training.options import Options
from registry.training.workflow import train

# gridsize and epochs of each column
RUNS = ((1, 2), (1, 8), (2, 2), (2, 8))


def main() -> None:
    """Train, infer and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    picture = parser.parse_args().picture
    fixture = registry.load("minimal_dataset_v1")
    obj = fixture["objectGuess"]
    columns = []
    for gridsize, epochs in RUNS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            train(fixture, Options(output_dir=folder, gridsize=gridsize, max_epochs=epochs))
            found = infer(folder / "model.ckpt", fixture, folder)
            arrays = npz.parse((folder / "reconstruction.npz").read_bytes(), subject=name)
        quality = found["object"]
        scanned = arrays["scanned"]
        # what no data can tell: the global phase of a reconstruction
        turn = np.vdot(arrays["object"][scanned], obj[scanned])
        title = (
            f"gridsize {gridsize}, {epochs} epochs\ncorrelation "
            f"{quality['amplitude_correlation']:.2f}, phase off by "
            f"{quality['phase_error_rad']:.2f} rad"
        )
        columns.append((title, arrays["object"] * turn / abs(turn), scanned))
    columns.append(("object", obj, columns[0][2]))

    figure = Figure(figsize=(2.4 * len(columns), 4.6), dpi=75, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(columns))
    rows, places = np.nonzero(columns[0][2])
    window = np.s_[rows.min() : rows.max() + 1, places.min() : places.max() + 1]
    for pair, (title, image, scanned) in zip(axes.T, columns, strict=True):
        shown = np.where(scanned, image, np.nan)[window]
        amplitude = pair[0].imshow(np.abs(shown), cmap="gray", vmin=0.4, vmax=1.05)
        phase = pair[1].imshow(np.angle(shown), cmap="magma", vmin=-0.3, vmax=1.3)
        pair[0].set_title(title, fontsize=8)
        for axis in pair:
            axis.set(xticks=[], yticks=[])
    for axis, drawn, label in (
        (axes[0, -1], amplitude, "amplitude"),
        (axes[1, -1], phase, "phase [rad]"),
    ):
        figure.colorbar(drawn, ax=axis, label=label)
    figure.savefig(picture, metadata={"Software": None})
    # two colour maps need no more colours than that, and the page no more bytes
    with Image.open(picture) as drawn_picture:
        drawn_picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture)


if __name__ == "__main__":
    main()
