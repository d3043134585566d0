"""The fenced blocks of a page of this repository, so that a test does what the page says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.kit.repository import REPOSITORY

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    ``section`` is the key of ``params.yaml`` that was named last before it, ``file`` the file that
    the line above it names.
    """

    language: str
    text: str
    section: str
    file: str


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        before = text[: match.start()]
        sections = re.findall(r"`(sources|fixtures):`", before)
        file = re.search(r"`([\w./]+)`:\n\n\Z", before)
        found.append(
            Block(
                language=match[1],
                text=match[2],
                section=sections[-1] if sections else "",
                file=file[1] if file else "",
            )
        )
    return found


def write_files(page: str, folder: Path) -> list[Block]:
    """Write the files that a page names into a folder; their blocks."""
    found = [block for block in blocks(page) if block.file]
    for block in found:
        path = folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    return found
