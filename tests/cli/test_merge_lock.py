"""Tests of `fixtures merge-lock`: called by hand, and by git in a repository that DVC writes in."""

from __future__ import annotations

import pytest

from registry.cli import main
from tests.kit import merging

A = "  fixture@a_v1:\n    cmd: a\n"
B = "  fixture@b_v1:\n    cmd: b\n"
C = "  fixture@c_v1:\n    cmd: c\n"
CONFLICT = (
    "dvc.lock: both sides changed stage fixture@a_v1; take one between the markers, then run "
    "dvc repro\n"
)


def lock(*stages: str) -> str:
    """A lock with these stages."""
    return "schema: '2.0'\nstages:\n" + "".join(stages)


@pytest.fixture
def merge(tmp_path, capsys):
    """Call the command on three files; its exit code, what is in OURS then, and what it printed."""
    return merging.command("merge-lock", tmp_path, capsys)


def test_a_clean_merge(merge):
    """The result replaces OURS, and nothing is said."""
    assert merge(lock(A), lock(A, B), lock(A, C)) == (0, lock(A, B, C), "")


def test_a_conflict(merge):
    """It has exit code 1, markers in OURS, and a line that names the stage."""
    ours, theirs = A.replace("cmd: a", "cmd: x"), A.replace("cmd: a", "cmd: y")
    markers = ("<<<<<<< ours\n", "=======\n", ">>>>>>> theirs\n")
    merged = lock(markers[0], ours, markers[1], theirs, markers[2])
    assert merge(lock(A), lock(ours), lock(theirs)) == (1, merged, CONFLICT)


def test_what_is_no_lock(merge):
    """OURS has both sides between markers, and the four parts of the error are printed."""
    theirs = "<<<<<<< HEAD\n" + lock(A)
    code, ours, err = merge(lock(A), lock(A, B), theirs)
    both = f"<<<<<<< ours\n{lock(A, B)}=======\n{theirs}>>>>>>> theirs\n"
    assert (code, ours) == (1, both), "not refused, or one side alone"
    assert err.startswith("error: dvc.lock (theirs)\n  expected: a lock as DVC writes it\n"), err
    assert "  to mend:  settle the conflict by hand" in err, "no remedy"


def test_a_file_that_is_not_there(tmp_path, capsys):
    """Called by hand with a wrong path, it is exit code 3."""
    (tmp_path / "base").write_text(lock(A))
    paths = [str(tmp_path / name) for name in ("base", "ours", "theirs")]
    assert main(["merge-lock", *paths]) == 3, "not the exit code of what is missing"
    err = capsys.readouterr().err
    assert "No such file or directory" in err, "the system's reason is not told"
    assert "see docs/merging.md" in err, "where to read on is not told"


@pytest.fixture
def repository(tmp_path):
    """An empty repository, set up as docs/merging.md says."""
    made = merging.repository(tmp_path)
    made.set_up()
    return made


def branches(repository, base: str, ours: str, theirs: str) -> None:
    """Two branches with a lock each; main, which has ours, is checked out."""
    repository.branches({"lock": base}, {"lock": ours}, {"lock": theirs})


def test_git_merges_two_additions(repository):
    """What is a conflict for git alone is none with the command."""
    branches(repository, lock(A), lock(A, B), lock(A, C))
    repository.merge()
    assert repository.text("dvc.lock") == lock(A, B, C), "not both stages"
    assert repository.git("status", "--porcelain") == "", "something is left to commit"


def test_git_shows_a_conflict(repository):
    """A stage that both sides changed is unmerged, between markers, and named in git's output."""
    ours, theirs = A.replace("cmd: a", "cmd: x"), A.replace("cmd: a", "cmd: y")
    branches(repository, lock(A), lock(ours, B), lock(theirs, C))
    printed = repository.merge(code=1)
    assert CONFLICT in printed, "the stage is not named"
    assert repository.unmerged() == ["dvc.lock"], "git takes it for merged"
    assert repository.text("dvc.lock") == lock(
        "<<<<<<< ours\n", ours, "=======\n", theirs, ">>>>>>> theirs\n", B, C
    ), "not the conflict and the other stages"


def test_git_keeps_both_sides_where_theirs_is_no_lock(repository):
    """What cannot be read is unmerged, and nobody commits our side alone by mistake."""
    branches(repository, lock(A), lock(A, B), "garbage\n")
    printed = repository.merge(code=1)
    assert "error: dvc.lock (theirs)" in printed, "it is not said which side is wrong"
    assert repository.unmerged() == ["dvc.lock"], "git takes it for merged"
    both = f"<<<<<<< ours\n{lock(A, B)}=======\ngarbage\n>>>>>>> theirs\n"
    assert repository.text("dvc.lock") == both, "not both sides"


PIPELINE = """\
stages:
  fixture:
    foreach: ${fixtures}
    do:
      cmd: echo ${item} > ${key}.txt
      outs: ["${key}.txt"]
"""


@pytest.mark.slow
def test_dvc_accepts_the_merged_lock(repository):
    """After a merge of two added versions nothing is built again."""

    def build(*names: str) -> None:
        lines = "".join(f"  {name}: 1\n" for name in names)
        (repository.path / "params.yaml").write_text(f"fixtures:\n{lines}")
        assert repository.dvc("repro", "--quiet").code == 0
        repository.commit()

    assert repository.dvc("init", "--quiet").code == 0
    (repository.path / ".gitignore").write_text("*.txt\ncode\n")
    (repository.path / "dvc.yaml").write_text(PIPELINE)
    # neighbours in the lock, but not in the declaration, which git has to merge by itself
    build("b_v1", "c_v1", "d_v1")
    repository.git("checkout", "--quiet", "-b", "theirs")
    build("a_v1", "b_v1", "c_v1", "d_v1")
    repository.git("checkout", "--quiet", "main")
    build("b_v1", "c_v1", "d_v1", "e_v1")
    repository.git("merge", "--message", "merge", "theirs")

    ended = repository.dvc("repro")
    assert ended.stages == [], f"built again:\n{ended.out}"
    for name in ("fixture@a_v1", "fixture@e_v1"):
        assert f"Stage '{name}' didn't change, skipping" in ended.out, f"{name} is not pinned"
    assert repository.git("diff", "--numstat") == "", "dvc repro changed the lock"
