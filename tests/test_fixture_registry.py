"""Tests of `fixture_registry`: whose `registry` is imported, and what is said of another."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from fixture_registry import command, shadow
from registry.cli import dvc_repro
from registry.errors import UsageError
from tests.kit.repository import REPOSITORY


@pytest.fixture
def users(tmp_path):
    """A file of the user's with our name."""
    file = tmp_path / "registry.py"
    file.write_text("ANSWER = 42\n")
    return file


def test_a_folder(tmp_path, users):
    """A module or package of the user's is found; a clone of ours, or a folder of data, is not."""
    package = tmp_path / "package" / "registry"
    data = tmp_path / "data" / "registry"
    for folder in (package, data):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    assert shadow(tmp_path) == str(users)
    assert shadow(package.parent) == str(package / "__init__.py")
    assert shadow(data.parent) is None, "not what Python imports"
    assert shadow(REPOSITORY) is None, "this is ours"


def test_a_path_that_steers_the_terminal(tmp_path):
    """It is shown, and has no effect."""
    folder = tmp_path / "\x1b[31m"
    folder.mkdir()
    (folder / "registry.py").write_text("")
    assert shadow(folder) == ascii(str(folder / "registry.py"))


def test_this_process(users, monkeypatch):
    """What is imported counts, and before that what would be."""
    assert shadow() is None, "this process has imported ours"
    monkeypatch.setitem(sys.modules, "registry", ModuleType("registry"))
    assert shadow() == "<module 'registry'>"
    monkeypatch.delitem(sys.modules, "registry")
    assert shadow() is None, "this process would import ours"
    monkeypatch.syspath_prepend(users.parent)
    assert shadow() == str(users)
    assert "registry" not in sys.modules, "imported, to find out"


def test_the_command(users, monkeypatch, capsys):
    """It is ours, or says in whose place it is not."""
    monkeypatch.setattr(sys, "argv", ["fixtures", "list"])
    monkeypatch.chdir(REPOSITORY)
    assert command.main() == 0
    assert "minimal_dataset_v1" in capsys.readouterr().out
    monkeypatch.delitem(sys.modules, "registry")
    monkeypatch.syspath_prepend(users.parent)
    assert command.main() == UsageError.exit_code
    assert capsys.readouterr().err == (
        "error: fixtures\n"
        "  expected: `import registry` to find the package that fixture-registry installs\n"
        f"  found:    {users}, which comes first under that name\n"
        "  to mend:  run it in the registry's own folder, where that is one below; or rename that "
        "file\n"
    )


def test_stages_in_such_a_folder(users):
    """DVC runs them in the registry's folder: there nothing is run that is not ours."""
    with pytest.raises(UsageError) as caught:
        dvc_repro.repro(users.parent, "fixture@some_v1")
    assert str(caught.value) == (
        "dvc repro\n"
        "  expected: `import registry` to find the package that fixture-registry installs\n"
        f"  found:    {users}, which comes first under that name\n"
        "  to mend:  rename that file, or move the registry into a folder below it"
    )
