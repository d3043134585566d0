"""Tests of `fixtures unpin`. What it does: tests/compare/test_retiring.py."""

from __future__ import annotations

from tests.kit.certificates import write
from tests.kit.repository import FOLDER, excerpt

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"


def test_a_retired_version(fixtures, root):
    """What was removed is told; asked for, it is told why it is gone."""
    lock = (root / "dvc.lock").read_bytes()
    excerpt(root, (OTHER,))
    (root / "dvc.lock").write_bytes(lock)
    with (root / "params.yaml").open("a") as params:
        params.write(f"retired: {{{NAME}: {{reason: too small, since: '2026-11-27'}}}}\n")
    ended = fixtures("unpin", NAME)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"{NAME}: taken out of dvc.lock; removed {FOLDER}/{NAME}.npz and {FOLDER}/{NAME}.json\n"
        "its bytes stay in the cache and on the remote, for older revisions\n"
    )
    assert (fixtures("verify").code, fixtures("check-params").code) == (0, 0)
    ended = fixtures("show", NAME)
    assert ended.code == 2
    assert "  found:    it was retired on 2026-11-27: too small\n" in ended.err


def test_a_version_with_a_certificate(fixtures, root):
    """It goes along, and that is told."""
    lock = (root / "dvc.lock").read_bytes()
    excerpt(root, (OTHER,))
    (root / "dvc.lock").write_bytes(lock)
    with (root / "params.yaml").open("a") as params:
        params.write(f"retired: {{{NAME}: {{reason: too small, since: '2026-11-27'}}}}\n")
    path = write(root, NAME)
    ended = fixtures("unpin", NAME)
    assert f"and {FOLDER}/{NAME}.json and its certificate\n" in ended.out
    assert (path.exists(), fixtures("verify").code) == (False, 0)


def test_a_version_that_is_served(fixtures):
    """It is wrong use."""
    ended = fixtures("unpin", NAME)
    assert (ended.code, ended.out) == (2, "")
    assert "  expected: a version that params.yaml retires, and declares no more\n" in ended.err
