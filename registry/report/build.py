"""Building a report: what is unchanged is kept, the rest is drawn on the cores there are.

Or by the workers of a cluster, where one is given.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from registry import digests, extras
from registry.errors import CheckError, MissingError, worst
from registry.identity.sidecar import NAME
from registry.report import criteria, facts, folder, program
from registry.report.facts import Facts
from registry.report.folder import Manifest, Part

if TYPE_CHECKING:
    from registry.build.cluster import Cluster


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A report that is in place: its facts in the order of its cards, and which pages were made."""

    facts: list[Facts]
    drawn: list[str]

    @property
    def exit_code(self) -> int:
        """That of the worst fixture."""
        return worst(item.exit_code for item in self.facts)


def build(root: Path, names: Iterable[str], output: Path, cluster: Cluster | None = None) -> Built:
    """Write the report on some fixtures, or on all, so that its folder is never half of one.

    Parameters
    ----------
    root : path
        The registry's top folder.
    names : iterable of str
        Fixtures; none means all that are pinned or declared.
    output : path
        The report's folder: absent, empty, or a report, which is then renewed.
    cluster : Cluster, optional
        Whose workers draw the pages; the report is the same.

    Raises
    ------
    MissingError
        What draws and writes is not installed; or there is no lock.
    UsageError
        A name is unknown, or the folder holds something else.
    CheckError
        The lock is none, or a fixture's name cannot be that of a page; or a worker has another
        program.
    """
    extras.require(
        "report",
        "fixtures report",
        "matplotlib",
        "jinja2",
        "markdown_it",
        expected="matplotlib, jinja2 and markdown-it-py, which draw and write the pages",
    )
    output = output.resolve()
    before = folder.read(output)
    found = facts.gather(root, names)
    for item in found:
        _require_name(item.name)
    fields = {item.record.field for item in found if item.record is not None}
    text = program.text(fields)
    inputs = {item.name: item.digest(digests.sha256(text.encode())) for item in found}
    kept = {} if before is None else _unchanged(output, before, inputs)
    explained = criteria.read(root).html
    # names and order are in it, too: cards stand in this order
    shared_inputs = digests.sha256("\n".join([*inputs.values(), explained]).encode())
    drawn = [item for item in found if item.name not in kept]
    if (
        before is not None
        and not drawn
        and before.shared.inputs == shared_inputs
        and folder.intact(output, before.shared)
    ):
        return Built(facts=found, drawn=[])

    with folder.replacing(output) as staging:
        for part in kept.values():
            folder.keep(output, staging, part)
        if cluster is None:
            parts = _draw(root, staging, drawn)
            made = {item.name: part for item, part in zip(drawn, parts, strict=True)}
        else:
            from registry.report import clustered

            contents = clustered.draw(cluster, root, drawn, text, fields)
            made = {name: folder.write(staging, page) for name, page in contents}
        pages = {
            name: kept.get(name) or Part(inputs=digest, files=made[name])
            for name, digest in inputs.items()
        }
        shared = Part(inputs=shared_inputs, files=_shared(staging, found, pages, explained))
        manifest = Manifest(shared=shared, pages=pages)
        (staging / folder.MANIFEST).write_bytes(manifest.encode())
    return Built(facts=found, drawn=[item.name for item in drawn])


def _require_name(name: str) -> None:
    # it becomes a folder
    if not NAME.fullmatch(name):
        raise CheckError(
            f"fixture {name!r}",
            expected="a name with its version, such as minimal_dataset_v1",
            found=repr(name),
            remedy="fixtures check-params says which names can be used",
        )


def _unchanged(output: Path, before: Manifest, inputs: dict[str, str]) -> dict[str, Part]:
    return {
        name: part
        for name, part in before.pages.items()
        if inputs.get(name) == part.inputs and folder.intact(output, part)
    }


def _draw(root: Path, staging: Path, items: Sequence[Facts]) -> list[dict[str, str]]:
    """Draw pages, a process on each core where there are several of both."""
    draw = partial(_page, root, staging)
    count = min(len(items), _cores())
    if count < 2:
        return [draw(item) for item in items]
    # not forked: numpy has threads, which do not survive that
    context = multiprocessing.get_context("spawn")
    # an interrupt is this process's business: it ends the others
    quiet = (signal.SIGINT, signal.SIG_IGN)
    try:
        with ProcessPoolExecutor(count, context, signal.signal, quiet) as pool:
            return list(pool.map(draw, items))
    except BrokenProcessPool:
        raise MissingError(
            "fixtures report",
            expected=f"{count} processes to draw their pages",
            found="one that was ended from outside, perhaps for want of memory",
            remedy="free some memory, then run the command again; the old report is as it was",
        ) from None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _page(root: Path, staging: Path, item: Facts) -> dict[str, str]:
    """Draw and write one fixture's page and pictures; the SHA-256 of each file."""
    from registry.report import page

    return folder.write(staging, page.draw(root, item))


def _shared(
    staging: Path, found: list[Facts], made: dict[str, Part], explained: str
) -> dict[str, str]:
    from registry.report import pages

    files = {name: list(part.files) for name, part in made.items()}
    return folder.write(staging, pages.shared(found, files, explained))
