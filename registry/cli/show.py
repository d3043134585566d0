"""``fixtures show NAME``: what one fixture is, from its sidecar."""

from __future__ import annotations

import argparse
from typing import Any

from registry import pins, store
from registry.cli.table import columns
from registry.root import locate


def add(commands: Any) -> None:
    parser = commands.add_parser("show", help="show one fixture's record", allow_abbrev=False)
    parser.add_argument("name", metavar="NAME")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    root = locate(None)
    pin = pins.find(root, arguments.name)
    record = store.read_sidecar(root, pin)
    present = "present, not verified here" if (root / pin.path).is_file() else "absent: dvc pull"
    facts = [
        ("fixture", record.name),
        ("file", f"{pin.path} ({pin.size:,} bytes, {present})"),
        ("sha256", record.sha256_checksum),
        ("content", record.content_sha256),
        ("created", f"{record.created}, data licence {record.licence}"),
        ("generator", f"{record.generator_script} ({record.generator_commit})"),
        ("source", f"{record.source_dataset} (sha256 {record.source_sha256})"),
        ("subset", f"{record.subset_size} positions, {record.subset_strategy}"),
    ]
    print("\n".join(columns(facts)))
    print("\narrays")
    rows = [("  name", "shape", "dtype", "range", "sha256")]
    for name, item in record.arrays.items():
        low, high = item["range"]
        rows.append(
            (
                f"  {name}",
                str(tuple(item["shape"])),
                item["dtype"],
                f"[{low:.4g}, {high:.4g}]",
                item["sha256"][:12],
            )
        )
    print("\n".join(columns(rows)))
    print("\nchecks")
    print("\n".join(columns([(f"  {key}", _text(value)) for key, value in record.checks.items()])))
    print("\ntransformations")
    for number, step in enumerate(record.transformations, 1):
        print(f"  {number}. {step}")
    return 0


def _text(value: object) -> str:
    return "not measured with this noise" if value is None else str(value)
