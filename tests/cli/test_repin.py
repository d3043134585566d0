"""Tests of `fixtures repin`. What it does: tests/compare/test_repinning.py."""

from __future__ import annotations

NAME = "minimal_dataset_v1_n16"


def test_what_was_rewritten(fixtures, root):
    """Each address with its place; then that there is no more."""
    (root / "test_it.py").write_text(f"\nADDRESS = '{NAME}@sha256:{'0' * 64}'\n")
    ended = fixtures("repin", "test_it.py")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"test_it.py:2: {NAME}  000000000000 -> 0bf135e4d786\n"
    ended = fixtures("repin", ".")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "nothing to rewrite: each address has the digest that is pinned\n"


def test_a_name_that_is_not_pinned(fixtures, root):
    """It is wrong use."""
    (root / "test_it.py").write_text(f"nope_v1@sha256:{'0' * 64}")
    ended = fixtures("repin", "test_it.py")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: fixture nope_v1\n")


def test_what_is_no_file(fixtures):
    """It is wrong use."""
    ended = fixtures("repin", "nope")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: file nope\n"
        "  expected: a file or a folder of tests\n"
        "  found:    No such file or directory\n"
        "  to mend:  name those whose addresses are to be rewritten: fixtures repin tests\n"
    )
