"""Reading in a process of its own, for a library that may crash on a file, or never end.

HDF5's is one: a few bytes changed in a file keep it in a loop that holds the interpreter, so that
no signal and no other thread gets a turn. The process that reads may die of that, or is ended by
the system after so much processor time; who asked it gets an error in four parts. Time on the clock
has no limit: that of a disk on a network that hangs is waited for, as by any program.

A process costs a fifth of a second. One that has nothing to do is kept for the next file.
"""

from __future__ import annotations

import atexit
import math
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import BufferedRWPair
from typing import Any, TypeVar

from registry.errors import CheckError, MissingError, RegistryError

T = TypeVar("T")
Opener = Callable[[], AbstractContextManager[Any]]

# Processor time that any file may take, and what is added to it for each byte.
PATIENCE_S = 60.0
_SLOW_BYTES_PER_S = 1 << 23

_PROGRAM = f"import sys; sys.path[:] = sys.argv[2:]; from {__name__} import main; main()"


class Opened:
    """What is open in the other process, for as long as the context of `opened` lasts."""

    def __init__(self, process: _Process, subject: str, size: int) -> None:
        # None while it has not answered: after an interrupt nobody knows what it will say
        self.process: _Process | None = process
        self._subject = subject
        self._size = size

    def call(self, function: Callable[..., T], *arguments: object, size: int = 0) -> T:
        """Call a function in the other process, with what is open as its first argument.

        The function is one of a module, and its arguments and what it returns can be pickled.
        ``size`` is that of the answer in bytes, where it is large.

        Raises
        ------
        CheckError
            The process died of it, or took too much processor time.
        Exception
            Whatever the function raises.
        """
        answer: T = self.ask((function, arguments), size)
        return answer

    def ask(self, request: object, size: int = 0) -> Any:
        """Send a request and wait for its answer."""
        process, self.process = self.process, None
        if process is None:
            raise ValueError(f"{self._subject} is closed")
        seconds = PATIENCE_S + (self._size + size) / _SLOW_BYTES_PER_S
        try:
            answer = process.ask((request, seconds))
        except (EOFError, OSError, pickle.UnpicklingError):
            raise CheckError(
                self._subject,
                expected="a file that its library can read",
                found=_death(process.end(), seconds),
                remedy="fetch the file again, or write it anew; do not open one that you do not "
                "trust with other programs",
            ) from None
        except BaseException:
            process.end()
            raise
        self.process = process
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def opened(opener: Opener, *, subject: str, size: int, fresh: bool = False) -> Iterator[Opened]:
    """Enter a context in another process, and leave it there when this one ends.

    Parameters
    ----------
    opener : callable
        Makes the context; can be pickled. Its paths are absolute.
    subject : str
        What is opened, for messages.
    size : int
        Of the file in bytes: a large one may take longer.
    fresh : bool
        In a process that starts now, and has the environment of now: with credentials.

    Raises
    ------
    CheckError
        The process died of it, or took too much processor time.
    MissingError
        No process can be started.
    Exception
        Whatever the context raises.
    """
    found = Opened(_process(subject, fresh), subject, size)
    try:
        found.ask(opener)
        try:
            yield found
        finally:
            if found.process is not None:
                found.ask(None)
    finally:
        if found.process is not None:
            _idle.append(found.process)
            found.process = None


class _Process:
    """The process, as who asks it has it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _PROGRAM, str(number), *filter(None, sys.path)],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                # a library that breaks down says so, in words that are not for the user
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self._stream = ours.makefile("rwb")

    def ask(self, request: object) -> Any:
        _send(self._stream, request)
        return _receive(self._stream)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> int:
        """End it, if it has not ended by itself; its exit code."""
        self._process.kill()
        code = self._process.wait()
        # there may be something left that it did not take any more
        with suppress(OSError):
            self._stream.close()
        return code


_idle: list[_Process] = []
# A copy of this process would talk to the same ones.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().end()


def _process(subject: str, fresh: bool) -> _Process:
    if sys.platform == "win32":
        raise MissingError(
            subject,
            expected="a system that ends a process whose processor time is over",
            found="Windows, which does not",
            remedy="read the file on Linux or macOS, or in the Windows subsystem for Linux",
        )
    while _idle:
        process = _idle.pop()
        if process.is_alive() and not fresh:
            return process
        process.end()
    process = _Process()
    try:
        process.ask((None, PATIENCE_S))
    except (EOFError, OSError):
        raise MissingError(
            subject,
            expected="a process of its own to read it in",
            found=f"one that ended when it started, with exit code {process.end()}",
            remedy="see what python -c 'import registry.ptychography.readers' says",
        ) from None
    return process


def _death(code: int, seconds: float) -> str:
    if sys.platform != "win32" and code == -signal.SIGXCPU:
        return f"the library came to no end in {seconds:.0f} s of processor time"
    if code < 0:
        return f"the library broke down on it: {signal.Signals(-code).name}"
    return f"the library ended its process, with exit code {code}"


def main() -> None:
    """What the other process does, until nobody is there who could ask."""
    # Ctrl-C is for who asks, who then ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=int(sys.argv[1])) as ours:
        stream = ours.makefile("rwb")
        while True:
            _serve(stream)


def _serve(stream: BufferedRWPair) -> None:
    """Open one thing, answer what is asked of it, and close it.

    Each request has one answer, be it an error: also those to open and to close.
    """
    opener = _request(stream)
    try:
        if opener is not None:
            with opener() as found:
                _send(stream, None)
                while (call := _request(stream)) is not None:
                    _send(stream, _outcome(found, *call))
        _send(stream, None)
    except Exception as error:
        _send(stream, _explained(error))


def _request(stream: BufferedRWPair) -> Any:
    """The next request; from now on the processor time that it may take is counted."""
    request, seconds = _receive(stream)
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        limit = math.ceil(time.process_time() + seconds)
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, most))
    return request


def _outcome(found: object, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(found, *arguments)
    except Exception as error:
        return _explained(error)


def _explained(error: Exception) -> Exception:
    """An error that is a bug of ours, with the traceback that pickling it would lose."""
    if not isinstance(error, RegistryError):
        error.add_note(traceback.format_exc())
    return error


def _send(stream: BufferedRWPair, value: object) -> None:
    """Send a value; arrays go as they lie in memory, without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    pickle.dump((text, [part.nbytes for part in raw]), stream)
    for part in raw:
        stream.write(part)
    stream.flush()


def _receive(stream: BufferedRWPair) -> Any:
    text, sizes = pickle.load(stream)
    buffers = [bytearray(size) for size in sizes]
    for buffer in buffers:
        if stream.readinto(buffer) < len(buffer):
            raise EOFError("the other process has ended")
    return pickle.loads(text, buffers=buffers)
