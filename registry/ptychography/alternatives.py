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


def alternative_margins(scan: Scan, model: Real) -> Iterator[tuple[str, float | None]]:
    """How much more squared error each mistake leaves, as a part of the frames' power.

    One by one, because most cost a model each, and who looks for one that fits needs no more than
    the first. For the powers, squared error and power are those of the intensity.

    Parameters
    ----------
    scan : Scan
        Its frames carry the same power as the model.
    model : (N, H, W) float64
        What the forward model predicts for the scan.

    Yields
    ------
    name : str
        A mistake that leaves the arrays as they are, but for rounding, is none, and is left out: a
        real object equals its conjugate, a symmetric frame its mirror image.
    margin : float or None
        Zero or less says that the mistake explains the data at least as well; None, that it changes
        the arrays and nothing of what is predicted, so that these data cannot tell.
    """
    for name, frames, target in _powers(scan.frames, model):
        if not _same(frames, scan.frames):
            is_blind = _same(target, model**2)
            yield name, None if is_blind else _power_margin(scan.frames, model, target)
    residual = scan.frames - model
    misfit, power = (residual**2).sum(axis=(1, 2)), (scan.frames**2).sum(axis=(1, 2))
    for name, frames, other_model, rows in _mistakes(scan, model):
        other = frames - other_model
        # either the frames differ from those of the scan or the model does, never both
        change = other - residual[rows]
        margin = None
        if np.vdot(change, change) > ROUNDING**2 * power[rows].sum():
            more = np.vdot(other, other) - misfit[rows].sum()
            margin = float(more / power[rows].sum())
        yield name, margin


def _same(a: NDArray[np.inexact], b: NDArray[np.inexact]) -> bool:
    """Whether two arrays are equal but for rounding."""
    difference = a - b
    limit = ROUNDING**2 * float(np.vdot(b, b).real)
    return float(np.vdot(difference, difference).real) <= limit


def _powers(frames: Real, model: Real) -> Iterator[tuple[str, Real, Real]]:
    """Name of a power, frames with it, and the intensity that a model of such frames predicts.

    All have the power of what they are held against. Frames that hold A**2 look like a model of
    that, and would be mended by the power 1/2.
    """
    for name, exponent in (("1/2", 0.5), ("2", 2.0)):
        # one below zero is refused elsewhere
        powered, target = np.abs(frames) ** exponent, model ** (2 / exponent)
        powered *= np.sqrt((frames**2).sum() / (powered**2).sum())
        target *= (model**2).sum() / target.sum()
        yield f"frames to the power {name}", powered, target


def _power_margin(frames: Real, model: Real, target: Real) -> float:
    """How much worse a power of the model fits the frames' intensity.

    The power is taken of the model and not of the frames, so that all candidates are held against
    the same noise. (A root makes noise smaller: frames of few photons fit better as their own
    roots.) Intensities and not amplitudes are compared, because the mean of counts is their rate,
    while the mean of their roots is not the root of it.
    """
    intensity, own = frames**2, model**2
    more = ((intensity - target) ** 2).sum() - ((intensity - own) ** 2).sum()
    return float(more / (own**2).sum())


def _mistakes(scan: Scan, model: Real) -> Iterator[Mistake]:
    """Name, frames, model, and rows of each mistake that can be undone to see if data fit better.

    Where an alternative position leaves the object, that frame takes no part in the comparison.
    """
    frames, x, y = scan.frames, scan.x, scan.y
    everything = np.arange(len(frames))
    for name, other_frames in _other_frames(frames):
        if not _same(other_frames, frames):
            yield name, other_frames, model, everything
    for name, obj, probe in (
        ("object conjugated", scan.obj.conj(), scan.probe),
        ("probe conjugated", scan.obj, scan.probe.conj()),
    ):
        if not (_same(obj, scan.obj) and _same(probe, scan.probe)):
            yield name, frames, model_amplitude(obj, probe, x, y), everything

    shape = (frames.shape[1], frames.shape[2])
    for name, other_x, other_y in _other_positions(x, y):
        rows = np.flatnonzero(
            frames_inside((scan.obj.shape[0], scan.obj.shape[1]), other_x, other_y, shape)
        )
        if rows.size and not (_same(other_x, x) and _same(other_y, y)):
            other = model_amplitude(scan.obj, scan.probe, other_x[rows], other_y[rows])
            yield name, frames[rows], other, rows


def _other_frames(frames: Real) -> Iterator[tuple[str, Real]]:
    if frames.shape[1] == frames.shape[2]:
        yield "frames transposed", frames.transpose(0, 2, 1)
    yield "frames flipped in rows", frames[:, ::-1]
    yield "frames flipped in columns", frames[:, :, ::-1]
    yield "frames without fftshift", np.fft.fftshift(frames, axes=(1, 2))


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
