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
from registry.errors import CheckError, MissingError, RegistryError, UsageError, worst
from registry.identity import certificate, chain, pins
from registry.storage import served
from registry.storage.root import find_root, locate

if TYPE_CHECKING:
    from registry.build.regenerate import Rebuilt
    from registry.compare.published import Comparison
    from registry.compare.publishing import History
    from registry.identity.certificate import Witness
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
    parser.add_argument(
        "--certify",
        action="store_true",
        help="with --regenerate: where all came out the same, add this machine to certificates/",
    )
    scheduler_argument.add(parser, "fixtures built")


def run(arguments: argparse.Namespace) -> int:
    from registry import verify
    from registry.compare import certifying, published, publishing
    from registry.identity import ledger

    if arguments.scheduler is not None and not arguments.regenerate:
        raise UsageError(
            "--scheduler",
            expected="--regenerate: what is built again is built by its workers",
            found="no --regenerate",
            remedy="leave it out: to read and hash what is here takes less than to send it",
        )
    if arguments.certify and (not arguments.regenerate or arguments.scheduler is not None):
        raise UsageError(
            "--certify",
            expected="--regenerate on this machine, for that is what a certificate tells of",
            found="no --regenerate" if not arguments.regenerate else "--scheduler, so others build",
            remedy="fixtures verify --regenerate --certify",
        )
    # what a registry by URL does not have: history and generators
    needs_clone = arguments.against is not None or arguments.regenerate
    root = find_root() if needs_clone else locate(None)
    commit = certifying.commit(root) if arguments.certify else ""
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
    certified: dict[str, int] = {}
    if arguments.certify and code == 0:
        certified = certifying.add(root, _witnesses(root, chosen, commit))
    if arguments.json:
        document = {
            "root": str(root),
            "holds": code == 0,
            "fixtures": [_as_json(report) for report in reports],
            "against": against and against.commit,
            "published": against and against.published,
            "changes": [str(change) for change in changes],
            "regenerated": [{"good": item.good, **asdict(item)} for item in rebuilt],
            "certified": certified,
        }
        json_output.say(document)
        return code
    if not known:
        console.say(served.nothing_pinned(root))
    own = {pin.name for pin in chosen if not pin.imported and served.record(root) is None}
    _print_links(reports, own)
    console.print_errors(changes)
    if history is not None:
        console.say(_past(history))
    if against is not None:
        console.say(_verdict(against))
    _print_rebuilt(rebuilt)
    if arguments.certify and code != 0:
        console.print_errors([_uncertified(reports, rebuilt)])
    elif arguments.certify:
        _print_certified(chosen, certified)
    return code


def _regenerated(root: Path, chosen: list[Pin], scheduler: str | None) -> list[Rebuilt]:
    from registry.build import regenerate

    if scheduler is None:
        return regenerate.regenerate(root, chosen)
    with scheduler_argument.cluster(root, scheduler) as cluster:
        return regenerate.regenerate(root, chosen, cluster)


def _witnesses(root: Path, chosen: Sequence[Pin], commit: str) -> dict[str, list[Witness]]:
    """The machine that this is, as a witness of fixtures that came out byte for byte."""
    from registry import loading, machine
    from registry.compare import certifying
    from registry.identity.certificate import Witness

    here, date = machine.here(), certifying.today()
    return {
        pin.name: [
            Witness(
                machine=here,
                content_sha256=loading.read_sidecar(root, pin).content_sha256,
                commit=commit,
                date=date,
            )
        ]
        for pin in chosen
    }


def _uncertified(reports: Sequence[Report], rebuilt: Sequence[Rebuilt]) -> RegistryError:
    broken = [f"{report.name}: {report.verdict}" for report in reports if not report.holds]
    moved = [f"{item.name}: {_word(item)}, rebuilt" for item in rebuilt if not item.good]
    return CheckError(
        "certificate",
        expected="every link to hold, and every byte to come out again on this machine",
        found=", ".join([*broken, *moved]) or "what is said above",
        remedy="nothing was written; what differs is above: report it, for such bytes are to be "
        "the same everywhere; or name fixtures that hold",
    )


def _print_certified(chosen: Sequence[Pin], certified: dict[str, int]) -> None:
    for name in dict.fromkeys(pin.name for pin in chosen):
        what = "a line more: commit it" if name in certified else "this machine is in it"
        console.say(f"ok      {certificate.path(name)}: {what}")


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


def _print_links(reports: Sequence[Report], own: set[str]) -> None:
    """Say what holds; ``own`` are the fixtures that this registry can build."""
    absent = [report.name for report in reports if _lacks_bytes_alone(report)]
    for report in reports:
        good = [link.name for link in report.links if link.holds]
        console.say(f"{report.verdict:<7} {report.name}  ({len(good)} links hold)")
        if len(absent) == 1 or report.name not in absent:
            console.print_errors(link.detail for link in report.links if not link.holds)
    if len(absent) > 1:
        # once for all of them, and with one command
        console.print_errors([_absent(absent, own)])


def _lacks_bytes_alone(report: Report) -> bool:
    broken = [(link.link, link.missing) for link in report.links if not link.holds]
    return broken == [(chain.BYTES, True)]


def _absent(names: Sequence[str], own: set[str]) -> MissingError:
    built = "; fixtures build makes them" if own.issuperset(names) else ""
    return MissingError(
        f"bytes of {len(names)} fixtures",
        expected=f"the files of {', '.join(names)}",
        found="none of them",
        remedy=f"fixtures pull brings them all{built}",
    )


def _print_rebuilt(rebuilt: Sequence[Rebuilt]) -> None:
    for item in rebuilt:
        console.say(f"{_word(item):<6}  {item.name}, rebuilt")
        if item.failure:
            console.print_errors([item.failure])
            continue
        for verdict in item.arrays:
            detail = f" ({verdict.detail})" if verdict.detail else ""
            console.say(f"          {verdict.array}: {verdict.verdict}{detail}")
        console.say(f"          sidecar: {'identical' if item.sidecar_same else 'different'}")


def _word(item: Rebuilt) -> str:
    return "FAILED" if item.failure else "ok" if item.good else "DIFFERS"
