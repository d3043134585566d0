"""Runner of the fixture stages: ``python -m registry.build.fixture NAME --generator …``.

Reads the source, runs the generator, holds the result against every criterion, and only then
replaces the fixture and its sidecar.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from registry import console, digests, files
from registry.build import stage
from registry.build.declared_file import opened, verified
from registry.errors import CheckError
from registry.identity import foreign_npz, npz, schema, sidecar
from registry.identity.inventory import inventory
from registry.ptychography.acceptance import Source, accept, as_scan, refusals, within_object
from registry.ptychography.contracts import contract_of, form_failures
from registry.ptychography.noise import Noise
from registry.ptychography.physics import relative_error
from registry.ptychography.readers.scan_file import ROLES
from registry.ptychography.scan import Scan

SCHEMAS = Path("schemas")
OPTIONS: dict[str, type[int] | type[float] | type[str]] = {
    "source": str,
    "created": str,
    "strategy": str,
    "n_subset": int,
    "seed": int,
}


def main(argv: Sequence[str] | None = None) -> int:
    name, generator_name, params = stage.parse_flags(argv, OPTIONS, switches=("diff3d", "Y"))
    generator = stage.load_generator(generator_name)
    subject = f"fixture {name}"
    declared = stage.read_record(params["source"])
    path = stage.SOURCES / f"{params['source']}.npz"
    _verify_source(subject, path, declared["sha256"])
    arrays_of_source: dict[str, Any] = {
        **foreign_npz.read(path, subject=f"source {params['source']}")
    }
    with ExitStack() as stack:
        if "frames" in declared:
            arrays_of_source["diffraction"] = stack.enter_context(_frames(declared))
        try:
            arrays, record = generator.generate(params, arrays_of_source, declared)
        except ValueError as error:
            raise stage.refused(subject, error, f"edit params.yaml fixtures.{name}") from error
    source = _source(arrays_of_source, declared, record, params["strategy"])
    contract = record.get("contract", getattr(generator, "CONTRACT", schema.DATA_CONTRACT))
    checks = _accept(subject, name, arrays, record, source, contract)
    defect = _defect(subject, arrays, record, source, contract)
    data = npz.encode(arrays)
    text = sidecar.encode(
        _sidecar(name, data, arrays, params, declared, record, checks, generator, contract, defect)
    )
    _verify_sidecar(subject, text)
    files.write_together(
        {stage.FIXTURES / f"{name}.npz": data, stage.FIXTURES / f"{name}.json": text}
    )
    print(
        f"{subject}: {len(data)} bytes, sha256 {digests.sha256(data)[:12]}; covers "
        f"{checks['coverage_x']:.1%} of x, {checks['coverage_y']:.1%} of y; "
        + _physics(checks, defect)
    )
    return 0


def _accept(
    subject: str,
    name: str,
    arrays: Mapping[str, np.ndarray],
    record: Mapping[str, Any],
    source: Source,
    contract: str,
) -> dict[str, Any]:
    """Figures of a fixture that meets every criterion.

    A variant in another form hands over the same fixture as DATA-001 has it, ``canonical``, for
    the physics to be checked on. The fixture itself is then held against its own contract alone;
    one with a defect against nothing, for the defect may be in its form.
    """
    canonical = record.get("canonical")
    if canonical is None:
        acceptance = accept(arrays, source, SCHEMAS, contract)
        failures = acceptance.failures
    else:
        acceptance = accept(canonical, source, SCHEMAS, contract_of(canonical))
        failures = list(acceptance.failures)
        if "defect" not in record:
            failures += form_failures(arrays, SCHEMAS, contract)
    if failures:
        count = len(failures)
        raise CheckError(
            f"{subject}: {count} {'criterion' if count == 1 else 'criteria'} not met",
            expected="every criterion of docs/checks.md",
            found="\n            ".join(map(str, failures)),
            remedy=f"edit params.yaml fixtures.{name}, or its source; the last good fixture and "
            "its sidecar are as they were",
        )
    return acceptance.checks


def _defect(
    subject: str,
    arrays: Mapping[str, np.ndarray],
    record: Mapping[str, Any],
    source: Source,
    contract: str,
) -> dict[str, Any] | None:
    """What the sidecar says of a planted defect: its name, and which criteria refuse it."""
    planted = record.get("defect")
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


def _physics(checks: Mapping[str, Any], defect: Mapping[str, Any] | None) -> str:
    if checks["own_match_rate"] is None:
        return "physics: not checked"
    figures = f"own match {checks['own_match_rate']:.1%}; R-factor {checks['r_factor']:.3f}"
    if defect is None:
        return figures
    refused_by = ", ".join(defect["refused_by"])
    return f"{figures} before the defect {defect['name']}, which is refused by {refused_by}"


def _verify_source(subject: str, path: Path, expected: str) -> None:
    found = digests.sha256_file(path) if path.is_file() else "no such file"
    if found != expected:
        raise CheckError(
            subject,
            expected=f"{path} with SHA-256 {expected}, as its record says",
            found=found,
            remedy=f"dvc repro --force source@{path.stem}",
        )


class Remembered:
    """Frames that are read from a file by index, and which frame had which index."""

    def __init__(self, frames: Any) -> None:
        self._frames = frames
        self.shape, self.ndim, self.dtype = frames.shape, frames.ndim, frames.dtype
        self._given: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, indices: Sequence[int]) -> np.ndarray:
        found: np.ndarray = self._frames[indices]
        self._given.update(zip(map(int, indices), found.copy(), strict=True))
        return found

    def given(self, indices: Sequence[int]) -> np.ndarray:
        """Frames as they were read; those that nobody asked for are dark."""
        dark = np.zeros(self.shape[1:])
        return np.stack([self._given.get(int(n), dark) for n in indices])


@contextmanager
def _frames(declared: Mapping[str, Any]) -> Iterator[Remembered]:
    """Frames of a source that are still in its file, as the source's generator has declared."""
    frames = declared["frames"]
    module = stage.load_generator(frames["module"])
    subject = f"source {declared['name']}"
    file = verified(subject, frames["file"])
    keys = [name for name in ROLES if name in frames["file"]]
    with opened(file.path, subject, frames["file"], keys) as scan:
        yield Remembered(module.Amplitudes(scan, frames["declared"]))
    print(f"{subject}: {file.path.name}: {file.note}")


def _source(
    arrays: Mapping[str, Any],
    declared: Mapping[str, Any],
    record: Mapping[str, Any],
    strategy: str,
) -> Source:
    """The source as the checks want it: frames first, amplitude. Read apart from the generator."""
    if isinstance(arrays.get("diffraction"), Remembered):
        return _source_in_file(arrays, declared, record, strategy)
    frames = arrays["diffraction" if "diffraction" in arrays else "diff3d"]
    if record["layout"] == "legacy":
        frames = np.moveaxis(frames, -1, 0)
    if declared["measurement"] == "intensity":
        frames = np.sqrt(frames.astype(np.float64))
    return Source(
        scan=_scan({**arrays, "diffraction": frames}, declared),
        indices=np.array(record["subset_indices"]),
        noise=Noise(kind=declared["noise"], photon_scale=declared["photon_scale"]),
        strategy=strategy,
    )


def _source_in_file(
    arrays: Mapping[str, Any],
    declared: Mapping[str, Any],
    record: Mapping[str, Any],
    strategy: str,
) -> Source:
    """The selected positions of a source whose frames were read from its file, and its figures."""
    x, y = arrays["xcoords"], arrays["ycoords"]

    def part(indices: Any, frames: np.ndarray) -> Scan:
        selected = {"diffraction": frames, "xcoords": x[indices], "ycoords": y[indices]}
        return _scan({**arrays, **selected}, declared)

    indices = record["subset_indices"]
    error = None
    if "sample_frames" in arrays:
        sample = part(arrays["sample_indices"], arrays["sample_frames"])
        error = relative_error(within_object(sample))
    return Source(
        scan=part(indices, arrays["diffraction"].given(indices)),
        indices=np.arange(len(indices)),
        noise=Noise(kind=declared["noise"], photon_scale=declared["photon_scale"]),
        strategy=strategy,
        positions=(x, y),
        error=error,
        physics=declared["physics"] == sidecar.CHECKED,
    )


def _scan(arrays: Mapping[str, np.ndarray], declared: Mapping[str, Any]) -> Scan:
    scan, reason = as_scan(arrays)
    if scan is None:
        raise CheckError(
            f"source {declared['name']}",
            expected="arrays that the forward model can be held against",
            found=reason,
            remedy=f"correct the source: params.yaml sources.{declared['name']}",
        )
    return scan


def _sidecar(
    name: str,
    data: bytes,
    arrays: Mapping[str, np.ndarray],
    params: dict[str, Any],
    declared: dict[str, Any],
    record: dict[str, Any],
    checks: dict[str, Any],
    generator: Any,
    contract: str,
    defect: dict[str, Any] | None,
) -> sidecar.Sidecar:
    physics = sidecar.NOT_CHECKED if checks["own_match_rate"] is None else sidecar.CHECKED
    # the first version is for the generators published with it, and cannot say anything else
    said = (contract, physics, defect) == (schema.DATA_CONTRACT, sidecar.CHECKED, None)
    first = said and getattr(generator, "SIDECAR", 1) == 1
    text = schema.SIDECAR if first else schema.SIDECAR_V2
    return sidecar.Sidecar(
        name=name,
        version=sidecar.version_of(name),
        created=params["created"],
        licence=declared["licence"],
        **_identity(generator, declared),
        generator_parameters={
            key: value for key, value in params.items() if key not in ("created", "source")
        },
        source_dataset=f"{stage.SOURCES.as_posix()}/{declared['name']}.npz",
        source_sha256=declared["sha256"],
        # a source made here has its generator's blob id, known before the commit exists
        source_commit=declared["commit"] or declared["generator_commit"],
        source_declaration=declared["declaration"],
        subset_strategy=params["strategy"],
        subset_size=len(record["subset_indices"]),
        subset_indices=record["subset_indices"],
        transformations=[*declared["transformations"], *record["transformations"]],
        sha256_checksum=digests.sha256(data),
        content_sha256=digests.content_digest(arrays),
        size=len(data),
        arrays=inventory(arrays),
        contract=contract,
        physics=physics,
        defect=defect,
        checks=checks,
        schemas={file: schema.digest(SCHEMAS / file) for file in (text, contract)},
    )


def _identity(generator: Any, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Of the generator and, among its helpers, of what has turned the source's frames."""
    found = stage.identity(generator)
    if "frames" not in declared:
        return found
    frames = stage.identity(stage.load_generator(declared["frames"]["module"]))
    helpers = {
        **found["generator_helpers"],
        frames["generator_script"]: frames["generator_commit"],
        **frames["generator_helpers"],
    }
    return {**found, "generator_helpers": helpers}


def _verify_sidecar(subject: str, text: bytes) -> None:
    record = sidecar.parse(text, subject=subject)
    problems = schema.problems(record.to_dict(), SCHEMAS / record.schema_file)
    if problems:
        raise CheckError(
            f"{subject}: sidecar",
            expected=f"a document that satisfies schemas/{record.schema_file}",
            found="\n            ".join(map(str, problems)),
            remedy="this is a fault of registry/build/fixture.py; please report it",
        )


if __name__ == "__main__":
    sys.exit(console.run(main))
