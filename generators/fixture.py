"""Runner of the fixture stages: ``python -m generators.fixture NAME --generator subset_v1 ...``.

Reads the source, runs the generator, holds the result against every criterion, and only then
replaces the fixture and its sidecar.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from generators import stage
from registry import console, files, hashing, npz, npz_source, schema, sidecar
from registry.errors import CheckError
from registry.ptychography.acceptance import Source, accept, as_scan
from registry.ptychography.contract import inventory
from registry.ptychography.noise import Noise

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
    arrays_of_source = npz_source.read(path, subject=f"source {params['source']}")
    try:
        arrays, record = generator.generate(params, arrays_of_source, declared)
    except ValueError as error:
        raise stage.refused(subject, error, f"edit params.yaml fixtures.{name}") from error

    source = _source(arrays_of_source, declared, record, params["strategy"])
    acceptance = accept(arrays, source, SCHEMAS)
    if acceptance.failures:
        count = len(acceptance.failures)
        raise CheckError(
            f"{subject}: {count} {'criterion' if count == 1 else 'criteria'} not met",
            expected="every criterion of docs/checks.md",
            found="\n            ".join(map(str, acceptance.failures)),
            remedy=f"edit params.yaml fixtures.{name}, or its source; the last good fixture and "
            "its sidecar are as they were",
        )
    data = npz.encode(arrays)
    text = sidecar.encode(
        _sidecar(name, data, arrays, params, declared, record, acceptance.checks, generator)
    )
    _verify_sidecar(subject, text)
    files.write_together(
        {stage.FIXTURES / f"{name}.npz": data, stage.FIXTURES / f"{name}.json": text}
    )
    checks = acceptance.checks
    print(
        f"{subject}: {len(data)} bytes, sha256 {hashing.sha256(data)[:12]}; covers "
        f"{checks['coverage_x']:.1%} of x, {checks['coverage_y']:.1%} of y; own match "
        f"{checks['own_match_rate']:.1%}; R-factor {checks['r_factor']:.3f}"
    )
    return 0


def _verify_source(subject: str, path: Path, expected: str) -> None:
    found = hashing.sha256_file(path) if path.is_file() else "no such file"
    if found != expected:
        raise CheckError(
            subject,
            expected=f"{path} with SHA-256 {expected}, as its record says",
            found=found,
            remedy=f"dvc repro --force source@{path.stem}",
        )


def _source(
    arrays: Mapping[str, np.ndarray],
    declared: Mapping[str, Any],
    record: Mapping[str, Any],
    strategy: str,
) -> Source:
    """The source as the checks want it: frames first, amplitude. Read apart from the generator."""
    frames = arrays["diffraction" if "diffraction" in arrays else "diff3d"]
    if record["layout"] == "legacy":
        frames = np.moveaxis(frames, -1, 0)
    if declared["measurement"] == "intensity":
        frames = np.sqrt(frames.astype(np.float64))
    scan, reason = as_scan({**arrays, "diffraction": frames})
    if scan is None:
        raise CheckError(
            f"source {declared['name']}",
            expected="arrays that the forward model can be held against",
            found=reason,
            remedy=f"correct the source: params.yaml sources.{declared['name']}",
        )
    return Source(
        scan=scan,
        indices=np.array(record["subset_indices"]),
        noise=Noise(kind=declared["noise"], photon_scale=declared["photon_scale"]),
        strategy=strategy,
    )


def _sidecar(
    name: str,
    data: bytes,
    arrays: Mapping[str, np.ndarray],
    params: dict[str, Any],
    declared: dict[str, Any],
    record: dict[str, Any],
    checks: dict[str, Any],
    generator: Any,
) -> sidecar.Sidecar:
    return sidecar.Sidecar(
        name=name,
        version=sidecar.version_of(name),
        created=params["created"],
        licence=declared["licence"],
        **stage.identity(generator),
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
        sha256_checksum=hashing.sha256(data),
        content_sha256=hashing.content_digest(arrays),
        size=len(data),
        arrays=inventory(arrays),
        checks=checks,
        schemas={
            file: schema.digest(SCHEMAS / file) for file in (schema.SIDECAR, schema.DATA_CONTRACT)
        },
    )


def _verify_sidecar(subject: str, text: bytes) -> None:
    document = sidecar.parse(text, subject=subject).to_dict()
    problems = schema.problems(document, SCHEMAS / schema.SIDECAR)
    if problems:
        raise CheckError(
            f"{subject}: sidecar",
            expected=f"a document that satisfies schemas/{schema.SIDECAR}",
            found="\n            ".join(map(str, problems)),
            remedy="this is a fault of generators/fixture.py; please report it",
        )


if __name__ == "__main__":
    sys.exit(console.run(main))
