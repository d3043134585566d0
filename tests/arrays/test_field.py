"""Tests of `registry.arrays.field`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from registry.arrays.field import FIELD, Arrays
from registry.arrays.mistakes import MISTAKES


def test_its_suite():
    """A subclass has one of its own, and may give it another version."""
    later = type("Audio", (Arrays,), {"name": "audio", "suite": "audio_v2"})
    assert (FIELD.suite, later().suite) == ("arrays_v1", "audio_v2")


def test_what_it_asks_by_itself(arrays):
    """Nothing but the contract."""
    assert (list(FIELD.check(arrays)), FIELD.figures(arrays)) == ([], {})


def test_mistakes():
    """Those that any arrays may carry."""
    assert FIELD.mistakes() == MISTAKES


def test_accepting(arrays, context):
    """It is held against its contract."""
    assert FIELD.accept(arrays, context()).verdict == "checked"
    assert FIELD.accept({}, context()).failures


def test_images():
    """What a terminal can show: two axes, of more than a line."""
    arrays = {
        "a": np.ones((2, 4)),
        "line": np.ones((1, 9)),
        "flat": np.ones(9),
        "text": np.array([["a", "b"], ["c", "d"]]),
    }
    assert list(FIELD.images(arrays)) == ["a"]


def test_contract(write):
    """From the schema."""
    assert FIELD.contract("tones_v1.schema.json", write()).per_row == ("samples", "pitch_hz")


def test_its_page(arrays):
    """As `registry.arrays.page` draws it."""
    record = SimpleNamespace(checks={"tones": 4})
    assert [check.name for check in FIELD.page(arrays, record, None).checks] == ["tones"]
