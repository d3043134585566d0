"""The option ``--scheduler`` of commands that have a cluster do their work."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from registry import extras

if TYPE_CHECKING:
    from registry.build.cluster import Cluster


def add(parser: argparse.ArgumentParser, work: str) -> None:
    """Have a command take it, for work that its help names."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help=f"have {work} by the workers of a Dask scheduler: tcp://HOST:PORT, or its scheduler "
        "file",
    )


def cluster(root: Path, address: str, *, twice: bool = False) -> Cluster:
    """The cluster that was named; the parameters are those of `registry.build.cluster.Cluster`.

    Raises
    ------
    MissingError
        The extra ``dask`` is not installed.
    """
    extras.require(
        "dask",
        "--scheduler",
        "distributed",
        expected="Dask's distributed, by which a scheduler is reached",
    )
    from registry.build.cluster import Cluster

    return Cluster(root, address, twice=twice)
