"""Deprecated versions: still served, but using one warns and names its successor.

They are deprecated after they were published, so a revision or an import does not know of it. Of
those, what the registry's newest commit declares counts as well, as it was last seen; nothing in
here asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from registry import files
from registry.declare import FILE
from registry.errors import printable
from registry.identity import plain_yaml
from registry.identity.pins import Pin
from registry.storage import served


class FixtureDeprecationWarning(UserWarning):
    """A fixture in use is marked deprecated in ``params.yaml``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deprecation:
    """Why a version should no longer be used, and what to use in its place."""

    name: str
    reason: str
    successor: str | None

    @property
    def advice(self) -> str:
        """The same without the fixture's name."""
        instead = f"; use {self.successor}" if self.successor else ""
        return f"deprecated: {self.reason}{instead}"

    def __str__(self) -> str:
        return printable(f"fixture {self.name} is {self.advice}")


def of(root: Path, pin: Pin) -> Deprecation | None:
    """The deprecation of a pinned fixture, wherever it comes from."""
    found = find(root, pin.name)
    if found is None and (newest := _newest(root, pin)) is not None:
        return _declared(newest).get(pin.name)
    return found


def find(root: Path, name: str) -> Deprecation | None:
    """The deprecation of a fixture, if ``params.yaml`` declares one.

    A registry without ``params.yaml``, such as a repository that imports fixtures, has none.
    """
    return declared(root).get(name)


def declared(root: Path) -> dict[str, Deprecation]:
    """What ``params.yaml`` deprecates, by name."""
    return _declared(root / FILE)


def _newest(root: Path, pin: Pin) -> Path | None:
    """File with what the newest commit of the registry declares that has the fixture's bytes."""
    if not pin.imported:
        return served.newest(root)
    from registry.storage import imports

    return imports.newest(root, pin)


def _declared(file: Path) -> dict[str, Deprecation]:
    return {
        name: Deprecation(name=name, reason=said.get("reason", ""), successor=said.get("successor"))
        for name, said in notices(file, "deprecated").items()
    }


def notices(file: Path, section: str) -> dict[str, dict[str, str]]:
    """Texts of the entries of a section of a ``params.yaml``, by name; none where there is none.

    Of a file that stays as it is they are read once: a list asks for each of its fixtures.
    """
    try:
        status = file.stat()
        key = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        return _notices(file, section, key)
    except OSError:
        return {}


@lru_cache(maxsize=8)
def _notices(file: Path, section: str, key: tuple[int, ...]) -> dict[str, dict[str, str]]:
    data = files.read(file)
    # Every load asks, and hardly any registry has such a section: parse only where there may be one
    if section.encode() not in data:
        return {}
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
