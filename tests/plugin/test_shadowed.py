"""A project whose top folder has a `registry.py` of its own, with tests that import that."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.kit.environment import environment
from tests.kit.processes import run

PLUGINS = "-p no:cacheprovider -p xdist.plugin -p fixture_registry.pytest_plugin"
# At the top, when it is collected, and in a test, after others were run.
OWN = """
def test_late():
    import registry
    assert registry.ANSWER == 42
"""
EARLY = f"""
import registry

def test_early():
    assert registry.ANSWER == 42
{OWN}
"""
ASKS = """
import pytest

def test_asks(load_fixture):
    load_fixture("small_v1")

@pytest.mark.fixtures("small_v1")
def test_marked():
    pass
"""
# As the script `pytest` starts: Python's path has neither the working directory nor the script's.
SCRIPT = ("-P", "-m", "pytest")
MODULE = ("-m", "pytest")


@pytest.fixture
def project(tmp_path, root):
    """The project; below it, and named in its ini file, the registry."""
    folder = tmp_path / "project"
    root.rename(folder.mkdir() or folder / "data")
    (folder / "registry.py").write_text("ANSWER = 42\n")
    (folder / "pytest.ini").write_text("[pytest]\nfixtures_registry = data\n")
    return folder


def write(folder: Path, **modules: str) -> None:
    """Write test modules."""
    folder.mkdir(exist_ok=True)
    for name, text in modules.items():
        (folder / f"test_{name}.py").write_text(text)


def pytest_in(folder: Path, *command: str, plugins: str | None = PLUGINS) -> str:
    """What pytest prints."""
    variables = environment(folder.parent)
    if plugins is not None:
        variables.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS=plugins)
    return run([sys.executable, *command], folder, variables).stdout


def counts(said: str) -> str:
    """The last line, less the time that it took."""
    return said.splitlines()[-1].strip("= ").partition(" in ")[0]


def test_both_in_one_run(project):
    """Tests that mean the project's module get it; one that asks for a fixture is told of it."""
    write(project / "tests", early=EARLY, asks=ASKS)
    said = pytest_in(project, *MODULE, "tests")
    assert counts(said) == "2 passed, 2 errors", said
    file = project / "registry.py"
    assert f"fixtures: none: `import registry` finds {file}\n" in said
    message = (
        "fixtures of the registry\n"
        "  expected: `import registry` to find the package that fixture-registry installs\n"
        f"  found:    {file}, which comes first under that name\n"
        "  to mend:  run it in the registry's own folder, where that is one below; or rename that "
        "file\n"
    )
    assert said.count(message) == 2, said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "ini", "conftest", "folder"),
    [
        # the folder comes onto the path when its tests are collected, after the header
        (SCRIPT, "", None, "."),
        (MODULE, "", None, "."),
        (MODULE, "", None, "tests"),
        (SCRIPT, "pythonpath = .\n", None, "tests"),
        (SCRIPT, "", "", "tests"),
        (SCRIPT, "", "import registry\n", "tests"),
        (SCRIPT, "addopts = --import-mode=importlib\npythonpath = .\n", None, "tests"),
        ((*MODULE, "-n2"), "", None, "tests"),
        ((*SCRIPT, "-n2", "--fixtures-report"), "", "", "."),
    ],
)
def test_the_project_s_own_tests(project, command, ini, conftest, folder):
    """However pytest is started, with our plugin there they are what they were without."""
    write(project / folder, early=EARLY, late=OWN)
    with (project / "pytest.ini").open("a") as file:
        file.write(ini)
    if conftest is not None:
        (project / "conftest.py").write_text(conftest)
    for plugins in (PLUGINS, None):
        said = pytest_in(project, *command, folder, plugins=plugins)
        assert counts(said) == "3 passed", said


@pytest.mark.slow
def test_fixtures_where_the_name_is_ours(project):
    """In the registry's folder below, and wherever the project's folder is not on the path."""
    write(project / "tests", asks=ASKS)
    write(project / "data" / "tests", asks=ASKS)
    for command, folder in ((SCRIPT, project), (MODULE, project / "data")):
        said = pytest_in(folder, *command, "-c", os.devnull, "--rootdir=.", "tests")
        if folder == project:
            said = pytest_in(folder, *command, "tests")
        assert counts(said) == "2 passed", said


@pytest.mark.slow
def test_options_that_ask_for_fixtures(project):
    """The run is refused, or its report says why there is none."""
    write(project / "tests", early=EARLY)
    said = pytest_in(project, *MODULE, "--fixtures-report", "tests")
    assert counts(said) == "2 passed", said
    assert f"  found:    {project / 'registry.py'}, which comes first under that name\n" in said
    variables = {**environment(project), "PYTEST_ADDOPTS": "-o fixtures_as_fixtures=true"}
    ended = run([sys.executable, *MODULE], project, variables)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR, ended.stdout
    assert ended.stderr.startswith("ERROR: fixtures of the registry\n  expected: `import registry`")


@pytest.mark.slow
def test_commands_and_stages(project):
    """In the registry's folder below both run; at the top a command does, and no stage of ours."""
    stage = ["-m", "registry.build.code"]
    script = ["-P", "-c", "from fixture_registry.command import main; raise SystemExit(main())"]
    data = project / "data"
    listed = run([sys.executable, *script, "list"], data, environment(project))
    assert (listed.returncode, "small_v1" in listed.stdout) == (0, True), listed.stderr
    built = run([sys.executable, *stage], data, environment(project))
    assert built.stderr.startswith("error: schema params.schema.json\n"), built.stderr
    for arguments in (script, stage):
        ended = run([sys.executable, *arguments], project, environment(project))
        theirs = "'registry' is not a package" in ended.stderr
        assert theirs == (arguments == stage), ended.stderr
