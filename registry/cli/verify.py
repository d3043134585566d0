"""``fixtures verify``: every link of every chain, and nothing published has changed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import console, environment
from registry.cli import json_output, scheduler_argument
from registry.declare import retirement
from registry.errors import CheckError, MissingError, UsageError, worst
from registry.identity import pins
from registry.storage import served
from registry.storage.root import find_root, locate

if TYPE_CHECKING:
    from registry.build.regenerate import Rebuilt
    from registry.compare.published import Comparison
    from registry.compare.publishing import History
    from registry.identity.pins import Pin
    from registry.verify import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="default: all that are pinned")
    json_output.add(parser)
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
    scheduler_argument.add(parser, "fixtures built")


def run(arguments: argparse.Namespace) -> int:
    from registry import verify
    from registry.compare import published, publishing
    from registry.identity import ledger

    if arguments.scheduler is not None and not arguments.regenerate:
        raise UsageError(
            "--scheduler",
            expected="--regenerate: what is built again is built by its workers",
            found="no --regenerate",
            remedy="leave it out: to read and hash what is here takes less than to send it",
        )
    # what a registry by URL does not have: history and generators
    needs_clone = arguments.against is not None or arguments.regenerate
    root = find_root() if needs_clone else locate(None)
    known = pins.read(root)
    chosen = [retirement.find_pin(root, name) for name in arguments.names] or list(known.values())
    reports = verify.verify(root, chosen)
    history = None
    if not arguments.names:
        reports += verify.unpinned(root)
        publishes = (root / ledger.FILE).is_file() or any(not pin.imported for pin in chosen)
        if served.record(root) is None and publishes:
            history = publishing.history(root, strict=environment.value(environment.CI) is not None)
    against = None
    if arguments.against is not None:
        against = published.compare(root, arguments.against or None)
    changes = [*(history.errors if history else ()), *(against.errors if against else ())]
    rebuilt = []
    if arguments.regenerate:
        rebuilt = _regenerated(root, chosen, arguments.scheduler)
    codes = [report.exit_code for report in reports]
    codes += [item.exit_code for found in (changes, rebuilt) for item in found]
    code = worst(codes)
    if arguments.json:
        document = {
            "root": str(root),
            "holds": code == 0,
            "fixtures": [_as_json(report) for report in reports],
            "against": against and against.commit,
            "published": against and against.published,
            "changes": [str(change) for change in changes],
            "regenerated": [{"good": item.good, **asdict(item)} for item in rebuilt],
        }
        json_output.say(document)
        return code
    if not known:
        console.say(served.nothing_pinned(root))
    _print_links(reports)
    console.print_errors(changes)
    if history is not None:
        console.say(_past(history))
    if against is not None:
        console.say(_verdict(against))
    _print_rebuilt(rebuilt)
    return code


def _regenerated(root: Path, chosen: list[Pin], scheduler: str | None) -> list[Rebuilt]:
    from registry.build import regenerate

    if scheduler is None:
        return regenerate.regenerate(root, chosen)
    with scheduler_argument.cluster(root, scheduler) as cluster:
        return regenerate.regenerate(root, chosen, cluster)


def _past(history: History) -> str:
    verdict = _HISTORY[worst(error.exit_code for error in history.errors)]
    what = f"{history.commits} commit{'s' * (history.commits != 1)} of the main branch"
    seen = what if history.is_whole else f"{what}, which are not all here"
    return f"{verdict}  published.sum, in {seen}"


# By the exit code of what was found.
_HISTORY = {0: "ok    ", CheckError.exit_code: "CHANGED", MissingError.exit_code: "MISSING"}


def _verdict(against: Comparison) -> str:
    commit = against.commit[:12]
    if not against.published:
        return f"NONE    published versions: no fixture is pinned in commit {commit}"
    return f"{'CHANGED' if against.errors else 'ok    '}  published versions, against {commit}"


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "verdict": report.verdict,
        "holds": report.holds,
        "exit_code": report.exit_code,
        "links": [
            {"name": link.name, "holds": link.holds, "detail": link.detail} for link in report.links
        ],
    }


def _print_links(reports: Sequence[Report]) -> None:
    for report in reports:
        good = [link.name for link in report.links if link.holds]
        console.say(f"{report.verdict:<7} {report.name}  ({len(good)} links hold)")
        console.print_errors(link.detail for link in report.links if not link.holds)


def _print_rebuilt(rebuilt: Sequence[Rebuilt]) -> None:
    for item in rebuilt:
        if item.failure:
            console.say(f"FAILED  {item.name}, rebuilt")
            console.print_errors([item.failure])
            continue
        console.say(f"{'ok    ' if item.good else 'DIFFERS'}  {item.name}, rebuilt")
        for verdict in item.arrays:
            detail = f" ({verdict.detail})" if verdict.detail else ""
            console.say(f"          {verdict.array}: {verdict.verdict}{detail}")
        console.say(f"          sidecar: {'identical' if item.sidecar_same else 'different'}")
