"""Processes that build stages, several at a time, each warm for the next one."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from registry.build import one_thread
from registry.errors import CheckError, RegistryError

if TYPE_CHECKING:
    from registry.build.plan import Stage
    from registry.build.work import Built


class Workers:
    """Processes of this machine in which stages of the registry at ``root`` are built.

    A thread for each waits for it. So a process that dies takes with it the stage that it was at,
    and no other.

    Parameters
    ----------
    root : path
        The registry's top folder.
    jobs : int
        How many at a time. No more are started than there is work for.
    """

    def __init__(self, root: Path, jobs: int) -> None:
        self._root = root
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="worker")
        self._own = threading.local()
        self._all: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what is being built, drop what is not, and end the processes."""
        self._threads.shutdown(cancel_futures=True)
        for worker in self._all:
            worker.end()

    @property
    def processes(self) -> list[int]:
        """Numbers of the processes that there are."""
        return [worker.process for worker in self._all]

    def submit(self, stage: Stage) -> Future[Built]:
        """Build a stage as soon as a process is free for it.

        The future's error is a `RegistryError`, or an OSError as the system reports it.
        """
        return self._threads.submit(self._build, stage)

    def _build(self, stage: Stage) -> Built:
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is not None and not worker.is_alive:
            # it died while nothing was asked of it, and so is no stage's fault
            self._ended(worker)
            worker = None
        if worker is None:
            worker = self._own.worker = _Worker(self._root)
            self._all.append(worker)
        try:
            return worker.build(stage)
        except EOFError:
            self._ended(worker)
            raise CheckError(
                str(stage),
                expected="a process that builds it to its end",
                found=worker.end(),
                remedy=f"fixtures build --jobs 1 {stage.entry}, which gives it all of the memory; "
                f"dvc repro {stage.name} shows what else it may be",
            ) from None

    def _ended(self, worker: _Worker) -> None:
        worker.end()
        self._all.remove(worker)
        self._own.worker = None


class _Worker:
    def __init__(self, root: Path) -> None:
        # a new interpreter: to fork one that has threads is no way to get a sound one
        context = get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_work, args=(root, there), daemon=True)
        self._process.start()
        there.close()

    @property
    def process(self) -> int:
        return self._process.pid or 0

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def build(self, stage: Stage) -> Built:
        try:
            self._here.send(stage)
            found: Any = self._here.recv()
        except OSError:
            raise EOFError from None
        if isinstance(found, BaseException):
            raise found
        built: Built = found
        return built

    def end(self) -> str:
        """Let the process end, if it has not; how it did."""
        self._here.close()
        self._process.join()
        code = self._process.exitcode or 0
        if code < 0:
            return f"it was ended by {signal.Signals(-code).name}"
        return f"it ended by itself, with exit code {code}"


def _work(root: Path, asked: Connection) -> None:
    """Build what is asked for until nobody is there to ask."""
    # Ctrl-C is the asker's, who lets what has begun come to its end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread.ask()
    os.chdir(root)
    # as Python does for the stage's own program
    sys.path.insert(0, os.fspath(root))
    with suppress(EOFError, OSError):
        from registry.build import memory, work

        memory.reuse()
        # what was imported stays, and is not looked at for garbage again and again
        gc.freeze()
        while True:
            stage = asked.recv()
            try:
                found: Any = work.build(stage)
            except (RegistryError, OSError) as error:
                found = error
            asked.send(found)
