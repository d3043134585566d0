"""Tests of `fixtures publish`. What it does: tests/compare/test_publishing.py."""

from __future__ import annotations

from registry.identity import ledger

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"


def test_versions_that_are_new(fixtures, root):
    """Each is named with the start of its digest; then what to commit."""
    ended = fixtures("publish")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"published {OTHER}  (fdad843f7389)\n"
        f"published {NAME}  (0bf135e4d786)\n"
        "commit published.sum with params.yaml, dvc.lock and the sidecars; what is published never "
        "changes\n"
    )
    assert list(ledger.read(root)) == [OTHER, NAME]


def test_nothing_new(fixtures):
    """A second run says so."""
    fixtures("publish", NAME)
    ended = fixtures("publish", NAME)
    assert (ended.code, ended.out) == (0, "nothing to publish: published.sum has a line of each\n")


def test_a_name_that_is_not_pinned(fixtures, root):
    """It is wrong use."""
    ended = fixtures("publish", "nope_v1")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: fixture nope_v1\n")
    assert not (root / ledger.FILE).exists()
