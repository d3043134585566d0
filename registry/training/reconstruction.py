"""The stitched reconstruction: every patch in its place on one canvas."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from registry.identity import npz
from registry.training.data import Batch
from registry.training.forward import diffraction_amplitude, merge
from registry.training.model import PtychoUNet
from registry.training.quality import SCANNED

# A pixel of the object becomes this many of a picture, so that 100 px can be looked at.
_ZOOM = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconstruction:
    """What a model makes of a scan.

    obj : (Y, X) complex64, zero where no patch reaches
    scanned : (Y, X) bool, where the probe's light, summed over all patches, is enough to tell
    amplitude_error : float
        Mean absolute error of the normalised amplitude over all frames, before stitching.
    """

    obj: NDArray[np.complex64]
    scanned: NDArray[np.bool_]
    amplitude_error: float

    def encode(self) -> bytes:
        """As a canonical ``.npz`` with ``object`` and ``scanned``."""
        return npz.encode({"object": self.obj, "scanned": self.scanned})


@contextmanager
def _sums_in_order() -> Iterator[None]:
    """Have CUDA add up overlapping patches in the same order each time, as a CPU's thread does."""
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("warn")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)


@torch.inference_mode()
@_sums_in_order()
def reconstruct(
    model: PtychoUNet, batches: DataLoader[Batch], shape: tuple[int, int]
) -> Reconstruction:
    """Run a model over groups and stitch their patches, weighted by the probe's intensity.

    Parameters
    ----------
    model : PtychoUNet
    batches : DataLoader
        Of a `GroupDataset`, in order. Neighbours of a group are left out.
    shape : (Y, X)
        Of the object.
    """
    model.eval()
    total = torch.zeros(shape, dtype=torch.complex64)
    coverage = torch.zeros(shape)
    errors = []
    for batch in batches:
        group = {key: value[:, : model.members] for key, value in batch.items()}
        batch = {key: value.to(model.probe.device) for key, value in group.items()}
        patches = model(batch["amplitude"], batch["dx"], batch["dy"])
        predicted = diffraction_amplitude(model.probe, patches)
        errors.append((predicted - batch["amplitude"]).abs().mean(dim=(1, 2, 3)).cpu())
        flat = patches.reshape(1, -1, *patches.shape[-2:])
        x, y = batch["x"].reshape(1, -1), batch["y"].reshape(1, -1)
        canvas, weight = merge(flat, x, y, model.weight(), shape)
        total += (canvas * weight)[0].cpu()
        coverage += weight[0].cpu()
    obj = torch.where(coverage > 0, total / coverage.clamp_min(1e-30), 0)
    return Reconstruction(
        obj=obj.numpy(),
        scanned=(coverage > SCANNED * coverage.max()).numpy(),
        amplitude_error=float(torch.cat(errors).mean()),
    )


def pictures(found: Reconstruction) -> dict[str, bytes]:
    """``amplitude.png`` and ``phase.png`` of the scanned area; what was not scanned is transparent.

    Amplitude in grey, from its smallest to its largest value; phase in a cyclic colour map, from
    -pi to pi.
    """
    rows, columns = np.nonzero(found.scanned)
    window = (
        slice(int(rows.min()), int(rows.max()) + 1),
        slice(int(columns.min()), int(columns.max()) + 1),
    )
    obj, scanned = found.obj[window], found.scanned[window]
    amplitude = np.abs(obj)
    span = (float(amplitude[scanned].min()), float(amplitude[scanned].max()))
    return {
        "amplitude.png": _png(amplitude, scanned, "gray", span),
        "phase.png": _png(np.angle(obj), scanned, "twilight", (-np.pi, np.pi)),
    }


def _png(
    values: NDArray[np.float32],
    scanned: NDArray[np.bool_],
    colours: str,
    span: tuple[float, float],
) -> bytes:
    from matplotlib import colormaps
    from PIL import Image

    low, high = span
    unit = (values - low) / ((high - low) or 1.0)
    pixels = colormaps[colours](np.clip(unit, 0, 1), bytes=True)
    pixels[..., 3] = np.where(scanned, 255, 0)
    target = io.BytesIO()
    large = pixels.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)
    Image.fromarray(large).save(target, "PNG")
    return target.getvalue()
