"""``fixtures list``: what is pinned here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from registry import console, field, loading
from registry.cli import json_output
from registry.cli.table import columns
from registry.declare import deprecation
from registry.errors import MissingError, RegistryError, word, worst
from registry.identity import pins
from registry.identity.pins import Pin
from registry.storage import served
from registry.storage.root import locate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    root = locate(None)
    # a sidecar takes much more memory than what is said of it, and there may be thousands
    listed = [_facts(root, pin) for pin in pins.read(root).values()]
    if arguments.json:
        json_output.say({"root": str(root), "fixtures": listed})
    elif listed:
        console.say(*_table(listed), *_remarks(listed))
    else:
        console.say(served.nothing_pinned(root))
    return worst(facts["error"]["exit_code"] for facts in listed if "error" in facts)


def _facts(root: Path, pin: Pin) -> dict[str, Any]:
    """What is said of a pinned fixture: of its pin, and by its sidecar where that can be read."""
    deprecated = deprecation.of(root, pin)
    facts: dict[str, Any] = {
        "name": pin.name,
        "path": pin.path,
        "size": pin.size,
        "here": (root / pin.path).is_file(),
        "deprecated": deprecated and deprecated.advice,
    }
    try:
        record = loading.read_sidecar(root, pin)
    except RegistryError as error:
        return {**facts, "error": json_output.error(error)}
    return {
        **facts,
        "sha256": record.sha256_checksum,
        "content_sha256": record.content_sha256,
        "field": record.field,
        "verdict": record.verdict,
        "doubt": record.doubt,
        "defect": record.defect and record.defect["name"],
        "source": record.source_dataset.rsplit("/", 1)[-1].removesuffix(".npz"),
        "subset_size": record.subset_size,
        "subset_strategy": record.subset_strategy,
    }


def _table(listed: Sequence[dict[str, Any]]) -> list[str]:
    rows: list[tuple[str, ...]] = []
    fields, counted = set(), set()
    for facts in listed:
        name, size = facts["name"], f"{facts['size']:,}"
        if "error" in facts:
            found = f"sidecar {word(facts['error']['exit_code'])}: fixtures verify"
            rows.append((name, *"---", size, "-", found))
            continue
        known = field.of(facts["field"])
        fields.add(known.subject)
        counted.add(f"{known.row}s")
        rows.append(
            (
                name,
                str(facts["subset_size"] or "-"),
                facts["subset_strategy"] or "-",
                facts["source"],
                size,
                f"defect: {facts['defect']}" if facts["defect"] else facts["verdict"],
                "yes" if facts["here"] else f"{word(MissingError.exit_code)}: fixtures pull",
            )
        )
    head = ("fixture", _one(counted, "rows"), "strategy", "source", "size", _one(fields, "checks"))
    return columns([(*head, "bytes here"), *rows])


def _remarks(listed: Sequence[dict[str, Any]]) -> list[str]:
    """What nobody who uses a fixture may overlook."""
    remarks: list[tuple[str, ...]] = []
    for facts in listed:
        name = f"{facts['name']}:"
        if facts["deprecated"]:
            remarks.append((name, facts["deprecated"]))
        if facts.get("doubt"):
            subject = field.of(facts["field"]).subject
            remarks.append((name, f"{subject} {facts['verdict']}: {facts['doubt']}"))
    return columns(remarks)


def _one(words: set[str], else_: str) -> str:
    """The word of all fixtures, where they share one."""
    return next(iter(words)) if len(words) == 1 else else_
