"""Tests of `registry.ptychography.field`."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from registry.ptychography.field import FIELD
from registry.ptychography.meanings import MEANINGS
from registry.ptychography.mistakes import MISTAKES


def test_what_it_answers_with():
    """What its own modules have."""
    assert FIELD.mistakes() is MISTAKES
    assert FIELD.meanings() is MEANINGS
    assert FIELD.contract("data_001_v1.schema.json").per_row[0] == "diffraction"


@pytest.mark.parametrize("name", [FIELD.readers, FIELD.rules])
def test_modules_that_it_names(name):
    """They are there, with what the source's stage calls."""
    module = importlib.import_module(name)
    assert callable(getattr(module, "open_declared" if name == FIELD.readers else "check"))


def test_accepting(monkeypatch):
    """It answers with what holds a cut against its scan."""
    monkeypatch.setattr(
        "registry.ptychography.cut.accept", lambda arrays, context: (arrays, context)
    )
    assert FIELD.accept("arrays", "context") == ("arrays", "context")


@pytest.mark.parametrize(("layout", "names"), [("canonical", ("diffraction",)), ("legacy", ())])
def test_what_is_read_row_by_row(layout, names):
    """Frames, where they lie one after the other."""
    assert FIELD.read_by_row({"layout": layout}) == names


def test_images():
    """Object and probe; of modes the first; nothing of what is not there."""
    probe = np.arange(8, dtype=complex).reshape(2, 2, 2)
    arrays = {"probeGuess": probe, "objectGuess": np.ones((3, 3), complex), "Y": probe}
    found = FIELD.images(arrays)
    assert list(found) == ["objectGuess", "probeGuess"]
    np.testing.assert_array_equal(found["probeGuess"], probe[0])
    assert FIELD.images({"probeGuess": np.ones(3), "objectGuess": np.ones((0, 2))}) == {}
