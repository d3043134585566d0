"""What a registry has in place of this package, where its stages would be run."""

from __future__ import annotations

from pathlib import Path

from fixture_registry import parts, shadow
from registry.errors import UsageError


def refuse(root: Path, subject: str) -> None:
    """Refuse to run a registry's stages where Python would take a file of it for this package.

    Raises
    ------
    UsageError
        There is one: a module or a folder ``registry``.
    """
    found = shadow(root)
    if found is not None:
        said = parts(found)
        raise UsageError(
            subject,
            expected=said["expected"],
            found=said["found"],
            remedy="rename that file, or move the registry into a folder below it",
        )
