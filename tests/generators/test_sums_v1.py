"""Tests of `generators.sums_v1`."""

from __future__ import annotations

import numpy as np
import pytest

from generators import sums_v1


@pytest.mark.parametrize("shape", [(1,), (7,), (64,), (5, 6, 7), (0,)])
def test_a_sum(shape):
    """Of whole numbers it is exact, whatever their number."""
    values = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    assert sums_v1.total(values) == np.prod(shape) * (np.prod(shape) - 1) // 2


def test_the_order_of_a_sum():
    """Halves are added: 1e16 and its opposite meet first, and what is small is not lost."""
    assert sums_v1.total(np.array([1e16, 1.0, -1e16, 1.0])) == 2.0, "another order"


def test_the_memory_order_does_not_show():
    """The elements' own order is what counts."""
    values = np.random.default_rng(0).normal(size=(30, 40))
    assert sums_v1.total(np.asfortranarray(values)) == sums_v1.total(values), "the layout shows"


def test_along_the_first_axis():
    """Terms are added one after the other."""
    values = np.array([[1e16, 1.0], [1.0, 1.0], [-1e16, 1.0]])
    assert sums_v1.over_first(values).tolist() == [0.0, 3.0], "another order"
