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

from registry import console, digests, field, files
from registry.build import closure, declared_file, memory, stage
from registry.build.declared_file import Verified
from registry.build.record import SOURCES, SourceRecord
from registry.build.stage import Request
from registry.declare import declaration, generator_keys
from registry.errors import UsageError
from registry.identity import foreign_npz, npz
from registry.storage.distant import Distant


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
                    # what is in an open file is read and converted as it is written
                    npz.write_into(staged, arrays)
            if arrays is None and file is not None and isinstance(file.path, Path):
                # a source without arrays of its own is its file, byte for byte
                with files.open_regular(file.path) as given_file:
                    shutil.copyfileobj(given_file, staged)
            staged.flush()
            if file is not None and isinstance(file.path, Distant):
                said = {**said, "transformations": [_seen(file.path), *said["transformations"]]}
            record = _record(request, Path(staged.name), said, is_foreign=arrays is None)
            files.write_atomic(path.with_suffix(".json"), record.encode())
    except ValueError as error:
        remedy = f"correct the file, or its declaration: params.yaml sources.{request.name}"
        raise stage.refused(subject, error, remedy) from error
    console.say(f"{subject}: {record.size} bytes, sha256 {record.sha256[:12]}")
    if file is not None:
        console.say(f"{subject}: {file.path.name}: {file.note}")
    return 0


def _seen(file: Distant) -> str:
    """What the file was of which parts were read, for the record."""
    return f"file: {file}, read in ranges"


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
        transformations=said["transformations"],
        details={key: value for key, value in said.items() if key != "transformations"},
    )


@contextmanager
def _given(subject: str, request: Request, file: Verified | None) -> Iterator[Any]:
    """What a source's generator is given: an open file, a file's arrays, or None."""
    known = field.find(request.generator.field, Path())
    if file is None:
        yield None
    elif request.generator.opens:
        readers = importlib.import_module(known.readers)
        with readers.open_declared(file.path, request.params, subject=subject) as scan:
            yield scan
    else:
        if isinstance(file.path, Distant):
            raise UsageError(
                subject,
                expected="a file that is here, or is downloaded: its generator opens no other",
                found="one that is read in ranges",
                remedy="declare its https address and its sha256, and neither etag nor ranges",
            )
        arrays = foreign_npz.read(file.path, subject=subject)
        if known.rules:
            importlib.import_module(known.rules).check(subject, arrays)
        yield arrays


if __name__ == "__main__":
    memory.reuse()
    sys.exit(console.run(main))
