"""docs/mutants.md: its tests are run on mistakes, and notice what the page says."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.kit.environment import environment
from tests.kit.processes import fixtures, run

PAGE = "docs/mutants.md"

pytestmark = pytest.mark.slow


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
def sh(project, tmp_path):
    """Run a command of the page; what it printed."""

    def run_line(line):
        program, *arguments = shlex.split(line)
        assert program == "fixtures", "another program"
        variables = environment(
            tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_PLUGINS="registry.pytest_plugin"
        )
        ended = run(fixtures(*arguments), project, variables, limit_s=900)
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
        return ended.stdout.splitlines()

    return run_line


def blocks_of(blocks, language):
    """Texts of the page's blocks in a language."""
    return [block.text for block in blocks(PAGE) if block.language == language]


def test_a_contract_test(sh, blocks):
    """It lets pass what the page says; every line of the page is printed."""
    printed = sh(blocks_of(blocks, "sh")[0])
    first, *others = blocks_of(blocks, "text")[0].splitlines()
    assert printed[0].startswith(first.rpartition(" in ")[0]), printed[0]
    missing = [line for line in others if line not in printed]
    assert missing == [], "\n".join(printed)


def test_one_line_more(sh, blocks):
    """It notices all of them."""
    printed = sh(blocks_of(blocks, "sh")[1])
    assert printed[-1] == blocks_of(blocks, "text")[1].strip(), "\n".join(printed)


def test_options(sh, project, blocks):
    """The documents are where the command says, and pytest gets what follows."""
    sh(blocks_of(blocks, "sh")[2])
    document = json.loads((project / "mutants.json").read_bytes())
    assert document["percent"] >= 5, "another count"
    tests = {item["test"].rpartition("::")[2] for item in document["mutants"]}
    assert "test_ranges" in tests, "pytest was given something else"
    assert "test_shapes" not in tests, "pytest was given something else"
    assert (project / "mutants.xml").read_text().startswith("<?xml"), "no JUnit"
