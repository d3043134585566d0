"""How many threads a process that builds has for products of matrices: one.

Processes share the cores already, and products are so small that one is soonest done; further
threads wait for them, and for the first one from numpy's import on, in loops that keep a core busy.
"""

from __future__ import annotations

import os

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def ask() -> None:
    """Ask libraries that are imported from now on for one, unless the user asked for some."""
    for name in _VARIABLES:
        os.environ.setdefault(name, "1")
