"""``python -m tests.lives [--count N]``: random lives of a registry, and whether one breaks it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.kit import environment


def main() -> int:
    """Entry point; fails with the shortest life that changes or loses a published version."""
    parser = argparse.ArgumentParser(prog="python -m tests.lives", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="how many lives (100)")
    asked = parser.parse_args()
    environment.clean(os.environ)
    os.umask(environment.UMASK)
    from tests.lives import machine
    from tests.lives.life import Life

    with tempfile.TemporaryDirectory(prefix="lives-") as folder:
        machine.run(Life(Path(folder)), asked.count)
    print(f"{asked.count} lives: no published version was changed or lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
