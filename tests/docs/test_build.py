"""docs/build.md, taken at its word."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_build(clone, blocks):
    """The commands do what the page says, where one fixture is out of date."""
    everything, some = (block.text for block in blocks("docs/build.md"))
    (clone.path / "tests/fixtures/pytorch_integration/minimal_dataset_v1_n16.json").unlink()
    said = clone.sh(some).splitlines()
    assert said[0].startswith("[2/2] fixture minimal_dataset_v1_n16: 970036 bytes")
    assert said[1:] == [
        "2 stages: 1 built, 1 up to date",
        "6 stages: 0 built, 6 up to date",
    ]
    assert clone.sh(everything) == "6 stages: 0 built, 6 up to date\n"
    assert clone.changed() == []
