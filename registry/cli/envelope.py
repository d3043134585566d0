"""``fixtures envelope``: what the reference training takes, and whether that is within budget."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from registry import console
from registry.cli.dvc_repro import repro
from registry.cli.table import columns
from registry.errors import CheckError, MissingError, RegistryError, UsageError, worst
from registry.storage.root import find_root
from registry.training import imports

if TYPE_CHECKING:
    from registry.declare.params import Envelope
    from registry.training.results import Results

_PIPELINE = "envelope/dvc.yaml"
_HEADER = (
    "run", "train s", "± %", "infer s", "calibration s", "peak RSS MB", "artifacts MB", "loss",
    "amplitude error",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run the trainings that params.yaml declares in its section envelope, each "
        "command in a process of its own on one thread, print what they took, and hold that "
        "against the budgets. A run of five repeats takes one to two minutes."
    )
    parser.add_argument("names", metavar="RUN", nargs="*", help="default: all that are declared")
    parser.add_argument(
        "--check", action="store_true", help="measure nothing; judge the results that are there"
    )


def run(arguments: argparse.Namespace) -> int:
    from registry.declare import FILE, params

    root = find_root()
    if not arguments.check:
        imports.require()
    declared = params.load(root).envelope
    if declared is None:
        raise MissingError(
            f"{FILE}: envelope",
            expected="a section envelope, with options, budgets and runs",
            found="none",
            remedy=f"declare one in {FILE}",
        )
    for name in arguments.names:
        if name not in declared.runs:
            raise UsageError(
                f"envelope: run {name}",
                expected=f"one of {', '.join(declared.runs) or '(none)'}",
                found=name,
                remedy=f"fixtures envelope RUN, or declare it in {FILE}",
            )
    names = arguments.names or list(declared.runs)
    if not arguments.check:
        _measure(root, names)
    return _report(root, names, declared)


def _measure(root: Path, names: Sequence[str]) -> None:
    """Run stages by DVC, whether or not anything has changed, and none that they build on.

    Raises
    ------
    CheckError
        A stage failed.
    """
    # nothing runs from a declaration that breaks a rule
    targets = ["code/dvc.yaml:code", *(f"{_PIPELINE}:run@{name}" for name in names)]
    code = repro(root, "--single-item", "--force", "--keep-going", *targets)
    if code:
        raise CheckError(
            "envelope: dvc repro",
            expected="every stage to run",
            found=f"exit code {code}; what it said is above",
            remedy="mend what it says, then run the command again",
        )


def _report(root: Path, names: Sequence[str], declared: Envelope) -> int:
    from registry.training import envelope
    from registry.training.verdicts import judge

    errors: list[RegistryError] = []
    rows: list[tuple[str, ...]] = [_HEADER]
    notes: list[str] = []
    for name in names:
        try:
            found = envelope.read(root, name)
        except RegistryError as problem:
            errors.append(problem)
            continue
        rows.append(_row(name, found))
        verdicts = judge(name, found, declared)
        notes += [f"{name}: {item.what}: {item.note}" for item in verdicts if item.note]
        changed = envelope.stale(root, name, found, declared)
        errors += [error for error in (changed, *(item.error for item in verdicts)) if error]
    if len(rows) > 1:
        console.say(*columns(rows))
    console.say(*notes)
    console.print_errors(errors)
    if not errors:
        budgets = declared.budgets
        console.say(
            f"within budget: {budgets.train_target_s:g} s, ± {budgets.train_spread_percent:g} %, "
            f"{budgets.peak_rss_mb:g} MB of memory, {budgets.artifacts_mb:g} MB of artifacts; "
            "repeats identical"
        )
    return worst(error.exit_code for error in errors)


def _row(name: str, found: Results) -> tuple[str, ...]:
    quality = found.quality
    return (
        name,
        f"{found.train.median:.1f}",
        f"{found.train.spread_percent:.1f}",
        f"{found.infer.median:.1f}",
        f"{found.calibration.median:.2f}",
        f"{found.peak_rss_bytes / 1e6:.0f}",
        f"{found.artifact_bytes / 1e6:.1f}",
        f"{quality.first_loss:.3f} -> {quality.last_loss:.3f}",
        f"{quality.amplitude_error_ratio:.3f}",
    )
