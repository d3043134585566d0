"""``fixtures diff A B``: what lies between two fixtures, revisions or files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from registry import console
from registry.cli import json_output
from registry.cli.table import columns

if TYPE_CHECKING:
    from registry.compare.fixture_difference import FieldDifference, FixtureDifference


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "exit code 0: the same arrays, bit for bit; 1: other arrays, or a broken chain and "
        "nothing on stdout; 2 wrong use; 3 bytes missing"
    )
    for name in ("a", "b"):
        parser.add_argument(
            name,
            metavar=name.upper(),
            help="a fixture's name, REVISION:NAME, or a file that ends with .npz",
        )
    json_output.add(parser)
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with images, too")
    parser.add_argument("--offline", action="store_true", default=None, help="never ask the remote")


def run(arguments: argparse.Namespace) -> int:
    from registry import files
    from registry.compare import fixture_difference, operand

    sides = [operand.read(text, offline=arguments.offline) for text in (arguments.a, arguments.b)]
    found = fixture_difference.compare(*sides)
    if arguments.html is not None:
        from registry.report import comparison

        files.write_output(arguments.html, comparison.render(found))
    if arguments.json:
        json_output.say(found.to_dict())
    else:
        console.say(*lines(found))
    return 0 if found.same else 1


def lines(found: FixtureDifference) -> list[str]:
    """A comparison as text; the first line is the verdict."""
    from registry.compare import array_difference, fixture_difference, wording

    a, b = found.a, found.b
    meaning = fixture_difference.MEANINGS[found.verdict]
    if found.fields:
        meaning += f"; the sidecar differs in {len(found.fields)}"
    printed = [f"{found.verdict}: {a.label} -> {b.label} ({meaning})"]
    printed += [f"  {note}" for note in found.notes]
    for letter, item in (("A", a), ("B", b)):
        note = f"  {item.note}" if item.note else ""
        printed.append(f"  {letter}: sha256 {item.sha256[:12]}{note}")
    if found.fields:
        printed += ["", "sidecar", *_fields(found.fields)]
    rows: list[tuple[str, ...]] = [wording.HEAD]
    rows += [
        wording.row(item) for item in found.arrays if item.verdict != array_difference.IDENTICAL
    ]
    same = [item.name for item in found.arrays if item.verdict == array_difference.IDENTICAL]
    printed += ["", "arrays"]
    if len(rows) > 1:
        printed += [f"  {line}" for line in columns(rows)]
        printed += [f"  {item.name}: {item.note}" for item in found.arrays if item.note]
    if same:
        printed.append(f"  identical: {', '.join(same)}")
    return printed


def _fields(fields: list[FieldDifference]) -> list[str]:
    from registry.compare import wording

    rows = [
        (f"  {item.field}", f"{wording.shown(item.a)} -> {wording.shown(item.b)}")
        for item in fields
        if not item.is_text
    ]
    printed = columns(rows) if rows else []
    for item in fields:
        if item.is_text:
            printed.append(f"  {item.field}")
            printed += [f"    {sign} {line}" for sign, line in item.text_lines()]
    return printed
