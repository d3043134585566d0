"""A fixture that was cut from a scan: held against its contract, the scan and the forward model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from registry.errors import CheckError
from registry.field import Acceptance, Context
from registry.identity import sidecar
from registry.ptychography import planted, stack
from registry.ptychography.acceptance import (
    Source,
    as_scan,
    modelled,
    refusals,
    within_object,
)
from registry.ptychography.acceptance import accept as hold
from registry.ptychography.contracts import form_failures
from registry.ptychography.held_out import HeldOut, held_out
from registry.ptychography.noise import Noise
from registry.ptychography.outliers import Usual
from registry.ptychography.scan import Scan

# Of the last source, by the digest of its file and by how that is read.
_OF_SOURCE: dict[tuple[Any, ...], tuple[Usual | None, HeldOut]] = {}


def accept(arrays: Mapping[str, np.ndarray], context: Context) -> Acceptance:
    """What is found of a fixture that meets every criterion, and what would be of mistakes in it.

    A variant in another form hands over the same fixture as DATA-001 has it, ``canonical``, for
    the physics to be checked on. The fixture itself is then held against its own contract alone;
    one with a defect against nothing, for the defect may be in its form.
    """
    made, schemas = context.made, context.schemas
    own, *canonical = context.contracts
    checked, contract = made.get("canonical", arrays), canonical[0] if canonical else own
    source = _source(context)
    model = modelled(checked) if source.physics else None
    found = hold(checked, source, schemas, contract, model)
    failures = list(found.failures)
    if canonical:
        failures += form_failures(arrays, schemas, own)
    if failures:
        return replace(found, failures=failures)
    noise = source.noise if source.physics else None
    refused_by = []
    if "defect" in made:
        refused = refusals(arrays, source, schemas, own)
        refused_by = sorted({failure.criterion for failure in refused})
    return replace(
        found,
        mistakes=planted.record(checked, noise, schemas, contract, model),
        details={
            "noise": context.declared["noise"],
            "photon_scale": context.declared["photon_scale"],
        },
        refused_by=refused_by,
        summary=_summary(found),
    )


def _summary(found: Acceptance) -> str:
    checks = found.checks
    covered = f"covers {checks['coverage_x']:.1%} of x, {checks['coverage_y']:.1%} of y"
    if found.verdict != sidecar.CHECKED:
        return covered
    return f"{covered}; own match {checks['own_match_rate']:.1%}; R-factor {checks['r_factor']:.3f}"


def _source(context: Context) -> Source:
    """The source as the checks want it: frames first, amplitude. Read apart from the generator."""
    arrays, declared, made = context.source, context.declared, context.made
    frames = arrays["diffraction" if "diffraction" in arrays else "diff3d"]

    def part(indices: np.ndarray) -> Scan:
        """Some positions of the source."""
        first = np.moveaxis(frames, -1, 0) if made["layout"] == "legacy" else frames
        selected = stack.taken(first, indices)
        if declared["measurement"] == "intensity":
            selected = stack.stack(selected, np.sqrt)
        x, y = arrays["xcoords"][indices], arrays["ycoords"][indices]
        changed = {**arrays, "diffraction": selected, "xcoords": x, "ycoords": y}
        return _scan(changed, str(declared["name"]))

    count = arrays["xcoords"].size
    chosen = np.array(made["subset_indices"])
    is_measured = declared["noise"] == "measured"
    physics = declared.get("physics", sidecar.CHECKED) == sidecar.CHECKED
    usual = known = None
    # an object that was made from the frames explains them, whether they belong together or not
    if physics and (is_measured or declared["declaration"].get("object") == "reconstruct"):

        def asked() -> tuple[Usual | None, HeldOut]:
            sample = within_object(part(arrays.get("sample_indices", np.arange(count))))
            usual = Usual.of(sample.frames, sample.model()) if is_measured else None
            return usual, held_out(sample)

        usual, known = _of_source(asked, declared, made)
    return Source(
        scan=part(chosen),
        indices=np.arange(chosen.size),
        noise=Noise(kind=declared["noise"], photon_scale=declared["photon_scale"]),
        strategy=context.params["strategy"],
        # of a scan of which not all frames were read they are known all the same
        positions=(
            arrays.get("scan_xcoords", arrays["xcoords"]),
            arrays.get("scan_ycoords", arrays["ycoords"]),
        ),
        usual=usual,
        held_out=known,
        physics=physics,
    )


def _of_source(
    asked: Callable[[], tuple[Usual | None, HeldOut]],
    declared: Mapping[str, Any],
    made: Mapping[str, Any],
) -> tuple[Usual | None, HeldOut]:
    """What is asked of a source as a whole: once for all fixtures that a process cuts from it."""
    how = declared["noise"], declared["measurement"], made["layout"]
    key = declared.get("sha256"), *how
    if key[0] is None:
        return asked()
    if key not in _OF_SOURCE:
        found = asked()
        _OF_SOURCE.clear()
        _OF_SOURCE[key] = found
    return _OF_SOURCE[key]


def _scan(arrays: Mapping[str, Any], name: str) -> Scan:
    scan, reason = as_scan(arrays)
    if scan is None:
        raise CheckError(
            f"source {name}",
            expected="arrays that the forward model can be held against",
            found=reason,
            remedy=f"correct the source: params.yaml sources.{name}",
        )
    return scan
