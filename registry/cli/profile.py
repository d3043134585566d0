"""``fixtures profile FILE``: what an ``.npz`` holds, and how far it is from the data contract."""

from __future__ import annotations

import argparse
from pathlib import Path

from registry import console, digests
from registry.cli.table import columns


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path)


def run(arguments: argparse.Namespace) -> int:
    from registry.identity import foreign_npz
    from registry.ptychography.profile import profile

    arrays = foreign_npz.read(arguments.file, subject=str(arguments.file))
    found = profile(arrays)
    console.say(f"{arguments.file.name}  sha256 {digests.sha256_file(arguments.file)}\n")
    rows: list[tuple[str, ...]] = [("array", "shape", "dtype", "range (magnitude)")]
    for name, array in sorted(arrays.items()):
        span = "-"
        # text has no range
        if name in found.arrays:
            low, high = found.arrays[name]["range"]
            span = f"[{low:.6g}, {high:.6g}]"
        rows.append((name, str(array.shape), array.dtype.name, span))
    console.say("\n".join(columns(rows)) + "\n")
    table = [("DATA-001 requirement", "observed", "compliance", "remark")]
    table += [(row.requirement, row.observed, row.verdict, row.remark) for row in found.compliance]
    console.say(*columns(table))
    return 0
