"""docs/report.md, taken at its word."""

from __future__ import annotations

import pytest

from tests.kit.repository import REPOSITORY

NAMES = tuple(f"minimal_dataset_v1{suffix}" for suffix in ("", "_n16", "_n128", "_supervised"))


@pytest.mark.slow
def test_report(clone, blocks):
    """Each command does what the page says of it, and the second run draws nothing."""
    everything, one = blocks("docs/report.md")
    printed = clone.sh(everything.text)
    assert clone.changed() == [], "git sees a report"
    for name in NAMES:
        assert f"ok      {name}  (drawn)" in printed, f"{name} is not in the report"
        assert (clone.path / "build" / "report" / name / "index.html").is_file(), "no page"

    printed = clone.sh(everything.text)
    assert "build/report/index.html: 4 fixtures" in printed, "not the folder that is named"
    assert printed.count("(unchanged)") == 4, "something was drawn again"

    clone.sh(one.text)
    pages = sorted(path.name for path in (clone.path / "build" / "one").iterdir() if path.is_dir())
    assert pages == ["minimal_dataset_v1"], "not that fixture alone"

    text = (REPOSITORY / "docs" / "report.md").read_text(encoding="utf-8")
    assert "is left alone, with exit code 2" in " ".join(text.split()), (
        "what is tested here is no longer said"
    )
    clone.sh("fixtures report --output generators", code=2)


def test_the_picture_is_small():
    """The picture of the page does not weigh on a clone."""
    assert (REPOSITORY / "docs" / "report.png").stat().st_size < 300_000
