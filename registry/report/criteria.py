"""What explains the criteria: docs/checks.md of the registry, as a page that the report brings.

So it can be read wherever the report is. A registry without that file has no such page, and no link
to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry import files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

FILE = Path("docs/checks.md")


@dataclass(frozen=True, kw_only=True, slots=True)
class Criteria:
    """The page's HTML, and the anchors that it has: headings, and rows that begin with a name."""

    html: str = ""
    anchors: tuple[str, ...] = ()


def read(root: Path) -> Criteria:
    """The page of a registry; an empty one where there is none."""
    try:
        text = files.read(root / FILE).decode()
    except (OSError, UnicodeDecodeError):
        return Criteria()
    from markdown_it import MarkdownIt

    # nobody's HTML gets into a page
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    anchors: list[str] = []
    for element, anchor in _anchors(tokens):
        if anchor not in anchors:
            anchors.append(anchor)
            element.attrSet("id", anchor)
    for token in tokens:
        token.children = _without_links(token.children)
    # a wide table scrolls by itself, from the keyboard, too
    opened = '<div class="scroll" tabindex="0" role="group" aria-label="Table">\n<table>\n'
    reader.add_render_rule("table_open", lambda *_: opened)
    reader.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    return Criteria(html=reader.renderer.render(tokens, reader.options, {}), anchors=tuple(anchors))


def _anchors(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Headings and rows of tables, and the name that each can have: that of GitHub's anchors."""
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            yield token, _slug(tokens[number + 1].content)
        elif token.type == "tr_open":
            for first in (tokens[number + 2].children or [])[:1]:
                if first.type == "code_inline":
                    # "contract: …" stands for all that begin so
                    yield token, _slug(first.content.partition(":")[0])


def _slug(text: str) -> str:
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _without_links(children: list[Token] | None) -> list[Token] | None:
    """Text without links to other pages, which the report does not bring."""
    if children is None:
        return None
    return [token for token in children if token.type not in ("link_open", "link_close", "image")]
