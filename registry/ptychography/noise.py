"""What photon counting does to an amplitude, so that limits can follow from the photon count.

A frame of amplitude ``A`` stands for counts ``k = photon_scale * A**2``. With Poisson counts of
rate ``r`` the misfit of one pixel, ``4 * (sqrt(k) - sqrt(r))**2``, has mean 1 and variance 2
where the rate is high (the square root stabilises the variance; Anscombe, Biometrika 35, 1948),
but not in the dark parts of a frame. There the exact moments are summed from the Poisson
distribution.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.errors import ChainError
from registry.identity.sidecar import Sidecar
from registry.ptychography.field import FIELD

Real = NDArray[np.float64]

KINDS = ("none", "poisson", "measured")
_TABLE_END = 400.0
_TABLE_STEPS = 800


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """What a source declares about the noise in its frames.

    ``none``: frames are the model's amplitudes but for rounding to float32. ``poisson``: photon
    counts and nothing else, ``photon_scale`` counts per unit of amplitude squared. ``measured``: a
    real scan, with errors beyond photon counts of which nothing is known beforehand.
    """

    kind: str
    photon_scale: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"noise: expected one of {', '.join(KINDS)}, found {self.kind!r}")
        if (self.kind == "poisson") != (self.photon_scale is not None):
            raise ValueError(
                f"photon_scale: expected for noise 'poisson' and no other, found "
                f"{self.photon_scale} with noise {self.kind!r}"
            )


def recorded(record: Sidecar) -> Noise:
    """The noise that a sidecar records.

    Raises
    ------
    ChainError
        It records none as the schema of the field has it. Loading does not look at what is the
        field's own.
    """
    kind, scale = record.details.get("noise"), record.details.get("photon_scale")
    try:
        is_scale = isinstance(scale, float | int) and 0 < scale < np.inf
        if not isinstance(kind, str) or not (scale is None or is_scale):
            raise ValueError(f"noise {kind!r} with photon_scale {scale!r}")
        return Noise(kind=kind, photon_scale=scale)
    except ValueError as error:
        raise ChainError(
            f"fixture {record.name}: noise in its sidecar",
            expected=f"noise and photon_scale as in schemas/{FIELD.schema}",
            found=str(error),
            remedy=f"fixtures verify {record.name} says what is wrong with it",
        ) from None


def misfit_moments(rate: Real) -> tuple[Real, Real]:
    """Mean and variance of ``4 * (sqrt(k) - sqrt(rate))**2`` for Poisson counts k of each rate."""
    # equal steps in the root: where a rate lies between them is known, and is not searched for
    place = np.sqrt(np.minimum(rate, _TABLE_END))
    place *= _TABLE_STEPS / np.sqrt(_TABLE_END)
    step = place.astype(np.intp)
    place -= step
    # beyond the table both approach their limits as 1/rate
    fade = _TABLE_END / np.maximum(rate, _TABLE_END)
    found = []
    for limit, (values, slopes) in zip((1.0, 2.0), _moment_table(), strict=True):
        moment = slopes[step]
        moment *= place
        moment += values[step]
        moment -= limit
        moment *= fade
        moment += limit
        found.append(moment)
    return found[0], found[1]


@functools.cache
def _moment_table() -> tuple[tuple[Real, Real], tuple[Real, Real]]:
    """Mean and variance at equal steps of the rate's root, each with its slope to the next."""
    root = np.linspace(0.0, np.sqrt(_TABLE_END), _TABLE_STEPS + 1)
    rate = root[:, None] ** 2
    k = np.arange(int(_TABLE_END + 12 * np.sqrt(_TABLE_END)))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    log_rate = np.log(np.maximum(rate, 1e-300))
    probability = np.exp(k * log_rate - rate - log_factorial)
    probability[0] = k == 0
    misfit = 4.0 * (np.sqrt(k) - root[:, None]) ** 2
    mean = (probability * misfit).sum(axis=1)
    variance = (probability * misfit**2).sum(axis=1) - mean**2
    # of the last step there is no next one, and nothing between
    return (
        (mean, np.diff(mean, append=mean[-1:])),
        (variance, np.diff(variance, append=variance[-1:])),
    )
