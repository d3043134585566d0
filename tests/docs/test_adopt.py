"""docs/adopt-in-an-existing-project.md, to the letter, in a stand-in of the project it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys

import pytest

from tests.kit import adopter, installed, pages
from tests.kit.clone import Clone
from tests.kit.environment import environment
from tests.kit.repository import REPOSITORY

PAGE = "docs/adopt-in-an-existing-project.md"
PAIR = f"{adopter.FOLDER}/{adopter.NAME}"
# DVC brings this plugin, which takes longer to start than pytest itself.
ALONE = "-p no:hydra_pytest -p no:cacheprovider"
FINDS = """
from setuptools.config.pyprojecttoml import read_configuration
print(*read_configuration("pyproject.toml")["tool"]["setuptools"]["packages"])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project's files."""
    folder = tmp_path_factory.mktemp("project")
    adopter.write(folder)
    return folder


@pytest.fixture
def shell(project, tmp_path):
    """The project, committed, and an environment with the wheel and what builds fixtures."""
    built = installed.wheel(tmp_path)
    installed.environment(tmp_path / "environment", "build")
    variables = environment(tmp_path, PYTEST_ADDOPTS=ALONE, **installed.PIP)
    path = os.pathsep.join([os.fspath(tmp_path / "environment" / "bin"), variables["PATH"]])
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    shell = Clone(folder, {**variables, "PATH": path})
    shell.sh(f"pip install --quiet ../{built.name}")
    shell.sh(f"git init --quiet --initial-branch main && git add --all\n"
             f"git add --force {adopter.SCAN} {PAIR}.npz\n"
             "git commit --quiet --message 'A project' && python -m pytest")  # fmt: skip
    return shell


def put(shell: Clone, block: pages.Block, file: str, under: str | None = None) -> None:
    """A block of the page at the end of a file, or beneath a line of it."""
    path = shell.path / file
    text = path.read_text(encoding="utf-8")
    if under is None:
        text = f"{text.rstrip()}\n\n{block.text}"
    else:
        assert f"{under}\n" in text, f"{file} has no {under}"
        text = text.replace(f"{under}\n", f"{under}\n{block.text}")
    path.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_adopted(shell, blocks, tmp_path):
    """Each block where the page says it goes; path, names and tests are as they were."""
    begin, there, params, add, said, extra, exclude, conftest, script, make, label, commit = blocks(
        PAGE
    )
    before = {name: (shell.path / name).read_bytes() for name in shell.git("ls-files").split()}
    shell.sh(begin.text)
    changed = [name for name, data in before.items() if (shell.path / name).read_bytes() != data]
    assert changed == [".gitignore"], "a file of somebody's has changed"
    assert (shell.path / ".gitignore").read_bytes().startswith(before[".gitignore"])

    shell.sh(there.text)
    assert (params.file, script.file) == ("params.yaml", adopter.SCRIPT)
    (shell.path / "params.yaml").write_text(params.text)
    printed = shell.sh(add.text)
    assert f"fixture {adopter.NAME}: 2544436 bytes, sha256 fdad843f7389; " in printed, printed
    assert said.text in printed, "not what the old file was"

    put(shell, extra, "pyproject.toml")
    assert "generators" in shell.run(sys.executable, "-c", FINDS).out.split(), "not in the way"
    put(shell, exclude, "pyproject.toml", "[tool.setuptools.packages.find]")
    found = shell.run(sys.executable, "-c", FINDS).out.split()
    assert "generators" not in found, "it is packed"
    assert {"ptycho_torch", "ptycho_torch.generators"} <= set(found), "too much is left out"
    put(shell, conftest, "tests/conftest.py")
    (shell.path / adopter.SCRIPT).write_text(script.text, encoding="utf-8")
    printed = shell.sh(make.text)
    assert f"{adopter.NAME}, rebuilt\n" in printed, printed
    assert "params.yaml: added fixtures.minimal_dataset_v2" in printed, printed
    the_script_refuses(shell)
    shell.sh(label.text)
    printed = shell.sh(commit.text)
    for name in (adopter.NAME, "minimal_dataset_v1_labelled", "minimal_dataset_v2"):
        assert f"ok      {name}  (" in printed, printed
    assert "5 passed" in printed, printed
    assert shell.changed() == [], "something is left"

    record = json.loads((shell.path / f"{PAIR}.json").read_bytes())
    assert record["subset_strategy"] == "evenly_spaced"
    assert f"{PAIR}.npz" not in shell.git("ls-files"), "git has the bytes"
    assert f"{PAIR}.json" in shell.git("ls-files"), "git has not the sidecar"
    somebody_clones(shell, tmp_path)


def the_script_refuses(shell: Clone) -> None:
    """Another size of a version that is there, or a file that is not its source."""
    python = f"python {adopter.SCRIPT} --output {PAIR}.npz"
    printed = shell.sh(f"{python} --source {adopter.SCAN} --subset-size 32", code=1)
    assert printed == f"{adopter.NAME} has 64 positions for good: name another --output\n"
    printed = shell.sh(f"{python} --source README.md", code=1)
    assert "README.md is not the source of minimal_dataset_v1: " in printed
    # elsewhere, with the metadata elsewhere
    shell.sh(f"python {adopter.SCRIPT} --source {adopter.SCAN} --metadata-out build/record.json "
             f"--output build/{adopter.NAME}.npz && cmp build/{adopter.NAME}.npz {PAIR}.npz && "
             f"cmp build/record.json {PAIR}.json")  # fmt: skip


def somebody_clones(shell: Clone, folder) -> None:
    """What a clone has to do: one command; and its tests run without the package, too."""
    shell.sh("git clone --quiet . ../clone")
    clone = Clone(folder / "clone", shell.environment)
    assert not (clone.path / f"{PAIR}.npz").exists(), "git has brought the bytes"
    printed = clone.sh("fixtures pull && python -m pytest")
    assert "5 passed" in printed, printed
    installed.environment(folder / "bare")
    printed = clone.sh("../bare/bin/python -m pytest")
    assert "2 passed" in printed, printed
    assert "fixture-registry" not in printed, "the package is there after all"


@pytest.mark.slow
def test_what_gets_in_the_way(shell, blocks):
    """Each row of the table: what is said, and that nothing was written; DVC is no hindrance."""
    begin, there, params, add, *_ = blocks(PAGE)
    text = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (?!what|---)(.+?) \| (.+?) \| (.+?) \|$", text)
    assert len(rows) == 5, "rows that this test does not know"
    init = begin.text.splitlines()[-1]
    shell.sh("dvc init --quiet && git commit --quiet --message DVC")
    configured = (shell.path / ".dvc" / "config").read_bytes()

    (shell.path / ".gitignore").write_text("__pycache__\nschemas/\n")
    printed = shell.sh(init, code=2)
    assert "one that a rule of .gitignore leaves out" in printed, printed
    assert shell.changed() == [".gitignore"]
    shell.sh("printf '__pycache__\\n/docs/schemas/\\n' > .gitignore")
    for name in ("params.yaml", "dvc.yaml", "generators/__init__.py", "registry.py"):
        (shell.path / name).parent.mkdir(exist_ok=True)
        (shell.path / name).write_text("# ours\n")
        printed = shell.sh(init, code=2)
        assert name in printed, printed
        (shell.path / name).unlink()
    shutil.rmtree(shell.path / "generators")
    assert shell.changed() == [".gitignore"], "something was written"

    shell.sh(begin.text)
    assert (shell.path / ".dvc" / "config").read_bytes() == configured, "DVC is set up anew"
    (shell.path / params.file).write_text(params.text)
    ended = shell.run("sh", "-c", add.text.partition(" --build")[0] + " --build")
    assert "is already tracked by SCM" in ended.out, ended.out
    shell.sh(there.text.splitlines()[0])
    shell.sh("dvc repro")
    shell.sh(
        "fixtures publish && git add --all && git commit --quiet --message all && fixtures verify"
    )
