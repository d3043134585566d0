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

Mistake = tuple[str, Real, Real, NDArray[np.intp]]


def alternative_margins(scan: Scan, model: Real) -> dict[str, float]:
    """How much more squared error each mistake leaves, as a part of the frames' power.

    For the powers, squared error and power are those of the intensity.

    Parameters
    ----------
    scan : Scan
        Its frames carry the same power as the model.
    model : (N, H, W) float64
        What the forward model predicts for the scan.

    Returns
    -------
    dict
        Name to margin; a margin of zero or less says that the mistake explains the data at least
        as well. Mistakes that change nothing beyond rounding are left out: a real object equals
        its conjugate, a symmetric frame its mirror image, and no data can tell.
    """
    return dict(each_margin(scan, model))


def each_margin(scan: Scan, model: Real) -> Iterator[tuple[str, float]]:
    """The same one by one, for who needs no more than the first: a model each is what they cost."""
    yield from _power_margins(scan.frames, model)
    residual = scan.frames - model
    misfit, power = (residual**2).sum(axis=(1, 2)), (scan.frames**2).sum(axis=(1, 2))
    for name, frames, other_model, rows in _mistakes(scan, model):
        other = frames - other_model
        # either the frames differ from those of the scan or the model does, never both
        change = other - residual[rows]
        if np.vdot(change, change) > ROUNDING**2 * power[rows].sum():
            more = np.vdot(other, other) - misfit[rows].sum()
            yield name, float(more / power[rows].sum())


def _power_margins(frames: Real, model: Real) -> Iterator[tuple[str, float]]:
    """Frames that are a power of the amplitude: do powers of the model fit their intensity better?

    The power is taken of the model and not of the frames, so that all candidates are held against
    the same noise. (A root makes noise smaller: frames of few photons fit better as their own
    roots.) Intensities and not amplitudes are compared, because the mean of counts is their rate,
    while the mean of their roots is not the root of it.
    """
    intensity, target = frames**2, model**2
    power = float((target**2).sum())
    own = ((intensity - target) ** 2).sum()
    # frames that hold A**2 look like a model of that, and would be mended by the power 1/2
    for name, powered in (("1/2", target**2), ("2", model)):
        other = powered * (target.sum() / powered.sum())
        if ((other - target) ** 2).sum() > ROUNDING**2 * power:
            more = float(((intensity - other) ** 2).sum() - own)
            yield f"frames to the power {name}", more / power


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
