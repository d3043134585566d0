"""What tests of pages share."""

from __future__ import annotations

import pytest

from tests.kit import pages
from tests.kit.browser import browser
from tests.kit.repository import real_file


@pytest.fixture(scope="session")
def blocks():
    """The fenced blocks of a page of this repository, in order."""
    return pages.blocks


@pytest.fixture
def real_data():
    """Folder with the two real files; the test is skipped where one is absent."""
    files = [
        real_file(name) for name in ("Run1084_recon3_postPC.npz", "siemens-star-small.npz.bz2")
    ]
    return files[0].parent
