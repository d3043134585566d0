"""``fixtures list``: what is pinned here."""

from __future__ import annotations

import argparse

from registry import console, loading
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
    rows = [("fixture", "positions", "strategy", "source", "size", "physics", "bytes here")]
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
        if record.doubt:
            remarks.append((f"{pin.name}:", f"physics {record.verdict}: {record.doubt}"))
        path = root / pin.path
        rows.append(
            (
                pin.name,
                str(record.subset_size),
                record.subset_strategy,
                record.source_dataset.rsplit("/", 1)[-1].removesuffix(".npz"),
                f"{pin.size:,}",
                record.verdict if record.defect is None else f"defect: {record.defect['name']}",
                "yes" if path.is_file() else f"{word(MissingError.exit_code)}: fixtures pull",
            )
        )
    console.say(*columns(rows), *columns(remarks))
    return worst(codes)
