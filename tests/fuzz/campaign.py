"""Mutants of one target, tried one after the other in a process that may die of them."""

from __future__ import annotations

import faulthandler
import importlib
import multiprocessing
import resource
import signal
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from registry.errors import RegistryError

TARGETS = ("npz", "foreign_npz", "sidecar", "certificate", "lock", "dvc_file", "params", "cxi")
# Far more than a mutant needs on a busy machine: what takes longer has no end.
HANG_S = 20
# What a mutant of some thousand bytes may ask for, on top of what the process has.
MEMORY_BYTES = 1 << 30
_LONGEST_MESSAGE = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one mutant did that none may do."""

    target: str
    seed: int
    index: int
    what: str

    def __str__(self) -> str:
        return (
            f"{self.target}, seed {self.seed}, index {self.index}: {self.what.strip()}\n"
            f"  again: python -m tests.fuzz {self.target} --seed {self.seed} --index {self.index}"
        )


@dataclass(kw_only=True, slots=True)
class Figures:
    """What became of so many mutants."""

    target: str
    accepted: int
    refused: int
    seconds: float
    findings: list[Finding] = field(default_factory=list)

    @property
    def mutants(self) -> int:
        """How many were tried."""
        return self.accepted + self.refused + len(self.findings)

    def __str__(self) -> str:
        return (
            f"{self.target:11} {self.mutants:7} mutants: {self.accepted} accepted, "
            f"{self.refused} refused, {len(self.findings)} findings; "
            f"{self.seconds:.0f} s, {self.mutants / self.seconds:.0f}/s"
        )


def load(name: str) -> ModuleType:
    """The module of a target."""
    return importlib.import_module(f"tests.fuzz.{name}")


def mutant(target: ModuleType, seed: int, index: int) -> bytes:
    """The mutant of this number, which follows from target, seed and index alone."""
    data: bytes = target.mutant(Random(f"{target.__name__} {seed} {index}"))
    return data


def attempt(target: ModuleType, data: bytes) -> bool:
    """Whether a mutant is accepted. Whatever is raised is a finding.

    Raises
    ------
    Exception
        Anything but a refusal in four parts that a terminal can show.
    """
    try:
        target.check(data)
    except RegistryError as error:
        _check_message(error)
        return False
    return True


def _check_message(error: RegistryError) -> None:
    empty = [name for name, part in error.parts.items() if not part.strip()]
    assert not empty, f"a message without {empty}: {error.parts}"
    size = len(str(error).encode())
    assert size <= _LONGEST_MESSAGE, f"a message of {size} bytes"


def run(name: str, *, seed: int, count: int, hang_s: float = HANG_S) -> Figures:
    """Try mutants 0 to ``count``; where a process dies of one, another goes on with the next."""
    figures = Figures(target=name, accepted=0, refused=0, seconds=0.0)
    started = time.perf_counter()
    first = 0
    while first < count:
        first = _in_process(figures, seed, range(first, count), hang_s)
    figures.seconds = time.perf_counter() - started
    return figures


def _in_process(figures: Figures, seed: int, indices: range, hang_s: float) -> int:
    """Try mutants in one process; the first that is left to do."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    # index of the present mutant, accepted, refused: what is known of a process that died
    counts = spawn.RawArray("q", [indices.start - 1, 0, 0])
    arguments = (figures.target, seed, indices, hang_s, counts, sender)
    process = spawn.Process(target=_work, args=arguments)
    process.start()
    sender.close()
    with receiver, suppress(EOFError):
        while True:
            figures.findings.append(receiver.recv())
    process.join()
    index, accepted, refused = counts
    if index < indices.start:
        raise RuntimeError(f"target {figures.target} died before its first mutant: see stderr")
    figures.accepted += accepted
    figures.refused += refused
    if index < indices.stop:
        what = _death(process.exitcode, hang_s)
        figures.findings.append(Finding(target=figures.target, seed=seed, index=index, what=what))
    return index + 1


def _death(code: int | None, hang_s: float) -> str:
    if code == -signal.SIGALRM:
        return f"no end within {hang_s} s; where it was is on stderr"
    return f"the process died with exit code {code} (a signal's number, if negative)"


def _work(
    name: str, seed: int, indices: range, hang_s: float, counts: Any, findings: Connection
) -> None:
    """What the process does."""
    target = load(name)
    # says where the process is, and lets it die
    faulthandler.register(signal.SIGALRM, chain=True)
    _limit_memory()
    for index in indices:
        counts[0] = index
        signal.setitimer(signal.ITIMER_REAL, hang_s)
        try:
            counts[1 if attempt(target, mutant(target, seed, index)) else 2] += 1
        except Exception:
            what = traceback.format_exc()[-2000:]
            findings.send(Finding(target=name, seed=seed, index=index, what=what))
    signal.setitimer(signal.ITIMER_REAL, 0)
    counts[0] = indices.stop


def _limit_memory() -> None:
    statm = Path("/proc/self/statm")
    if statm.exists():
        limit = int(statm.read_text().split()[0]) * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
