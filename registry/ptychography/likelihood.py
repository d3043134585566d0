"""How likely each frame is under the model of each position, given the declared noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from registry.ptychography.noise import Noise
from registry.ptychography.scan import ROUNDING, Real
from registry.ptychography.stack import Stack, each, parts
from registry.ptychography.stack import power as power_of

# Standard deviations at which noise is no longer an explanation: a false alarm in 5e8 frames.
SIGMAS = 6.0
# The same as a logarithm of likelihoods: a wrong model is exp(t) times as likely as the right one
# with a probability of at most exp(-t), whatever the distribution (Markov's inequality).
LIKELIHOOD_LIMIT = SIGMAS**2 / 2
# Parts of the models that all frames are held against before the next ones are: 32 MiB.
_GROUP = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """Likelihood of frames a under models b: (left(a) right(b)^T - offset(b)) / divisor.

    ``left`` is of (n, K) amplitudes, ``right`` and ``offset`` are of (m, K) ones.
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


def is_misplaced(frames: Stack, model: Stack, noise: Noise) -> bool:
    """Whether a frame is explained by another position's model so much better than by its own.

    The parameters are those of `log_likelihood`, of which no more is computed than tells.
    """
    own = np.empty(len(frames))
    for rows, columns, part in _blocks(frames, model, noise):
        if columns.start <= rows.start < columns.stop:
            own[rows] = np.diagonal(part, rows.start - columns.start)
        if (part - own[rows, None] > LIKELIHOOD_LIMIT).any():
            return True
    return False


def _blocks(frames: Stack, model: Stack, noise: Noise) -> Iterator[tuple[slice, slice, Real]]:
    """Rows, columns and values of the parts of a likelihood, those with a frame's own model first.

    What is made of the models is the larger half of the work, and is shared by all rows.
    """
    form = _form(frames, model, noise)
    groups = list(parts(model, _GROUP))
    for own in (True, False) if len(groups) > 1 else (True,):
        for columns in groups:
            right, offset = _of_models(form, model, columns)
            for rows in parts(frames):
                if (columns.start <= rows.start < columns.stop) == own:
                    a = _flat(frames[rows])
                    yield rows, columns, (form.left(a) @ right.T - offset) / form.divisor


def _of_models(form: _Form, model: Stack, columns: slice) -> tuple[Real, Real]:
    """Right side and offset of the models in some columns."""
    right = np.empty((columns.stop - columns.start, model.size // len(model)))
    offset = np.empty(len(right))
    for part in parts(model):
        if columns.start <= part.start < columns.stop:
            b, here = _flat(model[part]), slice(part.start - columns.start, None)
            right[here][: len(b)], offset[here][: len(b)] = form.right(b), form.offset(b)
    return right, offset


def _flat(frames: Real) -> Real:
    return frames.reshape(len(frames), -1)


def _form(frames: Stack, model: Stack, noise: Noise) -> _Form:
    scale = noise.photon_scale
    if scale is not None:
        # Poisson, and not least squares of amplitudes: the root of few counts is biased
        return _Form(
            left=lambda a: scale * a**2,
            right=lambda b: np.log(np.maximum(scale * b**2, np.finfo(float).tiny)),
            offset=lambda b: (scale * b**2).sum(axis=1),
        )
    if noise.kind == "measured":
        return _measured(frames, model)
    # squared distance of every frame to every model, but for |a|^2
    return _Form(
        left=lambda a: 2 * a,
        right=lambda b: b,
        offset=lambda b: (b**2).sum(axis=1),
        divisor=2 * ROUNDING**2 * (power_of(model) / len(model)),
    )


def _measured(frames: Stack, model: Stack) -> _Form:
    """Likelihood of intensities (N, K) under rates (N, K), whose noise only the data can tell.

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
        offset=lambda b: (b**2).sum(axis=1),
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
