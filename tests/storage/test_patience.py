"""Tests of `registry.storage.patience`."""

from __future__ import annotations

import signal
import threading

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


def test_how_much_is_enough(clock):
    """For each so many bytes there is so much time, and one byte less is not enough."""
    pace = Pace()
    for _ in range(3):
        clock[0] += PATIENCE_S + 1
        assert not pace.is_lost(SLOW_BYTES), "enough has come"
    clock[0] += PATIENCE_S + 1
    assert pace.is_lost(SLOW_BYTES - 1), "a byte less came"
    fresh = Pace()
    clock[0] += PATIENCE_S + 1
    assert fresh.is_lost(SLOW_BYTES - 1), "a byte less came, as the first"


class Interrupted(Exception):
    """What the handler of a signal raises."""


def test_an_interrupt_that_another_thread_gets():
    """It ends the wait, which the system does not wake: so is one that comes just before it."""

    def raise_it(number, frame):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, raise_it)
    go, done = threading.Event(), threading.Event()
    ended: list[bool] = []

    def work():
        go.wait(10)
        # by then it is waited for
        done.wait(0.05)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        done.wait(10)
        ended.append(True)

    other = threading.Thread(target=work, daemon=True)
    other.start()
    try:
        go.set()
        with pytest.raises(Interrupted):
            patience.join(other)
        assert not ended, "it was waited for to the end"
    finally:
        done.set()
        signal.signal(signal.SIGUSR1, before)


def test_waiting_for_a_thread():
    """Until it ends, or so long."""
    done = threading.Event()
    other = threading.Thread(target=done.wait, args=(10,), daemon=True)
    other.start()
    patience.join(other, 0.0)
    assert other.is_alive(), "it was waited for without end"
    done.set()
    patience.join(other)
    assert not other.is_alive(), "it was not waited for"


def test_waiting_for_less_than_a_second():
    """It is waited for, too."""
    other = threading.Thread(target=threading.Event().wait, args=(0.02,), daemon=True)
    other.start()
    patience.join(other, 0.9)
    assert not other.is_alive(), "it was not waited for"
