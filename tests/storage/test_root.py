"""Tests of `registry.storage.root`."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import UsageError
from registry.storage import served
from registry.storage.root import find_root, is_root, is_url, locate


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for variable in ("FIXTURES_REGISTRY", "FIXTURES_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("mark", ["dvc.lock", "dvc.yaml", ".dvc/"])
def test_what_marks_a_root(tmp_path, mark):
    """A lock, a pipeline or a DVC folder makes a folder a root; without one it is none."""
    assert not is_root(tmp_path), "an empty folder is no root"
    (tmp_path / mark).mkdir() if mark.endswith("/") else (tmp_path / mark).touch()
    assert is_root(tmp_path), f"{mark} was not noticed"


def test_the_nearest_at_or_above(tmp_path):
    """Of several roots above a folder, the nearest is found."""
    inner = tmp_path / "inner"
    deep = inner / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "dvc.lock").touch()
    (inner / "dvc.lock").touch()
    assert find_root(deep) == inner, "another root than the nearest"
    assert find_root(inner) == inner, "the folder itself was passed over"


@pytest.mark.parametrize("mark", ["dvc.lock", "dvc.yaml"])
def test_a_pipeline_in_a_subfolder(tmp_path, mark):
    """A folder with a pipeline of its own, inside a DVC repository, is not a root by itself."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / mark).touch()
    assert find_root(inner) == inner, "without a repository around it, it is the root"
    (tmp_path / ".dvc").mkdir()
    assert find_root(inner) == tmp_path, "the repository around it was passed over"


def test_from_the_working_directory(tmp_path, monkeypatch):
    """Without a start, the search begins where the process is."""
    (tmp_path / "dvc.lock").touch()
    monkeypatch.chdir(tmp_path)
    assert find_root() == tmp_path


def test_the_variable_goes_first(tmp_path, monkeypatch):
    """$FIXTURES_REGISTRY wins over the working directory, and not over a start that is given."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "dvc.lock").touch()
    monkeypatch.chdir(here)
    monkeypatch.setenv("FIXTURES_REGISTRY", str(there))
    assert find_root() == there, "the variable was not looked at"
    assert find_root(here) == here, "the variable won over an explicit start"


def test_a_variable_that_names_no_root(tmp_path, monkeypatch):
    """A wrong variable is an error that shows it, even inside a registry."""
    (tmp_path / "dvc.lock").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIXTURES_REGISTRY", "nowhere")
    with pytest.raises(UsageError) as caught:
        find_root()
    assert caught.value.found == "no dvc.lock in nowhere, which $FIXTURES_REGISTRY names"
    monkeypatch.delenv("FIXTURES_REGISTRY")
    monkeypatch.setenv("FIXTURE_REGISTRY", "anywhere")
    with pytest.raises(UsageError) as caught:
        find_root()
    assert caught.value.found == "no dvc.lock in anywhere, which $FIXTURE_REGISTRY names"


def test_none_anywhere(tmp_path, monkeypatch):
    """Where there is no root, the error says where it was looked for and how to name one."""
    monkeypatch.setattr("registry.storage.root.is_root", lambda folder: False)
    with pytest.raises(UsageError) as caught:
        find_root(tmp_path)
    assert caught.value.found == f"no dvc.lock in {tmp_path} or above it"
    assert "FIXTURES_REGISTRY" in caught.value.remedy


@pytest.mark.parametrize(
    ("named", "is_one"),
    [("git+https://host/r@v1", True), ("https://host/r", False), ("a/git+b", False)],
)
def test_what_is_named_by_a_url(named, is_one):
    """As pip has it; else it is a path."""
    assert is_url(named) is is_one
    assert is_url(Path(named)) is is_one


def test_a_registry_that_is_named(tmp_path, monkeypatch):
    """By a path, which is made whole; by a URL, which is served; or else it is looked for."""
    asked = []
    monkeypatch.setattr(
        served, "serve", lambda spec, *, offline: asked.append((spec, offline)) or tmp_path / "far"
    )
    (tmp_path / "dvc.lock").touch()
    monkeypatch.chdir(tmp_path)
    assert locate("a") == locate(Path("a")) == tmp_path / "a"
    assert locate(None) == tmp_path
    assert asked == []
    assert locate("git+https://host/r@v1", offline=True) == tmp_path / "far"
    monkeypatch.setenv("FIXTURES_REGISTRY", "git+https://host/r@v2")
    assert locate(None) == tmp_path / "far"
    assert locate("a") == tmp_path / "a", "the variable won over a path"
    assert asked == [("git+https://host/r@v1", True), ("git+https://host/r@v2", None)]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "dvc.lock").touch()
    monkeypatch.setenv("FIXTURES_REGISTRY", "b")
    assert locate(None) == tmp_path / "b", "the variable was not looked at"
    monkeypatch.setenv("FIXTURES_REGISTRY", "nowhere")
    with pytest.raises(UsageError):
        locate(None)
