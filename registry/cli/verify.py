"""``fixtures verify``: every link of every chain, and nothing published has changed."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from registry.errors import CheckError
from registry.identity import pins
from registry.storage.root import locate


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "verify", help="test every link of the chain of identity", allow_abbrev=False
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="default: all that are pinned")
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    parser.add_argument(
        "--against",
        metavar="REF",
        nargs="?",
        const="",
        help="fail if a version published at REF has changed (default: the merge base with main); "
        "put it after the names",
    )
    parser.add_argument(
        "--regenerate",
        action="store_true",
        help="rebuild in a scratch folder and compare array by array; touches nothing",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from registry import verify
    from registry.compare import published

    root = locate(None)
    known = pins.read(root)
    chosen = [pins.find(root, name) for name in arguments.names] or list(known.values())
    reports = verify.verify(root, chosen)
    changes: list[CheckError] = []
    commit = None
    if arguments.against is not None:
        commit, changes = published.compare(root, arguments.against or None)
    code = max(
        [report.exit_code for report in reports] + [change.exit_code for change in changes] + [0]
    )
    rebuilt = []
    if arguments.regenerate:
        from registry.build import regenerate

        rebuilt = regenerate.regenerate(root, chosen)
        code = max([code] + [item.exit_code for item in rebuilt])
    if arguments.json:
        document = {
            "root": str(root),
            "holds": code == 0,
            "fixtures": [{"holds": report.holds, **asdict(report)} for report in reports],
            "against": commit,
            "changes": [str(change) for change in changes],
            "regenerated": [{"good": item.good, **asdict(item)} for item in rebuilt],
        }
        print(json.dumps(document, indent=2))
        return code
    for report in reports:
        good = [link.name for link in report.links if link.holds]
        print(f"{'ok    ' if report.holds else 'BROKEN'}  {report.name}  ({len(good)} links hold)")
        for link in report.links:
            if not link.holds:
                print(f"error: {link.detail}", file=sys.stderr)
    for change in changes:
        print(f"error: {change}", file=sys.stderr)
    if commit is not None:
        print(f"{'CHANGED' if changes else 'ok    '}  published versions, against {commit[:12]}")
    for item in rebuilt:
        if item.failure:
            print(f"FAILED  {item.name}, rebuilt")
            print(f"error: {item.failure}", file=sys.stderr)
            continue
        print(f"{'ok    ' if item.good else 'DIFFERS'}  {item.name}, rebuilt")
        for verdict in item.arrays:
            detail = f" ({verdict.detail})" if verdict.detail else ""
            print(f"          {verdict.array}: {verdict.verdict}{detail}")
        print(f"          sidecar: {'identical' if item.sidecar_same else 'different'}")
    if not reports:
        print("no fixtures are pinned; build them: make fixtures")
    return code
