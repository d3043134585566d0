"""Named mistakes that a scan may contain, and how much worse than the data each of them fits.

The comparison needs no threshold: undoing a mistake that is not there makes the fit worse, undoing
one that is there makes it better.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import frames_inside
from registry.ptychography.scan import ROUNDING, Real, Scan, models
from registry.ptychography.stack import Stack, by_frame, each, parts, power, stack, taken, total

Mistake = tuple[str, Stack, Stack, NDArray[np.intp]]


def alternative_margins(scan: Scan, model: Stack) -> Iterator[tuple[str, float | None]]:
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
        the arrays and nothing of what is predicted, so that these data cannot tell. Of a large scan
        a margin that is neither zero or less nor the least so far may be larger than is said: what
        was left out of the sum only adds to it.
    """
    yield from _power_margins(scan.frames, model)
    misfit = by_frame(lambda a, b: ((a - b) ** 2).sum(axis=(1, 2)), scan.frames, model)
    light = by_frame(lambda a: (a**2).sum(axis=(1, 2)), scan.frames)
    least = np.inf
    for name, frames, other_model, rows in _mistakes(scan, model):
        known = taken(scan.frames, rows), taken(model, rows)
        others, own = (frames, other_model), (float(misfit[rows].sum()), float(light[rows].sum()))
        margin = _margin(others, known, own, max(least, 0.0))
        least = least if margin is None else min(least, margin)
        yield name, margin


def _margin(
    others: tuple[Stack, Stack],
    known: tuple[Stack, Stack],
    own: tuple[float, float],
    enough: float,
) -> float | None:
    """Margin of frames and models with a mistake, at least where it is no more than is enough.

    Parameters
    ----------
    others, known : (frames, models) with the mistake, and as they are
    own : squared error of the latter, and the frames' power
    """
    changed, error = 0.0, 0.0
    misfit, light = own
    for part in parts(others[0]):
        other = others[0][part] - others[1][part]
        error += _square(other)
        if not changed > ROUNDING**2 * light:
            # either the frames differ from those of the scan or the model does, never both
            change = other - (known[0][part] - known[1][part])
            changed += _square(change)
        elif error - misfit > enough * light:
            break
    return (error - misfit) / light if changed > ROUNDING**2 * light else None


def _same(a: NDArray[np.inexact], b: NDArray[np.inexact]) -> bool:
    """Whether two arrays are equal but for rounding."""
    return _square(a - b) <= ROUNDING**2 * _square(b)


def _same_frames(a: Stack, b: Stack, square: float) -> bool:
    """Whether two stacks are, of which the second has this sum of squares."""
    difference = 0.0
    for one, other in each(a, b):
        difference += _square(one - other)
        if difference > ROUNDING**2 * square:
            return False
    return True


def _square(values: NDArray[np.inexact]) -> float:
    return float(np.vdot(values, values).real)


def _power_margins(frames: Stack, model: Stack) -> Iterator[tuple[str, float | None]]:
    """How much worse a power of the model fits the frames' intensity, for each power.

    The power is taken of the model and not of the frames, so that all candidates are held against
    the same noise. (A root makes noise smaller: frames of few photons fit better as their own
    roots.) Intensities and not amplitudes are compared, because the mean of counts is their rate,
    while the mean of their roots is not the root of it. Frames that hold A**2 look like a model of
    that, and would be mended by the power 1/2.
    """
    light = power(frames)
    # sums of the model's first, second and fourth powers, and what frames miss the second by
    first = second = fourth = own = 0.0
    for a, b in each(frames, model):
        rate = b**2
        first, second = first + float(b.sum()), second + float(rate.sum())
        fourth, own = fourth + _square(rate), own + _square(a**2 - rate)
    for name, exponent, whole in (("1/2", 0.5, fourth), ("2", 2.0, first)):
        # frames with the power, and the intensity that a model of such frames predicts, both with
        # the power of what they are held against; one below zero is refused elsewhere
        powered = _power(frames, exponent)
        powered = _times(powered, np.sqrt(light / power(powered)))
        if _same_frames(powered, frames, light):
            continue
        target = _times(_power(model, 2 / exponent), second / whole)
        margin = None
        if not _same_frames(target, _power(model, 2), fourth):
            other = total(lambda a, b: _square(a**2 - b), frames, target)
            margin = (other - own) / fourth
        yield f"frames to the power {name}", margin


def _power(frames: Stack, exponent: float) -> Stack:
    return stack(frames, lambda some: np.abs(some) ** exponent)


def _times(frames: Stack, factor: float) -> Stack:
    return stack(frames, lambda some: some * factor)


def _mistakes(scan: Scan, model: Stack) -> Iterator[Mistake]:
    """Name, frames, model, and rows of each mistake that can be undone to see if data fit better.

    Where an alternative position leaves the object, that frame takes no part in the comparison.
    """
    frames, x, y = scan.frames, scan.x, scan.y
    everything, light = np.arange(len(frames)), power(frames)
    for name, other_frames in _other_frames(frames):
        if not _same_frames(other_frames, frames, light):
            yield name, other_frames, model, everything
    for name, obj, probe in (
        ("object conjugated", scan.obj.conj(), scan.probe),
        ("probe conjugated", scan.obj, scan.probe.conj()),
    ):
        if not (_same(obj, scan.obj) and _same(probe, scan.probe)):
            yield name, frames, models(obj, probe, x, y), everything

    shape = (frames.shape[1], frames.shape[2])
    for name, other_x, other_y in _other_positions(x, y):
        rows = np.flatnonzero(
            frames_inside((scan.obj.shape[0], scan.obj.shape[1]), other_x, other_y, shape)
        )
        if rows.size and not (_same(other_x, x) and _same(other_y, y)):
            other = models(scan.obj, scan.probe, other_x[rows], other_y[rows])
            yield name, taken(frames, rows), other, rows


def _other_frames(frames: Stack) -> Iterator[tuple[str, Stack]]:
    if frames.shape[1] == frames.shape[2]:
        yield "frames transposed", stack(frames, lambda some: some.transpose(0, 2, 1))
    yield "frames flipped in rows", stack(frames, lambda some: some[:, ::-1])
    yield "frames flipped in columns", stack(frames, lambda some: some[:, :, ::-1])
    yield "frames without fftshift", stack(frames, lambda some: np.fft.fftshift(some, axes=(1, 2)))


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
