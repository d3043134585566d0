"""The commands of docs/diff.md, in a clone."""

from __future__ import annotations

import json

import pytest

from tests.kit.repository import FOLDER

PAGE = "docs/diff.md"

pytestmark = pytest.mark.slow


def test_review_a_change(clone, blocks):
    """Each block prints what the page says, and the driver shows a changed sidecar."""
    revision, others, driver = blocks(PAGE)
    printed = clone.sh(revision.text)
    assert printed.startswith("identical: HEAD:minimal_dataset_v1 -> minimal_dataset_v1 ")
    printed = clone.sh(others.text)
    assert printed.startswith("different data: minimal_dataset_v1 -> minimal_dataset_v1_n16 ")
    document = json.loads(printed[printed.index("{") :])
    assert (document["verdict"], document["b"]["verified"]) == ("identical", False)
    assert (clone.path / "build/diff.html").is_file(), "no page"
    clone.sh(driver.text)
    path = clone.path / FOLDER / "minimal_dataset_v1.json"
    path.write_text(path.read_text().replace("CC0-1.0", "MIT"))
    assert "  licence  CC0-1.0 -> MIT\n" in clone.sh("git diff"), "not the driver's output"
