"""The file that a source declares, by path or URL: found, held against its digest, opened."""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import digests, environment, files
from registry.errors import CheckError, MissingError

# Kept between runs. What is built in a scratch folder is told the registry's own.
BUILD = Path(environment.value(environment.BUILD) or "build")
DOWNLOADS = BUILD / "downloads"
DIGESTS = BUILD / "digests"

_SHA256, _BLOB = "SHA-256", "git blob id"
# A file that changed so recently may change again without its time of change showing it.
_SETTLED_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """A file that has its declared digest, and a sentence on how long it took to see that."""

    path: Path
    note: str


def verified(subject: str, declared: Mapping[str, Any]) -> Verified:
    """Find the file of a declaration, download it if need be, and hold it against its digest.

    Parameters
    ----------
    subject : str
        For messages.
    declared : mapping
        ``path`` or ``url``; ``sha256``, or ``blob``: the id that git gives the file.

    Raises
    ------
    MissingError
        It is not there, or cannot be fetched.
    CheckError
        It is another file.
    """
    sha256, blob = declared.get("sha256"), declared.get("blob")
    if "url" in declared:
        from registry.storage.download import fetch

        started = time.perf_counter()
        path = fetch(declared["url"], sha256=sha256, blob=blob, folder=DOWNLOADS)
        took = time.perf_counter() - started
        return Verified(path=path, note=f"fetched or found, and verified, in {took:.2f} s")
    path = Path(declared["path"])
    if not path.is_file():
        raise MissingError(
            subject,
            expected=f"its file at {path}",
            found="a folder" if path.is_dir() else "no such file",
            remedy="put the file there or correct the path in params.yaml; without it, "
            "'dvc pull' still serves the pinned fixtures and 'dvc repro --keep-going' builds "
            "the others",
        )
    kind, expected = (_SHA256, sha256) if blob is None else (_BLOB, blob)
    started = time.perf_counter()
    found, kept = _digest(path, kind)
    took = time.perf_counter() - started
    if found != expected:
        raise CheckError(
            subject,
            expected=f"{path.name} with {kind} {expected}",
            found=found,
            remedy=f"fetch the declared file again; or, if this one is meant, declare its {kind} "
            "in params.yaml under a new source name",
        )
    how = "kept, because the file is unchanged" if kept else f"of {path.stat().st_size} bytes"
    return Verified(path=path, note=f"{kind} {how}, in {took:.2f} s")


def _digest(path: Path, kind: str) -> tuple[str, bool]:
    """Digest of a file, and whether it was kept from an earlier run."""
    before = _state(path)
    name = hashlib.sha256(f"{kind}\0{path.resolve()}".encode()).hexdigest()[:16]
    record = DIGESTS / f"{name}.json"
    # whatever is wrong with the record, the file itself is read again
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(files.read(record))
        if kept["state"] == before and isinstance(kept["digest"], str):
            return kept["digest"], True
    found = digests.sha256_file(path) if kind == _SHA256 else digests.git_blob_file(path)
    settled = time.time_ns() - max(before["mtime_ns"], before["ctime_ns"]) > _SETTLED_S * 1e9
    if settled and _state(path) == before:
        files.write_atomic(record, json.dumps({"state": before, "digest": found}).encode())
    return found, False


def _state(path: Path) -> dict[str, Any]:
    """What changes when a file does; its time of change cannot be set back as the others can."""
    status = path.stat()
    return {
        "path": str(path.resolve()),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "inode": status.st_ino,
        "device": status.st_dev,
    }
