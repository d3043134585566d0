"""What a worker of a cluster does for a report: draw a page, of files that are the client's."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from registry.build import arriving, loaded_code, task
from registry.build.arriving import File
from registry.report import page, program
from registry.report.facts import Facts

_WHAT = "the report's program"


def order(root: Path, facts: Facts, text: str, fields: Iterable[str], topic: str) -> dict[str, Any]:
    """What a worker is sent.

    Parameters
    ----------
    root : path
        The registry's top folder.
    facts : Facts
    text, fields : str, iterable of str
        What `registry.report.program.text` says of these fields.
    topic : str
        Of the events by which a worker asks for files.
    """
    return {
        "name": facts.name,
        # unpacked by the same code alone
        "facts": pickle.dumps(facts),
        "program": text,
        "fields": sorted(fields),
        "root": os.fspath(root.absolute()),
        "files": [asdict(file) for file in page.drawn_from(root, facts)],
        "topic": topic,
    }


def draw(order: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """Draw a page; this is what Dask calls on a worker.

    Parameters
    ----------
    order : mapping
        As `order` makes it.
    known : mapping of str to str
        As for `registry.build.task.build`.

    Returns
    -------
    dict
        As `registry.build.task.answered` makes it.
    """
    return task.answered(f"fixture {order['name']}", known, partial(_draw, order))


def refusal(text: str, fields: Iterable[str], dask_worker: Any) -> dict[str, Any] | None:
    """Why a worker will not draw; None where it will.

    Parameters
    ----------
    text, fields : str, iterable of str
        What `registry.report.program.text` says of these fields at the client.
    dask_worker
        The worker, which Dask passes by this name.
    """
    found = program.text(fields)
    return task.refused(
        dask_worker, lambda process: loaded_code.hold_text(_WHAT, found, text, process=process)
    )


def _draw(
    order: Mapping[str, Any], worker: Any, machine: Mapping[str, str]
) -> tuple[dict[str, bytes], str]:
    found = program.text(order["fields"])
    loaded_code.hold_text(_WHAT, found, order["program"], process=task.shown(machine))
    needed = [File(**file) for file in order["files"]]
    with TemporaryDirectory(dir=worker.local_directory) as scratch:
        root = _root(needed, Path(order["root"]), Path(scratch), order["topic"], worker)
        return page.draw(root, pickle.loads(order["facts"])), ""


def _root(needed: list[File], client: Path, scratch: Path, topic: str, worker: Any) -> Path:
    """A folder that has what is needed: the worker's clone, the client's, else one of its own."""
    for root in (Path.cwd(), client):
        if all(arriving.is_at(file, root / file.path) for file in needed):
            return root
    for file in needed:
        arriving.fetch(file, scratch / file.path, arriving.asking(file, topic, worker))
    return scratch
