"""``fixtures show NAME``: what one fixture is, from its sidecar; in a terminal, with pictures."""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import loading
from registry.cli.table import columns
from registry.errors import MissingError
from registry.identity import pins
from registry.identity.sidecar import NOT_CHECKED, Sidecar
from registry.storage.root import locate

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from registry.identity.pins import Pin

_ABSENT = "absent: dvc pull"
_PICTURES = (("probeGuess", "probe"), ("objectGuess", "object"))
_WIDEST, _NARROWEST = 38, 16


def add(commands: Any) -> None:
    parser = commands.add_parser("show", help="show one fixture's record", allow_abbrev=False)
    parser.add_argument("name", metavar="NAME")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    root = locate(None)
    pin = pins.find(root, arguments.name)
    record = loading.read_sidecar(root, pin)
    console = _terminal()
    if console is None:
        present = "present, not verified here" if (root / pin.path).is_file() else _ABSENT
        _print(pin, record, present)
    else:
        _draw(console, root, pin, record)
    return 0


def _print(pin: Pin, record: Sidecar, present: str) -> None:
    """The card as plain text, for pipes and for terminals that can do no more."""
    for title, text in _warnings(record):
        print(f"{title.upper()}: {text}")
    print("\n".join(columns(_facts(pin, record, present))))
    print("\narrays")
    print("\n".join(columns([(f"  {name}", *cells) for name, *cells in _arrays(record)])))
    print("\nchecks")
    print("\n".join(columns([(f"  {key}", text) for key, text in _checks(record)])))
    print("\ntransformations")
    for number, step in enumerate(record.transformations, 1):
        print(f"  {number}. {step}")


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
    for title, text in _warnings(record):
        console.print(Text(f" {title.upper()} ", style="bold white on red") + Text(f" {text}"))
    drawn = _pictures(arrays, console.width, hue=console.color_system == "truecolor")
    if drawn is not None:
        console.print(drawn, "")
    elif not arrays:
        console.print(Text(f"no pictures: the bytes are not here; {loading.pull_command(pin)}"))
    console.print(_grid(_facts(pin, record, present), first="bold"))
    steps: list[tuple[str, ...]] = [
        (f"{n}.", step) for n, step in enumerate(record.transformations, 1)
    ]
    for title, rows in (
        ("arrays", _arrays(record)),
        ("checks", _checks(record)),
        ("transformations", steps),
    ):
        console.print(Text(f"\n{title}", style="bold"))
        console.print(Padding(_grid(rows), (0, 0, 0, 2)))


def _grid(rows: list[tuple[str, ...]], *, first: str = "") -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for number in range(len(rows[0]) if rows else 0):
        # a digest has no place to break at, and must not be cut
        table.add_column(overflow="fold", no_wrap=number == 0)
    for cells in rows:
        # as text, for brackets are rich's markup
        table.add_row(Text(cells[0], style=first), *map(Text, cells[1:]))
    return table


def _pictures(arrays: dict[str, np.ndarray], width: int, *, hue: bool) -> Table | None:
    """Probe and object beside each other, and what colours mean; None where there is no room."""
    from rich.table import Table
    from rich.text import Text

    from registry.cli import half_blocks

    images = [
        (what, arrays[name]) for name, what in _PICTURES if name in arrays and arrays[name].size
    ]
    # modes of a probe: the first has the most of the light
    images = [(what, image[0] if image.ndim == 3 else image) for what, image in images]
    images = [(what, image) for what, image in images if image.ndim == 2]
    room = min(_WIDEST, (width - 3) // 2)
    if not images or room < _NARROWEST:
        return None
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_row(
        *(Text("\n").join(half_blocks.picture(image, room, hue=hue)) for _, image in images)
    )
    table.add_row(
        *(Text(f"{what}, {image.shape[1]} × {image.shape[0]} px") for what, image in images)
    )
    if hue:
        table.add_row(
            Text("lightness: amplitude, hue: phase"), half_blocks.legend(min(room, 24) - 5)
        )
    else:
        table.add_row(Text("amplitude"))
    return table


def _warnings(record: Sidecar) -> list[tuple[str, str]]:
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
    if record.verdict == NOT_CHECKED:
        found.append(
            ("physics not checked", "nothing says that frames, positions, probe and object match")
        )
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
        ("subset", f"{record.subset_size} positions, {record.subset_strategy}"),
    ]


def _arrays(record: Sidecar) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("name", "shape", "dtype", "range", "sha256")]
    for name, item in record.arrays.items():
        low, high = item["range"]
        span = f"[{low:.4g}, {high:.4g}]" + ("" if item["finite"] else ", not all finite")
        rows.append((name, str(tuple(item["shape"])), item["dtype"], span, item["sha256"][:12]))
    return rows


def _checks(record: Sidecar) -> list[tuple[str, ...]]:
    checked = record.verdict != NOT_CHECKED
    nothing = "not measured with this noise" if checked else "not measured: physics not checked"
    return [(key, nothing if value is None else str(value)) for key, value in record.checks.items()]
