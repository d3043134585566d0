"""Tests of `fixtures init`: what it lays out is what this repository is."""

from __future__ import annotations

import pytest

from registry.cli import main
from registry.init import originals
from tests.kit.files import contents
from tests.kit.processes import Ended
from tests.kit.repository import REPOSITORY, files
from tests.kit.upstream import git


@pytest.fixture
def top(tmp_path, monkeypatch):
    """An empty git repository, the working directory."""
    folder = tmp_path.resolve() / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def init(capsys):
    """Run ``fixtures init`` with arguments."""
    return lambda *arguments: Ended(main(["init", *arguments]), *capsys.readouterr())


def laid_out(folder) -> dict[str, bytes]:
    """What is there, but for git's own."""
    return {name: data for name, data in contents(folder).items() if not name.startswith(".git/")}


def test_this_repository_is_one(init, top):
    """In an empty folder: pipeline, generators and schemas are ours, all and byte for byte."""
    ended = init("--field", "ptychography")
    assert ended.code == 0, ended.err
    found = laid_out(top)
    parts = ("generators", "schemas", "code")
    ours = {"dvc.yaml", *(path.as_posix() for path in files() if path.parts[0] in parts)}
    made = {"code/dvc.lock"}
    assert ours - made <= found.keys()
    for name in ours - made:
        assert found.pop(name) == (REPOSITORY / name).read_bytes(), name
    assert sorted(found) == [
        ".dvc/.gitignore", ".dvc/config", ".dvcignore", ".gitattributes", ".gitignore",
        "params.yaml", "tests/test_pinned_fixtures.py",
    ]  # fmt: skip
    for name in originals.SHARED:
        assert (REPOSITORY / name).read_bytes().endswith(found[name]), name


def test_what_is_said(init, top):
    """What was written, and the next commands; the second time that nothing was."""
    ended = init("data", "--pre-commit", "--ci", "github")
    counts = {
        part: len(list((top / "data" / part).iterdir())) for part in ("generators", "schemas")
    }
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "registry data, for arrays:\n"
        "  ../.github/workflows/fixtures.yml\n"
        "  ../.pre-commit-config.yaml\n"
        "  .dvc/.gitignore\n"
        "  .dvc/config\n"
        "  .dvcignore\n"
        "  .gitattributes\n"
        "  .gitignore\n"
        "  code/dvc.yaml\n"
        "  dvc.yaml\n"
        f"  generators/ ({counts['generators']} files)\n"
        "  params.yaml\n"
        "  pytest.ini\n"
        f"  schemas/ ({counts['schemas']} files)\n"
        "  tests/test_pinned_fixtures.py\n"
        "\n"
        "next:\n"
        "cd data\n"
        "# declare a source and a fixture in params.yaml: docs/your-own-registry.md\n"
        "dvc repro\n"
        "fixtures publish\n"
        "git add ../.github/workflows/fixtures.yml ../.pre-commit-config.yaml .dvc .dvcignore "
        ".gitattributes .gitignore code dvc.yaml generators params.yaml pytest.ini schemas tests "
        "dvc.lock published.sum\n"
        "git commit --message 'A registry of fixtures'\n"
        "fixtures verify\n"
        "python -m pytest tests\n"
    )
    before = laid_out(top)
    assert init("data") == Ended(
        0, "registry data: all of it is there, and nothing was written\n", ""
    )
    assert laid_out(top) == before


def test_no_folder(init, top):
    """A file, or a folder that no git repository has: wrong use, and nothing is made."""
    (top / "file").touch()
    for named in ("file", "file/below"):
        ended = init(named)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == (
            f"error: folder {top / named}\n"
            "  expected: a folder, or none\n"
            f"  found:    a file {top / 'file'}\n"
            "  to mend:  name another folder\n"
        )
    ended = init("../elsewhere/registry")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"error: folder {top.parent / 'elsewhere/registry'}\n"
        "  expected: a folder of a git repository, whose history keeps the pins\n"
        "  found:    not a git repository (or any of the parent directories): .git\n"
        "  to mend:  git init ../elsewhere/registry\n"
    )
    assert sorted(top.parent.iterdir()) == [top], "something was made"


def test_without_dvc(init, top, monkeypatch):
    """What could not be built is not begun."""
    monkeypatch.setattr("registry.extras.find_spec", lambda name: None)
    ended = init()
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == (
        "error: fixtures init\n"
        "  expected: DVC, which builds and stores what is declared\n"
        "  found:    no dvc\n"
        "  to mend:  pip install 'fixture-registry[build]'\n"
    )
    assert laid_out(top) == {}


def test_a_folder_that_cannot_be_written(init, top, monkeypatch):
    """The file is named, and nothing is left."""

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied", str(top / "dvc.yaml"))

    monkeypatch.setattr("registry.files.temporary.file", denied)
    ended = init()
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == (
        f"error: file {top / '.dvc/config'}\n"
        "  expected: a file that can be read, or written whole\n"
        "  found:    Permission denied\n"
        "  to mend:  see that it is a file of yours, then run the command again\n"
    )
    assert laid_out(top) == {}


def test_what_is_in_the_way(init, top):
    """All of it is named, and nothing is written; a folder of its own is the way out."""
    (top / "dvc.yaml").write_text("stages: {}\n")
    (top / ".pre-commit-config.yaml").write_text("repos: []\n")
    ended = init("--pre-commit")
    assert (ended.code, ended.out) == (2, "")
    assert (
        ".pre-commit-config.yaml: another file\n            dvc.yaml: another file\n" in ended.err
    )
    assert sorted(laid_out(top)) == [".pre-commit-config.yaml", "dvc.yaml"]
    assert init("data").code == 0
