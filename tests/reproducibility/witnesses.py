"""Writes what was rebuilt into the fixtures' certificates: a line for each machine and settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from configurations import Configuration

from registry.compare import certifying
from registry.identity import certificate
from registry.identity.certificate import Witness
from registry.machine import Machine


def witness(
    configuration: Configuration, found: Mapping[str, Any], digest: str, commit: str, date: str
) -> Witness:
    """A row of the table as a line of a certificate.

    Parameters
    ----------
    found : mapping
        What the probe found where the row was built; ``here`` has the fields of
        `registry.machine.Machine`.
    digest : str
        Content digest that came out.
    commit, date : str
        What was built, and the day.
    """
    here = found["here"]
    # what the probe cannot know to be set on purpose, and a user's machine says nothing of
    also = {"folder": configuration.folder} if configuration.folder else {}
    if configuration.umask != Configuration(name="").umask:
        also["umask"] = f"{configuration.umask:03o}"
    if configuration.root:
        also[certificate.EMULATOR] = "qemu-user"
    settings = {**here["settings"], **configuration.environment, **also}
    machine = Machine(**{**here, "features": tuple(here["features"]), "settings": settings})
    return Witness(machine=machine, content_sha256=digest, commit=commit, date=date)


def write(
    root: Path,
    commit: str,
    rows: Iterable[tuple[Configuration, Mapping[str, Any], Mapping[str, str]]],
) -> None:
    """Add rows in which all came out the same, and say what there is to commit.

    Parameters
    ----------
    root : path
        The registry's top folder.
    commit : str
        Id of the commit that was rebuilt.
    rows : iterable of tuple
        Configuration, what the probe found in it, and content digests by fixture.
    """
    date = certifying.today()
    lines: dict[str, list[Witness]] = {}
    for configuration, found, digests in rows:
        for name, digest in digests.items():
            line = witness(configuration, found, digest, commit, date)
            lines.setdefault(name, []).append(line)
    more = certifying.add(root, lines)
    new = f"{sum(more.values())} lines more in {len(more)} files of {certificate.FOLDER}/"
    print(f"certificates: {f'{new}, to be committed' if more else 'nothing new'}")
