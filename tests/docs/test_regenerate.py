"""docs/regenerate.md, taken at its word with one fixture: the others only take longer."""

from __future__ import annotations

import pytest

from registry.identity import certificate

PAGE = "docs/regenerate.md"
NAME = "minimal_dataset_v1_n16"

pytestmark = pytest.mark.slow


def test_rebuilt_in_scratch(clone, blocks):
    """Every array and the sidecar come out as they are pinned, and nothing here is touched."""
    text = blocks(PAGE)[0].text
    assert text == "fixtures verify --regenerate\n", "the page says something else"
    printed = clone.sh(f"{text.strip()} {NAME}").splitlines()
    assert printed[1] == f"ok      {NAME}, rebuilt", "not rebuilt"
    assert {line.partition(": ")[2] for line in printed[2:]} == {"identical"}, "something moved"
    assert clone.changed() == [], "something was touched"


def test_rebuilt_in_place(clone, blocks):
    """A forced rebuild leaves lock and sidecar as they are committed."""
    text = blocks(PAGE)[1].text
    assert text.startswith("dvc repro --force\n"), "the page says something else"
    one = f"dvc repro --force --single-item fixture@{NAME}"
    printed = clone.sh(text.replace("dvc repro --force", one))
    assert f"Running stage 'fixture@{NAME}'" in printed, "not rebuilt"


def test_certified(clone, blocks):
    """The line is what there is to commit; what is committed verifies, and brings no other."""
    text = blocks(PAGE)[6].text
    assert text == "fixtures verify --regenerate --certify\n", "the page says something else"
    command = f"{text.strip()} {NAME}"
    path = certificate.path(NAME)
    (clone.path / path).unlink()
    clone.git("commit", "--quiet", "--all", "--message", "Not certified")
    assert clone.sh(command).splitlines()[-1] == f"ok      {path}: a line more: commit it"
    assert clone.changed() == [path]
    (line,) = certificate.parse((clone.path / path).read_bytes(), NAME)
    assert line.commit == clone.git("rev-parse", "HEAD").strip()
    clone.commit()
    assert f"ok      {NAME}  (12 links hold)" in clone.sh("fixtures verify")
    assert clone.sh(command).splitlines()[-1] == f"ok      {path}: this machine is in it"
    assert clone.changed() == []
