"""Tables as text."""

from __future__ import annotations

from collections.abc import Sequence

from registry.errors import printable


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines with aligned columns, two spaces between them; a cell stays on its line."""
    rows = [tuple(printable(cell).replace("\n", r"\n") for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
