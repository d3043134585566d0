"""Child processes, none of which outlives the command that started it."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType

from registry import files, process_tree
from registry.mutants.plan import Plan

_LOG = "pytest.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a child ended: ``code`` is None where it was stopped, because its time was over."""

    code: int | None
    seconds: float


class Children:
    """Runs plans, each in a process and a group of processes of its own; a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _kill(process)

    def run(self, plan: Plan, folder: Path, *, limit_s: float | None = None) -> Ended:
        """Run a plan in its folder to its end, or until its time is over."""
        plan.write(folder)
        command = [sys.executable, "-P", "-m", "registry.mutants.child", str(folder)]
        start = perf_counter()
        with (folder / _LOG).open("wb") as log:
            process = self._start(command, log.fileno())
        if process is None:
            return Ended(code=None, seconds=0)
        try:
            code: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                _kill(process)
            with self._lock:
                self._running.discard(process)
        return Ended(code=code, seconds=perf_counter() - start)

    def _start(self, command: list[str], log: int) -> subprocess.Popen[bytes] | None:
        # the lock is held until the process is listed, or one would start after all were stopped
        with self._lock:
            if self._stopped:
                return None
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
            return process


def log(folder: Path, lines: int = 20) -> str:
    """The last lines that pytest printed in a child's folder."""
    text = files.read(folder / _LOG).decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-lines:])


def _kill(process: subprocess.Popen[bytes]) -> None:
    # with whatever its tests have started
    process_tree.kill(process)
    process.wait()
