"""``fixtures build``: what ``dvc repro`` builds, several fixtures at a time."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from registry import console, extras
from registry.cli import scheduler_argument, shadowed
from registry.declare.generator_keys import FIXTURE, SOURCE
from registry.errors import UsageError, worst
from registry.storage.root import find_root

if TYPE_CHECKING:
    from registry.build.many import Progress, Submit
    from registry.build.plan import Stage

_Watch = Callable[["Progress", "Stage | None"], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="fixtures and sources (default: all)"
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_count,
        default=_cores(),
        help="how many at a time (%(default)s)",
    )
    scheduler_argument.add(parser, "fixtures built")
    parser.add_argument(
        "--twice",
        action="store_true",
        help="with --scheduler: have two workers build each fixture, and compare what they make",
    )
    parser.add_argument(
        "--fail-fast", action="store_true", help="begin nothing more once a fixture has failed"
    )


def run(arguments: argparse.Namespace) -> int:
    from registry.build import many

    root = find_root()
    extras.require("build", "fixtures build", "dvc", expected="DVC, whose cache and lock it writes")
    shadowed.refuse(root, "fixtures build")
    with _engine(root, arguments) as submit, _shown() as watch:
        ended = many.build(root, arguments.names, submit, watch, fail_fast=arguments.fail_fast)
    for stage, because_of in ended.skipped.items():
        console.say(f"skipped  {stage}: without {because_of} it cannot be built", file=sys.stderr)
    counts = {
        "built": len(ended.built),
        "up to date": len(ended.current),
        "failed": len(ended.failed),
        "skipped": len(ended.skipped),
        "not begun": ended.total - ended.ended,
    }
    told = ", ".join(f"{n} {what}" for what, n in counts.items() if n or what in _ALWAYS)
    console.say(f"{ended.total} stage{'s' * (ended.total != 1)}: {told}")
    return worst(error.exit_code for error in ended.failed.values())


@contextmanager
def _engine(root: Path, arguments: argparse.Namespace) -> Iterator[Submit]:
    """What stages are built by."""
    from registry.build.workers import Workers

    address = arguments.scheduler
    if arguments.twice and address is None:
        raise UsageError(
            "--twice",
            expected="workers of a cluster, two of which build each fixture",
            found="no --scheduler",
            remedy="name a scheduler; without one, fixtures verify --regenerate compares",
        )
    with Workers(root, arguments.jobs) as workers:
        if address is None:
            yield workers.submit
            return
        with scheduler_argument.cluster(root, address, twice=arguments.twice) as cluster:
            # sources are this machine's
            submits = {SOURCE: workers.submit, FIXTURE: cluster.submit}
            yield lambda stage: submits[stage.kind](stage)


_ALWAYS = ("built", "up to date")


def _cores() -> int:
    """How many of the machine's cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, found {text!r}")
    return int(text)


@contextmanager
def _shown() -> Iterator[_Watch]:
    """Say of each stage how it ended; on a terminal, show what is being built as well."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _say
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.MofNCompleteColumn(),
        progress.BarColumn(),
        progress.TextColumn("{task.description}", markup=False),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)

        def watch(found: Progress, ended: Stage | None) -> None:
            running = found.running.items()
            busy = ", ".join(stage.entry for future, stage in running if future.running())
            shown.update(task, total=found.total, completed=found.ended, description=busy)
            _say(found, ended)

        yield watch


def _say(found: Progress, ended: Stage | None) -> None:
    if ended is None:
        return
    count = f"[{found.ended}/{found.total}]"
    if ended in found.built:
        lines = found.built[ended].splitlines()
        console.say(f"{count} {lines[-1]}" if lines else f"{count} {ended}")
    else:
        console.say(f"{count} FAILED   {ended}")
        console.print_errors([found.failed[ended]])
    sys.stdout.flush()
