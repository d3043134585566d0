"""Tests of `fixtures git-diff`, called by git in a repository set up as docs/diff.md says."""

from __future__ import annotations

import numpy as np
import pytest

import registry
from registry.cli import main
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.repository import FOLDER, REPOSITORY
from tests.kit.republish import cached, republish

NAME = "minimal_dataset_v1_n16"
DATA, SIDECAR = f"{FOLDER}/{NAME}.npz", f"{FOLDER}/{NAME}.json"


class Repository(Clone):
    """A registry in git, with the driver switched on."""

    def change(self, **fields: str) -> None:
        """Rebuild the fixture with its first coordinate one pixel on."""
        cached(self.path, (self.path / DATA).read_bytes())
        arrays = {name: array.copy() for name, array in registry.load(NAME, self.path).items()}
        arrays["xcoords"][0] += 1
        republish(self.path, NAME, arrays, **fields)


@pytest.fixture
def repository(root):
    """The registry, committed as published."""
    repository = Repository(root, environment(root.parent))
    repository.git("init", "--quiet")
    (root / ".gitattributes").write_bytes((REPOSITORY / ".gitattributes").read_bytes())
    (root / ".gitignore").write_text("/tests/fixtures/**/*.npz\n/.dvc/\n")
    repository.git("config", "diff.fixture.command", "fixtures git-diff")
    repository.commit()
    return repository


def test_a_rebuilt_fixture(repository):
    """`git diff` says what became of the data, and shows other files as ever."""
    repository.change(licence="MIT")
    printed = repository.git("diff")
    assert f"fixture {SIDECAR}\ndifferent data: old -> new " in printed, printed
    assert "  licence          CC0-1.0 -> MIT\n" in printed, "the record's change is not shown"
    (line,) = [line for line in printed.splitlines() if line.startswith("  xcoords ")]
    assert line.split()[4:8] == ["1", "of", "16", "1"], "not one value by one pixel"
    assert "diff --git a/dvc.lock b/dvc.lock" in printed, "the lock is not shown"


def test_two_commits_of_the_past(repository):
    """Neither is here any more: pins are found in the history, and bytes in the cache."""
    for _ in range(3):
        repository.change()
        repository.commit()
    printed = repository.git("diff", "HEAD~3", "HEAD~2", "--", SIDECAR)
    assert "different data: old -> new " in printed, printed
    assert "1 of 16" in printed, "no values were compared"
    logged = repository.git("log", "-p", "--ext-diff", "-1", "HEAD~1", "--", SIDECAR)
    assert "different data: old -> new " in logged, "git log shows something else"


def test_without_the_driver(repository):
    """A clone that was not set up shows lines, as git does by itself."""
    repository.git("config", "--unset", "diff.fixture.command")
    repository.change()
    assert '-  "sha256_checksum": ' in repository.git("diff"), "not a diff of lines"


def test_bytes_that_are_gone(repository):
    """The records are compared, and it is said that no value was."""
    repository.change()
    (repository.path / DATA).unlink()
    printed = repository.git("diff", "--", SIDECAR)
    assert "different, not measured: old -> new" in printed, printed
    assert "its bytes are not here: fixtures diff asks the remote" in printed
    assert "no values were compared: this is what the sidecars say of the arrays" in printed


def test_a_new_fixture_and_one_that_went(repository):
    """One side alone is listed with its arrays."""
    repository.git("rm", "--quiet", "--cached", SIDECAR)
    removed = repository.git("diff", "--cached", "--", SIDECAR)
    assert f"fixture {SIDECAR}\nremoved: sha256 0bf135e4d786\n" in removed, removed
    assert "  diffraction    (16, 64, 64)  <f4\n" in removed, "no arrays"
    repository.git("commit", "--quiet", "--message", "gone")
    repository.git("add", SIDECAR)
    assert "added: sha256 0bf135e4d786\n" in repository.git("diff", "--cached", "--", SIDECAR)


def test_a_renamed_fixture(repository):
    """Git hands over both paths."""
    repository.git("mv", SIDECAR, SIDECAR.replace("n16", "n17"))
    (repository.path / SIDECAR.replace("n16", "n17")).write_text(
        (repository.path / SIDECAR.replace("n16", "n17")).read_text().replace("CC0", "CC1")
    )
    repository.git("add", "--all")
    printed = repository.git("diff", "--cached", "-M")
    assert f"fixture {SIDECAR} -> {SIDECAR.replace('n16', 'n17')}\n" in printed, printed
    assert "  licence  CC0-1.0 -> CC1-1.0\n" in printed


def test_what_is_no_sidecar(repository):
    """The lines are shown below the error, and git goes on to other files."""
    (repository.path / SIDECAR).write_text("junk\n")
    (repository.path / "params.yaml").write_text("next\n")
    printed = repository.git("diff")
    assert "error: new: sidecar field document\n" in printed, printed
    assert "\n+junk\n" in printed, "not the lines"
    assert "diff --git a/params.yaml" in printed, "git stopped"


def test_a_conflict(repository):
    """In the middle of a merge git hands over the path alone."""
    path = repository.path / SIDECAR
    text = path.read_text()
    repository.git("branch", "theirs")
    for branch in ("main", "theirs"):
        repository.git("checkout", "--quiet", branch)
        path.write_text(text.replace("CC0-1.0", branch))
        repository.commit()
    repository.git("merge", "main", code=1)
    printed = repository.git("diff", "--cached")
    assert f"fixture {SIDECAR}: unmerged; fixtures diff REVISION:NAME" in printed, printed


def test_npz_files_in_git(repository):
    """A repository that has its .npz files in git can use the driver for them, too."""
    with (repository.path / ".gitattributes").open("a") as file:
        file.write("*.npz diff=fixture\n")
    path = repository.path / "mine.npz"
    np.savez(path, x=np.arange(3.0))
    repository.commit()
    np.savez(path, x=np.array([0.0, 1.0, 2.0 + 2.0**-51]))
    printed = repository.git("diff")
    assert "fixture mine.npz\nrounding: old -> new " in printed, printed


def test_called_by_hand(capsys):
    """Without what git hands over it is wrong use."""
    assert main(["git-diff", "a.json", "b.json"]) == 2
    assert "git calls this command: see docs/diff.md" in capsys.readouterr().err
