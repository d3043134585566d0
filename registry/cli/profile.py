"""``fixtures profile FILE``: what a file of a scan holds, and how far it is from the contract."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import console, digests, files
from registry.cli import json_output
from registry.cli.table import columns
from registry.errors import RegistryError
from registry.identity import sidecar

if TYPE_CHECKING:
    import numpy as np

    from registry.ptychography.profile import Profile
    from registry.ptychography.scan_profile import Hdf5Profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Arrays of a .npz, also packed in .bz2 or .gz, and a table of what the data contract "
        "wants of them; datasets of an HDF5 file (CXI, ptyd, products of ptychodus), and which of "
        "them a source takes. Exits with 1 where a requirement is not met or a file not read."
    )
    parser.add_argument("file", metavar="FILE", type=Path)
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    from registry.ptychography import scan_profile
    from registry.ptychography.profile import profile

    path: Path = arguments.file
    subject = str(path)
    if scan_profile.is_hdf5(path, subject=subject):
        tree = scan_profile.hdf5_profile(path, subject=subject)
        if arguments.json:
            json_output.say({**_title(path), **_hdf5_document(tree)})
        else:
            _print_hdf5(path, tree)
        return int(bool(tree.errors))
    arrays = scan_profile.npz_arrays(path, subject=subject)
    found = profile(arrays, described=_is_described(path))
    if arguments.json:
        json_output.say({**_title(path), **_npz_document(arrays, found)})
    else:
        _print_npz(path, arrays, found)
    return int(any(row.verdict == "FAIL" for row in found.compliance))


def _print_npz(path: Path, arrays: Mapping[str, np.ndarray], found: Profile) -> None:
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


def _npz_document(arrays: Mapping[str, np.ndarray], found: Profile) -> dict[str, Any]:
    return {
        "arrays": {
            name: {
                "shape": list(array.shape),
                "dtype": array.dtype.str,
                # text has none
                "range": found.arrays.get(name, {}).get("range"),
            }
            for name, array in sorted(arrays.items())
        },
        "compliance": [asdict(row) for row in found.compliance],
    }


def _print_hdf5(path: Path, found: Hdf5Profile) -> None:
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


def _hdf5_document(found: Hdf5Profile) -> dict[str, Any]:
    return {
        "nodes": [
            {key: value for key, value in asdict(node).items() if key != "error"}
            for node in found.nodes
        ],
        "format": found.format,
        "provenance": dict(found.provenance),
        "errors": [error.parts for error in found.errors],
    }


def _print_title(path: Path) -> None:
    console.say("{file}  sha256 {sha256}".format(**_title(path)), "")


def _is_described(path: Path) -> bool:
    """Whether a sidecar beside a file has its SHA-256: its arrays then keep to a contract."""
    with contextlib.suppress(OSError, RegistryError):
        beside = path.with_suffix(".json")
        record = sidecar.parse(files.read(beside), subject=str(beside))
        return record.sha256_checksum == digests.sha256_file(path)
    return False


def _title(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": digests.sha256_file(path)}
