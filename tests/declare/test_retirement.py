"""Tests of `registry.declare.retirement`."""

from __future__ import annotations

import pytest

from registry.declare.retirement import find_pin
from registry.errors import UsageError
from registry.identity import pins

RETIRED = """\
retired:
  old_v1: {reason: "frames were shuffled", since: "2026-11-27", successor: minimal_dataset_v1}
  older_v1: {reason: "too large", since: "2026-11-26"}
"""


def test_a_version_that_is_served(root):
    """Its pin, as ever."""
    assert find_pin(root, "minimal_dataset_v1") == pins.find(root, "minimal_dataset_v1")


@pytest.mark.parametrize(
    ("name", "found", "remedy"),
    [
        ("old_v1", "it was retired on 2026-11-27: frames were shuffled", "use minimal_dataset_v1"),
        ("older_v1", "it was retired on 2026-11-26: too large",
         "fixtures list shows what is served"),
    ],
)  # fmt: skip
def test_a_version_that_was_retired(root, name, found, remedy):
    """Who asks for it is told why it is gone, and what to use."""
    (root / "params.yaml").write_text(RETIRED)
    with pytest.raises(UsageError) as caught:
        find_pin(root, name)
    assert (caught.value.found, caught.value.remedy) == (found, remedy)
    assert caught.value.expected == "a version that is served"


def test_a_name_that_never_was(root):
    """It is not said to be retired."""
    (root / "params.yaml").write_text(RETIRED)
    with pytest.raises(UsageError, match="no such name among"):
        find_pin(root, "nope_v1")
