"""The file that a source declares, by path or URL: found, held against its digest, opened."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.build.kept import BLOB, BUILD, SHA256, Kept
from registry.errors import CheckError, MissingError
from registry.storage.distant import Distant, File

DOWNLOADS = BUILD / "downloads"

_KEPT = "kept, because the file is unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """A file that is the declared one, and a sentence on how long it took to see that."""

    path: File
    note: str


def verified(subject: str, declared: Mapping[str, Any]) -> Verified:
    """Find the file of a declaration, download it if need be, and hold it against its digest.

    A file that is to be read in ranges stays where it is: one on S3, and one on the web that is
    declared with ``ranges`` or by its ``etag``. Without an ``etag`` it is read through once.

    Parameters
    ----------
    subject : str
        For messages.
    declared : mapping
        ``path`` or ``url``; ``sha256``, ``blob``: the id that git gives the file, or ``etag``: what
        its server calls it. ``version_id``: of an object of S3.

    Raises
    ------
    MissingError
        It is not there, or cannot be fetched.
    CheckError
        It is another file.
    """
    sha256, blob = declared.get("sha256"), declared.get("blob")
    if is_ranged(declared):
        return _elsewhere(subject, declared)
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
    return _held(subject, path, declared, time.perf_counter())


def is_ranged(declared: Mapping[str, Any]) -> bool:
    """Whether a declared file is read where it is, in ranges, and neither here nor downloaded."""
    url = str(declared.get("url", ""))
    return url.startswith("s3://") or "etag" in declared or bool(declared.get("ranges"))


def _elsewhere(subject: str, declared: Mapping[str, Any]) -> Verified:
    from registry.storage import ranged

    started = time.perf_counter()
    etag, version_id = declared.get("etag"), declared.get("version_id")
    file = ranged.find(declared["url"], etag=etag, version_id=version_id)
    if etag is None:
        return _held(subject, file, declared, started)
    took = time.perf_counter() - started
    return Verified(path=file, note=f"{file}, as declared, found in {took:.2f} s")


def _held(subject: str, file: File, declared: Mapping[str, Any], started: float) -> Verified:
    """Hold a file against its declared digest."""
    sha256, blob = declared.get("sha256"), declared.get("blob")
    kind, expected = (SHA256, sha256) if blob is None else (BLOB, blob)
    found, how = _digest(file, kind)
    took = time.perf_counter() - started
    if found != expected:
        raise CheckError(
            subject,
            expected=f"{file.name} with {kind} {expected}",
            found=found,
            remedy=f"fetch the declared file again; or, if this one is meant, declare its {kind} "
            "in params.yaml under a new source name",
        )
    return Verified(path=file, note=f"{kind} {how}, in {took:.2f} s")


def _digest(file: File, kind: str) -> tuple[str, str]:
    """Digest of a file, and how it came to be known, in words."""
    kept = Kept()
    if isinstance(file, Path):
        found, was_kept = kept.digest(file, kind)
        how = _KEPT if was_kept else f"of {file.stat().st_size} bytes"
    else:
        found, how = _digest_elsewhere(file, kind, kept)
    kept.save()
    return found, how


def _digest_elsewhere(file: Distant, kind: str, kept: Kept) -> tuple[str, str]:
    from registry.storage import ranged

    place, state = f"{file.url} {file.version_id or ''}", {"etag": file.etag, "size": file.size}
    known = kept.find(place, state, kind)
    if known is not None:
        return known, _KEPT
    if kind == SHA256 and file.sha256 is not None:
        return file.sha256, "as its server has it"
    found = ranged.sha256(file) if kind == SHA256 else ranged.git_blob(file)
    # each of its parts was asked for under the condition that it is still the same
    kept.note(place, state, kind, found)
    return found, f"of {file.size} bytes"
