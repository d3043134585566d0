"""The blocks of a page, so that a test does what the page says."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.kit.repository import REPOSITORY, real_file

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; ``section`` is the key of params.yaml named last before it."""

    language: str
    text: str
    section: str


@pytest.fixture(scope="session")
def blocks():
    """The fenced blocks of a page of this repository, in order."""
    return _blocks


def _blocks(page: str) -> list[Block]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        sections = re.findall(r"`(sources|fixtures):`", text[: match.start()])
        found.append(
            Block(language=match[1], text=match[2], section=sections[-1] if sections else "")
        )
    return found


@pytest.fixture
def real_data():
    """Folder with the two real files; the test is skipped where one is absent."""
    files = [
        real_file(name) for name in ("Run1084_recon3_postPC.npz", "siemens-star-small.npz.bz2")
    ]
    return files[0].parent
