"""``fixtures mutants``: which mistakes in fixtures a test suite would notice."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from registry import console
from registry.errors import MissingError

if TYPE_CHECKING:
    from registry.mutants.campaign import Campaign
    from registry.mutants.result import Result

_STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = (
        "fixtures mutants [-h] [--jobs N] [--json FILE] [--junit FILE] [--fail-under PERCENT] "
        "[--] [PYTEST ARGUMENT ...]"
    )
    parser.description = (
        "Run a test suite as pytest would, then once for each mistake of its fixtures' field, with "
        "the mistake planted in the arrays that the tests get; and say which a test noticed. "
        "Nothing is changed on disk or in a cache."
    )
    parser.epilog = (
        "Options of this command come before pytest's; what follows -- is pytest's alone, as in: "
        "fixtures mutants --jobs 2 -- -k shapes. "
        "exit code 0: done; 1: a test fails without any mistake, or less is noticed than "
        "--fail-under says; 2 wrong use, of pytest too, or no test that passes loads a fixture"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_jobs, help="runs at once (default: one for each core)"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write a JSON document; - prints it, and nothing else"
    )
    parser.add_argument(
        "--junit", metavar="FILE", type=Path, help="write JUnit XML; what survives has failed"
    )
    parser.add_argument(
        "--fail-under",
        metavar="PERCENT",
        type=_percent,
        default=0.0,
        help="exit code 1 where a smaller part of the mistakes is noticed",
    )
    parser.add_argument(
        "arguments", metavar="PYTEST ARGUMENT", nargs=argparse.REMAINDER, help="as for pytest"
    )


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= (number := int(text)) <= 1000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 1000, found {text}")
    return number


def _percent(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 100, found {text}")
    return number


def run(arguments: argparse.Namespace) -> int:
    if find_spec("pytest") is None:
        raise MissingError(
            "fixtures mutants",
            expected="pytest, which runs the tests",
            found="it is not installed",
            remedy="pip install pytest",
        )
    from registry import files, temporary
    from registry.mutants import result
    from registry.mutants.campaign import Campaign, cores
    from registry.mutants.children import Children

    # before the run, which takes long
    files.require_output(*_outputs(arguments))
    said = sys.stderr if arguments.json == _STDOUT else sys.stdout
    given = arguments.arguments
    with temporary.folder("mutants") as folder, Children() as running:
        campaign = Campaign(given[1:] if given[:1] == ["--"] else given, folder, running)
        campaign.run_sound()
        _say_what_runs(campaign, said)
        campaign.run_alone()
        found = campaign.run_mutants(
            arguments.jobs or cores(), lambda item: _say(said, _line(item, campaign.width))
        )
    score = result.score(found)
    console.say(*_survivors(found), str(score), file=said)
    document = result.as_json(found)
    if arguments.json == _STDOUT:
        print(json.dumps(document, indent=2))
    elif arguments.json is not None:
        text = json.dumps(document, indent=2) + "\n"
        files.write_output(Path(arguments.json), text.encode())
    if arguments.junit is not None:
        files.write_output(arguments.junit, result.as_junit(found))
    return 1 if score.percent < arguments.fail_under else 0


def _outputs(arguments: argparse.Namespace) -> list[Path]:
    """Files to be written, but for devices: to these is written, as everywhere."""
    named = [arguments.junit, None if arguments.json == _STDOUT else arguments.json]
    paths = [Path(name) for name in named if name is not None]
    return [path for path in paths if not path.is_char_device()]


def _say_what_runs(campaign: Campaign, said: TextIO) -> None:
    _say(
        said,
        f"on sound fixtures: none of {campaign.tests} tests fails, in {campaign.seconds:.1f} s",
        *(
            f"{fixture.name}: used by {campaign.tests_of(address)} of them"
            for address, fixture in campaign.fixtures.items()
        ),
    )


def _line(result: Result, width: int) -> str:
    verdict = result.verdict
    why = ": ".join(filter(None, [verdict.test, verdict.reason]))
    return f"{verdict.outcome:<15}  {result.mutant.name:<{width}}  {why}".rstrip()


def _survivors(results: Sequence[Result]) -> list[str]:
    """What survived, what it means, and what a test that notices it looks like."""
    from registry.mutants.verdict import SURVIVED

    lines = []
    for result in results:
        if result.verdict.outcome == SURVIVED:
            mistake = result.mutant.mistake
            lines += [
                f"  {result.mutant.name}",
                f"    {mistake.meaning}",
                f"    test: {mistake.test}",
            ]
    return ["survived:", *lines] if lines else []


def _say(said: TextIO, *lines: str) -> None:
    # at once, also into a pipe: a run takes minutes
    console.say(*lines, file=said)
    said.flush()
