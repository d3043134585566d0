"""A new generator and a new contract are new files, and all commands know them: the page's own."""

from __future__ import annotations

import numpy as np
import pytest

import registry
from tests.kit import pages
from tests.kit.clone import CODE
from tests.kit.repository import FOLDER

pytestmark = pytest.mark.slow

PAGE = "docs/add-a-version.md"
NAME = "minimal_dataset_v1_quantised"
FILES = [
    "generators/quantised_v1.py",
    "generators/quantised_v1.schema.json",
    "schemas/data_001_quantised_v1.schema.json",
]


@pytest.fixture
def written(clone):
    """A clone with the files of the page, and its last blocks: the entry, and the commands."""
    found = [block for block in pages.blocks(PAGE) if block.file]
    assert [block.file for block in found] == FILES, "the page shows other files"
    for block in found:
        (clone.path / block.file).write_text(block.text)
    entry, commands = pages.blocks(PAGE)[-2:]
    return clone, entry.text, commands.text


def test_a_fixture_of_a_new_generator_and_contract(written):
    """Declared, it is built, verified, listed, shown, compared and drawn; git sees new files."""
    clone, entry, commands = written
    clone.declare("fixtures", entry)
    printed = clone.sh(commands)
    assert "params.yaml: 1 source, 5 fixtures" in printed, "not declared"
    ran = [line for line in printed.splitlines() if line.startswith("Running stage")]
    assert ran == ["Running stage 'code/dvc.yaml:code':", f"Running stage 'fixture@{NAME}':"], (
        printed
    )
    assert f"ok      {NAME}  (11 links hold)" in printed, "not verified"
    for said in (
        f"{NAME}  ",
        "diffraction    (16, 64, 64)  <u2",
        "diffraction: amplitude * 6000, dithered, as uint16",
        "data_001_v1.schema.json -> data_001_quantised_v1.schema.json",
        f"ok      {NAME}  (drawn)",
    ):
        assert said in printed, f"{said!r} is missing:\n{printed}"
    sidecar = f"{FOLDER}/{NAME}.json"
    changed = sorted([*FILES, "dvc.lock", "params.yaml", "published.sum", sidecar])
    assert clone.changed() == changed, "something else had to be changed"
    page = (clone.path / "build/report" / NAME / "index.html").read_text()
    assert "broken" not in page, "the report finds a link broken"
    assert "outside by" not in page, "whole numbers are taken for amplitudes"

    fixture, good = (registry.load(name, clone.path) for name in (NAME, "minimal_dataset_v1_n16"))
    assert fixture.sidecar.contract == "data_001_quantised_v1.schema.json"
    assert fixture.sidecar.verdict == "checked"
    off = np.abs(fixture.diffraction / 6000 - good.diffraction)
    assert 0.5 / 6000 < off.max() <= 1 / 6000, "not dithered, or not the frames"


def test_keys_of_a_new_generator(written):
    """A condition of its schema is held, and `fixtures add` has its keys as flags."""
    clone, entry, _ = written
    clone.declare("fixtures", entry.replace("    rounding_seed: 7\n", ""))
    ended = clone.fixtures("check-params")
    assert ended.code == 1, ended.out
    assert f"fixtures.{NAME}.rounding_seed: expected a value; found none" in ended.out
    ended = clone.dvc("repro", f"fixture@{NAME}")
    assert ended.code != 0
    assert ended.stages == [CODE], "something ran with a bad declaration"
    clone.git("checkout", "--quiet", "params.yaml")

    add = ("add", NAME, "--like", "minimal_dataset_v1_n16", "--generator", "quantised_v1")
    ended = clone.fixtures(*add, "--rounding", "nearest", "--rounding-seed", "7")
    assert ended.code == 1, ended.out
    assert "rounding_seed: expected no seed, which rounding: dithered alone has" in ended.out
    ended = clone.fixtures(*add, "--rounding", "nearest")
    assert ended.code == 0, ended.out
    assert f"params.yaml: added fixtures.{NAME}\n" in ended.out
    assert clone.changed() == [*FILES[:2], "params.yaml", FILES[2]], "more than an entry"


def test_a_frozen_generator(written):
    """An edit of its file, or of its contract, breaks the chain of what was made with it."""
    clone, entry, _ = written
    clone.declare("fixtures", entry)
    assert clone.dvc("repro", f"fixture@{NAME}").code == 0
    for file, link in ((FILES[0], "generator -> sidecar"), (FILES[2], "schemas -> sidecar")):
        text = (clone.path / file).read_text()
        (clone.path / file).write_text(f"{text}\n")
        ended = clone.fixtures("verify", NAME)
        assert ended.code == 1, "an edit of what is published passes"
        assert f"broken link {link}" in ended.out
        assert file in ended.out
        (clone.path / file).write_text(text)
