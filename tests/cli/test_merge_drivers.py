"""Tests of git with and without its merge drivers, for both files that have one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.kit import merging

PARAMS = """\
sources:
  twin: {generator: simulate_v1, seed: 1}
fixtures:
  base_v1: &base
    generator: subset_v1
    n_subset: 64
"""
LOCK = "schema: '2.0'\nstages:\n  fixture@base_v1:\n    cmd: base\n"
BOTH = ["dvc.lock", "params.yaml"]


def entry(name: str, n_subset: int = 32) -> str:
    """An entry as `fixtures add --like` writes it."""
    return f"\n  {name}:\n    <<: *base\n    n_subset: {n_subset}\n"


def stage(name: str) -> str:
    """Its stage."""
    return f"  fixture@{name}:\n    cmd: {name}\n    n: 32\n"


def files(*names: str) -> dict[str, str]:
    """Declaration and lock with these fixtures after the first."""
    return {
        "params": PARAMS + "".join(map(entry, names)),
        "lock": LOCK + "".join(map(stage, names)),
    }


@pytest.fixture
def repository(tmp_path):
    """A repository in which no driver is switched on."""
    return merging.repository(tmp_path)


@pytest.fixture
def without_the_command(repository, tmp_path) -> merging.Repository:
    """The same, set up, where git and the shell are on the PATH and `fixtures` is not."""
    repository.set_up()
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh", "grep"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return merging.Repository(
        repository.path, {**repository.environment, "PATH": os.fspath(programs)}
    )


def put_in_its_place(repository: merging.Repository, script: str) -> None:
    """A program named `fixtures` that does something else."""
    path = Path(repository.environment["PATH"]) / "fixtures"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_both_files_merge(repository):
    """Entries and stages of both branches are there, and git has nothing left to ask."""
    repository.set_up()
    repository.branches(files(), files("a_v1", "b_v1"), files("x_v1", "y_v1"))
    repository.merge()
    merged = files("a_v1", "b_v1", "x_v1", "y_v1")
    assert repository.text("params.yaml") == merged["params"]
    assert repository.text("dvc.lock") == merged["lock"]
    assert repository.git("status", "--porcelain") == "", "something is left to commit"


def test_not_switched_on(repository):
    """Git merges by lines, and shows where it cannot."""
    repository.branches(files(), files("a_v1"), files("x_v1"))
    repository.merge(code=1)
    assert repository.unmerged() == BOTH, "git merged what it has to ask for"
    for file in BOTH:
        assert repository.text(file).count("<<<<<<<") == 1, f"no conflict is shown in {file}"


def test_keeping_all_lines_of_a_conflict(repository):
    """Of two entries that end in one line the first loses it: what the page warns of."""
    ours, theirs = (
        {"params": PARAMS + entry(name).replace("*base\n", f"*base\n    {key}: true\n")}
        for name, key in (("a_v1", "diff3d"), ("x_v1", "Y"))
    )
    repository.branches({"params": PARAMS}, ours, theirs)
    repository.merge(code=1)
    lines = repository.text("params.yaml").splitlines(keepends=True)
    kept = "".join(line for line in lines if line[:7] not in ("<<<<<<<", "=======", ">>>>>>>"))
    fixtures = yaml.safe_load(kept)["fixtures"]
    assert {name: found["n_subset"] for name, found in fixtures.items()} == {
        "base_v1": 64,
        "a_v1": 64,
        "x_v1": 32,
    }, "git shows it otherwise, and the page may say so"


def test_not_switched_on_and_no_conflict(repository):
    """By lines an entry inherits what the other branch changed; the page says so."""
    changed = PARAMS.replace("twin: {generator: simulate_v1, seed: 1}", "twin: &twin {seed: 2}")
    base = PARAMS.replace("twin: {generator: simulate_v1, seed: 1}", "twin: &twin {seed: 1}")
    theirs = base + "\n  x_v1: {<<: *twin}\n"
    repository.branches({"params": base}, {"params": changed}, {"params": theirs})
    repository.merge()
    seed = yaml.safe_load(repository.text("params.yaml"))["fixtures"]["x_v1"]["seed"]
    assert seed == 2, "git noticed, and the page may say so"


def test_the_command_is_not_there(without_the_command):
    """Git's ordinary conflict, of both files: never one side as if it were merged."""
    repository = without_the_command
    repository.branches(files(), files("a_v1"), files("x_v1"))
    printed = repository.merge(code=1)
    assert repository.unmerged() == BOTH, f"git takes one for merged:\n{printed}"
    for file in BOTH:
        text = repository.text(file)
        assert text.count("<<<<<<< ours\n") == 1, f"no conflict is shown in {file}:\n{text}"
        assert {name for name in ("a_v1", "x_v1") if name in text} == {"a_v1", "x_v1"}, text


def test_the_command_is_not_there_and_lines_merge(without_the_command):
    """Lines that git merges are no merge yet: nobody has held them against the branches."""
    repository = without_the_command
    ours = {"params": PARAMS.replace("seed: 1", "seed: 2")}
    repository.branches({"params": PARAMS}, ours, files("x_v1"))
    repository.merge(code=1)
    assert "params.yaml" in repository.unmerged(), "git takes it for merged"
    assert "x_v1" in repository.text("params.yaml"), "our side alone"


@pytest.mark.parametrize("script", ["exit 2", "echo a traceback >&2; exit 1", "kill -9 $$"])
def test_the_command_fails(script, without_the_command):
    """An older one without the command, one that does not start, one that is killed: as above."""
    repository = without_the_command
    put_in_its_place(repository, script)
    repository.branches(files(), files("a_v1"), files("x_v1"))
    repository.merge(code=1)
    assert repository.unmerged() == BOTH, "git takes one for merged"
    for file in BOTH:
        text = repository.text(file)
        assert {name for name in ("a_v1", "x_v1") if name in text} == {"a_v1", "x_v1"}, text
        assert text.count("<<<<<<< ours\n") == 1, f"no conflict is shown in {file}:\n{text}"


@pytest.mark.parametrize("command", ["merge", "rebase", "cherry-pick"])
def test_each_way_to_merge(command, repository):
    """Whichever of git's commands brings the two together."""
    repository.set_up()
    repository.branches(files(), files("a_v1"), files("x_v1"))
    repository.git(command, "theirs")
    fixtures = yaml.safe_load(repository.text("params.yaml"))["fixtures"]
    numbers = {name: found["n_subset"] for name, found in fixtures.items()}
    assert numbers == {"base_v1": 64, "a_v1": 32, "x_v1": 32}
    stages = yaml.safe_load(repository.text("dvc.lock"))["stages"]
    assert set(stages) == {f"fixture@{name}" for name in numbers}


def test_branches_that_merged_each_other(repository):
    """Their common ancestors are several, which git merges first, with the same drivers."""
    repository.set_up()
    repository.branches(files(), files("a_v1"), files("x_v1"))
    repository.git("branch", "ours")
    repository.merge()
    repository.git("checkout", "--quiet", "theirs")
    repository.git("merge", "--message", "merge", "ours")
    for name, edit in {"theirs": "y_v1", "main": "b_v1"}.items():
        repository.git("checkout", "--quiet", name)
        repository.write(
            params=repository.text("params.yaml") + entry(edit),
            lock=repository.text("dvc.lock") + stage(edit),
        )
    repository.merge()
    fixtures = yaml.safe_load(repository.text("params.yaml"))["fixtures"]
    numbers = {name: found["n_subset"] for name, found in fixtures.items()}
    assert numbers == {
        "base_v1": 64, **dict.fromkeys(("a_v1", "x_v1", "b_v1", "y_v1"), 32)
    }  # fmt: skip
