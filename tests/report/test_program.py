"""Tests of `registry.report.program`: what makes pages, file by file."""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from registry import digests
from registry.report import program
from tests.kit.repository import REPOSITORY

FIELD = "registry/ptychography/field.py"


def lines(fields=()) -> dict[str, str]:
    """Digests, or versions, by name."""
    said = program.text(fields).splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in said)}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of this package, to be changed."""
    ignored = shutil.ignore_patterns("__pycache__")
    copy = shutil.copytree(program._PACKAGE, tmp_path / "registry", ignore=ignored)
    monkeypatch.setattr(program, "_PACKAGE", copy)
    monkeypatch.setattr(program, "_APART", copy / "init")
    return copy


@pytest.mark.parametrize("file", ["report/templates/report.css", "report/figures.py", "verify.py"])
def test_a_file(package, file):
    """A template or a module, wherever it is, is named with its digest."""
    before = lines()
    with (package / file).open("a") as stream:
        stream.write("\n")
    changed = lines()
    assert {name for name in before if before[name] != changed[name]} == {f"registry/{file}"}
    assert changed[f"registry/{file}"] == digests.blob(package / file)


def test_a_new_file(package):
    """It counts, for it may be imported; what Python compiled for itself does not."""
    before = lines()
    (package / "more.py").touch()
    (package / "more.pyc").touch()
    assert set(lines()) - set(before) == {"registry/more.py"}


def test_what_an_installed_package_has_more(package):
    """Files for new registries make no page, and are in a wheel alone."""
    before = lines()
    (package / "init" / "laid_out").mkdir()
    (package / "init" / "laid_out" / "dvc.yaml").touch()
    assert lines() == before


def test_libraries():
    """By their versions, as they are installed."""
    found = lines()
    for name in ("jinja2", "matplotlib", "numpy", "pillow"):
        assert found[name] == metadata.version(name)


def test_a_library_that_is_not_there(monkeypatch):
    """Is said to be none, not passed over."""

    def version(name):
        if name == "pillow":
            raise metadata.PackageNotFoundError(name)
        return "1.2.3"

    monkeypatch.setattr(program.metadata, "version", version)
    assert lines()["pillow"] == "none"
    assert lines()["numpy"] == "1.2.3"


def test_a_field_of_another_package(tmp_path, monkeypatch):
    """All files of the package that brings it; of one that is not installed, none."""
    own = lines()
    assert lines(["arrays", "ptychography", "not_installed"]) == own
    assert FIELD in own
    folder = tmp_path / "somewhere" / "sound_field"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "audio.py").write_text("FIELD = None\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder.parent)])
    entry = SimpleNamespace(module="sound_field.audio")
    monkeypatch.setattr(
        metadata, "entry_points", lambda group, name: [entry] if name == "audio" else []
    )
    more = {name: said for name, said in lines(["audio"]).items() if name not in own}
    assert more == {
        "sound_field/__init__.py": digests.blob(folder / "__init__.py"),
        "sound_field/audio.py": digests.blob(folder / "audio.py"),
    }


def test_this_repository():
    """What is counted is this very package."""
    assert lines()[FIELD] == digests.blob(REPOSITORY / FIELD)
