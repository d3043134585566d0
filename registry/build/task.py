"""What a worker of a cluster does: build a fixture from what it is sent, in its own clone.

What else it does is answered for in the same way. What is sent and what comes back are dicts of
texts, numbers and bytes, so that no version of anything has to be the same on both sides but that
of the code that counts.
"""

from __future__ import annotations

import io
import os
import platform
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from registry import digests, field, files
from registry.build import arriving, fixture, loaded_code, memory, source_file, work
from registry.build.plan import Stage
from registry.build.record import SourceRecord
from registry.build.source_file import SourceFile
from registry.build.stage import Request
from registry.errors import MissingError, RegistryError

# What a generator prints is taken from the whole process, and matplotlib draws in one thread alone:
# one at a time, however many there are.
_alone = threading.Lock()
_opened: list[tuple[SourceRecord, str, SourceFile]] = []


def order(
    stage: Stage, generator: str, text: str, record: SourceRecord, path: Path, topic: str
) -> dict[str, Any]:
    """What a worker is sent.

    Parameters
    ----------
    stage : Stage
        A fixture's.
    generator, text : str
        Its generator, and what `registry.build.code.text` says of it.
    record, path : SourceRecord, path
        Of its source, and where the client has its file.
    topic : str
        Of the events by which a worker asks for that file.
    """
    return {
        "stage": {**asdict(stage), "cached": sorted(stage.cached)},
        "generator": generator,
        "code": text,
        "source": asdict(record),
        "path": os.fspath(path.absolute()),
        "topic": topic,
    }


def build(order: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """Build a fixture; this is what Dask calls on a worker.

    Parameters
    ----------
    order : mapping
        As `order` makes it.
    known : mapping of str to str
        SHA-256 of the fixture's files by path, where another worker has built it: what came out the
        same is not sent again.

    Returns
    -------
    dict
        As `answered` makes it, with what the generator printed.
    """
    said = order["stage"]
    return answered(f"{said['kind']} {said['entry']}", known, partial(_build, order))


def answered(
    subject: str,
    known: Mapping[str, str],
    make: Callable[[Any, Mapping[str, str]], tuple[Mapping[str, bytes], str]],
) -> dict[str, Any]:
    """What a worker answers, whatever becomes of what was asked for.

    Parameters
    ----------
    subject : str
        What was asked for, for a message.
    known : mapping of str to str
        As for `build`.
    make : callable
        Makes it, from the worker and what it runs on: files by their paths, and what is told.

    Returns
    -------
    dict
        ``machine``, a mapping of texts, and either ``error`` and ``exit_code``, of a
        `RegistryError`, or ``sha256`` and ``files``, by path, and ``told``.
    """
    from distributed import get_worker

    with _alone:
        # Dask's nanny has glibc hand back all that is freed, and a fixture take three times as long
        memory.reuse()
        worker = get_worker()
        machine = this_machine(worker)
        try:
            contents, told = make(worker, machine)
            found = {path: digests.sha256(data) for path, data in contents.items()}
            sent = {} if found == known else contents
            return {"machine": machine, "sha256": found, "files": sent, "told": told}
        except RegistryError as error:
            failure = error
        except (OSError, MemoryError) as error:
            failure = MissingError(
                subject,
                expected="a worker with the memory and the files that it needs",
                found=f"{type(error).__name__}: {error}, on {shown(machine)}",
                remedy="see to that machine, then run the command again",
            )
        return {"machine": machine, "error": failure.parts, "exit_code": failure.exit_code}


def refusal(name: str, text: str, dask_worker: Any) -> dict[str, Any] | None:
    """Why a worker will not build by a generator; None where it will.

    Parameters
    ----------
    name, text : str
        The generator, and what `registry.build.code.text` says of it at the client.
    dask_worker
        The worker, which Dask passes by this name.
    """
    return refused(dask_worker, lambda process: loaded_code.hold(name, text, process=process))


def refused(worker: Any, hold: Callable[[str], None]) -> dict[str, Any] | None:
    """The error by which a worker, given in words, is refused; None where it is not."""
    try:
        hold(shown(this_machine(worker)))
    except RegistryError as error:
        return {"error": error.parts, "exit_code": error.exit_code}
    return None


def shown(machine: Mapping[str, str]) -> str:
    """A machine in words."""
    return (
        f"{machine['address']} on {machine['host']}, in {machine['folder']} (Python "
        f"{machine['python']}, numpy {machine['numpy']}, {machine['processor']})"
    )


def this_machine(worker: Any) -> dict[str, str]:
    """What a worker runs on, for whoever has to find it."""
    processor = platform.processor() or platform.machine()
    with suppress(OSError):
        match = re.search(rb"^model name\s*:\s*(.+)$", files.read(Path("/proc/cpuinfo")), re.M)
        processor = match[1].decode(errors="replace").strip() if match else processor
    return {
        "address": worker.address,
        "host": socket.gethostname(),
        "folder": os.fspath(Path.cwd()),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "processor": processor,
    }


def _build(
    order: Mapping[str, Any], worker: Any, machine: Mapping[str, str]
) -> tuple[dict[str, bytes], str]:
    loaded_code.hold(order["generator"], order["code"], process=shown(machine))
    folder = os.fspath(Path.cwd())
    if folder not in sys.path:
        # as Python does for the stage's own program
        sys.path.insert(0, folder)
    said = order["stage"]
    stage = Stage(**{**said, "cached": frozenset(said["cached"])})
    with work.told(stage) as printed:
        request = work.parse(stage)
        made = fixture.make(request, _source(request, order, worker))
        print(made.told)
        contents = {path.as_posix(): _bytes(data) for path, data in made.contents.items()}
    return contents, printed.getvalue()


def _bytes(data: files.Content) -> bytes:
    if not callable(data):
        return bytes(data)
    file = io.BytesIO()
    data(file)
    return file.getvalue()


def _source(request: Request, order: Mapping[str, Any], worker: Any) -> SourceFile:
    """The source of a fixture, read once for as many as follow."""
    record, known = SourceRecord(**order["source"]), request.generator.field
    if not (_opened and _opened[0][:2] == (record, known)):
        _opened.clear()
        place = Path(worker.local_directory) / "sources" / f"{record.sha256}.npz"
        file = arriving.File(
            subject=f"source {record.name}",
            path=record.path.as_posix(),
            sha256=record.sha256,
            size=record.size,
            anew=f"dvc repro --force source@{record.name} makes the client's own anew",
        )
        places = [record.path, Path(order["path"]), place]
        path = next((path for path in places if arriving.is_at(file, path)), None)
        if path is None:
            arriving.fetch(file, place, arriving.asking(file, order["topic"], worker))
            path = place
        found = source_file.opened(
            f"fixture {request.name}", record, field.find(known, Path()), path
        )
        _opened.append((record, known, found))
    return _opened[0][2]
