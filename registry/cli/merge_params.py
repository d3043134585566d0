"""``fixtures merge-params BASE OURS THEIRS``: git's merge driver for ``params.yaml``."""

from __future__ import annotations

import argparse

from registry.cli import merge_driver

add_arguments = merge_driver.add_arguments


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import params_merge
    from registry.declare import FILE

    return merge_driver.run(
        arguments,
        FILE,
        params_merge.merge,
        "both sides changed {}, or one what it inherits; settle it between the markers, then run "
        "fixtures check-params",
    )
