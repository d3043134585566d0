"""Retired versions: no longer served, and their names are never used again."""

from __future__ import annotations

from pathlib import Path

from registry.declare import FILE, deprecation
from registry.errors import UsageError, printable
from registry.identity import pins
from registry.identity.pins import Pin


def retired(root: Path) -> dict[str, dict[str, str]]:
    """What ``params.yaml`` says of retired versions, by name; their pins may still be there."""
    return deprecation.notices(root / FILE, "retired")


def find_pin(root: Path, name: str) -> Pin:
    """The pin of one fixture.

    Raises
    ------
    UsageError
        No fixture of that name is pinned; the message says so where it was retired, and why.
    """
    try:
        return pins.find(root, name)
    except UsageError:
        said = retired(root).get(name)
        if said is None:
            raise
    since, successor = said.get("since", "an unknown day"), said.get("successor")
    raise UsageError(
        f"fixture {name}",
        expected="a version that is served",
        found=printable(f"it was retired on {since}: {said.get('reason', '')}"),
        remedy=f"use {printable(successor)}" if successor else "fixtures list shows what is served",
    )
