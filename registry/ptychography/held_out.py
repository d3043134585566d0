"""Do frames that took no part in a reconstruction know their place in it?

An object that was reconstructed from the frames that it is held against explains them too well:
each frame's noise has been written where the frame was said to be, and any other order then looks
wrong, even that of an empty beam. So, as with R-free in crystallography (A. T. Brunger, Nature 355
(1992) 472), one half of the frames is reconstructed and the other half asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.ptychography.forward import Complex
from registry.ptychography.likelihood import LIKELIHOOD_LIMIT, log_likelihood, products
from registry.ptychography.noise import Noise
from registry.ptychography.scan import Real, Scan
from registry.ptychography.stack import Stack, power, stack, taken

# How often a frame is used in one reconstruction, at least. More steps tell more, but nearly all is
# told by then; what chance gives is the same after any number.
_STEPS = 256
# How far object and probe follow a frame, as in generators/epie_v1.py.
_OBJECT_STEP = 1.0
_PROBE_STEP = 0.3
# Of so many places there are 6e9 orders. Of one less there are 5e8, too few for one to be as
# surprising as six standard deviations, which chance gives once in 1e9.
_FEWEST = 13
# Half of them are held out, or one place less.
FEWEST = 2 * _FEWEST + 1
# Frames nearer to each other than this, the cell of the interpolation, see the same place.
_SAME_PLACE_PX = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOut:
    """What frames that were held out know of their place.

    places : how many there were, frames less than a pixel apart counted once
    z : standard deviations by which frames fit their own places better than any order of them; None
        where there are fewer than `FEWEST`
    lost : of how many places the frames fit, in one split, most others better than their own, as
        half of the frames do that do not know their place, and one of them by more than noise
        explains, as in ``own-match``
    """

    places: int
    z: float | None
    lost: int = 0


def held_out(scan: Scan) -> HeldOut:
    """Hold frames against a reconstruction in which they took no part.

    The frames of one half of the places are reconstructed from the scan's probe and an object of
    ones, by the extended ptychographical iterative engine (A. M. Maiden and J. M. Rodenburg,
    Ultramicroscopy 109 (2009) 1256), and the likelihood of the others in their order is held
    against that in all orders of places; then the reverse, and so for each split into halves. If
    frames and positions do not belong together all orders are alike, and the figure is near zero,
    whatever the noise and however good the reconstruction. All frames of a place are on one side,
    or one exposure of two would vouch for the other wherever both are said to be.

    The figure is the mean of all halves, not their sum over the root of their number: the same
    pairs of frames speak in all of them, so that where there is nothing but noise they are nearly
    equal.

    Parameters
    ----------
    scan : Scan
        All frames inside of the object. Of the object its size counts, and nothing else.
    """
    place = _places(scan.x, scan.y)
    count = int(place.max(initial=-1)) + 1
    if count < FEWEST:
        return HeldOut(places=count, z=None)
    z = []
    lost = np.zeros(count, bool)
    for side in _splits(place):
        for given, asked in ((side, ~side), (~side, side)):
            by_frame = _likelihood(scan, np.flatnonzero(given), np.flatnonzero(asked))
            likelihood = _of_places(by_frame, place[asked])
            z.append(order_z(likelihood))
            lost[np.unique(place[asked])] |= _is_lost(likelihood)
    return HeldOut(places=count, z=sum(z) / len(z), lost=int(np.count_nonzero(lost)))


def _splits(place: NDArray[np.intp]) -> Iterator[NDArray[np.bool_]]:
    """Of each four neighbours in number two, in the three ways in which four are halved.

    A frame that is in a wrong place fits it, by luck, better than most others, in one split of two.
    Each split asks it among others, so that several wrong frames do not all pass.
    """
    for halved in (place, place >> 1, place ^ place >> 1):
        yield (halved % 2).astype(bool)


def _places(x: Real, y: Real) -> NDArray[np.intp]:
    """Number of each frame's place, in the order of their first frames.

    Frames are of one place that are less than a pixel apart, or are linked by others that are.
    """
    # row by row, for there may be thousands
    near = np.empty((len(x), len(x)), bool)
    for row, own_x, own_y in zip(near, x, y, strict=True):
        row[:] = (own_x - x) ** 2 + (own_y - y) ** 2 < _SAME_PLACE_PX**2
    first = np.arange(len(x))
    while True:
        linked = np.array([first[row].min(initial=len(x)) for row in near], dtype=np.intp)
        if np.array_equal(linked, first):
            found: NDArray[np.intp] = np.unique(first, return_inverse=True)[1]
            return found
        first = linked


def order_z(likelihood: Real) -> float:
    """Standard deviations of the trace above its mean over all orders of the columns.

    Mean and variance are exact: W. Hoeffding, Annals of Mathematical Statistics 22 (1951) 558.

    Parameters
    ----------
    likelihood : (N, N) float64
        Of frame i under model j, as a logarithm; what depends on i or on j alone does not matter.
    """
    rows, columns = likelihood.mean(axis=1, keepdims=True), likelihood.mean(axis=0, keepdims=True)
    centred = likelihood - rows - columns + likelihood.mean()
    variance = float((centred**2).sum()) / (len(likelihood) - 1)
    # differences that sums in another order can make
    if not variance > (1e-9 * float(np.abs(likelihood).max())) ** 2:
        return 0.0
    return float(np.trace(centred)) / float(np.sqrt(variance))


def _is_lost(likelihood: Real) -> NDArray[np.bool_]:
    gain = likelihood - np.diagonal(likelihood)[:, None]
    others = len(likelihood) - 1
    prefers_most = (gain > 0).sum(axis=1) > others / 2
    lost: NDArray[np.bool_] = prefers_most & (gain.max(axis=1) > LIKELIHOOD_LIMIT)
    return lost


def _of_places(likelihood: Real, place: NDArray[np.intp]) -> Real:
    """Likelihood of all frames of each place, in each place: only places can change theirs."""
    member = (np.unique(place)[:, None] == place).astype(np.float64)
    mean = member / member.sum(axis=1, keepdims=True)
    return products(products(member, likelihood.T), mean)


def _likelihood(scan: Scan, given: np.ndarray, asked: np.ndarray) -> Real:
    """Of the frames asked, in all of their positions, from a reconstruction of those given."""
    nothing = np.zeros((len(asked), len(asked)))
    frames = taken(scan.frames, given)
    if not (power(frames) > 0 and scan.probe.any()):
        return nothing
    obj, probe = reconstruct(frames, scan.x[given], scan.y[given], scan.probe, scan.obj.shape)
    frames = taken(scan.frames, asked)
    model = Scan(frames=frames, x=scan.x[asked], y=scan.y[asked], probe=probe, obj=obj).model()
    own_power, model_power = power(frames), power(model)
    if not (own_power > 0 and model_power > 0):
        return nothing
    factor = np.sqrt(model_power / own_power)
    scaled = stack(frames, lambda some: some * factor)
    return log_likelihood(scaled, model, Noise(kind="measured"))


def reconstruct(
    frames: Stack, x: Real, y: Real, probe: np.ndarray, shape: tuple[int, ...]
) -> tuple[Complex, Complex]:
    """Object (Y, X) and probe, after some steps from an object of ones and the given probe.

    Unlike in a generator no byte depends on it, so that numpy's own transforms do.
    """
    height, width = frames.shape[1:]
    norm = np.sqrt(height * width)
    modes = np.atleast_3d(probe.T).T.astype(np.complex128)
    modes *= np.sqrt(power(frames) / len(frames) / (np.abs(modes) ** 2).sum())
    # one row and column more, weighted zero, for frames on the last whole pixel
    obj = np.ones((shape[0] + 1, shape[1] + 1), np.complex128)
    frames = stack(frames, lambda some: np.fft.ifftshift(some, axes=(1, 2)))
    for sweep in range(-(-_STEPS // len(frames))):
        # raw PCG64 output is a stream that numpy guarantees; shuffles are not
        keys = np.random.PCG64(sweep).random_raw(len(frames))
        for n in np.argsort(keys, kind="stable"):
            top, left = y[n] - height / 2, x[n] - width / 2
            row, column = int(top), int(left)
            down, right = top - row, left - column
            window = obj[row : row + height + 1, column : column + width + 1]
            between = window[:-1] + down * (window[1:] - window[:-1])
            patch = between[:, :-1] + right * (between[:, 1:] - between[:, :-1])
            far = np.fft.fft2(modes * patch) / norm
            modulus = np.sqrt((far.real**2 + far.imag**2).sum(axis=0))
            frame = frames[[n]][0]
            factor = np.divide(frame, modulus, out=np.ones_like(modulus), where=modulus > 0)
            change = np.fft.ifft2(far * (factor - 1.0)) * norm
            light = float((np.abs(modes) ** 2).sum(axis=0).max())
            bright = float((np.abs(patch) ** 2).max())
            step = (modes.conj() * change).sum(axis=0) * (_OBJECT_STEP / light)
            if bright > 0:
                modes = modes + patch.conj() * change * (_PROBE_STEP / bright)
            for rows, weight in ((slice(None, -1), 1.0 - down), (slice(1, None), down)):
                window[rows, :-1] += weight * (1.0 - right) * step
                window[rows, 1:] += weight * right * step
    return obj[:-1, :-1], modes
