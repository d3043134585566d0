"""Runner of the source stages: ``python -m registry.build.source NAME --generator …``.

Writes ``build/sources/NAME.npz`` and a record of what it is. Both appear whole or not at all.
"""

import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from registry import console, digests, files
from registry.build import stage
from registry.build.declared_file import Verified, opened, portable, verified
from registry.errors import CheckError
from registry.identity import foreign_npz, npz

OPTIONS: dict[str, type[int] | type[float] | type[str]] = {
    "licence": str,
    "seed": int,
    "photons_per_frame": float,
    "max_amplitude": float,
    "path": str,
    "url": str,
    "sha256": str,
    "blob": str,
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
    file = verified(subject, params) if {"path", "url"} & params.keys() else None
    try:
        arrays, record = _generate(subject, generator, params, file)
    except ValueError as error:
        raise stage.refused(
            subject, error, f"correct the file, or its declaration: params.yaml sources.{name}"
        ) from error
    # a source without arrays of its own is its file, byte for byte
    data = file.path.read_bytes() if arrays is None and file else npz.encode(arrays)
    record = {
        "name": name,
        "sha256": digests.sha256(data),
        "licence": params["licence"],
        "commit": params.get("commit"),
        "declaration": {"generator": generator_name, **portable(params)},
        **stage.identity(generator),
        **record,
    }
    if "frames" in record:
        # the fixture's stage opens the file once more, and reads some of its frames
        frames = {**record["frames"], "file": _reopen(generator, params)}
        # so that it runs again where another code reads them; others need not
        record["frames"] = {**frames, "code": stage.code_of(frames["module"])}
    text = stage.encode_record(record)
    files.write_together(
        {stage.SOURCES / f"{name}.npz": data, stage.SOURCES / f"{name}.json": text}
    )
    print(f"{subject}: {len(data)} bytes, sha256 {record['sha256'][:12]}")
    if file is not None:
        print(f"{subject}: {file.path.name}: {file.note}")
    return 0


def _generate(
    subject: str, generator: ModuleType, params: dict[str, Any], file: Verified | None
) -> tuple[Any, dict[str, Any]]:
    """Arrays and record of a source; a generator that ``OPENS`` gets its file open, not read."""
    found: tuple[Any, dict[str, Any]]
    if getattr(generator, "OPENS", False):
        assert file is not None  # the schema asks for one
        with opened(file.path, subject, params, generator.ARRAYS) as scan:
            found = generator.generate(params, scan)
            return found
    held = None
    if file is not None:
        held = foreign_npz.read(file.path, subject=subject)
        _check_scan(subject, held)
    found = generator.generate(params, held)
    return found


def _reopen(generator: ModuleType, params: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("path", "url", "sha256", "blob", "format", "layout", *generator.ARRAYS)
    return {key: params[key] for key in keys if key in params}


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


if __name__ == "__main__":
    sys.exit(console.run(main))
