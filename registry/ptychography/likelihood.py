"""How likely each frame is under the model of each position, given the declared noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from registry.ptychography.noise import Noise
from registry.ptychography.scan import ROUNDING, Real
from registry.ptychography.stack import Stack, each, few, parts, slices, squares
from registry.ptychography.stack import power as power_of

# Standard deviations at which noise is no longer an explanation: a false alarm in 5e8 frames.
SIGMAS = 6.0
# The same as a logarithm of likelihoods: a wrong model is exp(t) times as likely as the right one
# with a probability of at most exp(-t), whatever the distribution (Markov's inequality).
LIKELIHOOD_LIMIT = SIGMAS**2 / 2
# Multiplications of a matrix product up to which OpenBLAS takes one thread; and of how many pixels
# they are, at least.
_ONE_THREAD, _PIXELS = 1 << 18, 1 << 6
# Frames that are held against models together; of 64 x 64, they stay in the CPU's cache.
_FRAMES = 8
# Parts of the models that all frames are held against before the next ones are: 32 MiB.
_GROUP = 8


# Of models in some columns the right side and the offset of a `_Form`.
Models = tuple[Real, Real]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """Likelihood of frames a under models b: (left(a) right(b)^T - offset(b)) / divisor.

    ``left`` is of (n, H, W) amplitudes, ``right`` and ``offset`` are of (m, H, W) ones; those two
    and what they say depend on models and noise alone.
    """

    left: Callable[[Real], Real]
    right: Callable[[Real], Real]
    offset: Callable[[Real], Real]
    divisor: float = 1.0


def log_likelihood(frames: Stack, model: Stack, noise: Noise) -> Real:
    """Of each frame under each model, but for what all models have in common: (N, N) float64.

    Parameters
    ----------
    frames, model : (N, H, W) float64
        Amplitudes, of the same total power.
    noise : Noise
        As the source declares it.
    """
    found = np.empty((len(frames), len(model)))
    for rows, columns, part in _blocks(frames, model, noise):
        found[rows, columns] = part
    return found


def is_misplaced(
    frames: Stack, model: Stack, noise: Noise, of_models: Models | None = None
) -> bool:
    """Whether a frame is explained by another position's model so much better than by its own.

    The parameters are those of `log_likelihood`, of which no more is computed than tells; and what
    is `known` of the models, where it is.
    """
    own = np.empty(len(frames))
    for rows, columns, part in _blocks(frames, model, noise, of_models):
        if columns.start <= rows.start < columns.stop:
            own[rows] = np.diagonal(part, rows.start - columns.start)
        if (part - own[rows, None] > LIKELIHOOD_LIMIT).any():
            return True
    return False


def known(model: Stack, noise: Noise) -> Models | None:
    """What `is_misplaced` needs of models, for any frames; None where it takes too much memory."""
    if len(list(parts(model, _GROUP))) > 1:
        return None
    return _of_models(_form(model, model, noise), model, slice(0, len(model)))


def _blocks(
    frames: Stack, model: Stack, noise: Noise, of_models: Models | None = None
) -> Iterator[tuple[slice, slice, Real]]:
    """Rows, columns and values of the parts of a likelihood, those with a frame's own model first.

    What is made of the models is the larger half of the work, and is shared by all rows.
    """
    form = _form(frames, model, noise)
    groups = list(parts(model, _GROUP))
    for own in (True, False) if len(groups) > 1 else (True,):
        for columns in groups:
            right, offset = of_models or _of_models(form, model, columns)
            for rows in _rows(frames):
                if (columns.start <= rows.start < columns.stop) == own:
                    found = products(form.left(frames[rows]), right) - offset
                    yield rows, columns, found / form.divisor


def _rows(frames: Stack) -> Iterator[slice]:
    """A few frames of a part after the other: the first tell in most cases."""
    for part in parts(frames):
        for some in slices(part.stop - part.start, _FRAMES):
            yield slice(part.start + some.start, part.start + some.stop)


def _of_models(form: _Form, model: Stack, columns: slice) -> Models:
    """Right side and offset of the models in some columns."""
    right = np.empty((columns.stop - columns.start, *model.shape[1:]))
    offset = np.empty(len(right))
    step = few(model)
    for start in range(columns.start, columns.stop, step):
        b = model[start : min(start + step, columns.stop)]
        here = slice(start - columns.start, start - columns.start + len(b))
        right[here], offset[here] = form.right(b), form.offset(b)
    return right, offset


def products(a: Real, b: Real) -> Real:
    """Sum of the products of each of a (n, …) with each of b (m, …): (n, m) float64.

    Of so many pixels at a time that OpenBLAS takes one thread for it: several sum in another order
    for each number of them, and wait for each other longer than this takes.
    """
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    found = np.zeros((len(a), len(b)))
    for columns in slices(len(b), max(1, _ONE_THREAD // _PIXELS // max(1, len(a)))):
        right = b[columns].T
        for pixels in slices(len(right), _ONE_THREAD // max(1, len(a) * right.shape[1])):
            found[:, columns] += a[:, pixels] @ right[pixels]
    return found


def _form(frames: Stack, model: Stack, noise: Noise) -> _Form:
    scale = noise.photon_scale
    if scale is not None:
        # Poisson, and not least squares of amplitudes: the root of few counts is biased
        return _Form(
            left=lambda a: scale * a**2,
            right=lambda b: np.log(np.maximum(scale * b**2, np.finfo(float).tiny)),
            offset=lambda b: scale * squares(b),
        )
    if noise.kind == "measured":
        return _measured(frames, model)
    # squared distance of every frame to every model, but for |a|^2
    return _Form(
        left=lambda a: 2 * a,
        right=lambda b: b,
        offset=squares,
        divisor=2 * ROUNDING**2 * (power_of(model) / len(model)),
    )


def _measured(frames: Stack, model: Stack) -> _Form:
    """Likelihood of intensities under rates, each (N, H, W), whose noise only the data can tell.

    That of photon counts with a dispersion, estimated from what frames miss their own models by (P.
    McCullagh and J. A. Nelder, Generalized Linear Models, chapter 9): right to first order for any
    noise with the mean that the model says, at few counts too, where roots of counts are biased.
    """
    light = miss = square = 0.0
    for a, b in each(frames, model):
        rate = b**2
        light += float(rate.sum())
        miss += float(((a**2 - rate) ** 2).sum())
        square += float((rate**2).sum())
    # darker than rounding nothing is known of a model
    darkest = ROUNDING**2 * light / model.size
    return _Form(
        left=lambda a: a**2,
        right=lambda b: np.log(np.maximum(b**2, darkest)),
        offset=squares,
        divisor=max(miss, (2 * ROUNDING) ** 2 * square) / light,
    )


def power(likelihood: Real) -> float:
    """Part of all misplacements of one frame that `own-match` would refuse.

    Where pairing carries no information a frame is as likely as not to prefer another's model, so
    that no more than one half is expected.

    Parameters
    ----------
    likelihood : (N, N) float64
        As `log_likelihood` gives it.
    """
    n = len(likelihood)
    # the diagonal is zero, and never counts; row by row, for there may be thousands
    noticed = sum(
        np.count_nonzero(row[own] - row > LIKELIHOOD_LIMIT) for own, row in enumerate(likelihood)
    )
    return float(noticed) / max(1, n * (n - 1))
