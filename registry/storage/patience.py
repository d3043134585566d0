"""How long is waited: for a server that is silent, or sends next to nothing, and for a thread."""

from __future__ import annotations

import threading
import time

# A silent server is given up after that time, and one that takes longer for each so many bytes.
PATIENCE_S = 30.0
SLOW_BYTES = 1 << 16
# Python takes note of an interrupt that comes just before it waits for a lock when the wait is
# over, so that one without an end would never be interrupted.
_WAKE_S = 0.1


def join(thread: threading.Thread, limit_s: float = float("inf")) -> None:
    """Wait for a thread to end, or so long, in a way that an interrupt ends at any moment."""
    end = time.monotonic() + limit_s
    while thread.is_alive() and (left := end - time.monotonic()) > 0:
        thread.join(min(_WAKE_S, left))


class Pace:
    """Tells a transfer that goes on from one that could go on for ever."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._came = 0

    def is_lost(self, count: int) -> bool:
        """Take note of bytes that have just come; whether they are too few for the time."""
        now = time.monotonic()
        self._came += count
        if self._came >= SLOW_BYTES:
            # anew: what came fast before makes no claim to more patience
            self._begun, self._came = now, 0
        return now - self._begun > PATIENCE_S
