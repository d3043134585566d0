"""Seconds that the phases of a command take."""

from __future__ import annotations

import time


class Clock:
    """Seconds by phase, from one lap to the next."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """End a phase."""
        now = time.perf_counter()
        self.laps[phase] = round(now - self._last, 3)
        self._last = now
