"""Tests of `registry.byte_order`. A big-endian machine is one whose `sys.byteorder` says so."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from registry import byte_order


@pytest.mark.parametrize(
    ("machine", "dtype", "expected"),
    [
        ("little", "<f8", "<f8"),
        ("little", ">f8", ">f8"),
        ("big", ">f8", "<f8"),
        ("big", "<f8", "<f8"),
        ("big", ">c16", "<c16"),
        ("big", "|u1", "|u1"),
        ("big", "|b1", "|b1"),
    ],
)
def test_the_order_in_which_arrays_are_stored(monkeypatch, machine, dtype, expected):
    """Little-endian for a machine's own; an order that is foreign to it stays, to be refused."""
    monkeypatch.setattr(sys, "byteorder", machine)
    array = np.array([1, 0, 1], dtype)
    assert byte_order.stored_dtype(array.dtype).str == expected, "another dtype"
    stored = byte_order.stored(array)
    assert stored.dtype.str == expected, "not in that dtype"
    assert stored.tolist() == array.tolist(), "other values"


def test_nothing_is_copied_where_nothing_is_to_be_done(monkeypatch):
    """On a little-endian machine, and of what is stored already on another one."""
    array = np.arange(3, dtype="<f8")
    for machine in ("little", "big"):
        monkeypatch.setattr(sys, "byteorder", machine)
        assert byte_order.stored(array) is array, f"a copy on a {machine}-endian machine"
    monkeypatch.setattr(sys, "byteorder", "little")
    assert byte_order.native(array) is array, "a copy of what the machine computes with"


def test_a_big_endian_machine_computes_in_its_own_order(monkeypatch):
    """What is handed out there has the machine's dtype, the same values, and is read-only."""
    monkeypatch.setattr(sys, "byteorder", "big")
    found = byte_order.native(np.array([1.5, -2, np.inf], "<f4"))
    assert found.dtype.str == ">f4", "another order than the machine's"
    assert found.tolist() == [1.5, -2, np.inf], "other values"
    assert not found.flags.writeable, "a test could change what the next one sees"


@pytest.mark.parametrize(
    ("machine", "given", "made", "expected"),
    [
        ("big", "<f4", ">f8", "<f8"),
        ("big", ">f4", ">f8", ">f8"),
        ("big", "<f4", "<f8", "<f8"),
        ("little", "<f4", ">f4", ">f4"),
    ],
)
def test_what_is_computed_of_an_array_keeps_its_order(monkeypatch, machine, given, made, expected):
    """What a big-endian machine makes of stored arrays is stored; nothing else is converted."""
    monkeypatch.setattr(sys, "byteorder", machine)
    found = byte_order.as_given(np.array([2.0], made), np.array([1.0], given))
    assert (found.dtype.str, found.tolist()) == (expected, [2.0])
