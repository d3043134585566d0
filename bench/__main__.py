"""``python -m bench [NAME...]``: run benchmarks, all by default, and renew their sections."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench import (
    building,
    cutting,
    fetching,
    imports,
    loading,
    locks,
    network,
    noticing,
    pipelines,
    plugin,
    proving,
    ranging,
    reporting,
    results,
    scaling,
    sizes,
    training,
    verifying,
)
from bench.timing import ROOT
from registry import console, files

# A benchmark is a module with a `run` and a line here; its section is named as it is.
BENCHMARKS = {
    "imports": imports,
    "loading": loading,
    "locks": locks,
    "pipelines": pipelines,
    "building": building,
    "fetching": fetching,
    "verifying": verifying,
    "plugin": plugin,
    "noticing": noticing,
    "cutting": cutting,
    "ranging": ranging,
    "proving": proving,
    "sizes": sizes,
    "scaling": scaling,
    "reporting": reporting,
    "training": training,
    "network": network,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; 1 where a target is missed."""
    return console.run(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(BENCHMARKS))
    names = parser.parse_args(argv).names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}: there are {', '.join(BENCHMARKS)}")
    path = ROOT / "bench" / "results.md"
    missed = 0
    for name in names:
        section = BENCHMARKS[name].run(name)
        print(section)
        # after each, so that a failure in the next one loses nothing
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        files.write_atomic(path, results.merge(text, section, list(BENCHMARKS)).encode())
        missed += sum(not verdict.met for verdict in section.verdicts)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
