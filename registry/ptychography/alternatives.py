"""Named mistakes that a scan may contain, and how much worse than the data each of them fits.

The comparison needs no threshold: undoing a mistake that is not there makes the fit worse, undoing
one that is there makes it better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import Forward, frames_inside
from registry.ptychography.scan import ROUNDING, Real, Scan
from registry.ptychography.stack import Stack, by_frame, each, few, slices, squares

# Frames, or models, at some indices.
_Some = Callable[[NDArray[np.intp]], Real]

_POWERS = {"frames to the power 1/2": 0.5, "frames to the power 2": 2.0}
_FRAMES: dict[str, Callable[[Real], Real]] = {
    "frames transposed": lambda some: some.transpose(0, 2, 1),
    "frames flipped in rows": lambda some: some[:, ::-1],
    "frames flipped in columns": lambda some: some[:, :, ::-1],
    "frames without fftshift": lambda some: np.fft.fftshift(some, axes=(1, 2)),
}
_CONJUGATES = ("object conjugated", "probe conjugated")
_ORDERS: dict[str, Callable[[Real, Real], tuple[Real, Real]]] = {
    "x and y swapped": lambda x, y: (y, x),
    "x mirrored": lambda x, y: (x.min() + x.max() - x, y),
    "y mirrored": lambda x, y: (x, y.min() + y.max() - y),
    "positions in reverse order": lambda x, y: (x[::-1], y[::-1]),
}
_DIAGONALS = {
    f"positions shifted by ({x:+g}, {y:+g}) px": (x, y) for y in (-0.5, 0.5) for x in (-0.5, 0.5)
}
_SHIFTS = {
    f"{axis} shifted by {sign * distance:+g} px": (
        sign * distance * (axis == "x"),
        sign * distance * (axis == "y"),
    )
    for distance in (0.5, 1, 2, 3, 4, 5, 6, 7, 8)
    for sign in (-1, 1)
    for axis in "xy"
}
NAMES = (*_POWERS, *_FRAMES, *_CONJUGATES, *_ORDERS, *_DIAGONALS, *_SHIFTS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Undone:
    """Data with a mistake undone.

    rows : positions that take part in the comparison
    frames, model : those with it, where it changes them; never both
    """

    name: str
    rows: NDArray[np.intp]
    frames: _Some | None = None
    model: _Some | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Own:
    """Frames and models as they are; of each frame the squared misfit and the power.

    ``order`` has the brightest frames first, because those are missed by most.
    """

    frames: Stack
    model: Stack
    misfit: Real
    light: Real
    order: NDArray[np.intp]

    @classmethod
    def of(cls, frames: Stack, model: Stack) -> _Own:
        """That of frames and their models."""
        light = squares(frames)
        return cls(
            frames=frames,
            model=model,
            misfit=by_frame(lambda a, b: squares(a - b), frames, model),
            light=light,
            order=np.argsort(-light, kind="stable"),
        )


def nearest(margins: Mapping[str, float]) -> str | None:
    """The mistake that fits best; of those that fit alike, the first of `NAMES`."""
    return min(margins, key=lambda name: (margins[name], NAMES.index(name)), default=None)


def alternative_margins(
    scan: Scan, model: Stack, enough: float = np.inf
) -> Iterator[tuple[str, float | None]]:
    """How much more squared error each mistake leaves, as a part of the frames' power.

    One by one, because most cost models of their own, and who looks for one that fits needs no more
    than the first. After those that cost none come those that look most like the data: of what fits
    worse than another no more frames are modelled than it takes to see that. For the powers,
    squared error and power are those of the intensity.

    Parameters
    ----------
    scan : Scan
        Its frames carry the same power as the model.
    model : (N, H, W) float64
        What the forward model predicts for the scan.
    enough : float
        Of a margin above this, nothing is asked but that it is.

    Yields
    ------
    name : str
        Of `NAMES`, in no order. A mistake that leaves the arrays as they are, but for rounding, is
        none, and is left out: a real object equals its conjugate, a symmetric frame its mirror
        image.
    margin : float or None
        Zero or less says that the mistake explains the data at least as well; None, that it changes
        the arrays and nothing of what is predicted, so that these data cannot tell. A margin that
        is neither zero or less nor the least so far may be larger than is said: what was left out
        of the sum only adds to it.
    """
    for name, margin in _power_margins(scan.frames, model, max(enough, 0.0)):
        enough = enough if margin is None else min(enough, margin)
        yield name, margin
    own = _Own.of(scan.frames, model)
    for undone in _undone(scan, model):
        margin = _margin(undone, own, max(enough, 0.0))
        if margin is None and undone.frames is not None:
            # the frames are as they were
            continue
        enough = enough if margin is None else min(enough, margin)
        yield undone.name, margin


def _margin(undone: _Undone, own: _Own, enough: float) -> float | None:
    """Margin of a mistake, at least where it is no more than is enough; None if nothing changes."""
    rows = own.order
    if undone.rows.size < rows.size:
        takes_part = np.zeros(rows.size, bool)
        takes_part[undone.rows] = True
        rows = rows[takes_part[rows]]
    misfit, light = float(own.misfit[rows].sum()), float(own.light[rows].sum())
    least_change = ROUNDING**2 * light
    changed = 0.0
    errors = np.zeros(rows.size)
    # most mistakes are told by an eighth of the frames, and fewer at a time take longer for each
    for part in slices(rows.size, max(1, min(few(own.frames) // 2, rows.size // 8))):
        some = rows[part]
        frames = own.frames[some] if undone.frames is None else undone.frames(some)
        other = frames - (own.model[some] if undone.model is None else undone.model(some))
        errors[part] = np.einsum("nij,nij->n", other, other)
        if not changed > least_change:
            # either the frames differ from those of the scan or the model does, never both
            changed += _square(other - (own.frames[some] - own.model[some]))
        if changed > least_change and (errors.sum() - misfit) / light > enough:
            break
    return float(errors.sum() - misfit) / light if changed > least_change else None


def _same(a: NDArray[np.inexact], b: NDArray[np.inexact]) -> bool:
    """Whether two arrays are equal but for rounding."""
    return _square(a - b) <= ROUNDING**2 * _square(b)


def _all_same(pairs: Iterable[tuple[Real, Real]], square: float) -> bool:
    """Whether frames are equal, one with the other; those others have this sum of squares."""
    difference = 0.0
    for one, other in pairs:
        difference += _square(one - other)
        if difference > ROUNDING**2 * square:
            return False
    return True


def _square(values: NDArray[np.inexact]) -> float:
    """Sum of squared magnitudes. Not by BLAS: its threads take longer to wait than this does."""
    real = np.ascontiguousarray(values).reshape(-1).view(np.float64)
    return float(np.einsum("i,i->", real, real))


def _power_margins(
    frames: Stack, model: Stack, enough: float
) -> Iterator[tuple[str, float | None]]:
    """How much worse a power of the model fits the frames' intensity, for each power.

    The power is taken of the model and not of the frames, so that all candidates are held against
    the same noise. (A root makes noise smaller: frames of few photons fit better as their own
    roots.) Intensities and not amplitudes are compared, because the mean of counts is their rate,
    while the mean of their roots is not the root of it. Frames that hold A**2 look like a model of
    that, and would be mended by the power 1/2.
    """
    # sums of first, second and fourth powers, and what frames miss the models' second by
    of_frames, of_model, own = np.zeros(3), np.zeros(3), 0.0
    for a, b in each(frames, model):
        intensity, rate = a**2, b**2
        of_frames += np.abs(a).sum(), intensity.sum(), _square(intensity)
        of_model += b.sum(), rate.sum(), _square(rate)
        own += _square(intensity - rate)
    light, fourth = float(of_frames[1]), float(of_model[2])
    for name, exponent in _POWERS.items():
        # frames with the power, and the intensity that a model of such frames predicts, both with
        # the power of what they are held against; one below zero is refused elsewhere
        first, last = (0, 2) if exponent < 1 else (2, 0)
        of_powered = np.sqrt(light / of_frames[first])
        of_target = of_model[1] / of_model[last]
        powered = ((np.abs(a) ** exponent * of_powered, a) for (a,) in each(frames))
        if _all_same(powered, light):
            continue

        def target(b: Real, exponent: float = exponent, factor: float = of_target) -> Real:
            found: Real = (b**2) ** (1 / exponent) * factor
            return found

        margin = None
        if not _all_same(((target(b), b**2) for (b,) in each(model)), fourth):
            other = 0.0
            for a, b in each(frames, model):
                other += _square(a**2 - target(b))
                margin = (other - own) / fourth
                if margin > enough:
                    break
        yield name, margin


def _undone(scan: Scan, model: Stack) -> Iterator[_Undone]:
    """Each mistake undone, those first that look most like the data.

    Where an alternative position leaves the object, that frame takes no part in the comparison.
    """
    frames, x, y = scan.frames, scan.x, scan.y
    forward = Forward(scan.obj, scan.probe)
    for name, (right, down) in sorted((_SHIFTS | _DIAGONALS).items(), key=_distance):
        yield from _moved(name, scan, forward, x + right, y + down)

    everything = np.arange(len(frames))
    for name, obj, probe in zip(
        _CONJUGATES,
        (scan.obj.conj(), scan.obj),
        (scan.probe, scan.probe.conj()),
        strict=True,
    ):
        if not (_same(obj, scan.obj) and _same(probe, scan.probe)):
            yield _Undone(name=name, rows=everything, model=_at(Forward(obj, probe), x, y))
    for name, order in _ORDERS.items():
        yield from _moved(name, scan, forward, *order(x, y))
    for name, change in _FRAMES.items():
        if frames.shape[1] == frames.shape[2] or name != "frames transposed":
            yield _Undone(name=name, rows=everything, frames=_changed(frames, change))


def _distance(shift: tuple[str, tuple[float, float]]) -> float:
    _, (right, down) = shift
    return float(np.hypot(right, down))


def _moved(name: str, scan: Scan, forward: Forward, x: Real, y: Real) -> Iterator[_Undone]:
    shape = (scan.obj.shape[0], scan.obj.shape[1])
    rows = np.flatnonzero(frames_inside(shape, x, y, scan.shape))
    if rows.size and not (_same(x, scan.x) and _same(y, scan.y)):
        yield _Undone(name=name, rows=rows, model=_at(forward, x, y))


def _at(forward: Forward, x: Real, y: Real) -> _Some:
    return lambda some: forward.amplitude(x[some], y[some], is_inside=True)


def _changed(frames: Stack, change: Callable[[Real], Real]) -> _Some:
    return lambda some: change(frames[some])
