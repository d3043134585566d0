"""Repinning: addresses in tests get the digests of what is pinned now."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry import files, loading
from registry.declare import retirement
from registry.errors import UsageError
from registry.identity import ledger, sidecar
from registry.storage import served

# As bytes: whatever else a file holds stays as it is, its ends of lines too.
_ADDRESS = re.compile(
    rb"(?<!\w)(?P<name>%s)@sha256:(?P<sha256>[0-9a-f]{64})(?![0-9a-f])"
    % sidecar.NAME.pattern.encode()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Repinned:
    """An address that was rewritten: where it stands, its name, its old digest and its new one."""

    path: Path
    line: int
    name: str
    before: str
    after: str


@served.advising
def repin(root: Path, paths: Sequence[Path]) -> list[Repinned]:
    """Rewrite each ``NAME@sha256:DIGEST`` in files whose digest is not the pinned one of its name.

    Nothing is written where one of them cannot be.

    Parameters
    ----------
    paths : sequence of path
        Files, and folders: of these all Python files, but for hidden ones.

    Raises
    ------
    UsageError
        There is no such file, or no fixture of such a name.
    CheckError
        What is pinned is not what the version was published with: the address may be right.
    ChainError
        A sidecar is not the pinned one, or the ledger is damaged.
    """
    known = ledger.read(root) or {}
    found: list[Repinned] = []
    texts: dict[Path, bytes] = {}
    now: dict[str, str] = {}

    def pinned(name: str) -> str:
        if name not in now:
            line = ledger.line(loading.read_sidecar(root, retirement.find_pin(root, name)))
            if line.bytes != known.get(name, line).bytes:
                raise ledger.immutable(known[name], line, known)
            now[name] = line.bytes
        return now[name]

    for path in _files(paths):
        before = _read(path)

        def rewritten(match: re.Match[bytes], path: Path = path, text: bytes = before) -> bytes:
            name, old = match["name"].decode(), match["sha256"].decode()
            new = pinned(name)
            if new != old:
                line = text[: match.start()].count(b"\n") + 1
                found.append(Repinned(path=path, line=line, name=name, before=old, after=new))
            return f"{name}@sha256:{new}".encode()

        after = _ADDRESS.sub(rewritten, before)
        if after != before:
            texts[path] = after
    for path, text in texts.items():
        # what a link leads to, with its permissions
        target = path.resolve()
        files.write_atomic(target, text, mode=stat.S_IMODE(target.stat().st_mode))
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for each in sorted(path.rglob("*.py")):
            if not any(part.startswith(".") for part in each.relative_to(path).parts):
                yield each


def _read(path: Path) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        raise UsageError(
            f"file {path}",
            expected="a file or a folder of tests",
            found=error.strerror or str(error),
            remedy="name those whose addresses are to be rewritten: fixtures repin tests",
        ) from None
