"""The order in which tests are run."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def slow_first(slow: list[T], others: list[T], workers: int) -> list[T]:
    """All tests, so that each worker begins with slow ones and ends with others.

    To begin with, xdist gives each worker an equal part of what it finds, in this order. Who has
    done its own takes over from the end of another's, and what is left at last should be short.
    """

    def part(tests: list[T], worker: int) -> list[T]:
        return tests[len(tests) * worker // workers : len(tests) * (worker + 1) // workers]

    return [test for n in range(workers) for test in (*part(slow, n), *part(others, n))]
