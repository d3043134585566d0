"""The ledger of published versions, ``published.sum``: a line for each, which never changes.

As in ``go.sum``: a line has a version's name and what it was published with, each as a SHA-256: the
bytes, the content, and what was declared of it. The file is git's. A line is added when a version
is published, and no line is ever changed or removed, so that the ledger tells what a version is in
a clone without history, to a consumer, and after years. Two branches that each add lines merge by
keeping all of them (``merge=union``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from registry import digests, files
from registry.errors import ChainError, CheckError
from registry.identity import sidecar
from registry.identity.sidecar import Sidecar

FILE = "published.sum"
_HEAD = """\
# Each version that was ever published: name, SHA-256 of bytes, of content, of declaration.
# `fixtures publish` adds lines; none is ever changed or removed.
"""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A version's name, and SHA-256 of its bytes, its content and its declaration."""

    name: str
    bytes: str
    content: str
    declaration: str

    def __str__(self) -> str:
        return " ".join(astuple(self))

    def changes(self, now: Line) -> list[str]:
        """What another line of the same version says otherwise, in words."""
        return [
            f"{what} {before[:12]} -> {after[:12]}"
            for what in ("bytes", "content", "declaration")
            if (before := getattr(self, what)) != (after := getattr(now, what))
        ]


def line(record: Sidecar) -> Line:
    """What is published with a sidecar.

    A description, such as the figures of checks, may move on; it is no part of the line.
    """
    declared = {
        key: value for key, value in record.to_dict().items() if key.startswith(sidecar.DECLARED)
    }
    text = json.dumps(declared, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Line(
        name=record.name,
        bytes=record.sha256_checksum,
        content=record.content_sha256,
        declaration=digests.sha256(text.encode()),
    )


def read(root: Path) -> dict[str, Line] | None:
    """The ledger of the registry at ``root``, by name; None where there is none.

    Raises
    ------
    ChainError
        It is damaged, or has two different lines of one version.
    """
    try:
        data = files.read(root / FILE)
    except FileNotFoundError:
        return None
    return parse(data)


def parse(data: bytes, *, subject: str = FILE) -> dict[str, Line]:
    """The lines in a ledger's bytes, by name.

    Raises
    ------
    ChainError
        As `read`.
    """
    found: dict[str, Line] = {}
    for number, text in enumerate(data.decode(errors="replace").splitlines(), start=1):
        if not text or text.startswith("#"):
            continue
        words = text.split(" ")
        is_line = len(words) == 4 and sidecar.NAME.fullmatch(words[0])
        if not (is_line and all(map(_DIGEST.fullmatch, words[1:]))):
            raise _damaged(subject, number, "a name and three SHA-256, between spaces", text)
        name, *said = words
        now = Line(name=name, bytes=said[0], content=said[1], declaration=said[2])
        if found.setdefault(name, now) != now:
            changes = "; ".join(found[name].changes(now))
            raise _damaged(subject, number, f"one line of {name}", f"a second: {changes}")
    return found


def extended(root: Path, lines: Iterable[Line]) -> bytes:
    """The bytes of the ledger at ``root`` with some lines more, and every byte of it kept."""
    try:
        before = files.read(root / FILE)
    except FileNotFoundError:
        before = _HEAD.encode()
    end = b"" if before.endswith(b"\n") or not before else b"\n"
    return before + end + "".join(f"{line}\n" for line in lines).encode()


def immutable(line: Line, now: Line, taken: Collection[str]) -> CheckError:
    """The error for a published version that would become something else.

    Parameters
    ----------
    taken : collection of str
        Names that a new version cannot have.
    """
    new = sidecar.next_free_version(line.name, taken)
    return CheckError(
        f"fixture {line.name}: published and immutable",
        expected=f"what it was published with, as {FILE} has it",
        found="; ".join(line.changes(now)),
        remedy=f"declare the change as {new} in params.yaml, and take the entry of this one back: "
        "git checkout main -- params.yaml, or its lines there",
    )


def _damaged(subject: str, number: int, expected: str, found: str) -> ChainError:
    return ChainError(
        f"{subject}: line {number}",
        expected=expected,
        found=found[:100],
        remedy=f"git checkout -- {FILE}; after a merge, keep each line that was on the main branch",
        needs_clone=True,
    )
