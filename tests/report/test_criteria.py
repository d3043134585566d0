"""Tests of `registry.report.criteria`: docs/checks.md as a page of the report."""

from __future__ import annotations

import pytest

from registry.field import of
from registry.ptychography import limits
from registry.report import criteria
from tests.kit.repository import REPOSITORY

TEXT = """\
# Checks, and *more*

## What is asked?

| criterion | what |
| --- | --- |
| `own-match` | best |
| `contract: …` | [other](other.md#anchor) |
| plain | no anchor |

| mistake | found |
| --- | --- |
| `own-match` | the second of a name |

<script>alert(1)</script>
"""


@pytest.fixture
def write(tmp_path):
    """Write the page of a registry, and read it."""

    def write(text: bytes):
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "checks.md").write_bytes(text)
        return criteria.read(tmp_path)

    return write


def test_anchors(write):
    """Headings, and rows that begin with a name; the first of two has it."""
    found = write(TEXT.encode())
    assert found.anchors == ("checks-and-more", "what-is-asked", "own-match", "contract")
    for element in (
        '<h1 id="checks-and-more">Checks, and <em>more</em></h1>',
        '<h2 id="what-is-asked">What is asked?</h2>',
        '<tr id="own-match">\n<td><code>own-match</code></td>\n<td>best</td>',
        '<tr id="contract">\n<td><code>contract: …</code></td>',
    ):
        assert found.html.count(element) == 1, element
    assert found.html.count("id=") == 4, "an anchor twice"


def test_what_leads_elsewhere(write):
    """Is text: other pages do not come with the report."""
    found = write(TEXT.encode())
    assert "<td>other</td>" in found.html
    assert "href" not in found.html


def test_html_is_text(write):
    """Whatever a registry has written there, none of it is a tag."""
    assert "&lt;script&gt;" in write(TEXT.encode()).html


def test_wide_tables(write):
    """Each scrolls by itself, and can be reached from the keyboard."""
    html = write(TEXT.encode()).html
    assert html.count('<div class="scroll" tabindex="0" role="group" aria-label="Table">') == 2
    assert html.count("</table>\n</div>") == 2


def test_a_registry_without_such_a_page(tmp_path):
    """Has none, and nothing to lead to."""
    assert criteria.read(tmp_path) == criteria.Criteria(html="", anchors=())


def test_a_page_that_is_no_text(write):
    """Is none."""
    assert write(b"\xff\xfe") == criteria.Criteria()


def test_every_criterion_is_explained():
    """What checks name, and what refuses mistakes, has an anchor in this registry's page."""
    known = set(criteria.read(REPOSITORY).anchors)
    recorded = dict.fromkeys(limits._FIGURES, 1.0)
    named = {row.criterion for row in limits.checks(recorded, None)}
    assert "" not in named, "a figure with a limit and no criterion"
    assert len(named) == 7
    assert named - known == set(), "not explained"


def test_every_criterion_that_refuses_a_mistake_is_explained():
    """So have all those that a pinned fixture names."""
    import registry

    known = set(criteria.read(REPOSITORY).anchors)
    record = registry.load("minimal_dataset_v1_supervised", REPOSITORY).sidecar
    assert of(record.field).name == "ptychography"
    named = {one.partition(":")[0] for by in record.mistakes["found"].values() for one in by}
    assert len(named) > 5
    assert named - known == set(), "not explained"
