"""Deprecated versions: still served, but using one warns and names its successor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from registry import files
from registry.declare import FILE
from registry.errors import printable
from registry.identity import plain_yaml


class FixtureDeprecationWarning(UserWarning):
    """A fixture in use is marked deprecated in ``params.yaml``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deprecation:
    """Why a version should no longer be used, and what to use in its place."""

    name: str
    reason: str
    successor: str | None

    def __str__(self) -> str:
        instead = f"; use {self.successor}" if self.successor else ""
        return printable(f"fixture {self.name} is deprecated: {self.reason}{instead}")


def find(root: Path, name: str) -> Deprecation | None:
    """The deprecation of a fixture, if ``params.yaml`` declares one.

    A registry without ``params.yaml``, such as a repository that imports fixtures, has none.
    """
    said = notices(root, "deprecated").get(name)
    if said is None:
        return None
    return Deprecation(name=name, reason=said.get("reason", ""), successor=said.get("successor"))


def notices(root: Path, section: str) -> dict[str, dict[str, str]]:
    """Texts of the entries of a section of ``params.yaml``, by name; none where there is none."""
    try:
        data = files.read(root / FILE)
    except OSError:
        return {}
    # Every load asks, and hardly any registry has such a section: parse only where there may be one
    return _notices(data, section) if section.encode() in data else {}


@lru_cache(maxsize=8)
def _notices(data: bytes, section: str) -> dict[str, dict[str, str]]:
    # Read by name alone, and every scalar is a text; the pipeline validates the file.
    try:
        document = plain_yaml.load(data)
    except ValueError:
        return {}
    entries: Any = document.get(section) if isinstance(document, dict) else None
    return {
        # a text, and nothing that could become one: lists of aliases would fill the memory
        name: {key: value for key, value in entry.items() if isinstance(value, str)}
        for name, entry in (entries.items() if isinstance(entries, dict) else ())
        if isinstance(entry, dict)
    }
