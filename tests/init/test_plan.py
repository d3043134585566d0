"""Tests of `registry.init.plan`: what goes where."""

from __future__ import annotations

import shlex

import pytest
import yaml

from registry.declare import params
from registry.errors import UsageError
from registry.init import laying, originals, plan
from registry.init.plan import Kind
from tests.kit import workflows
from tests.kit.repository import REPOSITORY


@pytest.fixture
def planned(tmp_path):
    """Files of a registry in a folder of a repository, by their path in it."""

    def items(below: str, field: str = "arrays", *, ci: bool = False, hooks: bool = False):
        found = plan.plan(tmp_path, tmp_path / below, field, ci=ci, hooks=hooks)
        return {item.path.relative_to(tmp_path).as_posix(): item for item in found}

    return items


def test_a_registry_and_what_stands_around_it(planned):
    """Its own files are in its folder; git's top folder has workflow and hooks, where asked for."""
    alone = planned("data")
    names = list(alone)
    assert all(name.startswith("data/") for name in names), names
    assert names[-1] == "data/dvc.yaml", "it would be known as one before it is whole"
    around = planned("data", ci=True, hooks=True)
    assert [*around] == [
        *names[:-2], ".github/workflows/fixtures.yml", ".pre-commit-config.yaml", *names[-2:]
    ]  # fmt: skip
    kinds = {kind: {name for name in names if alone[name].kind is kind} for kind in Kind}
    assert kinds[Kind.LINES] == {
        "data/.dvc/.gitignore", "data/.dvcignore", "data/.gitattributes", "data/.gitignore"
    }  # fmt: skip
    assert kinds[Kind.OWNED] == {
        "data/.dvc/config", "data/params.yaml", "data/pytest.ini",
        "data/tests/test_pinned_fixtures.py",
    }  # fmt: skip


def test_settings_of_pytest(planned):
    """A folder has its own, so that those of the repository around it are not for its tests."""
    assert planned("data")["data/pytest.ini"].data == b"[pytest]\ntestpaths = tests\n"
    assert "pytest.ini" not in planned(".")


def test_dvc_as_its_owner_set_it_up(planned, tmp_path):
    """A configuration that is there is left out; what keeps the cache out of git is not."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").touch()
    assert ".dvc/config" not in planned(".")
    assert ".dvc/.gitignore" in planned(".")


def test_what_each_field_declares_first(top):
    """It satisfies the rules that it is laid out with."""
    declared = {}
    for field in originals.fields():
        root = top / field
        laying.lay(top, root, plan.plan(top, root, field, ci=False, hooks=False))
        declared[field] = params.load(root).summary
    assert declared == {
        "arrays": "0 sources, 0 fixtures",
        "ptychography": "1 source, 1 fixture",
    }


def test_a_workflow(planned):
    """It runs in the registry's folder, keeps DVC's cache, pulls, verifies and tests."""
    for below, prefix in ((".", ""), ("my/data", "my/data/")):
        text = planned(below, ci=True)[".github/workflows/fixtures.yml"].data.decode()
        assert "@" not in text.replace("@v", ""), "not filled in"
        assert workflows.faults(text) == ""
        (job,) = yaml.safe_load(text)["jobs"].values()
        assert job["defaults"]["run"]["working-directory"] == below
        cache, checkout = (
            next(step["with"] for step in job["steps"] if name in step.get("uses", ""))
            for name in ("actions/cache@", "actions/checkout@")
        )
        assert cache["path"] == f"{prefix}.dvc/cache"
        assert cache["key"] == f"fixtures-${{{{ hashFiles('{prefix}dvc.lock') }}}}"
        assert checkout["fetch-depth"] == 0, "what was published before is not known"
        assert [step["run"] for step in job["steps"] if "run" in step][1:] == [
            "fixtures pull",
            "fixtures verify",
            "python -m pytest tests",
        ]


def test_hooks(planned):
    """They are this repository's; of a folder they name it, since git runs them at its top."""
    name = ".pre-commit-config.yaml"
    laid_out = planned(".", hooks=True)[name].data
    assert (REPOSITORY / name).read_bytes().startswith(laid_out)
    ours, _ = yaml.safe_load((REPOSITORY / name).read_bytes())["repos"]
    assert yaml.safe_load(laid_out) == {"repos": [ours]}, "those of this repository alone as well"
    (below,) = yaml.safe_load(planned("data", hooks=True)[name].data)["repos"]
    for hook, own in zip(below["hooks"], ours["hooks"], strict=True):
        words = ["env", "FIXTURES_REGISTRY=data", *shlex.split(own["entry"])]
        assert shlex.split(hook.pop("entry")) == words
        del own["entry"]
        assert hook == own


def test_a_name_that_is_not_to_be_written_into_them(planned):
    """It would be something else to a shell, or to YAML; the registry itself may have it."""
    assert planned("my data")
    for option in ("ci", "hooks"):
        with pytest.raises(UsageError) as caught:
            planned("my data", **{option: True})
        assert str(caught.value) == (
            "folder my data\n"
            "  expected: a name of letters, digits and -_. alone, which --ci and --pre-commit "
            "write\n"
            "  found:    other characters\n"
            "  to mend:  name another folder, or leave out these two"
        )
