"""Hooks of pre-commit: what each runs, as given, and for which files.

pre-commit itself is not needed: what it is told is read, and run as it would be.
"""

from __future__ import annotations

import re
import shlex
import shutil

import pytest
import yaml

from tests.kit.environment import environment
from tests.kit.files import flip
from tests.kit.processes import run
from tests.kit.repository import FOLDER, REPOSITORY, excerpt

NAME = "minimal_dataset_v1_n16"
DATA = f"{FOLDER}/{NAME}.npz"
VERIFY, CHECK = "fixtures-verify", "fixtures-check-params"

HOOKS = {
    hook["id"]: hook for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
}


@pytest.fixture
def hook(root):
    """Run a hook's entry in the top folder of a registry; how it ended."""
    excerpt(root, ("minimal_dataset_v1", "minimal_dataset_v1_n16"))

    def ended(name: str):
        return run(shlex.split(HOOKS[name]["entry"]), root, environment(root.parent))

    return ended


def test_what_other_repositories_get():
    """Each is installed by pre-commit from this repository, and is given no names of files."""
    assert set(HOOKS) == {VERIFY, CHECK}, "other hooks"
    for hook in HOOKS.values():
        assert (hook["language"], hook["pass_filenames"]) == ("python", False), hook
        assert hook["additional_dependencies"] == [".[build]"], "not what it imports"
        assert hook["name"], "without what a person reads"
        assert hook["description"], "without what it is for"


def test_the_same_here():
    """Here they are those of the working tree."""
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    local, _ = config["repos"]
    assert local["repo"] == "local", "those of some revision"
    for hook in local["hooks"]:
        assert hook["language"] == "system", "not those of the development environment"
        theirs = {key: HOOKS[hook["id"]][key] for key in hook if key not in ("id", "language")}
        assert hook == {**theirs, "id": hook["id"], "language": "system"}, "another hook"
    assert {hook["id"] for hook in local["hooks"]} == set(HOOKS), "not each of them"


def test_what_make_check_runs():
    """The other hooks here are its quick checks, word for word, of the files that changed."""
    _, own = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    recipe = (REPOSITORY / "Makefile").read_text().partition("\ncheck: ")[2].partition("\n\n")[0]
    checks = [line.removeprefix("\t$(BIN)/") for line in recipe.splitlines()[1:]]
    assert [hook["entry"] for hook in own["hooks"]] == [
        check for check in checks if check.startswith(("ruff", "actionlint"))
    ]
    for hook in own["hooks"]:
        assert (own["repo"], hook["language"]) == ("local", "system"), "not those of make check"
    assert re.search(own["hooks"][-1]["files"], ".github/workflows/ci.yml")


def test_the_page_names_each():
    """What it says to write takes every hook, from a repository and a revision."""
    page = (REPOSITORY / "docs" / "when-verification-fails.md").read_text("utf-8")
    (repository,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])["repos"]
    assert set(repository) == {"repo", "rev", "hooks"}, "not what pre-commit needs"
    assert [hook["id"] for hook in repository["hooks"]] == list(HOOKS), "other hooks"


@pytest.mark.parametrize("name", HOOKS)
def test_a_good_registry(hook, name):
    """The commit goes on."""
    ended = hook(name)
    assert ended.returncode == 0, ended


def test_a_broken_fixture(hook, root):
    """The commit is stopped, and the message names the link."""
    flip(root / DATA)
    ended = hook(VERIFY)
    assert ended.returncode == 1, ended
    assert f"fixture {NAME}: broken link sidecar -> bytes" in str(ended), ended


def test_missing_bytes(hook, root):
    """The commit is stopped, for nothing was verified; the message says what brings them."""
    (root / DATA).unlink()
    ended = hook(VERIFY)
    assert ended.returncode == 3, ended
    assert f"fixtures pull {NAME}" in str(ended), ended


def test_a_bad_declaration(hook, root):
    """The commit is stopped, and the message names the entry."""
    with (root / "params.yaml").open("a") as file:
        file.write("\ndeprecated: {nope_v1: {reason: x}}\n")
    ended = hook(CHECK)
    assert ended.returncode == 1, ended
    assert "deprecated.nope_v1" in str(ended), ended


def test_a_repository_that_imports(hook, root):
    """It has pairs of `.dvc` files, and neither a lock nor a declaration."""
    lock = yaml.safe_load((root / "dvc.lock").read_bytes())
    for name in ("dvc.lock", "params.yaml", "generators", "schemas"):
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / ".dvc").mkdir()
    for out in lock["stages"][f"fixture@{NAME}"]["outs"]:
        path = root / f"{out['path']}.dvc"
        path.write_text(yaml.safe_dump({"outs": [{**out, "path": path.name[:-4]}]}))
    ended = hook(VERIFY)
    assert ended.returncode == 0, ended
    flip(root / DATA)
    assert hook(VERIFY).returncode == 1, "other bytes pass"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("dvc.lock", {VERIFY}),
        ("data/dvc.lock", {VERIFY}),
        ("tests/data/small_v1.npz.dvc", {VERIFY}),
        (f"{FOLDER}/{NAME}.json", {VERIFY}),
        (f"certificates/{NAME}.jsonl", {VERIFY}),
        ("generators/subset_v1.py", {VERIFY}),
        ("generators/subset_v1.schema.json", {VERIFY, CHECK}),
        ("schemas/params.schema.json", {VERIFY, CHECK}),
        ("params.yaml", {CHECK}),
        ("dvc.lock.orig", set()),
        ("README.md", set()),
        ("tests/test_it.py", set()),
    ],
)
def test_which_files_run_it(path, names):
    """A commit of anything else waits for none of them."""
    assert {name for name, hook in HOOKS.items() if re.search(hook["files"], path)} == names
