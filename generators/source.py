"""Runner of the source stages: ``python -m generators.source NAME --generator simulate_v1 ...``.

Writes ``build/sources/NAME.npz`` and a record of what it is. Both appear whole or not at all.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from generators import stage
from registry import console, files, hashing, npz, npz_source
from registry.errors import CheckError, MissingError

OPTIONS: dict[str, type[int] | type[float] | type[str]] = {
    "licence": str,
    "seed": int,
    "photons_per_frame": float,
    "max_amplitude": float,
    "path": str,
    "sha256": str,
    "commit": str,
    "layout": str,
    "measurement": str,
    "noise": str,
    "photon_scale": float,
}

# What a scan's arrays have to be, whichever layout it has: number of axes, and kind of dtype. A
# real object or probe is a complex one without phase.
REAL, COMPLEX = "fiu", "cfiu"
SCAN = {
    "diffraction": (3, REAL),
    "diff3d": (3, REAL),
    "objectGuess": (2, COMPLEX),
    "probeGuess": (2, COMPLEX),
    "xcoords": (1, REAL),
    "ycoords": (1, REAL),
    "xcoords_start": (1, REAL),
    "ycoords_start": (1, REAL),
    "scan_index": (1, REAL),
}
CORRECT = "correct the file, and declare its new SHA-256 in params.yaml"


def main(argv: Sequence[str] | None = None) -> int:
    name, generator_name, params = stage.parse_flags(argv, OPTIONS)
    generator = stage.load_generator(generator_name)
    subject = f"source {name}"
    path = Path(params["path"]) if "path" in params else None
    file = None
    if path is not None:
        verify_file(subject, path, params["sha256"])
        file = npz_source.read(path, subject=subject)
        _check_scan(subject, file)
    try:
        arrays, record = generator.generate(params, file)
    except ValueError as error:
        raise stage.refused(
            subject, error, f"correct the file, or its declaration: params.yaml sources.{name}"
        ) from error
    # a source without arrays of its own is its file, byte for byte
    data = path.read_bytes() if arrays is None and path else npz.encode(arrays)
    record = {
        "name": name,
        "sha256": hashing.sha256(data),
        "licence": params["licence"],
        "commit": params.get("commit"),
        "declaration": _portable(generator_name, params),
        **stage.identity(generator),
        **record,
    }
    text = stage.encode_record(record)
    files.write_together(
        {stage.SOURCES / f"{name}.npz": data, stage.SOURCES / f"{name}.json": text}
    )
    print(f"{subject}: {len(data)} bytes, sha256 {record['sha256'][:12]}")
    return 0


def verify_file(subject: str, path: Path, expected: str) -> None:
    """Hold a declared file against its declared SHA-256."""
    if not path.is_file():
        raise MissingError(
            subject,
            expected=f"its file at {path}",
            found="a folder" if path.is_dir() else "no such file",
            remedy="put the file there or correct the path in params.yaml; without it, "
            "'dvc pull' still serves the pinned fixtures and 'dvc repro --keep-going' builds "
            "the others",
        )
    found = hashing.sha256_file(path)
    if found != expected:
        raise CheckError(
            subject,
            expected=f"{path.name} with SHA-256 {expected}",
            found=found,
            remedy="fetch the declared file again; or, if this one is meant, declare its SHA-256 "
            "in params.yaml under a new source name",
        )


def _check_scan(subject: str, file: Mapping[str, np.ndarray]) -> None:
    """Refuse what no generator can work with. Whether a key has to be there is its business."""
    for name, (axes, kinds) in SCAN.items():
        if name not in file:
            continue
        array = file[name]
        found = None
        if array.ndim != axes or not array.size:
            found = f"shape {array.shape}"
        elif array.dtype.kind not in kinds:
            found = f"dtype {array.dtype.name}"
        elif not np.isfinite(array).all():
            found = "values that are not finite"
        elif kinds == COMPLEX and not array.any():
            found = "zeros and nothing else"
        if found is not None:
            numbers = "complex" if kinds == COMPLEX else "real"
            raise CheckError(
                f"{subject}: array {name}",
                expected=f"finite {numbers} numbers along {axes} ax{'i' if axes == 1 else 'e'}s",
                found=found,
                remedy=CORRECT,
            )
    sizes = {
        name: file[name].size for name, (axes, _) in SCAN.items() if axes == 1 and name in file
    }
    if len(set(sizes.values())) > 1:
        raise CheckError(
            f"{subject}: coordinates",
            expected="the same number of positions in every array",
            found=", ".join(f"{name} {size}" for name, size in sizes.items()),
            remedy=CORRECT,
        )


def _portable(generator_name: str, params: dict[str, Any]) -> dict[str, Any]:
    """The declaration as it goes into sidecars: a file by its name and SHA-256, never by a path."""
    kept = {key: value for key, value in params.items() if key not in ("licence", "commit")}
    if "path" in kept:
        kept["path"] = Path(kept["path"]).name
    return {"generator": generator_name, **kept}


if __name__ == "__main__":
    sys.exit(console.run(main))
