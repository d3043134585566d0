"""Which mistakes, planted in a fixture's own arrays, the criteria that accept it would refuse.

A check is worth what it would have caught: a criterion that finds nothing accepts everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from registry.failure import Failure
from registry.ptychography.acceptance import as_scan, judge_patches, no_scan
from registry.ptychography.alternatives import alternative_margins
from registry.ptychography.contracts import DATA_001, contract_failures
from registry.ptychography.likelihood import is_misplaced
from registry.ptychography.mistakes import MISTAKES
from registry.ptychography.noise import Noise
from registry.ptychography.physics import (
    OWN_MATCH,
    assess,
    judge_alternatives,
    judge_chi_square,
    judge_counts,
    judge_scale,
    without_model,
)
from registry.ptychography.planting import Arrays, shifted
from registry.ptychography.scan import Real, Scan, models
from registry.ptychography.stack import Stack, by_frame, kept, power, stack

# Pixels by which all positions are moved, from a mistake that is seen to one that is not.
LADDER = tuple(2.0**-n for n in range(8))
# A shift by less is nearer to no shift at all than to half a pixel, the least of the alternatives,
# which are therefore not tried on it: they cost more than all other criteria together.
_QUARTER = 0.25


def record(
    arrays: Arrays,
    noise: Noise | None,
    schemas: Path,
    contract: str = DATA_001.file,
) -> dict[str, Any]:
    """Plant every mistake in a fixture that was accepted, and see which criteria refuse it.

    A measured fixture is held against its own errors, as one is whose source has the mistake, too:
    the source's errors would find what was done after it was cut, and nothing else.

    Cheap criteria come first, and the first that refuse a mistake end its trial: what is dearer is
    asked only of what has passed everything before.

    Parameters
    ----------
    arrays : mapping
        In the form of DATA-001.
    noise : Noise or None
        As the source declares it; None where there is no object that frames are held against.
    schemas : path
        The registry's schemas folder.
    contract : str
        File of the version of DATA-001 there that the arrays satisfy.

    Returns
    -------
    dict
        As a sidecar has it: ``found``, criteria by the name of the mistake; ``missed`` and
        ``none``, names of those that pass and of those that change no value; ``smallest``, the
        least shift of `LADDER` in x and in y up to which all are refused, absent where the largest
        is not.
    """
    criteria = Criteria.of(arrays, noise, schemas, contract)
    found: dict[str, list[str]] = {}
    missed, none = [], []
    for mistake in sorted(MISTAKES, key=lambda mistake: mistake.name):
        changed = mistake.plant(arrays)
        same_dtypes = all(array.dtype == arrays[name].dtype for name, array in changed.items())
        if same_dtypes and _same(changed, arrays):
            none.append(mistake.name)
        elif refused_by := criteria.refusing(changed):
            found[mistake.name] = refused_by
        else:
            missed.append(mistake.name)
        # or it would be there while the next one is planted
        del changed
    smallest = {axis: shift for axis in "xy" if (shift := _smallest(axis, arrays, criteria))}
    return {"found": found, "missed": missed, "none": none, "smallest": smallest}


@dataclass(frozen=True, kw_only=True, slots=True)
class Criteria:
    """What accepted a fixture, in the order of its cost; with the models of its positions."""

    arrays: Arrays
    noise: Noise | None
    schemas: Path
    contract: str
    places: Mapping[tuple[float, float], int]
    models: Stack
    light: Real

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        noise: Noise | None,
        schemas: Path,
        contract: str = DATA_001.file,
    ) -> Criteria:
        """Criteria of a fixture that was accepted; the parameters are those of `record`."""
        scan, _ = as_scan(arrays)
        modelled = None if noise is None or scan is None or not scan.inside().all() else scan
        found = np.empty((0, 0, 0)) if modelled is None else modelled.model()
        return cls(
            arrays=arrays,
            noise=noise,
            schemas=schemas,
            contract=contract,
            places={} if modelled is None else _places(modelled),
            models=found,
            light=_light(found),
        )

    def refusing(self, changed: Arrays, *, alternatives: bool = True) -> list[str]:
        """Names of the cheapest criteria that refuse the fixture with these arrays in it."""
        for failures in self._trials(changed, alternatives):
            if failures:
                return sorted({failure.criterion for failure in failures})
        return []

    def _trials(self, changed: Arrays, alternatives: bool) -> Iterator[list[Failure]]:
        arrays = {**self.arrays, **changed}
        if _same(changed, self.arrays):
            # what accepted these values accepts them in any form, but for the contract
            yield self._contract(arrays)
            return
        scan, reason = as_scan(arrays)
        if scan is None:
            yield [*self._contract(arrays), no_scan(reason)]
            return
        yield without_model(scan)
        if self.noise is None:
            yield self._contract(arrays)
            return
        model, light = self._model(scan, changed)
        if not (power(scan.frames) > 0 and light.all()):
            # in the dark there is nothing more to ask
            yield [*assess(scan, self.noise).failures, *self._contract(arrays)]
            return
        scaled, failures = _matched(scan, model, float(light.sum()), self.noise)
        yield [*failures, *judge_patches(arrays, scan)]
        # a schema takes longer than a matrix of likelihoods, and is seldom what finds a mistake
        yield self._contract(arrays)
        yield judge_chi_square(scan.frames, model, self.noise, None)[1]
        if alternatives:
            for name, margin in alternative_margins(scaled, model):
                if margin is not None:
                    yield list(judge_alternatives({name: margin}))

    def _contract(self, arrays: Arrays) -> list[Failure]:
        return contract_failures(arrays, self.schemas, self.contract)

    def _model(self, scan: Scan, changed: Arrays) -> tuple[Stack, Real]:
        """Model of a scan, and the sum of each one's squares.

        Where object and probe are the fixture's, they are made for new positions alone.
        """
        if "objectGuess" in changed or "probeGuess" in changed or not self.places:
            model = scan.model()
            return model, _light(model)
        row = np.array([self.places.get(place, -1) for place in zip(scan.x, scan.y, strict=True)])
        new = np.flatnonzero(row < 0)
        others = models(scan.obj, scan.probe, scan.x[new], scan.y[new])
        light = self.light[row]
        if not isinstance(self.models, np.ndarray):
            light[new] = _light(others)
            return scan.model(), light
        found: Real = self.models[row]
        found[new] = kept(others)
        light[new] = _light(found[new])
        return found, light


def _light(model: Stack) -> Real:
    """The sum of each model's squares: (N,) float64."""
    return by_frame(lambda some: (some**2).sum(axis=(1, 2)), model)


def _matched(
    scan: Scan, model: Stack, model_power: float, noise: Noise
) -> tuple[Scan, list[Failure]]:
    """The scan with the power of its model, and what is said of scale, counts and own match."""
    scale = float(np.sqrt(power(scan.frames) / model_power))
    scaled = replace(scan, frames=stack(scan.frames, lambda some: some / scale))
    failures = [*judge_scale(scale, model_power, noise), *judge_counts(scan.frames, noise)]
    if is_misplaced(scaled.frames, model, noise):
        failures.append(Failure(criterion=OWN_MATCH, expected="", found=""))
    return scaled, failures


def _places(scan: Scan) -> dict[tuple[float, float], int]:
    return {place: n for n, place in enumerate(zip(scan.x, scan.y, strict=True))}


def _same(changed: Arrays, arrays: Arrays) -> bool:
    """Equal in each value. The conjugate of a real number is that number: a zero has no sign."""
    return all(_equal(array, arrays[name]) for name, array in changed.items())


def _equal(array: np.ndarray, other: np.ndarray) -> bool:
    if array is other:
        return True
    if array.shape != other.shape or array.ndim < 3:
        return np.array_equal(array, other)
    # frame by frame, for a comparison of all takes memory
    return all(np.array_equal(one, another) for one, another in zip(array, other, strict=True))


def _smallest(axis: str, arrays: Arrays, criteria: Criteria) -> float | None:
    """The last of the shifts, from the largest on, before the first that passes."""
    smallest = None
    for distance in LADDER:
        moved = _towards_room(distance, axis, arrays)
        if not criteria.refusing(moved, alternatives=distance >= _QUARTER):
            break
        smallest = distance
    return smallest


def _towards_room(distance: float, axis: str, arrays: Arrays) -> dict[str, np.ndarray]:
    """All positions moved along an axis, to the side where the object goes on for longer.

    At its edge any shift is refused, for a frame that leaves the object.
    """
    values, size = arrays[f"{axis}coords"], arrays["objectGuess"].shape[axis == "x"]
    signed = distance if size - values.max() >= values.min() else -distance
    return shifted(signed, 0.0)(arrays) if axis == "x" else shifted(0.0, signed)(arrays)
