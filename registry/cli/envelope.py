"""``fixtures envelope``: what the reference training takes, and whether that is within budget."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from registry import console, extras
from registry.cli import json_output
from registry.cli.table import columns
from registry.errors import MissingError, RegistryError, UsageError, worst
from registry.storage.root import find_root

if TYPE_CHECKING:
    from registry.training.results import Results

_HEADER = (
    "train s", "/torch", "± %", "infer s", "/torch", "RSS MB", "files MB", "corr",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run the trainings that params.yaml declares in its section envelope, each "
        "command in a process of its own on one thread, print what they took, and hold that "
        "against the budgets. A run of five repeats takes one to two minutes."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "names", metavar="RUN", nargs="*", default=[], help="default: all that are declared"
    )
    what.add_argument(
        "--sweep", action="store_true", help="epochs by images by gridsize, each once, as a table"
    )
    parser.add_argument(
        "--check", action="store_true", help="measure nothing; judge the results that are there"
    )
    json_output.add(parser)


def run(arguments: argparse.Namespace) -> int:
    from registry.declare import FILE, params
    from registry.training import envelope

    root = find_root()
    if not arguments.check:
        extras.require("train", "training", "torch", expected="torch and what trains with it")
    declared = params.load(root).envelope
    if declared is None:
        raise MissingError(
            f"{FILE}: envelope",
            expected="a section envelope, with options, budgets, runs and a sweep",
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
    names = [params.SWEEP] if arguments.sweep else arguments.names or list(declared.runs)
    if not arguments.check:
        # a document is alone on stdout: progress is not
        told = sys.stderr if arguments.json else sys.stdout
        for name in names:
            envelope.measure(root, name, declared, lambda line: console.say(line, file=told))
    errors: list[RegistryError] = []
    rows: list[tuple[str, ...]] = []
    runs: list[dict[str, Any]] = []
    for name in names:
        try:
            judged = envelope.judge(root, name, declared)
        except RegistryError as problem:
            errors.append(problem)
            continue
        for found, verdicts in judged:
            rows.append((found.label or name, *_figures(found)))
            runs.append({"run": found.label or name, **asdict(found)})
            errors += [verdict.error for verdict in verdicts if verdict.error]
    code = worst(error.exit_code for error in errors)
    if arguments.json:
        wrong = [json_output.error(each) for each in errors]
        json_output.say({"holds": not errors, "runs": runs, "errors": wrong})
        return code
    if rows:
        first = "epochs × images" if arguments.sweep else "run"
        console.say(*columns([(first, *_HEADER), *rows]))
    console.print_errors(errors)
    if not errors:
        kept = (f"{name} {limit:g}" for name, limit in asdict(declared.budgets).items())
        console.say(f"within budget: {', '.join(kept)}")
    return code


def _figures(found: Results) -> tuple[str, ...]:
    shown = found.metrics
    return (
        f"{shown['train_s']:.1f}",
        f"{found.median('train_wall_s', over='torch_wall_s'):.1f}",
        f"{found.spread_percent('train_cpu_s'):.1f}",
        f"{found.median('infer_wall_s'):.1f}",
        f"{found.median('infer_wall_s', over='torch_wall_s'):.1f}",
        f"{shown['rss_mb']:.0f}",
        f"{shown['files_mb']:.1f}",
        f"{shown['corr']:.3f}",
    )
