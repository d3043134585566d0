"""docs/mutants.md: its tests are run on mistakes, and notice what the page says."""

from __future__ import annotations

import json
import os
import shlex

import pytest

import registry
from registry.cli import main
from registry.ptychography import mistakes
from registry.ptychography.mistakes import MISTAKES
from tests.kit.environment import environment

PAGE = "docs/mutants.md"


@pytest.fixture
def project(root, tmp_path, blocks):
    """The project of the page, beside a registry."""
    path = tmp_path / "project"
    (path / "tests").mkdir(parents=True)
    (path / "pytest.ini").write_text("[pytest]\nfixtures_registry = ../registry\n")
    tests = [block.text for block in blocks(PAGE) if block.language == "python"]
    for name, text in zip(("test_contract.py", "test_consistent.py"), tests, strict=True):
        (path / "tests" / name).write_text(text)
    return path


@pytest.fixture
def sh(project, tmp_path, monkeypatch, capsys):
    """Run a command of the page, with all mistakes or those named; what it printed."""
    variables = environment(
        tmp_path,
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTEST_PLUGINS="fixture_registry.pytest_plugin",
    )
    for name in set(os.environ) - set(variables):
        monkeypatch.delenv(name)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    monkeypatch.chdir(project)

    def run_line(line, *names):
        program, *arguments = shlex.split(line)
        assert program == "fixtures", "another program"
        if names:
            kept = tuple(mistake for mistake in MISTAKES if mistake.name in names)
            monkeypatch.setattr(mistakes, "MISTAKES", kept)
        code = main(arguments)
        out, err = capsys.readouterr()
        assert (code, err) == (0, ""), out + err
        return out.splitlines()

    return run_line


def blocks_of(blocks, language):
    """Texts of the page's blocks in a language."""
    return [block.text for block in blocks(PAGE) if block.language == language]


@pytest.mark.slow
def test_a_contract_test(sh, blocks):
    """It lets pass what the page says; every line of the page is printed."""
    printed = sh(blocks_of(blocks, "sh")[0])
    first, *others = blocks_of(blocks, "text")[0].splitlines()
    assert printed[0].startswith(first.rpartition(" in ")[0]), printed[0]
    missing = [line for line in others if line not in printed]
    assert missing == [], "\n".join(printed)


def test_one_line_more(sh, root, blocks):
    """It notices all of them: the criteria that it asserts find each, as the sidecar records."""
    names = ("permuted_frames", "conjugated_object", "nan_pixel")
    printed = sh(blocks_of(blocks, "sh")[1], *names)
    assert printed[-1] == "noticed 3 of 3 mistakes (100 %)", "\n".join(printed)
    found = registry.load("minimal_dataset_v1", root).sidecar.mistakes["found"]
    assert found.keys() == {mistake.name for mistake in MISTAKES}, "others are found"
    count = len(found)
    assert blocks_of(blocks, "text")[1] == f"noticed {count} of {count} mistakes (100 %)\n"


def test_options(sh, project, blocks):
    """The documents are where the command says, and pytest gets what follows."""
    sh(blocks_of(blocks, "sh")[2], "permuted_frames", "nan_pixel")
    document = json.loads((project / "mutants.json").read_bytes())
    assert document["percent"] == 50, "another count"
    tests = {item["test"].rpartition("::")[2] for item in document["mutants"]}
    assert "test_ranges" in tests, "pytest was given something else"
    assert "test_shapes" not in tests, "pytest was given something else"
    assert (project / "mutants.xml").read_text().startswith("<?xml"), "no JUnit"
