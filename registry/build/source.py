"""Runner of the source stages: ``python -m registry.build.source NAME --generator …``.

Writes ``build/sources/NAME.npz`` and the record of what it is. Both appear whole or not at all.
"""

import importlib
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from registry import console, digests, field, files
from registry.build import closure, declared_file, stage
from registry.build.declared_file import Verified
from registry.build.record import SOURCES, SourceRecord
from registry.build.stage import Request
from registry.declare import declaration, generator_keys
from registry.errors import CheckError
from registry.identity import foreign_npz, npz, sidecar

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
    request = stage.parse(argv, generator_keys.SOURCE)
    subject, params = f"source {request.name}", request.params
    file = declared_file.verified(subject, params) if {"path", "url"} & params.keys() else None
    path = SOURCES / f"{request.name}.npz"
    try:
        with files.staged(path) as staged:
            with _given(subject, request, file) as given:
                arrays, said = request.code.generate(params, given)
                if arrays is not None:
                    # frames of an open scan are read and converted as they are written
                    npz.write_into(staged, arrays)
            if arrays is None and file is not None:
                # a source without arrays of its own is its file, byte for byte
                with files.open_regular(file.path) as given_file:
                    shutil.copyfileobj(given_file, staged)
            staged.flush()
            record = _record(request, Path(staged.name), said, is_foreign=arrays is None)
            files.write_atomic(path.with_suffix(".json"), record.encode())
    except ValueError as error:
        remedy = f"correct the file, or its declaration: params.yaml sources.{request.name}"
        raise stage.refused(subject, error, remedy) from error
    console.say(f"{subject}: {record.size} bytes, sha256 {record.sha256[:12]}")
    if file is not None:
        console.say(f"{subject}: {file.path.name}: {file.note}")
    return 0


def _record(
    request: Request, file: Path, said: Mapping[str, Any], *, is_foreign: bool
) -> SourceRecord:
    """The record of a source's file, with what its generator said of it."""
    return SourceRecord(
        name=request.name,
        sha256=digests.sha256_file(file),
        size=file.stat().st_size,
        is_foreign=is_foreign,
        licence=request.params["licence"],
        commit=request.params.get("commit"),
        declaration={
            "generator": request.generator.name,
            **declaration.portable(request.params),
        },
        generator_script=request.generator.script,
        generators=closure.blobs(Path(), request.generator.name),
        **{"physics": sidecar.CHECKED, **said},
    )


@contextmanager
def _given(subject: str, request: Request, file: Verified | None) -> Iterator[Any]:
    """What a source's generator is given: an open scan, a file's arrays, or None."""
    if file is None:
        yield None
    elif request.generator.opens:
        readers = importlib.import_module(field.READERS)
        with readers.open_declared(file.path, request.params, subject=subject) as scan:
            yield scan
    else:
        arrays = foreign_npz.read(file.path, subject=subject)
        _check_scan(subject, arrays)
        yield arrays


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
