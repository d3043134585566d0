"""A scheduler of Dask's and workers, processes of their own on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kit.environment import environment

START_S = 60
# What a worker is made to be, by a variable of its environment; nothing of it is in the package.
HIDES, LIES = "TEST_HIDES", "TEST_LIES"
_SITE = f"""\
import os
import pathlib

hidden = os.environ.get({HIDES!r})
if hidden:
    # as if the folder were on another machine
    is_file = pathlib.Path.is_file

    def is_seen(self, *arguments, **options):
        return not str(self).startswith(hidden) and is_file(self, *arguments, **options)

    pathlib.Path.is_file = is_seen
if os.environ.get({LIES!r}):
    # as if its arithmetic were off by a bit
    import numpy

    arange = numpy.arange

    def wrong(*arguments, **options):
        found = arange(*arguments, **options)
        if options.get("dtype") == "<f4":
            found[1] = numpy.nextafter(found[1], found[2])
        return found

    numpy.arange = wrong
"""


class Processes:
    """A scheduler, and workers that are started one by one; all are ended with the block.

    Attributes
    ----------
    file : path
        The scheduler's file.
    address : str
        What it says.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self._folder = folder
        self._all: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "sitecustomize.py").write_text(_SITE)
        self._start("scheduler", self._folder, "--port", "0", "--scheduler-file", self.file)
        # it is there before anything is written into it
        self._wait("scheduler", lambda: self.file.is_file() and self.file.stat().st_size)
        self.address = json.loads(self.file.read_bytes())["address"]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._all.values():
            process.kill()
        for process in self._all.values():
            process.wait()

    def worker(self, name: str, root: Path, *path: Path, **variables: str) -> None:
        """Begin to start a worker in a clone; folders go first in its PYTHONPATH."""
        paths = os.pathsep.join(map(os.fspath, [self._folder, *path]))
        arguments = [self.address, "--name", name, "--nthreads", "1", "--no-nanny",
                     "--local-directory", self._folder / name]  # fmt: skip
        self._start("worker", root, *arguments, name=name, PYTHONPATH=paths, **variables)

    def wait(self, *names: str) -> None:
        """Wait until workers are there."""
        for name in names:
            log = self._folder / f"{name}.log"
            self._wait(name, lambda log=log: "Registered to:" in log.read_text())

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a process a signal; when it is to end, wait for its end."""
        self._all[name].send_signal(number)
        if number == signal.SIGKILL:
            self._all.pop(name).wait()

    def folder(self, name: str) -> Path:
        """A worker's own."""
        return self._folder / name

    def _start(
        self, kind: str, cwd: Path, *arguments: object, name: str = "scheduler", **variables: str
    ) -> None:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1",
                   "--no-dashboard", *map(str, arguments)]  # fmt: skip
        with (self._folder / f"{name}.log").open("wb") as log:
            self._all[name] = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment(self._folder, **variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait(self, name: str, ready) -> None:
        end = time.monotonic() + START_S
        while not ready():
            if self._all[name].poll() is not None or time.monotonic() > end:
                pytest.fail(f"{name} does not start:\n{(self._folder / f'{name}.log').read_text()}")
            time.sleep(0.05)
