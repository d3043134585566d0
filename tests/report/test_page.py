"""Tests of `registry.report.page`. What is on it: test_pages.py."""

from __future__ import annotations

import pytest

from registry import digests
from registry.errors import CheckError
from registry.report import page, pages
from registry.report.facts import gather
from tests.kit.files import flip
from tests.report.kit import ENVELOPE, FOLDER, NAME, OTHER, UNBUILT, declare, train


@pytest.fixture
def drawn(monkeypatch):
    """Names of the arrays that a page is drawn of, in place of the page."""
    monkeypatch.setattr(
        pages, "fixture", lambda root, facts, arrays: arrays if arrays is None else sorted(arrays)
    )


def test_files(root):
    """Exactly those that are read: the fixture's bytes, and what a training reconstructed."""
    declare(root, envelope=ENVELOPE)
    reconstructed = train(root, NAME)
    facts, other = gather(root, [NAME, OTHER])
    npz, reconstruction = page.drawn_from(root, facts)
    assert npz.path == f"{FOLDER}/{NAME}.npz"
    assert reconstruction.path == str(reconstructed.relative_to(root))
    for file in (npz, reconstruction):
        assert file.sha256 == digests.sha256_file(root / file.path)
        assert file.size == (root / file.path).stat().st_size
        assert file.subject == f"fixture {NAME}"
    assert [file.path for file in page.drawn_from(root, other)] == [f"{FOLDER}/{OTHER}.npz"]


def test_a_reconstruction_that_is_gone(root):
    """It was there when facts were gathered; the page is drawn without."""
    declare(root, envelope=ENVELOPE)
    reconstructed = train(root, NAME)
    (facts,) = gather(root, [NAME])
    reconstructed.unlink()
    assert [file.path for file in page.drawn_from(root, facts)] == [f"{FOLDER}/{NAME}.npz"]


def test_nothing_to_draw(root, drawn):
    """Of bytes that are broken, missing, or were never built, nothing is read."""
    flip(root / f"{FOLDER}/{NAME}.npz")
    (root / f"{FOLDER}/{OTHER}.npz").unlink()
    declare(root, fixtures={UNBUILT: {"generator": "subset_v1", "source": "run1084_twin"}})
    for facts in gather(root, []):
        assert list(page.drawn_from(root, facts)) == []
        assert page.draw(root, facts) is None


def test_verified_bytes(root, drawn):
    """Are what is drawn, and tested at that moment."""
    (facts,) = gather(root, [NAME])
    assert "diffraction" in page.draw(root, facts)
    flip(root / f"{FOLDER}/{NAME}.npz")
    with pytest.raises(CheckError, match="broken link sidecar -> bytes"):
        page.draw(root, facts)
