"""Runner of the fixture stages: ``python -m registry.build.fixture NAME --generator …``.

Reads the source, runs the generator, holds the result against every criterion, and only then
replaces the fixture and its sidecar.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from registry import console, digests, field, files
from registry.build import closure, record, stage
from registry.build.record import SourceRecord
from registry.build.stage import Request
from registry.declare import generator_keys
from registry.errors import CheckError
from registry.identity import foreign_npz, ledger, npz, npz_rows, schema, sidecar
from registry.identity.inventory import inventory
from registry.identity.sidecar import Sidecar
from registry.ptychography import planted
from registry.ptychography.acceptance import (
    Acceptance,
    Source,
    accept,
    as_scan,
    refusals,
    within_object,
)
from registry.ptychography.contracts import form_failures
from registry.ptychography.held_out import held_out
from registry.ptychography.noise import Noise
from registry.ptychography.outliers import Usual
from registry.ptychography.scan import Scan

FIXTURES = Path("tests/fixtures/pytorch_integration")
SCHEMAS = Path("schemas")


def main(argv: Sequence[str] | None = None) -> int:
    request = stage.parse(argv, generator_keys.FIXTURE)
    name, params = request.name, request.params
    subject = f"fixture {name}"
    declared = record.read(params["source"])
    _verify_source(subject, declared)
    arrays_of_source = _read(declared)
    try:
        arrays, made = request.code.generate(params, arrays_of_source, declared.to_dict())
    except ValueError as error:
        raise stage.refused(subject, error, f"edit params.yaml fixtures.{name}") from error
    source = _source(arrays_of_source, declared, made, params)
    acceptance = _accept(subject, request, arrays, made, source)
    _hold_to_declared(request, acceptance)
    defect = _defect(subject, arrays, made, source, request.generator.contracts[0])
    data = npz.encode(arrays)
    written = _sidecar(request, data, arrays, declared, made, acceptance, defect)
    _hold_to_published(written)
    text = sidecar.encode(written)
    _verify_sidecar(subject, text)
    files.write_together({FIXTURES / f"{name}.npz": data, FIXTURES / f"{name}.json": text})
    print(
        f"{subject}: {len(data)} bytes, sha256 {written.sha256_checksum[:12]}; covers "
        f"{written.checks['coverage_x']:.1%} of x, {written.checks['coverage_y']:.1%} of y; "
        + _said_of_physics(written)
    )
    return 0


def _accept(
    subject: str,
    request: Request,
    arrays: Mapping[str, np.ndarray],
    made: Mapping[str, Any],
    source: Source,
) -> Acceptance:
    """What is found of a fixture that meets every criterion, and what would be of mistakes in it.

    A variant in another form hands over the same fixture as DATA-001 has it, ``canonical``, for
    the physics to be checked on. The fixture itself is then held against its own contract alone;
    one with a defect against nothing, for the defect may be in its form.
    """
    own, *canonical = request.generator.contracts
    checked, contract = made.get("canonical", arrays), canonical[0] if canonical else own
    acceptance = accept(checked, source, SCHEMAS, contract)
    failures = list(acceptance.failures)
    if canonical:
        failures += form_failures(arrays, SCHEMAS, own)
    if failures:
        count = len(failures)
        raise CheckError(
            f"{subject}: {count} {'criterion' if count == 1 else 'criteria'} not met",
            expected="every criterion of docs/checks.md",
            found="\n            ".join(map(str, failures)),
            remedy=f"edit params.yaml fixtures.{request.name}, or its source; the last good "
            "fixture and its sidecar are as they were",
        )
    noise = source.noise if source.physics else None
    return replace(acceptance, mistakes=planted.record(checked, noise, SCHEMAS, contract))


def _hold_to_published(written: Sidecar) -> None:
    """Refuse what would make something else of a published version; its files stay as they are."""
    lines = ledger.read(Path()) or {}
    line, now = lines.get(written.name), ledger.line(written)
    if line is not None and line != now:
        raise ledger.immutable(line, now, lines)


def _hold_to_declared(request: Request, acceptance: Acceptance) -> None:
    """Refuse data that cannot tell, unless their entry says so; and an entry that is untrue.

    Whoever declares a fixture knows so what it is worth, and a published version keeps its entry.
    """
    entry = f"params.yaml fixtures.{request.name}"
    undecided = acceptance.verdict == sidecar.UNDECIDED
    if undecided == ("physics" in request.params):
        return
    if undecided:
        generator = request.generator
        schema_file = generator_keys.schema_path(Path(), generator.name).as_posix()
        key = (
            ""
            if "physics" in generator.keys
            else f", for which {schema_file} needs the key physics"
        )
        raise CheckError(
            f"fixture {request.name}: physics undecided",
            expected="data that tell whether frames, positions, probe and object belong together; "
            "or an entry with physics: undecided",
            found=acceptance.reason,
            remedy=f"take data that can tell, or say physics: undecided in {entry}{key}",
        )
    raise CheckError(
        f"fixture {request.name}: physics declared as undecided",
        expected="an entry without the key physics, which only undecided data have",
        found=": ".join(filter(None, [f"the verdict {acceptance.verdict}", acceptance.reason])),
        remedy=f"remove physics: undecided from {entry}",
    )


def _defect(
    subject: str,
    arrays: Mapping[str, np.ndarray],
    made: Mapping[str, Any],
    source: Source,
    contract: str,
) -> dict[str, Any] | None:
    """What the sidecar says of a planted defect: its name, and which criteria refuse it."""
    planted = made.get("defect")
    if planted is None:
        return None
    failures = refusals(arrays, source, SCHEMAS, contract)
    if not failures:
        raise CheckError(
            f"{subject}: defect {planted['name']}",
            expected="at least one criterion that refuses the arrays",
            found="none: what was planted makes no difference to this source's data",
            remedy="plant another defect, or plant it in a fixture of another source",
        )
    criteria = sorted({failure.criterion for failure in failures})
    return {
        "name": planted["name"],
        "description": planted["description"],
        "refused_by": criteria,
    }


def _said_of_physics(written: Sidecar) -> str:
    if written.doubt:
        return f"physics {written.verdict}: {written.doubt}"
    checks, defect = written.checks, written.defect
    figures = f"own match {checks['own_match_rate']:.1%}; R-factor {checks['r_factor']:.3f}"
    if defect is None:
        return figures
    refused_by = ", ".join(defect["refused_by"])
    return f"{figures} before the defect {defect['name']}, which is refused by {refused_by}"


def _verify_source(subject: str, declared: SourceRecord) -> None:
    path = declared.path
    found = digests.sha256_file(path) if path.is_file() else "no such file"
    if found != declared.sha256:
        raise CheckError(
            subject,
            expected=f"{path} with SHA-256 {declared.sha256}, as its record says",
            found=found,
            remedy=f"dvc repro --force source@{declared.name}",
        )


def _read(declared: SourceRecord) -> dict[str, Any]:
    """Arrays of a source; of frames that lie one after the other only those that are asked for."""
    subject = f"source {declared.name}"
    if declared.is_foreign or declared.layout == "legacy":
        return dict(foreign_npz.read(declared.path, subject=subject))
    names = foreign_npz.inventory(declared.path, subject=subject).keys() - {"diffraction"}
    return {
        **foreign_npz.read(declared.path, subject=subject, names=sorted(names)),
        "diffraction": npz_rows.rows(declared.path, "diffraction", subject=subject),
    }


def _source(
    arrays: Mapping[str, Any],
    declared: SourceRecord,
    made: Mapping[str, Any],
    params: Mapping[str, Any],
) -> Source:
    """The source as the checks want it: frames first, amplitude. Read apart from the generator."""
    frames = arrays["diffraction" if "diffraction" in arrays else "diff3d"]

    def part(indices: np.ndarray) -> Scan:
        """Some positions of the source."""
        if made["layout"] == "legacy":
            selected = np.moveaxis(frames[:, :, indices], -1, 0)
        else:
            selected = frames[indices]
        if declared.measurement == "intensity":
            selected = np.sqrt(selected.astype(np.float64))
        x, y = arrays["xcoords"][indices], arrays["ycoords"][indices]
        return _scan({**arrays, "diffraction": selected, "xcoords": x, "ycoords": y}, declared)

    count = arrays["xcoords"].size
    chosen = np.array(made["subset_indices"])
    is_measured = declared.noise == "measured"
    usual = known = None
    # an object that was made from the frames explains them, whether they belong together or not
    if declared.physics == sidecar.CHECKED and (
        is_measured or declared.declaration.get("object") == "reconstruct"
    ):
        sample = within_object(part(arrays.get("sample_indices", np.arange(count))))
        usual = Usual.of(sample.frames, sample.model()) if is_measured else None
        known = held_out(sample)
    return Source(
        scan=part(chosen),
        indices=np.arange(chosen.size),
        noise=Noise(kind=declared.noise, photon_scale=declared.photon_scale),
        strategy=params["strategy"],
        positions=(arrays["xcoords"], arrays["ycoords"]),
        usual=usual,
        held_out=known,
        physics=declared.physics == sidecar.CHECKED,
    )


def _scan(arrays: Mapping[str, np.ndarray], declared: SourceRecord) -> Scan:
    scan, reason = as_scan(arrays)
    if scan is None:
        raise CheckError(
            f"source {declared.name}",
            expected="arrays that the forward model can be held against",
            found=reason,
            remedy=f"correct the source: params.yaml sources.{declared.name}",
        )
    return scan


def _sidecar(
    request: Request,
    data: bytes,
    arrays: Mapping[str, np.ndarray],
    declared: SourceRecord,
    made: Mapping[str, Any],
    acceptance: Acceptance,
    defect: dict[str, Any] | None,
) -> Sidecar:
    name, params, generator = request.name, request.params, request.generator
    helpers = closure.blobs(Path(), generator.name)
    own = helpers.pop(generator.script)
    contract = generator.contracts[0]
    named = {sidecar.SCHEMA, field.SCHEMA, contract}
    return Sidecar(
        name=name,
        version=sidecar.version_of(name),
        created=params["created"],
        licence=declared.licence,
        generator_script=generator.script,
        generator_commit=own,
        generator_helpers=helpers,
        generator_parameters={
            key: value for key, value in params.items() if key not in ("created", "source")
        },
        source_dataset=declared.path.as_posix(),
        source_sha256=declared.sha256,
        # a source made here has its generator's blob id, known before the commit exists
        source_commit=declared.commit or declared.generators[declared.generator_script],
        source_generators=declared.generators,
        source_declaration=declared.declaration,
        subset_strategy=params["strategy"],
        subset_size=len(made["subset_indices"]),
        subset_indices=made["subset_indices"],
        transformations=[*declared.transformations, *made["transformations"]],
        sha256_checksum=digests.sha256(data),
        content_sha256=digests.content_digest(arrays),
        size=len(data),
        arrays=inventory(arrays),
        contract=contract,
        field=field.NAME,
        verdict=acceptance.verdict,
        reason=acceptance.reason,
        suite=field.SUITE,
        checks=acceptance.checks,
        mistakes=acceptance.mistakes,
        defect=defect,
        details={"noise": declared.noise, "photon_scale": declared.photon_scale},
        schemas={file: schema.digest(SCHEMAS / file) for file in sorted(named)},
    )


def _verify_sidecar(subject: str, text: bytes) -> None:
    written = sidecar.parse(text, subject=subject)
    for file in (sidecar.SCHEMA, field.SCHEMA):
        problems = schema.problems(written.to_dict(), SCHEMAS / file)
        if problems:
            raise CheckError(
                f"{subject}: sidecar",
                expected=f"a document that satisfies schemas/{file}",
                found="\n            ".join(map(str, problems)),
                remedy="this is a fault of registry/build/fixture.py; please report it",
            )


if __name__ == "__main__":
    sys.exit(console.run(main))
