"""Named mistakes that a scan may contain, and how much worse than the data each of them fits.

The comparison needs no threshold: undoing a mistake that is not there makes the fit worse, undoing
one that is there makes it better.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import frames_inside, model_amplitude
from registry.ptychography.scan import ROUNDING, Real, Scan

# Photons in a pixel from which on a count differs clearly from its root and its square.
TELLING_PHOTONS = 4.0

Mistake = tuple[str, Real, Real, NDArray[np.intp]]


def alternative_margins(scan: Scan, model: Real, photon_scale: float | None) -> dict[str, float]:
    """How much more squared error each mistake leaves, as a part of the frames' power.

    Parameters
    ----------
    scan : Scan
        Its frames carry the same power as the model.
    model : (N, H, W) float64
        What the forward model predicts for the scan.
    photon_scale : float or None
        Counts per unit of amplitude squared, where the source declares it.

    Returns
    -------
    dict
        Name to margin; a margin of zero or less says that the mistake explains the data at least
        as well. Mistakes that change nothing beyond rounding are left out: a real object equals
        its conjugate, a symmetric frame its mirror image, and no data can tell.
    """
    margins = {}
    misfit = ((scan.frames - model) ** 2).sum(axis=(1, 2))
    for name, frames, other_model, rows in _mistakes(scan, model):
        power = (scan.frames[rows] ** 2).sum()
        change = ((frames - scan.frames[rows]) ** 2 + (other_model - model[rows]) ** 2).sum()
        if change > ROUNDING**2 * power:
            other = ((frames - other_model) ** 2).sum(axis=(1, 2))
            margins[name] = float((other - misfit[rows]).sum() / power)
    margins.update(_power_margins(scan.frames, model, photon_scale))
    return margins


def _power_margins(
    frames: Real, model: Real, photon_scale: float | None
) -> Iterator[tuple[str, float]]:
    """Frames that are a power of the amplitude, judged by the mean intensity of all frames.

    A single frame of few photons is so noisy that its root fits better than it does itself; a mean
    of counts is free of that bias. Where counts are mostly 0 and 1 they equal their own powers, so
    only pixels that expect more photons take part.
    """
    target = (model**2).mean(axis=0)
    bright = np.ones(target.shape, bool)
    if photon_scale is not None:
        bright = photon_scale * target >= TELLING_PHOTONS
        if not bright.any():
            return

    def misfit(intensity: Real) -> float:
        mean, goal = intensity.mean(axis=0)[bright], target[bright]
        return float(((mean * (goal.sum() / mean.sum()) - goal) ** 2).sum())

    own = misfit(frames**2)
    for name, exponent in (("1/2", 0.5), ("2", 2.0)):
        # negative amplitudes are refused elsewhere and must not raise a warning here
        powered = misfit(np.abs(frames) ** (2 * exponent))
        yield f"frames to the power {name}", (powered - own) / float((target[bright] ** 2).sum())


def _mistakes(scan: Scan, model: Real) -> Iterator[Mistake]:
    """Name, frames, model, and rows of each mistake that can be undone to see if data fit better.

    Where an alternative position leaves the object, that frame takes no part in the comparison.
    """
    frames, x, y = scan.frames, scan.x, scan.y
    everything = np.arange(len(frames))
    if frames.shape[1] == frames.shape[2]:
        yield "frames transposed", frames.transpose(0, 2, 1), model, everything
    yield "frames flipped in rows", frames[:, ::-1], model, everything
    yield "frames flipped in columns", frames[:, :, ::-1], model, everything
    yield "frames without fftshift", np.fft.fftshift(frames, axes=(1, 2)), model, everything
    conjugated = model_amplitude(scan.obj.conj(), scan.probe, x, y)
    yield "object conjugated", frames, conjugated, everything
    conjugated = model_amplitude(scan.obj, scan.probe.conj(), x, y)
    yield "probe conjugated", frames, conjugated, everything

    shape = (frames.shape[1], frames.shape[2])
    for name, other_x, other_y in _other_positions(x, y):
        rows = np.flatnonzero(
            frames_inside((scan.obj.shape[0], scan.obj.shape[1]), other_x, other_y, shape)
        )
        if rows.size:
            other = model_amplitude(scan.obj, scan.probe, other_x[rows], other_y[rows])
            yield name, frames[rows], other, rows


def _other_positions(x: Real, y: Real) -> Iterator[tuple[str, Real, Real]]:
    yield "x and y swapped", y, x
    yield "x mirrored", x.min() + x.max() - x, y
    yield "y mirrored", x, y.min() + y.max() - y
    yield "positions in reverse order", x[::-1], y[::-1]
    for row_sign in (-0.5, 0.5):
        for column_sign in (-0.5, 0.5):
            name = f"positions shifted by ({column_sign:+g}, {row_sign:+g}) px"
            yield name, x + column_sign, y + row_sign
    for distance in (0.5, 1, 2, 3, 4, 5, 6, 7, 8):
        for signed in (-distance, distance):
            yield f"x shifted by {signed:+g} px", x + signed, y
            yield f"y shifted by {signed:+g} px", x, y + signed
