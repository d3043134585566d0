"""A new generator and a new contract are new files, and all commands know them: the page's own."""

from __future__ import annotations

import numpy as np
import pytest

import registry
from registry.cli import main
from tests.kit import pages
from tests.kit.files import contents
from tests.kit.repository import FOLDER

pytestmark = pytest.mark.slow

PAGE = "docs/add-a-version.md"
NAME = "minimal_dataset_v1_quantised"
FILES = [
    "generators/quantised_v1.py",
    "generators/quantised_v1.schema.json",
    "schemas/data_001_quantised_v1.schema.json",
]


@pytest.fixture(scope="module")
def files():
    """The files of the page."""
    found = {block.file: block.text for block in pages.blocks(PAGE) if block.file}
    assert list(found) == FILES, "the page shows other files"
    return found


def write(files, folder) -> None:
    """Put them into a registry."""
    for name, text in files.items():
        (folder / name).write_text(text)


def test_a_fixture_of_a_new_generator_and_contract(files, clone, monkeypatch, capsys):
    """Declared, it is built, verified, listed, shown, compared and drawn; git sees new files."""
    entry, commands = pages.blocks(PAGE)[-2:]
    write(files, clone.path)
    clone.declare("fixtures", entry.text)
    printed = clone.sh(commands.text)
    assert "params.yaml: 1 source, 6 fixtures" in printed, "not declared"
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

    # frozen: an edit of its file, or of its contract, breaks the chain of what was made with it
    monkeypatch.chdir(clone.path)
    for file, link in ((FILES[0], "generator -> sidecar"), (FILES[2], "schemas -> sidecar")):
        (clone.path / file).write_text(f"{files[file]}\n")
        assert main(["verify", NAME]) == 1, "an edit of what is published passes"
        said = capsys.readouterr().err
        assert f"broken link {link}" in said
        assert file in said
        (clone.path / file).write_text(files[file])


def test_keys_of_a_new_generator(files, root, monkeypatch, capsys):
    """A condition of its schema is held, and `fixtures add` has its keys as flags."""
    monkeypatch.chdir(root)
    write(files, root)
    path = root / "params.yaml"
    entry, before = pages.blocks(PAGE)[-2].text, path.read_text()
    path.write_text(f"{before}\n{entry.replace('    rounding_seed: 7', '')}")
    assert main(["check-params"]) == 1
    said = capsys.readouterr().err
    assert f"fixtures.{NAME}.rounding_seed: expected a value; found none" in said
    path.write_text(before)

    kept = contents(root)
    add = ("add", NAME, "--like", "minimal_dataset_v1_n16", "--generator", "quantised_v1")
    assert main([*add, "--rounding", "nearest", "--rounding-seed", "7"]) == 1
    said = capsys.readouterr().err
    assert "rounding_seed: expected no seed, which rounding: dithered alone has" in said
    assert contents(root) == kept, "something was written"
    assert main([*add, "--rounding", "nearest"]) == 0
    assert f"params.yaml: added fixtures.{NAME}\n" in capsys.readouterr().out
    changed = {name for name, data in contents(root).items() if kept.get(name) != data}
    assert changed == {"params.yaml"}, "more than an entry"
