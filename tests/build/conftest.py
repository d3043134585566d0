"""What tests of the runners share with those of the generators, and what is dear in theirs."""

import pytest

from registry.ptychography import planted
from tests.kit.runners import (
    ambiguous,
    files_below,
    generator,
    legacy,
    photon_scale,
    put,
    run,
    scan,
    top,
)

FEW = ("doubled_frames", "swapped_neighbours")


@pytest.fixture
def few_planted(monkeypatch):
    """Two mistakes and one shift are planted in what is built, where it does not matter which."""
    kept = tuple(mistake for mistake in planted.MISTAKES if mistake.name in FEW)
    monkeypatch.setattr(planted, "MISTAKES", kept)
    monkeypatch.setattr(planted, "LADDER", (1.0,))
