"""Tests of `registry.build.plan`: the stages that DVC makes of dvc.yaml and a declaration."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from registry.build import lock, plan
from registry.declare import params
from registry.declare.params import Params
from registry.errors import CheckError, MissingError
from tests.kit.repository import REPOSITORY

ENTRY = {
    "generator": "ramp_v1",
    "source": "mine",
    "length": 3,
    "slope": 1e-05,
    "label": "it's $HOME",
    "rising": True,
    "masked": False,
}
DECLARED = Params(
    folder="data",
    sources={"mine": {"generator": "nothing_v1", "licence": "CC0-1.0"}},
    fixtures={"small_v1": ENTRY},
)


@pytest.fixture
def root(tmp_path):
    """A folder with this repository's pipeline."""
    shutil.copyfile(REPOSITORY / plan.FILE, tmp_path / plan.FILE)
    return tmp_path


def edit(root: Path, change) -> str:
    """What is said of a pipeline that was changed."""
    document = yaml.safe_load((root / plan.FILE).read_bytes())
    change(document["stages"])
    (root / plan.FILE).write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(CheckError) as caught:
        plan.stages(root, DECLARED)
    return str(caught.value)


def test_a_source(root):
    """Its command has its values; it depends on code alone, and DVC's cache has none of it."""
    stage = plan.stages(root, DECLARED)["source@mine"]
    assert stage.command == (
        "python -m registry.build.source mine --generator nothing_v1 --licence CC0-1.0"
    )
    assert stage.deps == ("build/code/nothing_v1", "build/code/valid")
    assert stage.outs == ("build/sources/mine.json", "build/sources/mine.npz")
    assert stage.cached == set()
    assert str(stage) == "source mine"


def test_a_fixture(root):
    """Texts are quoted for the shell, a switch is there or not, numbers are as Python has them."""
    stage = plan.stages(root, DECLARED)["fixture@small_v1"]
    assert stage.command == (
        "python -m registry.build.fixture data/small_v1 --generator ramp_v1 --source mine "
        "--length 3 --slope 1e-05 --label 'it'\"'\"'s $HOME' --rising"
    )
    assert stage.argv[-4:] == ["1e-05", "--label", "it's $HOME", "--rising"]
    assert stage.deps == ("build/code/ramp_v1", "build/code/valid", "build/sources/mine.json")
    assert stage.outs == ("data/small_v1.json", "data/small_v1.npz")
    assert stage.cached == {"data/small_v1.npz"}


def test_this_repository():
    """Commands, dependencies and outputs are those that DVC has put into the lock."""
    stages = plan.stages(REPOSITORY, params.load(REPOSITORY))
    locked = lock.read(REPOSITORY)
    assert {name: (stage.command, stage.deps, stage.outs) for name, stage in stages.items()} == {
        name: (locked[name].command, tuple(locked[name].deps), tuple(locked[name].outs))
        for name in stages
    }
    assert len(stages) > 4


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda stages: stages.update(mine={"cmd": "true"}), "the stages source, fixture, mine"),
        (lambda stages: stages.pop("source"), "the stages fixture"),
        (
            lambda stages: stages["source"]["do"].update(params=["seed"]),
            "a stage source with cmd, deps, outs, params",
        ),
        (
            lambda stages: stages["source"]["do"].update(cmd="python mine.py"),
            "a stage source that runs 'python mine.py'",
        ),
        (
            lambda stages: stages["source"].update(foreach=["a"]),
            "a stage source for something else than each of ${sources}",
        ),
        (lambda stages: stages["fixture"].update(do="x"), "a stage fixture with x"),
        (
            lambda stages: stages["fixture"]["do"].update(deps=["${item.colour}"]),
            "${item.colour}",
        ),
        (
            lambda stages: stages["fixture"]["do"].update(outs=1),
            "a stage fixture that cannot be read",
        ),
    ],
)
def test_a_pipeline_of_somebody_elses(root, change, found):
    """It is DVC's to build, and what is unknown in it is named."""
    said = edit(root, change)
    assert said.startswith(
        "dvc.yaml\n  expected: the stages source and fixture, as fixtures init lays them out, and "
        "no others\n  found:    "
    )
    assert f"found:    {found}\n" in said
    assert said.endswith("into the dvc.yaml of another folder")


def test_more_than_stages(root):
    """Such as variables of its own."""
    with (root / plan.FILE).open("a") as file:
        file.write("vars: [mine.yaml]\n")
    with pytest.raises(CheckError, match="found:    other parts than stages"):
        plan.stages(root, DECLARED)


def test_no_yaml(root):
    """What is wrong with it is said."""
    (root / plan.FILE).write_text("stages: {")
    with pytest.raises(CheckError, match="did not find expected node content"):
        plan.stages(root, DECLARED)


def test_no_pipeline(tmp_path):
    """How to come by one is said."""
    with pytest.raises(MissingError, match="fixtures init, which lays a registry out"):
        plan.stages(tmp_path, DECLARED)
