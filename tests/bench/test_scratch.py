"""Tests of `bench.scratch`."""

from __future__ import annotations

import numpy as np

import registry
from bench import scratch
from registry import pins


def made_up() -> dict[str, np.ndarray]:
    """A small array, whose values all differ."""
    return {"diffraction": np.arange(12, dtype=np.float32).reshape(3, 2, 2)}


def test_a_made_up_fixture_loads_verified(tmp_path):
    """The chain of a scratch registry holds from lock to arrays."""
    scratch.write(tmp_path, {"made_up_v1": made_up(), "made_up_v2": made_up()})

    loaded = registry.load("made_up_v2", tmp_path)

    np.testing.assert_array_equal(loaded.diffraction, made_up()["diffraction"], strict=True)


def test_the_pins_of_all_made_up_fixtures_are_returned(tmp_path):
    """What is returned is what the lock pins, in the order given."""
    found = scratch.write(tmp_path, {"made_up_v2": made_up(), "made_up_v1": made_up()})

    assert [pin.name for pin in found] == ["made_up_v2", "made_up_v1"]
    assert found == list(pins.read(tmp_path).values())


def test_a_scratch_folder_is_gone_afterwards():
    """Nothing that was measured stays on disk."""
    with scratch.folder() as folder:
        assert folder.is_dir()

    assert not folder.exists()
