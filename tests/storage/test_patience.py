"""Tests of `registry.storage.patience`."""

from __future__ import annotations

import pytest

from registry.storage import patience
from registry.storage.patience import PATIENCE_S, SLOW_BYTES, Pace


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])
    return now


def test_what_comes_fast_enough_goes_on(clock):
    """A transfer may take for ever, as long as it brings enough all the time."""
    pace = Pace()
    for _ in range(1000):
        clock[0] += PATIENCE_S
        assert not pace.is_lost(SLOW_BYTES), "given up though enough came"


def test_next_to_nothing_is_lost(clock):
    """What came fast before makes no claim to more patience."""
    pace = Pace()
    assert not pace.is_lost(1000 * SLOW_BYTES)
    clock[0] += PATIENCE_S
    assert not pace.is_lost(1), "given up too soon"
    clock[0] += 1
    assert pace.is_lost(1), "waited for too long"
