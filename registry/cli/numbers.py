"""Numbers on the command line."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """An integer of at least 1."""
    return _at_least(1, text)


def seed(text: str) -> int:
    """An integer of at least 0 that every random generator takes."""
    value = _at_least(0, text)
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"expected less than 2**32, found {text}")
    return value


def _at_least(smallest: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = smallest - 1
    if value < smallest:
        raise argparse.ArgumentTypeError(
            f"expected an integer of at least {smallest}, found {text}"
        )
    return value
