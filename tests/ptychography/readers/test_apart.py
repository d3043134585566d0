"""Tests of `registry.ptychography.readers.apart`: whatever a library does, its caller goes on."""

from __future__ import annotations

import itertools
import operator
import os
import signal
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography.readers import apart

# As a library that is in a loop does, it holds the interpreter and hears no signal.
ENDLESS = partial(sum, itertools.repeat(0))


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Hardly any processor time."""
    monkeypatch.setattr(apart, "PATIENCE_S", 1)


@pytest.fixture
def opened():
    """Open a value in the other process."""
    return lambda value: apart.opened(partial(nullcontext, value), subject="file a", size=0)


@pytest.mark.parametrize(
    ("value", "function", "found"),
    [
        (itertools.repeat(0), sum, "the library came to no end in 1 s of processor time"),
        (signal.SIGSEGV, signal.raise_signal, "the library broke down on it: SIGSEGV"),
        (signal.SIGABRT, signal.raise_signal, "the library broke down on it: SIGABRT"),
        (7, os._exit, "the library ended its process, with exit code 7"),
    ],
    ids=["no end", "crash", "abort", "exit"],
)
def test_what_a_library_may_do(value, function, found, opened):
    """Each is an error in four parts, and the next file is read as if it had not been."""
    with pytest.raises(CheckError) as caught, opened(value) as file:
        file.call(function)
    assert caught.value.subject == "file a"
    assert caught.value.found == found, caught.value
    with opened([1, 2]) as file:
        assert file.call(len) == 2, "the process that died is asked again"


def test_a_library_that_does_it_when_it_opens():
    """Opening has the same limits as reading."""
    with (
        pytest.raises(CheckError, match="no end"),
        apart.opened(ENDLESS, subject="file a", size=0),
    ):
        pytest.fail("it was opened")


def test_an_error_is_that_of_the_function(opened):
    """It comes back as it is, says where it was raised, and the file stays open."""
    with opened({"a": 5}) as file:
        with pytest.raises(KeyError, match="nope") as caught:
            file.call(operator.getitem, "nope")
        assert any("_outcome" in note for note in caught.value.__notes__), "where is not said"
        assert file.call(operator.getitem, "a") == 5, "the file is no longer open"


def test_arrays(opened):
    """They come back as they are, and can be written to."""
    array = np.arange(3_000_000, dtype=">f4").reshape(3, -1)
    with opened(array) as file:
        found = file.call(np.ndarray.copy)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype, "another dtype"
    found[0, 0] = 1


def test_two_at_a_time(opened):
    """Each has a process of its own, and the later one may be closed first or last."""
    with opened([1]) as first:
        with opened([1, 2]) as second:
            assert (first.call(len), second.call(len)) == (1, 2)
        assert first.call(len) == 1


def test_one_process_after_the_other(opened):
    """A process that has nothing to do reads the next file."""
    number = "__import__('os').getpid()"
    with opened(number) as file:
        first = file.call(eval)
    with opened(number) as file:
        assert file.call(eval) == first, "another process was started"
    assert first != os.getpid(), "it is read here"


def test_a_fresh_process(opened, monkeypatch):
    """It has the environment of now, and takes the place of those that have nothing to do."""
    monkeypatch.setenv("TOKEN", "new")
    token = "__import__('os').environ.get('TOKEN')"
    fresh = partial(apart.opened, partial(nullcontext, token), subject="file a", size=0, fresh=True)
    with fresh() as file:
        assert file.call(eval) == "new"
    monkeypatch.setenv("TOKEN", "newer")
    with opened(token) as file:
        assert file.call(eval) == "new", "another process was started"
    with fresh() as file:
        assert file.call(eval) == "newer", "the process was kept"
    assert len(apart._idle) == 1, "the other one was left"


def test_what_is_closed(opened):
    """Its process may read another file: it is not asked."""
    with opened([1]) as file:
        pass
    with pytest.raises(ValueError, match="file a is closed"):
        file.call(len)


def test_an_interrupt(opened, monkeypatch):
    """The process that may be in a loop is ended, and not asked again."""

    def interrupted(stream) -> None:
        raise KeyboardInterrupt

    with opened([1]) as file:
        first = file.process
        with monkeypatch.context() as patch:
            patch.setattr(apart, "_receive", interrupted)
            with pytest.raises(KeyboardInterrupt):
                file.call(len)
    assert not first.is_alive(), "it goes on"
    with opened([1]) as file:
        assert file.call(len) == 1
