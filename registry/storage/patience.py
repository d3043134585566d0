"""How long is waited for a server: one that is silent, and one that sends next to nothing."""

from __future__ import annotations

import time

# A silent server is given up after that time, and one that takes longer for each so many bytes.
PATIENCE_S = 30.0
SLOW_BYTES = 1 << 16


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
