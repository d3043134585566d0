"""How signals end a training: SIGINT (Ctrl-C) and SIGTERM, once or twice, at any moment.

An exception that comes at any moment, as Python's KeyboardInterrupt does, leaves the libraries that
it passes through half-way: a queue without the thread that empties it, an import that took it for
an error. So a signal is never an exception in here. Outside of steps there is nothing to save, and
the process ends; within, it ends between two steps. Files have their names when they are whole.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from registry.errors import printable

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAID = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


@contextmanager
def at_once(last_words: Callable[[], Sequence[str]]) -> Iterator[None]:
    """Let a signal end the process at once, with the exit code that a shell knows it by.

    Parameters
    ----------
    last_words : callable
        The lines that are said on stderr, before ``interrupted`` or ``terminated``.
    """

    def end(number: int, _: FrameType | None) -> None:
        words = [*last_words(), _SAID[signal.Signals(number)]]
        # neither flushes nor waits for anything
        os.write(2, "".join(f"{printable(line)}\n" for line in words).encode())
        os._exit(128 + number)

    # while the interpreter ends as well
    atexit.register(_as_the_system_does)
    try:
        with _handled(end):
            yield
    except (KeyboardInterrupt, SystemExit):
        # it ends already
        _as_the_system_does()
        raise


def _as_the_system_does() -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


class Ended(BaseException):
    """What `Request.obey` raises: no error, and nothing to go on from."""


class Request:
    """A signal that asked for the end, or none yet.

    number : int or None
    """

    number: int | None = None

    def obey(self) -> None:
        """Called between two steps.

        Raises
        ------
        Ended
            There was a signal.
        """
        if self.number is not None:
            raise Ended


@contextmanager
def asked() -> Iterator[Request]:
    """Keep the first signal, for who looks between two steps; a second one ends the process.

    It does so by the system's own way, which works whatever the process is at.
    """
    request = Request()

    def note(number: int, _: FrameType | None) -> None:
        _as_the_system_does()
        if request.number is not None:
            # Lightning has put this handler back
            signal.raise_signal(number)
        request.number = number

    with _handled(note):
        yield request


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals in the main thread, which alone can, but for those that are ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    # as under nohup, or in the background of a shell without job control
    handled = [number for number, now in before.items() if now is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
