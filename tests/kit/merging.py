"""Repositories whose branches git merges with the registry's drivers, or without them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.cli import main
from tests.kit import pages
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.repository import REPOSITORY


class Repository(Clone):
    """A repository of `params.yaml` and `dvc.lock`."""

    def set_up(self) -> None:
        """Switch the drivers on, as the page says."""
        self.sh(pages.blocks("docs/merging.md")[0].text)

    def write(self, **texts: str) -> None:
        """Write the lock, the declaration or both, and commit."""
        for name, text in texts.items():
            file = {"lock": "dvc.lock", "params": "params.yaml"}[name]
            (self.path / file).write_text(text, newline="")
        self.commit()

    def branches(self, base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> None:
        """Two branches with files each; main, which has ours, is checked out."""
        self.write(**base)
        self.git("checkout", "--quiet", "-b", "theirs")
        self.write(**theirs)
        self.git("checkout", "--quiet", "main")
        self.write(**ours)

    def merge(self, code: int = 0) -> str:
        """Merge the other branch; what git printed."""
        return self.git("merge", "--message", "merge", "theirs", code=code)

    def unmerged(self) -> list[str]:
        """Files that git still has to be told how to merge."""
        return self.git("diff", "--name-only", "--diff-filter=U").split()

    def text(self, file: str) -> str:
        """What is in a file of the working tree."""
        return (self.path / file).read_text()


def repository(folder: Path) -> Repository:
    """An empty repository with the attributes of this one, in which no driver is switched on."""
    made = Repository(folder / "repository", environment(folder))
    made.path.mkdir()
    made.git("init", "--quiet")
    shutil.copy(REPOSITORY / ".gitattributes", made.path)
    return made


def command(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Calls a driver on the texts of three files: exit code, what OURS then has, what was said."""

    def call(*texts: str) -> tuple[int, str, str]:
        paths = [folder / which for which in ("base", "ours", "theirs")]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        code = main([name, *map(str, paths)])
        out, err = capsys.readouterr()
        assert out == "", "something on stdout"
        return code, paths[1].read_text(), err

    return call
