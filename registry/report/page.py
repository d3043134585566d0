"""One fixture's page: the files of a registry that it is drawn from, and those that it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from registry import loading
from registry.build.arriving import File
from registry.identity import npz
from registry.report import pages, training
from registry.report.facts import Facts


def draw(root: Path, facts: Facts) -> dict[str, bytes]:
    """Files of the page and its pictures, by their path in the report.

    Raises
    ------
    ChainError, MissingError
        The fixture's bytes are not those that the facts are of any more.
    """
    arrays = None
    if facts.drawable and facts.pin is not None and facts.record is not None:
        # held against the chain once more: these very bytes are what is drawn
        data = loading.read_workspace(root, facts.pin, facts.record)
        arrays = npz.parse(data, subject=f"fixture {facts.name}")
    return pages.fixture(root, facts, arrays)


def drawn_from(root: Path, facts: Facts) -> Iterator[File]:
    """The files of the registry that `draw` reads."""
    subject = f"fixture {facts.name}"
    if facts.drawable and facts.pin is not None and facts.record is not None:
        pin, sha256 = facts.pin, facts.record.sha256_checksum
        yield File(subject=subject, path=pin.path, sha256=sha256, size=pin.size)
    for run in facts.runs:
        if run.reconstruction:
            path = training.reconstruction_path(run)
            # one that is gone meanwhile is drawn nowhere
            with suppress(OSError):
                size = (root / path).stat().st_size
                yield File(subject=subject, path=path, sha256=run.reconstruction, size=size)
