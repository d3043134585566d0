"""Kill commands, or interrupt trainings, at random moments, and see what they leave."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.kills import training
from tests.kills.commands import COMMANDS
from tests.kills.killing import measure
from tests.kit import environment


def main() -> int:
    """Entry point; 1 where something is left, or half of something."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many kills in all (200)")
    parser.add_argument("--seed", type=int, default=0, help="which moments (0)")
    parser.add_argument(
        "what", nargs="?", choices=("commands", "train"), default="commands", help="(commands)"
    )
    asked = parser.parse_args()
    environment.clean(os.environ)
    os.umask(environment.UMASK)
    if asked.what == "train":
        with tempfile.TemporaryDirectory(prefix="kills-") as folder:
            interrupted = training.measure(
                Path(folder), count=asked.count, seed=asked.seed, say=partial(print, flush=True)
            )
        print(interrupted)
        return 0 if not interrupted.findings else 1
    is_sound = True
    for number, name in enumerate(COMMANDS):
        # so many of the remaining as go to each
        count = (asked.count + number) // len(COMMANDS)
        with tempfile.TemporaryDirectory(prefix="kills-") as folder:
            result = measure(name, Path(folder), count=count, seed=asked.seed)
        print(result, *result.findings, *result.dvcs, sep="\n    ", flush=True)
        is_sound = is_sound and not result.findings
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
