"""docs/pytest-plugin.md: its tests are run by pytest, in a project beside a registry."""

from __future__ import annotations

import re
import shutil

import pytest

PAGE = "docs/pytest-plugin.md"

pytestmark = pytest.mark.slow


@pytest.fixture
def project(clone):
    """A project beside the registry, which has the name that the page uses."""
    registry = clone.path.rename(clone.path.with_name("fixture-registry"))
    path = registry.with_name("project")
    path.mkdir()
    return type(clone)(path, clone.environment)


def ini(project, *blocks) -> None:
    """Write `pytest.ini` from blocks of the page, with each fixture under its own name."""
    lines = [line for block in blocks for line in block.text.splitlines()[1:]]
    (project.path / "pytest.ini").write_text(
        "\n".join(["[pytest]", *lines, "fixtures_as_fixtures = true", ""])
    )


def test_tests_of_the_page(project, blocks):
    """All of them pass, and the head of the run is the page's."""
    pytest.importorskip("torch")
    found = blocks(PAGE)
    ini(project, found[1])
    tests = [block.text for block in found if block.language == "python"]
    # the page leaves out which program is run
    program = '[..., "tests'
    assert program in "".join(tests), "the marker's example is another one"
    fixture = '[sys.executable, "-c", "import sys; open(sys.argv[1])", "../fixture-registry/tests'
    text = "\n\n".join(["import subprocess\nimport sys\n\nimport pytest", *tests])
    (project.path / "test_page.py").write_text(text.replace(program, fixture))
    printed = project.sh("pytest")
    assert "5 passed" in printed, f"not all tests of the page ran:\n{printed}"
    head = re.escape(found[6].text.strip())
    head = head.replace("/home/me", ".*").replace("9cc728ff1a0a", "[0-9a-f]{12}")
    assert re.search(f"(?m)^{head}$", printed), f"not the page's line:\n{printed}"


def test_absent_bytes(project, blocks):
    """The end of a run says how many tests were skipped, and why."""
    ini(project, blocks(PAGE)[1])
    test = "def test_{}(load_fixture):\n    load_fixture('minimal_dataset_v1')\n\n\n"
    (project.path / "test_it.py").write_text(test.format("one") + test.format("two"))
    registry = project.path.with_name("fixture-registry")
    shutil.rmtree(registry / ".dvc" / "cache")
    next(registry.rglob("minimal_dataset_v1.npz")).unlink()
    printed = project.sh("pytest --fixtures-offline")
    title, said = blocks(PAGE)[5].text.splitlines()
    assert title.strip("= ") in printed, f"not the page's title:\n{printed}"
    assert said in printed, f"not the page's line:\n{printed}"


def test_a_deprecated_version(project, blocks):
    """It warns, fails where the page's line says so, and is told at the end of the run."""
    found = blocks(PAGE)
    registry = project.path.with_name("fixture-registry")
    with (registry / "params.yaml").open("a") as file:
        file.write(f"\n{found[7].text}")
    names = "minimal_dataset_v1", "minimal_dataset_v1_n16"
    tests = [f"def test_{name}(load_fixture):\n    load_fixture({name!r})\n" for name in names]
    (project.path / "test_it.py").write_text("\n".join(tests))

    ini(project, found[1])
    printed = project.sh("pytest --fixtures-report")
    assert "2 passed, 1 warning" in printed, f"not a warning:\n{printed}"
    said = found[9].text.splitlines()
    for line in (said[0].strip("= "), said[-1]):
        assert line in printed, f"not the page's line {line}:\n{printed}"
    assert re.search(r"(?m)^used: 2 of \d+ pinned fixtures$", printed), printed
    assert re.search(r"(?m)^unused: .*\bminimal_dataset_v1_n128\b", printed), printed

    ini(project, found[1], found[8])
    assert "1 failed, 1 passed" in project.sh("pytest", code=1), "not an error"
