"""Tests of `bench.timing`."""

from __future__ import annotations

import gc

import pytest

from bench import timing


def test_every_subject_runs_once_in_each_round_after_one_warm_up():
    """What is measured runs once more than there are figures."""
    calls: list[str] = []
    subjects = {name: lambda name=name: calls.append(name) for name in "ab"}

    times = timing.interleave(subjects, rounds=3)

    assert {name: len(seconds) for name, seconds in times.items()} == {"a": 3, "b": 3}
    assert sorted(calls) == list("aaaabbbb")


def test_each_round_starts_with_another_subject():
    """The order rotates, so that no subject always follows the same one."""
    calls: list[str] = []
    subjects = {name: lambda name=name: calls.append(name) for name in "abc"}

    timing.interleave(subjects, rounds=3)

    assert "".join(calls) == "abc" + "abc" + "bca" + "cab"


def test_garbage_collection_is_on_again_when_a_subject_fails():
    """A failing subject leaves the collector as it was."""

    def fail_when_measured() -> None:
        if not gc.isenabled():
            raise RuntimeError("measured")

    with pytest.raises(RuntimeError, match="measured"):
        timing.interleave({"fails": fail_when_measured}, rounds=1)

    assert gc.isenabled()


def test_the_ratio_is_taken_within_each_round():
    """A round in which everything is slow does not count for more than another."""
    times = {"ours": [2.0, 30.0, 5.0], "floor": [1.0, 10.0, 1.0]}

    assert timing.ratio(times, "ours", "floor") == 3.0


def test_code_runs_in_a_new_interpreter_with_its_arguments():
    """A program's output comes back, and it sees what it was given."""
    assert timing.fresh("import sys; print(sys.argv[1:])", "a", "b c") == "['a', 'b c']\n"
