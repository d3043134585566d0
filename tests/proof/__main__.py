"""``python -m tests.proof [--seeds N] [--first N] [--jobs N]``: verdicts on every kind of scan."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from multiprocessing import Pool

from tests.proof import table
from tests.proof.cases import KINDS


def main() -> int:
    """Entry point; 1 where an unsound scan is checked, or more than one sound scan is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="part of a kind's name (all)")
    parser.add_argument("--seeds", type=int, default=20, help="scans of each kind (20)")
    parser.add_argument("--first", type=int, default=7000, help="the first seed (7000)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    asked = parser.parse_args()
    kinds = [k for k in KINDS if not asked.kinds or any(part in k for part in asked.kinds)]
    fill = partial(table.fill, seeds=range(asked.first, asked.first + asked.seeds))
    wrong = missed = 0
    with Pool(asked.jobs) as pool:
        for cell in pool.imap(fill, table.cells(kinds)):
            print(cell, flush=True)
            if not cell.is_right:
                sound = KINDS[cell.kind].sound
                missed += (cell.verdicts.total() - cell.verdicts[table.CHECKED]) if sound else 0
                wrong += 0 if sound else cell.verdicts[table.CHECKED]
    print(f"unsound scans that are checked: {wrong}")
    print(f"sound scans of {table.ENOUGH} frames and more that are not: {missed}")
    return int(wrong > 0 or missed > 1)


if __name__ == "__main__":
    sys.exit(main())
