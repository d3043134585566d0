"""The report on disk: which folder is one, what is whole in it, and how it is replaced at once."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from registry import digests, files, temporary
from registry.errors import UsageError

MANIFEST = "manifest.json"
_KIND = "fixture-registry report"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Files of one page, or those that all pages share.

    ``inputs`` is the digest of what they were made from, ``files`` their SHA-256 by path.
    """

    inputs: str
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a report consists of: a page for each fixture, by name, and what they share."""

    shared: Part
    pages: dict[str, Part]

    def encode(self) -> bytes:
        """Text of the manifest."""
        return (json.dumps({"kind": _KIND, **asdict(self)}, indent=1) + "\n").encode()


def read(output: Path) -> Manifest | None:
    """The manifest of the report in a folder; None where the folder is absent or empty.

    Raises
    ------
    UsageError
        There is something else, or a file that is none of the report's: nobody's files are deleted.
    """
    if not output.is_dir():
        if output.exists():
            raise _refused(output, "a file")
        return None
    found = {
        path.relative_to(output).as_posix()
        for path in output.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    if not found:
        return None
    manifest = _parse(output / MANIFEST)
    if manifest is None:
        raise _refused(output, f"a folder with {min(found)} and without a report's {MANIFEST}")
    known = {MANIFEST, *manifest.shared.files}.union(*(p.files for p in manifest.pages.values()))
    others = sorted(found - known)
    if others:
        raise _refused(output, f"{others[0]}, which is no file of the report")
    return manifest


def _parse(path: Path) -> Manifest | None:
    try:
        document = json.loads(files.read(path))
        if document["kind"] != _KIND:
            return None
        return Manifest(
            shared=Part(**document["shared"]),
            pages={name: Part(**part) for name, part in document["pages"].items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _refused(output: Path, found: str) -> UsageError:
    return UsageError(
        f"report folder {output}",
        expected="a folder that is absent, empty, or a report and nothing else",
        found=found,
        remedy="name another folder with --output, or move what is there",
    )


def intact(output: Path, part: Part) -> bool:
    """Whether every file of a part is there as it was written."""
    try:
        return all(
            digests.sha256_file(output / path) == digest for path, digest in part.files.items()
        )
    except OSError:
        return False


def keep(output: Path, staging: Path, part: Part) -> None:
    """Take a part of the old report over into the new one, without copying where that can be."""
    for path in part.files:
        (staging / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(output / path, staging / path)
        except OSError:
            (staging / path).write_bytes(files.read(output / path))


def write(staging: Path, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Write files by their path in the report; their SHA-256."""
    for path, data in contents.items():
        (staging / path).parent.mkdir(parents=True, exist_ok=True)
        (staging / path).write_bytes(data)
    return {path: digests.sha256(data) for path, data in contents.items()}


@contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `output` at the end, if all went well until there."""
    output.parent.mkdir(parents=True, exist_ok=True)
    # beside it, for a rename cannot cross file systems
    temporary.sweep(
        output.parent,
        re.compile(re.escape(f".{output.name}.") + r"[0-9a-f]{16}\.(new|old)"),
        stat.S_ISDIR,
    )
    staging, old = (
        output.with_name(f".{output.name}.{secrets.token_hex(8)}.{what}") for what in ("new", "old")
    )
    staging.mkdir()
    try:
        with temporary.held(staging):
            yield staging
            if output.exists():
                output.rename(old)
            try:
                staging.rename(output)
            except OSError:
                if old.exists():
                    old.rename(output)
                raise
    finally:
        for folder in (staging, old):
            shutil.rmtree(folder, ignore_errors=True)
