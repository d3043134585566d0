"""docs/variants.md, taken at its word: a defect is switched on, and a loader is tested with it."""

from __future__ import annotations

import re

import pytest

from tests.kit.repository import REPOSITORY

PAGE = "docs/variants.md"
NAME = "minimal_dataset_v1_defect_first_frames"

# Takes whatever has the right shape.
CARELESS = """\
import numpy as np


def load_scan(path):
    with np.load(path) as file:
        assert file["diffraction"].shape == (64, 64, 64)
"""
# Holds frames against what the forward model predicts at their coordinates.
CAREFUL = """\
import numpy as np

from registry.ptychography.forward import model_amplitude


def load_scan(path):
    with np.load(path) as file:
        x, y = file["xcoords"], file["ycoords"]
        frames = file["diffraction"]
        model = model_amplitude(file["objectGuess"], file["probeGuess"], x, y)
    if np.abs(frames - model).sum() > 0.1 * frames.sum():
        raise ValueError("frames and coordinates do not belong together")
"""


def test_the_line_of_the_page(blocks):
    """It is the one in params.yaml, without the "# "."""
    (line,) = [block.text for block in blocks(PAGE) if block.language == "yaml"]
    assert NAME in line
    assert f"\n  # {line.strip()}\n" in (REPOSITORY / "params.yaml").read_text()


def test_every_line_in_store_is_on_the_page():
    """The table has each variant and each source that params.yaml has in store."""
    declared = re.findall(r"(?m)^  # (\w+): \{<<", (REPOSITORY / "params.yaml").read_text())
    text = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    table = text.partition("\n\nAll but")[0]
    for name in declared:
        shown = re.sub(r"_defect_.*", "_defect_…", name)
        assert f"| `{shown}` |" in table, f"{name} is missing"


@pytest.mark.slow
def test_a_defect_and_a_loader(clone, blocks):
    """Built as the page says, a careful loader refuses it, and a careless one is found out."""
    line, commands, test = (block.text for block in blocks(PAGE))
    clone.edit(f"  # {line.strip()}", f"  {line.strip()}")
    printed = clone.sh(commands)
    assert "before the defect first_frames, which is refused by " in printed, printed
    assert f"ok      {NAME}  (11 links hold)" in printed, "not verified"

    project = clone.path.parent / "project"
    project.mkdir()
    (project / "test_loader.py").write_text(test)
    (project / "pytest.ini").write_text(f"[pytest]\nfixtures_registry = {clone.path}\n")
    consumer = type(clone)(project, {**clone.environment, "PYTHONPATH": str(project)})
    (project / "my_loader.py").write_text(CAREFUL)
    assert "2 passed" in consumer.sh("pytest -p no:cacheprovider"), "not refused"
    (project / "my_loader.py").write_text(CARELESS)
    printed = consumer.sh("pytest -p no:cacheprovider", code=1)
    assert "1 failed, 1 passed" in printed, printed
    assert "DID NOT RAISE" in printed, printed
