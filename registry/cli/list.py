"""``fixtures list``: what is pinned here."""

from __future__ import annotations

import argparse

from registry import console, field, loading
from registry.cli.table import columns
from registry.declare import deprecation
from registry.errors import MissingError, RegistryError, word, worst
from registry.identity import pins
from registry.storage import served
from registry.storage.root import locate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(arguments: argparse.Namespace) -> int:
    root = locate(None)
    rows: list[tuple[str, ...]] = []
    fields = set()
    counted = set()
    remarks: list[tuple[str, ...]] = []
    codes: list[int] = []
    pinned = pins.read(root)
    if not pinned:
        console.say(served.nothing_pinned(root))
        return 0
    for pin in pinned.values():
        deprecated = deprecation.of(root, pin)
        if deprecated is not None:
            remarks.append((f"{pin.name}:", deprecated.advice))
        try:
            record = loading.read_sidecar(root, pin)
        except RegistryError as error:
            codes.append(error.exit_code)
            found = f"sidecar {word(error.exit_code)}: fixtures verify"
            rows.append((pin.name, *"---", f"{pin.size:,}", "-", found))
            continue
        known = field.of(record.field)
        fields.add(known.subject)
        counted.add(f"{known.row}s")
        if record.doubt:
            remarks.append((f"{pin.name}:", f"{known.subject} {record.verdict}: {record.doubt}"))
        path = root / pin.path
        rows.append(
            (
                pin.name,
                str(record.subset_size or "-"),
                record.subset_strategy or "-",
                record.source_dataset.rsplit("/", 1)[-1].removesuffix(".npz"),
                f"{pin.size:,}",
                record.verdict if record.defect is None else f"defect: {record.defect['name']}",
                "yes" if path.is_file() else f"{word(MissingError.exit_code)}: fixtures pull",
            )
        )
    head = ("fixture", _one(counted, "rows"), "strategy", "source", "size", _one(fields, "checks"))
    console.say(*columns([(*head, "bytes here"), *rows]), *columns(remarks))
    return worst(codes)


def _one(words: set[str], else_: str) -> str:
    """The word of all fixtures, where they share one."""
    return next(iter(words)) if len(words) == 1 else else_
