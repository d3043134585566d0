"""Reasons why criteria that found nothing mean nothing: the data could not have told.

Without one a fixture is ``checked``, with one ``undecided``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from registry.ptychography.held_out import FEWEST, HeldOut
from registry.ptychography.likelihood import SIGMAS
from registry.ptychography.scan import ROUNDING
from registry.ptychography.stack import Stack, each

# Where frames and positions are not paired at all, half of all misplacements look worse by chance.
POWER_LIMIT = 0.5


def doubts(power: float, model: Stack, blind: list[str], held_out: HeldOut | None) -> Iterator[str]:
    """What the data could not have told, in words that are the same on every machine.

    Parameters
    ----------
    power : float
        `likelihood.power` of frames and models.
    model : (N, H, W) float64
        What the forward model predicts for each position.
    blind : list of str
        Mistakes that would change no model (`alternatives.alternative_margins`).
    held_out : HeldOut or None
        Of a source whose object comes from its frames.
    """
    if _are_the_same(model):
        yield "models of different positions are the same but for rounding"
    else:
        if not power > POWER_LIMIT:
            yield (
                f"only {power:.0%} of single misplacements would be noticed "
                f"(expected more than {POWER_LIMIT:.0%}, which chance gives)"
            )
        if blind:
            more = f" and {len(blind) - 2} more" if len(blind) > 2 else ""
            yield f"mistakes that would change no model: {', '.join(blind[:2])}{more}"
    if held_out is None:
        return
    n = held_out.places
    if held_out.z is None:
        yield f"{n} places are too few to hold some out (expected at least {FEWEST})"
    elif not held_out.z >= SIGMAS:
        yield (
            f"held-out frames do not know their place: z = {held_out.z:.1f} "
            f"(expected at least {SIGMAS:g})"
        )
    elif held_out.lost:
        yield f"frames of {held_out.lost} of {n} places, held out, fit most others better"


def _are_the_same(model: Stack) -> bool:
    first = model[:1]
    found = [(float(np.abs(some - first).max()), float(some.max())) for (some,) in each(model)]
    difference, largest = (max(values) for values in zip(*found, strict=True))
    return bool(difference <= ROUNDING * largest)
