"""docs/export.md, taken at its word."""

from __future__ import annotations

import json
import re

import pytest

from registry.cli import main
from tests.kit.repository import FOLDER

PAGE = "docs/export.md"

pytestmark = pytest.mark.slow


def test_croissant(clone, blocks):
    """Both documents pass the validator without a word."""
    pytest.importorskip("mlcroissant")
    printed = clone.sh(blocks(PAGE)[0].text)
    lines = printed.splitlines()
    assert len(lines) == 2, f"the validator complains:\n{printed}"
    assert all(line.startswith("I") and line.endswith("] Done.") for line in lines), printed
    assert clone.changed() == ["croissant.json", "minimal_dataset_v1.croissant.json"]


def test_the_section_dataset(root, blocks, monkeypatch):
    """The section is accepted, and stands in the document; no stage: test_code_identity.py."""
    (block,) = [item for item in blocks(PAGE) if item.language == "yaml"]
    path = root / "params.yaml"
    text, count = re.subn(r"(?ms)^dataset:\n.*?(?=^\S)", f"{block.text}\n", path.read_text())
    assert count == 1, "no such section in params.yaml"
    source = "  run1084_real: {generator: simulate_v1, seed: 1, licence: MIT}\n"
    path.write_text(text.replace("sources:\n", f"sources:\n{source}", 1))
    monkeypatch.chdir(root)
    assert main(["export", "minimal_dataset_v1_n16", "--croissant", "--output", "it.json"]) == 0
    document = json.loads((root / "it.json").read_text())
    assert document["url"] == "https://example.org/fixtures", "not the section's"


def test_in_toto(clone, blocks):
    """The page's program finds every file to be what the statements say."""
    pytest.importorskip("in_toto_attestation")
    export, program = [item for item in blocks(PAGE) if item.language in ("sh", "python")][1:]
    clone.sh(export.text)
    (clone.path / "program.py").write_text(program.text)
    assert clone.sh("python program.py") == "", "the program complains"
    lines = (clone.path / "provenance.jsonl").read_text().splitlines()
    pinned = sorted((clone.path / FOLDER).glob("*.npz"))
    kinds = [json.loads(line)["predicateType"].split(":")[2] for line in lines]
    assert kinds == ["provenance", "certificate"] * len(pinned), "not a pair for each fixture"
    with pinned[0].open("ab") as file:
        file.write(b"x")
    assert "AssertionError" in clone.sh("python program.py", code=1), "it would find nothing"
