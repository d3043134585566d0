"""Runner of the fixture stages: ``python -m registry.build.fixture NAME --generator …``.

Reads the source, runs the generator, holds the result against every criterion, and only then
replaces the fixture and its sidecar.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry import byte_order, console, digests, field, files
from registry.build import closure, memory, record, source_file, stage
from registry.build.record import SourceRecord
from registry.build.source_file import SourceFile
from registry.build.stage import Request
from registry.declare import generator_keys
from registry.errors import CheckError
from registry.field import Acceptance, Context, Field
from registry.identity import ledger, npz, schema, sidecar
from registry.identity.inventory import inventory
from registry.identity.sidecar import Sidecar

SCHEMAS = Path("schemas")


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A fixture that meets every criterion: its files, to be written together, and a line on it."""

    contents: Mapping[Path, files.Content]
    told: str


def main(argv: Sequence[str] | None = None) -> int:
    request = stage.parse(argv, generator_keys.FIXTURE)
    made = make(request, opened(request))
    files.write_together(made.contents)
    console.say(made.told)
    return 0


def opened(request: Request, path: Path | None = None) -> SourceFile:
    """The source of a requested fixture; `path` is that of `source_file.opened`."""
    known = field.find(request.generator.field, Path())
    declared = record.read(request.params["source"])
    return source_file.opened(f"fixture {request.name}", declared, known, path)


def make(request: Request, source: SourceFile) -> Made:
    """Run a fixture's generator on its source, and hold what comes out against every criterion.

    Raises
    ------
    CheckError
        The generator refuses its source, or what it made breaks a rule.
    """
    name, params, declared = request.name, request.params, source.record
    subject = f"fixture {name}"
    known = field.find(request.generator.field, Path())
    said = declared.to_dict()
    try:
        arrays, made = request.code.generate(params, source.arrays, said)
    except ValueError as error:
        raise stage.refused(subject, error, f"edit params.yaml fixtures.{name}") from error
    # what is checked and described is what is stored, on a big-endian machine as well
    arrays = _stored(arrays)
    if "canonical" in made:
        made = {**made, "canonical": _stored(made["canonical"])}
    context = Context(
        schemas=SCHEMAS,
        contracts=request.generator.contracts,
        source=source.arrays,
        declared=said,
        made=made,
        params=params,
    )
    acceptance = known.accept(arrays, context)
    _hold_to_criteria(request, acceptance)
    _hold_to_declared(request, acceptance, known)
    defect = _defect(subject, made, acceptance)
    # the bytes themselves are not kept, for a fixture's arrays may take half of the memory
    stored = npz.digest(arrays)
    written = _sidecar(request, known, stored, arrays, declared, made, acceptance, defect)
    _hold_to_published(written)
    text = sidecar.encode(written)
    _verify_sidecar(subject, text, known)
    contents: dict[Path, files.Content] = {
        request.folder / f"{name}.npz": lambda file: npz.write_into(file, arrays),
        request.folder / f"{name}.json": text,
    }
    return Made(contents=contents, told=f"{subject}: {_told(known, written, acceptance)}")


def _stored(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: byte_order.stored(array) for name, array in arrays.items()}


def _told(known: Field, written: Sidecar, acceptance: Acceptance) -> str:
    """What was built, in one line."""
    told = acceptance.summary
    if written.defect is not None:
        refused_by = ", ".join(written.defect["refused_by"])
        told += f" before the defect {written.defect['name']}, which is refused by {refused_by}"
    parts = [f"{written.size} bytes, sha256 {written.sha256_checksum[:12]}", told]
    if written.doubt:
        parts.append(f"{known.subject} {written.verdict}: {written.doubt}")
    return "; ".join(filter(None, parts))


def _hold_to_criteria(request: Request, acceptance: Acceptance) -> None:
    """Refuse a fixture that does not meet every criterion."""
    count = len(acceptance.failures)
    if count:
        raise CheckError(
            f"fixture {request.name}: {count} {'criterion' if count == 1 else 'criteria'} not met",
            expected=f"every criterion of the field {request.generator.field}",
            found="\n            ".join(map(str, acceptance.failures)),
            remedy=f"edit params.yaml fixtures.{request.name}, or its source; the last good "
            "fixture and its sidecar are as they were",
        )


def _hold_to_published(written: Sidecar) -> None:
    """Refuse what would make something else of a published version; its files stay as they are."""
    lines = ledger.read(Path()) or {}
    line, now = lines.get(written.name), ledger.line(written)
    if line is not None and line != now:
        raise ledger.immutable(line, now, lines)


def _hold_to_declared(request: Request, acceptance: Acceptance, known: Field) -> None:
    """Refuse data that cannot tell, unless their entry says so; and an entry that is untrue.

    Whoever declares a fixture knows so what it is worth, and a published version keeps its entry.
    """
    entry, key = f"params.yaml fixtures.{request.name}", known.subject
    undecided = acceptance.verdict == sidecar.UNDECIDED
    if undecided == (key in request.params):
        return
    if undecided:
        generator = request.generator
        schema_file = generator_keys.schema_path(Path(), generator.name).as_posix()
        needed = "" if key in generator.keys else f", for which {schema_file} needs the key {key}"
        raise CheckError(
            f"fixture {request.name}: {key} undecided",
            expected=f"data that tell whether {known.claim}; or an entry with {key}: undecided",
            found=acceptance.reason,
            remedy=f"take data that can tell, or say {key}: undecided in {entry}{needed}",
        )
    raise CheckError(
        f"fixture {request.name}: {key} declared as undecided",
        expected=f"an entry without the key {key}, which only undecided data have",
        found=": ".join(filter(None, [f"the verdict {acceptance.verdict}", acceptance.reason])),
        remedy=f"remove {key}: undecided from {entry}",
    )


def _defect(subject: str, made: Mapping[str, Any], acceptance: Acceptance) -> dict[str, Any] | None:
    """What the sidecar says of a planted defect: its name, and which criteria refuse it."""
    planted = made.get("defect")
    if planted is None:
        return None
    if not acceptance.refused_by:
        raise CheckError(
            f"{subject}: defect {planted['name']}",
            expected="at least one criterion that refuses the arrays",
            found="none: what was planted makes no difference to this source's data",
            remedy="plant another defect, or plant it in a fixture of another source",
        )
    return {
        "name": planted["name"],
        "description": planted["description"],
        "refused_by": list(acceptance.refused_by),
    }


def _sidecar(
    request: Request,
    known: Field,
    stored: tuple[int, str],
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
    indices = list(made.get("subset_indices", ()))
    named = {sidecar.SCHEMA, contract, *filter(None, [known.schema])}
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
        subset_strategy=params["strategy"] if indices else "",
        subset_size=len(indices),
        subset_indices=indices,
        transformations=[*declared.transformations, *made["transformations"]],
        sha256_checksum=stored[1],
        content_sha256=digests.content_digest(arrays),
        size=stored[0],
        arrays=inventory(arrays),
        contract=contract,
        field=known.name,
        verdict=acceptance.verdict,
        reason=acceptance.reason,
        suite=known.suite,
        checks=acceptance.checks,
        mistakes=acceptance.mistakes,
        defect=defect,
        details=acceptance.details,
        schemas={file: schema.digest(SCHEMAS / file) for file in sorted(named)},
    )


def _verify_sidecar(subject: str, text: bytes, known: Field) -> None:
    written = sidecar.parse(text, subject=subject)
    for file in filter(None, (sidecar.SCHEMA, known.schema)):
        problems = schema.problems(written.to_dict(), SCHEMAS / file)
        if problems:
            raise CheckError(
                f"{subject}: sidecar",
                expected=f"a document that satisfies schemas/{file}",
                found="\n            ".join(map(str, problems)),
                remedy="this is a fault of registry/build/fixture.py; please report it",
            )


if __name__ == "__main__":
    memory.reuse()
    sys.exit(console.run(main))
