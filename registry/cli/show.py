"""``fixtures show NAME``: what one fixture is, from its sidecar; in a terminal, with pictures."""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import field, loading
from registry.cli import json_output
from registry.cli.table import columns
from registry.console import say
from registry.declare import deprecation, retirement
from registry.errors import MissingError, printable, word
from registry.identity import certificate
from registry.identity.sidecar import Sidecar
from registry.storage import served
from registry.storage.root import locate

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console, Group
    from rich.table import Table

    from registry.identity.pins import Pin

_ABSENT = f"{word(MissingError.exit_code)}: fixtures pull"
# of a picture, in characters
_WIDEST, _NARROWEST, _GAP = 38, 16, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    root = locate(None)
    pin = retirement.find_pin(root, arguments.name)
    record = loading.read_sidecar(root, pin)
    if arguments.json:
        json_output.say(_document(root, pin, record))
        return 0
    console = _terminal()
    if console is None:
        present = "present, not verified here" if (root / pin.path).is_file() else _ABSENT
        _print(root, pin, record, present)
    else:
        _draw(console, root, pin, record)
    return 0


def _document(root: Path, pin: Pin, record: Sidecar) -> dict[str, Any]:
    """The sidecar as it is, where the bytes are, and what is said of the version elsewhere."""
    deprecated = deprecation.of(root, pin)
    witnesses = served.advising(certificate.held)(root, record)
    return {
        "path": pin.path,
        "here": (root / pin.path).is_file(),
        "deprecated": deprecated and deprecated.advice,
        "sidecar": record.to_dict(),
        "certificate": [asdict(witness) for witness in witnesses],
    }


def _print(root: Path, pin: Pin, record: Sidecar, present: str) -> None:
    """The card as plain text, for pipes and for terminals that can do no more."""
    for title, text in _warnings(root, pin, record):
        say(f"{title.upper()}: {text}")
    say(*columns(_facts(pin, record, present)))
    say("\narrays")
    say(*columns([(f"  {name}", *cells) for name, *cells in _arrays(record)]))
    if record.checks:
        say("\nchecks")
        say(*columns([(f"  {key}", *cells) for key, *cells in _checks(record)]))
    if record.mistakes is not None:
        say("\nplanted mistakes")
        say(*columns([(f"  {key}", text) for key, text in _mistakes(record)]))
    if certified := _certificate(root, record):
        say("\ncertificate")
        say(*columns([(f"  {kind}", *cells) for kind, *cells in certified]))
    say("\ntransformations")
    for number, step in enumerate(record.transformations, 1):
        say(f"  {number}. {step}")


def _terminal() -> Console | None:
    """The terminal, if it can show half blocks in 256 colours or more."""
    stream = sys.stdout
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return None
    try:
        if codecs.lookup(stream.encoding or "").name != "utf-8":
            return None
    except LookupError:
        return None
    from rich.console import Console

    console = Console(highlight=False)
    # none for TERM=dumb; sixteen colours make no picture
    return console if console.color_system in ("256", "truecolor") else None


def _draw(console: Console, root: Path, pin: Pin, record: Sidecar) -> None:
    """The card in a terminal. Pictures are of verified bytes; broken ones end it with an error."""
    from rich.padding import Padding
    from rich.text import Text

    from registry.identity import npz

    arrays: dict[str, np.ndarray] = {}
    present = "present, verified"
    try:
        data = loading.read_workspace(root, pin, record)
        arrays = npz.parse(data, subject=f"fixture {pin.name}")
    except MissingError:
        present = _ABSENT
    for title, text in _warnings(root, pin, record):
        head = Text(f" {title.upper()} ", style="bold white on red")
        console.print(head + Text(f" {printable(text)}"))
    console.print(_grid(_facts(pin, record, present), first="bold"))
    steps: list[tuple[str, ...]] = [
        (f"{n}.", step) for n, step in enumerate(record.transformations, 1)
    ]
    for title, rows in (
        ("arrays", _arrays(record)),
        ("checks", _checks(record)),
        ("planted mistakes", _mistakes(record)),
        ("certificate", _certificate(root, record)),
        ("transformations", steps),
    ):
        if not rows:
            continue
        console.print(Text(f"\n{title}", style="bold"))
        console.print(Padding(_grid(rows), (0, 0, 0, 2)))
    # last, where they are seen without a way back
    hue = console.color_system == "truecolor"
    drawn = _pictures(field.of(record.field).images(arrays), console.width, hue=hue)
    if drawn is not None:
        console.print("", drawn)
    elif not arrays:
        console.print(Text(f"\nno pictures: the bytes are not here; {loading.pull_command(pin)}"))


def _grid(rows: list[tuple[str, ...]], *, first: str = "") -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for number in range(len(rows[0]) if rows else 0):
        # a digest has no place to break at, and must not be cut
        table.add_column(overflow="fold", no_wrap=number == 0)
    for cells in rows:
        # as text, for brackets are rich's markup
        texts = list(map(printable, cells))
        table.add_row(Text(texts[0], style=first), *map(Text, texts[1:]))
    return table


def _pictures(images: dict[str, np.ndarray], width: int, *, hue: bool) -> Group | None:
    """Images beside each other, and what colours mean; None where there is no room."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from registry.cli.terminal_picture import legend, picture

    if not images:
        return None
    room = min(_WIDEST, (width + _GAP) // len(images) - _GAP)
    if room < _NARROWEST:
        return None
    table = Table.grid(padding=(0, _GAP, 0, 0))
    table.add_row(*(Text("\n").join(picture(image, room, hue=hue)) for image in images.values()))
    table.add_row(*(Text(f"{printable(name)}, {image.shape[1]} × {image.shape[0]} px")
                    for name, image in images.items()))  # fmt: skip
    if not hue:
        return Group(table, Text("amplitude"))
    return Group(table, Text("lightness: amplitude, hue: phase  ") + legend(19))


def _warnings(root: Path, pin: Pin, record: Sidecar) -> list[tuple[str, str]]:
    """What nobody who uses this fixture may overlook."""
    found = []
    if record.defect is not None:
        refused = ", ".join(record.defect["refused_by"])
        found.append(
            (
                "planted defect",
                f"{record.defect['name']}: {record.defect['description']} (refused by {refused})",
            )
        )
    if record.doubt:
        known = field.of(record.field)
        nothing = f"nothing says that {known.claim}"
        found.append((f"{known.subject} {record.verdict}", f"{record.doubt}; {nothing}"))
    deprecated = deprecation.of(root, pin)
    if deprecated is not None:
        found.append(("deprecated", deprecated.advice.removeprefix("deprecated: ")))
    return found


def _facts(pin: Pin, record: Sidecar, present: str) -> list[tuple[str, ...]]:
    return [
        ("fixture", record.name),
        ("file", f"{pin.path} ({pin.size:,} bytes, {present})"),
        ("sha256", record.sha256_checksum),
        ("content", record.content_sha256),
        ("created", f"{record.created}, data licence {record.licence}"),
        ("generator", f"{record.generator_script} ({record.generator_commit})"),
        ("source", f"{record.source_dataset} (sha256 {record.source_sha256})"),
        *_subset(record),
    ]


def _subset(record: Sidecar) -> list[tuple[str, ...]]:
    """How it was cut, if it was cut from something longer."""
    if not record.subset_size:
        return []
    row = field.of(record.field).row
    return [("subset", f"{record.subset_size} {row}s, {record.subset_strategy}")]


def _arrays(record: Sidecar) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("name", "shape", "dtype", "range", "sha256")]
    for name, item in record.arrays.items():
        low, high = item["range"]
        span = f"[{low:.4g}, {high:.4g}]" + ("" if item["finite"] else ", not all finite")
        rows.append((name, str(tuple(item["shape"])), item["dtype"], span, item["sha256"][:12]))
    return rows


def _checks(record: Sidecar) -> list[tuple[str, ...]]:
    known = field.of(record.field)
    meanings = known.meanings()
    nothing = f"not measured: {known.subject} {record.verdict}"
    if record.is_measured:
        nothing = "not asked of these data"
    return [
        (key, nothing if value is None else str(value), meanings.get(key, ""))
        for key, value in record.checks.items()
    ]


def _certificate(root: Path, record: Sidecar) -> list[tuple[str, ...]]:
    """On which machines the same arrays came out, by those who committed that."""
    witnesses = served.advising(certificate.held)(root, record)
    return [certificate.HEAD, *certificate.summary(witnesses)] if witnesses else []


def _mistakes(record: Sidecar) -> list[tuple[str, ...]]:
    """Of the mistakes that were planted: how many would be noticed, and which would not."""
    if record.mistakes is None:
        return []
    found, missed = len(record.mistakes["found"]), record.mistakes["missed"]
    rows: list[tuple[str, ...]] = [
        ("found", f"{found} of {found + len(missed)}"),
        ("missed", ", ".join(missed) or "none"),
    ]
    if none := record.mistakes.get("none"):
        rows.append(("no mistake here", f"{', '.join(none)}: these arrays stay as they are"))
    if smallest := record.mistakes.get("smallest"):
        shifts = (f"{amount:g} px in {axis}" for axis, amount in smallest.items())
        rows.append(("smallest shift found", ", ".join(shifts)))
    return rows
