"""``fixtures merge-lock BASE OURS THEIRS``: git's merge driver for ``dvc.lock``."""

from __future__ import annotations

import argparse

from registry.cli import merge_driver

add_arguments = merge_driver.add_arguments


def run(arguments: argparse.Namespace) -> int:
    from registry.compare import lock_merge
    from registry.identity import pins

    return merge_driver.run(
        arguments,
        pins.LOCK,
        lock_merge.merge,
        "both sides changed stage {}; take one between the markers, then run dvc repro",
    )
