"""``python -m tests.fuzz [TARGET...] [--seed N] [--count N | --index N]``."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz import campaign


def main() -> int:
    """Try many mutants of some targets, or show what becomes of one."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(campaign.TARGETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000, help="mutants of each target")
    parser.add_argument("--index", type=int, help="show this one, and what becomes of it")
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(campaign.TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    findings = 0
    for name in arguments.targets or campaign.TARGETS:
        if arguments.index is None:
            figures = campaign.run(name, seed=arguments.seed, count=arguments.count)
            print(figures, *figures.findings, sep="\n", flush=True)
            findings += len(figures.findings)
        else:
            _show(name, arguments.seed, arguments.index)
    return 1 if findings else 0


def _show(name: str, seed: int, index: int) -> None:
    target = campaign.load(name)
    data = campaign.mutant(target, seed, index)
    print(data)
    try:
        target.check(data)
    except campaign.RegistryError as error:
        print(f"refused: {error}")
    else:
        print("accepted")


if __name__ == "__main__":
    sys.exit(main())
