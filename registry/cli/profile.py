"""``fixtures profile FILE``: what a file of a scan holds, and how far it is from the contract."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from registry import console, digests
from registry.cli.table import columns

if TYPE_CHECKING:
    import numpy as np

    from registry.ptychography.scan_profile import Hdf5Profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Arrays of a .npz, also packed in .bz2 or .gz, and a table of what the data contract "
        "wants of them; datasets of an HDF5 file (CXI, ptyd, products of ptychodus), and which of "
        "them a source takes. Exits with 1 where a requirement is not met or a file not read."
    )
    parser.add_argument("file", metavar="FILE", type=Path)


def run(arguments: argparse.Namespace) -> int:
    from registry.ptychography import scan_profile

    path: Path = arguments.file
    subject = str(path)
    if scan_profile.is_hdf5(path, subject=subject):
        return _hdf5(path, scan_profile.hdf5_profile(path, subject=subject))
    return _npz(path, scan_profile.npz_arrays(path, subject=subject))


def _npz(path: Path, arrays: Mapping[str, np.ndarray]) -> int:
    from registry.ptychography.profile import profile

    found = profile(arrays)
    _print_title(path)
    rows: list[tuple[str, ...]] = [("array", "shape", "dtype", "range (magnitude)")]
    for name, array in sorted(arrays.items()):
        span = "-"
        # text has no range
        if name in found.arrays:
            low, high = found.arrays[name]["range"]
            span = f"[{low:.6g}, {high:.6g}]"
        rows.append((name, str(array.shape), array.dtype.name, span))
    console.say(*columns(rows), "")
    table = [("DATA-001 requirement", "observed", "compliance", "remark")]
    table += [(row.requirement, row.observed, row.verdict, row.remark) for row in found.compliance]
    console.say(*columns(table))
    return int(any(row.verdict == "FAIL" for row in found.compliance))


def _hdf5(path: Path, found: Hdf5Profile) -> int:
    _print_title(path)
    rows: list[tuple[str, ...]] = [("dataset", "shape", "dtype", "units", "value or link")]
    rows += [(node.path, node.shape, node.dtype, node.unit, node.note) for node in found.nodes]
    console.say(*columns(rows))
    if found.format is None:
        console.say("", "none of the formats that a source may have: cxi, ptyd, ptychodus")
    elif found.provenance:
        console.say("", f"as a source of format: {found.format}")
        console.say(*columns(list(found.provenance.items())))
    # after what is on stdout, wherever the two go
    sys.stdout.flush()
    console.print_errors(found.errors)
    return int(bool(found.errors))


def _print_title(path: Path) -> None:
    console.say(f"{path.name}  sha256 {digests.sha256_file(path)}", "")
