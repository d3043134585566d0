"""Which mistakes, planted in a fixture's own arrays, the criteria that accept it would refuse.

A check is worth what it would have caught: a criterion that finds nothing accepts everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.failure import Failure
from registry.identity import schema
from registry.identity.inventory import inventory
from registry.ptychography.acceptance import as_scan, judge_patches, modelled, no_scan
from registry.ptychography.alternatives import alternative_margins
from registry.ptychography.contracts import (
    DATA_001,
    ScanContract,
    contract_named,
    failures_between,
    of_contract,
)
from registry.ptychography.forward import Forward
from registry.ptychography.light import Light
from registry.ptychography.likelihood import Models, is_misplaced, known
from registry.ptychography.mistakes import MISTAKES
from registry.ptychography.noise import Noise
from registry.ptychography.physics import (
    OWN_MATCH,
    assess,
    judge_alternatives,
    judge_chi_square,
    judge_counts,
    judge_distinct,
    judge_inside,
    judge_scale,
)
from registry.ptychography.planting import Arrays, shifted
from registry.ptychography.scan import KEPT, Real, Scan
from registry.ptychography.stack import (
    Computed,
    Stack,
    few,
    power,
    remembered,
    slices,
    squares,
    stack,
    taken,
)

# Pixels by which all positions are moved, from a mistake that is seen to one that is not.
LADDER = tuple(2.0**-n for n in range(8))
# A shift by less is nearer to no shift at all than to half a pixel, the least of the alternatives,
# which are therefore not tried on it: they cost more than all other criteria together.
_QUARTER = 0.25
# What the patches for supervised training depend on: with these as they were, so are they.
_UNDER_PATCHES = {"Y", "objectGuess", "xcoords", "ycoords"}
# How many frames are asked first whether one is misplaced, before all are.
_LIKELY = 8
# Of so many positions all pairs are looked at to find those.
_FEW_POSITIONS = 512


def record(
    arrays: Arrays,
    noise: Noise | None,
    schemas: Path,
    contract: str = DATA_001.file,
    model: Stack | None = None,
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
    model : Stack or None
        `acceptance.modelled` of the arrays, where it has been made.

    Returns
    -------
    dict
        As a sidecar has it: ``found``, criteria by the name of the mistake; ``missed`` and
        ``none``, names of those that pass and of those that change no value; ``smallest``, the
        least shift of `LADDER` in x and in y up to which all are refused, absent where the largest
        is not.
    """
    criteria = Criteria.of(arrays, noise, schemas, contract, model)
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
class _Frames:
    """Frames, and what is said of them without a model."""

    stack: Stack
    power: float
    failures: list[Failure]
    counts: list[Failure]

    @classmethod
    def of(cls, frames: Stack, noise: Noise | None) -> _Frames:
        """That of frames with such noise."""
        return cls(
            stack=frames,
            power=power(frames),
            failures=list(judge_distinct(frames)),
            counts=[] if noise is None else list(judge_counts(frames, noise)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Models:
    """Models of a scan, and what gives the sum of each one's squares.

    known : what likelihoods need of them, where that is known
    likely : positions in the order in which their frames are likely to be misplaced
    """

    stack: Stack
    light: Callable[[], Real]
    known: Models | None = None
    likely: NDArray[np.intp] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Criteria:
    """What accepted a fixture, in the order of its cost.

    With all that a mistake in one of its arrays leaves as it is: frames and models, and what is
    known of them.
    """

    arrays: Arrays
    noise: Noise | None
    contract: ScanContract
    failing: Callable[[Any], list[str]]
    records: Mapping[str, Any]
    scan: Scan | None
    forward: Forward | None
    light: Callable[[Real, Real], Real] | None
    frames: _Frames | None
    models: _Models | None
    places: Mapping[tuple[float, float], int]

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        noise: Noise | None,
        schemas: Path,
        contract: str = DATA_001.file,
        model: Stack | None = None,
    ) -> Criteria:
        """Criteria of a fixture that was accepted; the parameters are those of `record`."""
        scan, _ = as_scan(arrays)
        models = forward = light_at = None
        if scan is not None:
            forward = Forward(scan.obj, scan.probe)
            # of a large object with few frames that would take longer than all of these do
            is_little = scan.obj.size <= scan.frames.size
            light_at = Light(scan.obj, scan.probe).at if is_little else forward.light
        if noise is not None and model is None:
            model = modelled(arrays)
        if noise is not None and model is not None:
            light = squares(model)
            models = _Models(stack=model, light=lambda: light, known=known(model, noise))
        return cls(
            arrays=arrays,
            noise=noise,
            contract=contract_named(contract),
            failing=schema.failing(schemas / contract),
            records=inventory(arrays),
            scan=scan,
            forward=forward,
            light=light_at,
            frames=None if scan is None else _Frames.of(scan.frames, noise),
            models=models,
            places={}
            if models is None or scan is None
            else {place: n for n, place in enumerate(zip(scan.x, scan.y, strict=True))},
        )

    def refusing(self, changed: Arrays) -> list[str]:
        """Names of the cheapest criteria that refuse the fixture with these arrays in it."""
        for failures in self._trials(changed):
            if failures:
                return sorted({failure.criterion for failure in failures})
        return []

    def refuses(self, changed: Arrays, *, alternatives: bool = True) -> bool:
        """Whether a criterion refuses the fixture with these arrays in it, whichever it is."""
        return any(self._trials(changed, named=False, alternatives=alternatives))

    def _trials(
        self, changed: Arrays, *, named: bool = True, alternatives: bool = True
    ) -> Iterator[list[Failure]]:
        """What refuses a fixture, cheap criteria first.

        Where they are not to be named, one that is dearer comes first, too, if it asks one frame
        after the other.
        """
        arrays = {**self.arrays, **changed}
        if _same(changed, self.arrays):
            # what accepted these values accepts them in any form, but for the contract
            yield self._contract(changed, arrays)
            return
        scan, reason = self._scan(changed, arrays)
        if scan is None:
            yield [*self._contract(changed, arrays), no_scan(reason)]
            return
        frames = self.frames
        if frames is None or "diffraction" in changed:
            frames = _Frames.of(scan.frames, self.noise)
        yield [*frames.failures, *judge_inside(scan)]
        if self.noise is None:
            yield self._contract(changed, arrays)
            return
        models = self._models(scan, changed)
        if not named and self.noise.kind != "measured" and models.likely is not None:
            some = models.likely[:_LIKELY]
            model = taken(models.stack, some)
            if squares(model).all():
                yield _misfits(taken(scan.frames, some), model, self.noise)
        light = models.light()
        if not (frames.power > 0 and light.all()):
            # in the dark there is nothing more to ask
            yield [*assess(scan, self.noise).failures, *self._contract(changed, arrays)]
            return
        model_power = float(light.sum())
        scale = float(np.sqrt(frames.power / model_power))
        failures = [*judge_scale(scale, model_power, self.noise), *frames.counts]
        if changed.keys() & _UNDER_PATCHES:
            failures += judge_patches(arrays, scan)
        if not named:
            yield failures
            yield _misfits(scan.frames, models.stack, self.noise)
        # the scale has been judged by itself
        scaled = _scaled(scan.frames, scale)
        if _is_misplaced(scaled, models, self.noise):
            failures.append(Failure(criterion=OWN_MATCH, expected="", found=""))
        yield failures
        yield self._contract(changed, arrays)
        if named:
            yield _misfits(scan.frames, models.stack, self.noise)
        if alternatives:
            asked = replace(scan, frames=stack(scaled))
            for name, margin in alternative_margins(asked, models.stack, enough=0.0):
                if margin is not None:
                    yield list(judge_alternatives({name: margin}))

    def _contract(self, changed: Arrays, arrays: Arrays) -> list[Failure]:
        records = {**self.records, **inventory(changed)}
        failures = [
            Failure(criterion=name, expected="", found="") for name in self.failing(records)
        ]
        return [*of_contract(failures), *failures_between(arrays, self.contract)]

    def _scan(self, changed: Arrays, arrays: Arrays) -> tuple[Scan | None, str]:
        if self.scan is None or "diffraction" in changed:
            return as_scan(arrays)
        x, y = arrays["xcoords"], arrays["ycoords"]
        if changed.keys() <= {"xcoords", "ycoords"} and _are_like(self.scan, x, y):
            return replace(self.scan, x=x, y=y), ""
        frames = self.scan.frames
        # those that are as they were are not converted once more
        return as_scan(
            arrays if isinstance(frames, Computed) else {**arrays, "diffraction": frames}
        )

    def _models(self, scan: Scan, changed: Arrays) -> _Models:
        """Models of a scan, made where they are asked for: those of other positions alone."""
        own = self.models
        forward, light_at = self.forward, self.light
        if (
            own is None
            or forward is None
            or light_at is None
            or changed.keys() & {"objectGuess", "probeGuess"}
        ):
            forward = Forward(scan.obj, scan.probe)
            made = Computed(
                shape=(len(scan.x), *scan.shape),
                frames=lambda some: forward.amplitude(scan.x[some], scan.y[some]),
            )
            return _Models(stack=_remembered(made), light=lambda: forward.light(scan.x, scan.y))
        row = np.array([self.places.get(place, -1) for place in zip(scan.x, scan.y, strict=True)])
        if np.array_equal(row, np.arange(len(own.stack))):
            return own
        new = np.flatnonzero(row < 0)
        if not new.size:
            return _Models(stack=taken(own.stack, row), light=lambda: own.light()[row])

        def frames(some: NDArray[np.intp]) -> Real:
            found = np.empty((len(some), *scan.shape))
            is_new = row[some] < 0
            found[~is_new] = own.stack[row[some[~is_new]]]
            others = some[is_new]
            found[is_new] = forward.amplitude(scan.x[others], scan.y[others])
            return found

        def light() -> Real:
            found: Real = own.light()[row]
            found[new] = light_at(scan.x[new], scan.y[new])
            return found

        made = Computed(shape=(len(row), *scan.shape), frames=frames)
        return _Models(stack=_remembered(made), light=light, likely=_likely(scan, self.scan))


def _are_like(scan: Scan, *coordinates: np.ndarray) -> bool:
    """Whether coordinates could be those of a scan."""
    return all(
        some.dtype == np.float64 and some.shape == scan.x.shape and bool(np.isfinite(some).all())
        for some in coordinates
    )


def _scaled(frames: Stack, scale: float) -> Computed:
    """Frames over a number, where they are asked for: seldom all of them are."""
    return Computed(shape=frames.shape, frames=lambda some: frames[some] / scale)


def _remembered(stack: Computed) -> Stack:
    return remembered(stack) if stack.size <= KEPT else stack


def _is_misplaced(frames: Stack, models: _Models, noise: Noise) -> bool:
    """`likelihood.is_misplaced`, of a few frames first where these can tell by themselves."""
    if noise.photon_scale is not None and models.known is None:
        likely = np.arange(len(frames)) if models.likely is None else models.likely
        some = likely[:_LIKELY]
        if is_misplaced(taken(frames, some), taken(models.stack, some), noise):
            return True
    return is_misplaced(frames, models.stack, noise, models.known)


def _likely(scan: Scan, was: Scan | None) -> NDArray[np.intp]:
    """Positions, pair after pair, with that first whose frame comes from nearest to the second.

    Near in comparison to how far it came from.
    """
    everything = np.arange(len(scan.x))
    if was is None or everything.size > _FEW_POSITIONS:
        return everything
    far = np.hypot(was.x[:, None] - scan.x, was.y[:, None] - scan.y)
    own = np.diagonal(far).copy()
    np.fill_diagonal(far, np.inf)
    other = far.argmin(axis=1)
    first = np.argsort(far[everything, other] - own, kind="stable")
    pairs = np.column_stack([first, other[first]]).ravel()
    _, where = np.unique(pairs, return_index=True)
    return pairs[np.sort(where)]


def _misfits(frames: Stack, model: Stack, noise: Noise) -> list[Failure]:
    """What `judge_chi_square` refuses, a few frames at a time where each is judged alone."""
    if noise.kind == "measured":
        return judge_chi_square(frames, model, noise, None)[1]
    for some in slices(len(frames), few(frames)):
        failures = judge_chi_square(frames[some], model[some], noise, None)[1]
        if failures:
            return failures
    return []


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
        if not criteria.refuses(moved, alternatives=distance >= _QUARTER):
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
