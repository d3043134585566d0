"""A cluster of Dask's that builds fixtures: who is asked for what, and what becomes of it.

Workers build fixtures, and do what else is asked of them. Files, cache and lock are the client's,
and so is what a worker needs of files, which are sent to one that sees them nowhere.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from registry import files
from registry.build import answer, arriving, code, record, scheduler, task, work
from registry.build.answer import Answer
from registry.declare import declaration, generator_keys
from registry.errors import CheckError, MissingError, RegistryError, UsageError

if TYPE_CHECKING:
    from registry.build.plan import Stage
    from registry.build.record import SourceRecord
    from registry.build.work import Built

# How long there may be no worker: one that is lost is often started again.
_WAIT_S = 60.0


# As `registry.build.task.build`.
_Make = Callable[[Mapping[str, Any], Mapping[str, str]], dict[str, Any]]


@dataclass(eq=False, kw_only=True, slots=True)
class _Asked:
    """What was asked for; with two workers, what the first one made of it."""

    subject: str
    here: str
    key: str
    make: _Make
    order: Mapping[str, Any]
    take: Callable[[Answer], Any]
    future: Future[Any] = field(default_factory=Future)
    sent: Any = None
    first: Answer | None = None
    others: set[str] = field(default_factory=set)


class Cluster:
    """Workers of a scheduler, each in a clone of the registry at ``root``.

    Parameters
    ----------
    root : path
        The registry's top folder.
    address : str
        The scheduler's, as `registry.build.scheduler.connect` takes it.
    twice : bool
        Whether each fixture is built by two workers, which have to agree on every byte.

    Attributes
    ----------
    topic : str
        Of the events by which workers ask for files.
    """

    def __init__(
        self,
        root: Path,
        address: str,
        *,
        twice: bool = False,
    ) -> None:
        self._root, self._address = root, address
        self._twice, self._needed = twice, 1 + twice
        self.topic = f"fixtures-{token_hex(4)}"
        self._asked: set[_Asked] = set()
        self._files: dict[str, Path] = {}
        self._code: dict[str, str] = {}
        self._declared = declaration.read(root)
        self._ended = threading.Event()
        self._sending = ThreadPoolExecutor(4, thread_name_prefix="file")

    def __enter__(self) -> Self:
        """Connect, and wait for a worker.

        Raises
        ------
        MissingError
            There is no scheduler, or it has no worker.
        UsageError
            It has one, where two are needed.
        CheckError
            The versions of ``distributed`` differ.
        """
        self._client = scheduler.connect(self._address)
        try:
            self._wait_for_workers()
            self._client.subscribe_topic(self.topic, self._send)
            threading.Thread(target=self._watch, daemon=True, name="cluster").start()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what is not done. Workers come to the end of what they are at."""
        self._ended.set()
        self._sending.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def submit(self, stage: Stage) -> Future[Built]:
        """Have a fixture built by a worker; its files, and DVC's cache, are written here.

        The future's error is a `RegistryError`, or an OSError as the system reports it.

        Raises
        ------
        CheckError
            A worker has other code.
        """
        source = record.read(_named(stage, "--source"), self._root)
        return self.ask(
            stage, source, self._root / source.path, partial(self._store, stage, source)
        )

    def ask(
        self, stage: Stage, source: SourceRecord, path: Path, take: Callable[[Answer], Any]
    ) -> Future[Any]:
        """Have a fixture built by a worker.

        Parameters
        ----------
        stage : Stage
        source, path : SourceRecord, path
            Its source, and where that one's file is.
        take : callable
            Makes of the answer what the future's result is; one answer at a time.

        Raises
        ------
        CheckError
            A worker has other code.
        """
        generator = _named(stage, "--generator")
        text = self._text(generator)
        return self.call(
            task.build,
            task.order(stage, generator, text, source, path, self.topic),
            {source.sha256: path},
            take,
            subject=str(stage),
            key=stage.entry,
            here=f"fixtures build {stage.entry} builds it here",
        )

    def call(
        self,
        make: _Make,
        order: Mapping[str, Any],
        needed: Mapping[str, Path],
        take: Callable[[Answer], Any],
        *,
        subject: str,
        key: str,
        here: str,
    ) -> Future[Any]:
        """Have a worker make something.

        Parameters
        ----------
        make, order : callable, mapping
            What Dask calls on a worker, by `registry.build.task.answered`, and with what.
        needed : mapping of str to path
            Files that a worker may ask for, by their SHA-256.
        take : callable
            As for `ask`.
        subject, key, here : str
            What it is, in a message and for the scheduler; and what makes it here.
        """
        self._files.update(needed)
        asked = _Asked(subject=subject, here=here, key=key, make=make, order=order, take=take)
        self._asked.add(asked)
        self._begin(asked)
        return asked.future

    def hold(self, refusal: Callable[..., dict[str, Any] | None], *arguments: Any) -> None:
        """Have all workers there are say that what they run is the client's.

        Parameters
        ----------
        refusal : callable
            As `registry.build.task.refusal`.
        arguments
            Its own.

        Raises
        ------
        CheckError
            Some have other code.
        """
        try:
            said = self._client.run(refusal, *arguments, on_error="return")
        except OSError:
            raise self._lost() from None
        refused = [_refusal(address, item) for address, item in said.items() if item]
        if refused:
            others = [f"{error.subject}: {error.found}" for error in refused[1:]]
            raise refused[0].but(found="\n            ".join([refused[0].found, *others]))

    def _text(self, generator: str) -> str:
        """What code a generator is made of, once all workers there are have said it is theirs."""
        if generator not in self._code:
            text = code.text(self._root, generator_keys.read(self._root, generator))
            self.hold(task.refusal, generator, text)
            self._code[generator] = text
        return self._code[generator]

    def _begin(self, asked: _Asked) -> None:
        known: Mapping[str, str] = {}
        options: dict[str, Any] = {}
        # those of one group the scheduler keeps back until a worker is ready for them: what a
        # worker has, and it dies, is held against that, too
        key = (self.topic, f"{asked.key}-{token_hex(4)}")
        try:
            if asked.first is not None:
                known = asked.first.sha256
                asked.others = {*self._workers()} - {asked.first.machine["address"]}
                if not asked.others:
                    # there may be one in a while
                    return
                # before others are begun: what the first one made is kept meanwhile
                options = {"workers": sorted(asked.others), "priority": 1}
            sent = asked.sent = self._client.submit(
                asked.make, asked.order, known, key=key, pure=False, **options
            )
        except Exception:
            # it closes by itself once the scheduler is gone
            self._fail(asked, self._lost())
            return
        sent.add_done_callback(lambda _: self._arrived(asked, sent))

    def _arrived(self, asked: _Asked, sent: Any) -> None:
        """Take an answer; called one at a time, in a thread of Dask's."""
        if asked.future.done():
            self._asked.discard(asked)
        if asked.future.done() or sent is not asked.sent:
            return
        try:
            found = self._answer(asked)
            if self._twice and asked.first is None:
                asked.first = found
                self._begin(asked)
                return
            if asked.first is not None:
                answer.hold_together(asked.subject, asked.first, found)
        except BaseException as error:
            self._fail(asked, error)
            return
        self._asked.discard(asked)
        if asked.future.set_running_or_notify_cancel():
            try:
                asked.future.set_result(asked.take(found))
            except BaseException as error:
                asked.future.set_exception(error)

    def _answer(self, asked: _Asked) -> Answer:
        from distributed import KilledWorker

        sent, asked.sent = asked.sent, None
        try:
            return answer.read(asked.subject, sent.result(), asked.first)
        except RegistryError:
            raise
        except KilledWorker as error:
            raise CheckError(
                asked.subject,
                expected="a worker that comes to its end with it",
                found=f"{error.allowed_failures + 1} workers that died with it, the last of them "
                f"{error.last_worker.address}",
                remedy="its log says why; for want of memory, start fewer on a machine. "
                f"{asked.here}",
            ) from None
        except Exception as error:
            if sent.cancelled():
                raise self._lost() from None
            raise CheckError(
                asked.subject,
                expected="an answer of a worker",
                found=f"{type(error).__name__}: {error}",
                remedy="the worker's log says more; see that it has this package, as the client "
                "has it",
            ) from None

    def _fail(self, asked: _Asked, error: BaseException) -> None:
        self._asked.discard(asked)
        with suppress(Exception):
            # nobody waits any more for one that was cancelled
            asked.future.set_exception(error)

    def _store(self, stage: Stage, source: SourceRecord, found: Answer) -> Built:
        generator = _named(stage, "--generator")
        answer.hold(stage, found, self._root, generator, source, self._declared)
        files.write_together({self._root / path: data for path, data in found.files.items()})
        return work.store(stage, found.told, self._root)

    def _send(self, event: tuple[float, dict[str, str]]) -> None:
        """Send a file to a worker that asks for it; called in the client's event loop."""
        with suppress(RuntimeError):
            # the end has come
            self._sending.submit(self._send_file, **event[1])

    def _send_file(self, sha256: str, worker: str, word: str) -> None:
        with self._opened(sha256) as file:
            while not self._ended.is_set():
                part = file.read(arriving.PART)
                said = self._client.run(arriving.receive, word, part, workers=[worker])
                if not said[worker] or not part:
                    return

    def _opened(self, sha256: str) -> BinaryIO:
        try:
            return files.open_regular(self._files[sha256])
        except OSError:
            # it is gone: nothing is sent, and so not waited for, and is not what was asked for
            return io.BytesIO()

    def _workers(self) -> list[str]:
        """Addresses of the workers there are."""
        return list(self._client.nthreads())

    def _wait_for_workers(self) -> None:
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, _WAIT_S)
        count = len(self._workers())
        if count < self._needed:
            raise self._too_few(count)

    def _watch(self) -> None:
        """See that workers stay: ask another one for what its workers are gone with; give up."""
        seen = time.monotonic()
        while not self._ended.wait(1):
            try:
                workers = {*self._workers()}
            except Exception:
                # what was asked for is lost, but for what waits for another worker
                workers = set()
            if len(workers) >= self._needed:
                seen = time.monotonic()
            late = time.monotonic() - seen > _WAIT_S
            for asked in list(self._asked):
                if late:
                    self._fail(asked, self._too_few(len(workers)))
                elif asked.first is not None and not asked.others & workers:
                    self._begin(asked)

    def _too_few(self, count: int) -> RegistryError:
        command = self._command()
        if count:
            return UsageError(
                "--twice",
                expected="at least two workers, since two build each fixture",
                found="one",
                remedy=f"start another, best on another machine: {command}",
            )
        return MissingError(
            f"scheduler {self._address}",
            expected="a worker",
            found=f"none for {_WAIT_S:.0f} s",
            remedy=f"start one in a clone of this registry: {command}; see docs/cluster.md",
        )

    def _command(self) -> str:
        how = "" if "://" in self._address else "--scheduler-file "
        return f"dask worker {how}{self._address} --nthreads 1"

    def _lost(self) -> MissingError:
        return MissingError(
            f"scheduler {self._address}",
            expected="a connection until all is done",
            found="it was lost",
            remedy="see that the scheduler runs, then run the command again",
        )


def _named(stage: Stage, flag: str) -> str:
    """The value of a flag that every fixture's stage has."""
    words = stage.argv
    return words[words.index(flag) + 1]


def _refusal(address: str, said: Any) -> RegistryError:
    if isinstance(said, Mapping):
        return answer.error(said)
    return CheckError(
        f"worker {address}",
        expected="this package, as the client has it",
        found=f"{type(said).__name__}: {said}",
        remedy="install fixture-registry there, with the client's extras and from its commit, and "
        "start the worker in a clone",
    )
