"""The ways of docs/consuming.md, to the letter, in repositories that have the wheel and no more.

First as in CI, over two workers of xdist; then offline, when the registry is gone. What the page
has at an address on the web lies on this disk: git is told so.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from registry import digests
from registry.storage import foreign_remote
from tests.kit import clone, installed
from tests.kit.clone import Clone
from tests.kit.files import object_in
from tests.kit.repository import FOLDER, REPOSITORY, excerpt, files
from tests.kit.servers import ObjectServer

PAGE = "docs/consuming.md"
NAME = "minimal_dataset_v1"
DATA = f"tests/data/{NAME}"
ADDRESS = "https://host/fixture-registry.git"
REMOTE = "fixture-registry-remote"
# DVC brings this plugin, which takes longer to start than pytest itself.
ALONE = "-p no:hydra_pytest"
# A registry and, in the same repository, the package; tests are the consumer's.
HOLDS = {
    ".dvc", ".dvcignore", ".gitattributes", ".gitignore", ".pre-commit-config.yaml", "LICENSE",
    "README.md", "code", "dvc.yaml", "fixture_registry", "generators", "pyproject.toml", "registry",
    "schemas",
}  # fmt: skip

pytestmark = pytest.mark.slow


# The wheel alone, and with the extra `build`, for what DVC does.
LIGHT, BUILD = "light", "environment"


def as_in_ci(repository: Clone, template: Clone, upstream: Path, installed: str = BUILD) -> Clone:
    """The repository, its shell as CI sets it: with an environment of the wheel's, and the web."""
    variables = repository.environment
    programs = template.path.with_name(installed) / "bin"
    redirect = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_1": f"url.{upstream.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_1": ADDRESS,
    }
    path = os.pathsep.join([os.fspath(programs), variables["PATH"]])
    ci = {"CI": "true", "PYTEST_ADDOPTS": f"{ALONE} -n 2", "REGISTRY": os.fspath(upstream)}
    return Clone(repository.path, {**variables, **redirect, **ci, "PATH": path})


@pytest.fixture(scope="session")
def template(tmp_path_factory, request, blocks):
    """A registry with one fixture on its remote; beside it environments, and what pip said."""

    def make(template: Clone) -> None:
        folder = template.path.parent
        for file in files():
            if file.parts[0] in HOLDS:
                (template.path / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(REPOSITORY / file, template.path / file)
        excerpt(template.path, [NAME])
        (template.path / FOLDER).mkdir(parents=True)
        shutil.copy(REPOSITORY / FOLDER / f"{NAME}.json", template.path / FOLDER)
        fixture = REPOSITORY / FOLDER / f"{NAME}.npz"
        stored = object_in(folder / REMOTE, digests.md5(fixture.read_bytes()))
        stored.parent.mkdir(parents=True)
        shutil.copyfile(fixture, stored)
        template.sh("git init --quiet && git add --all && git commit --quiet -m v1 && git tag v1")
        installed.wheel(folder)
        lines = blocks(PAGE)[0].text
        for name, extras, commands in (
            (BUILD, ["build"], lines),
            (LIGHT, [], lines.splitlines()[-1]),
        ):
            installed.environment(folder / name, *extras)
            outside = Clone(folder, template.environment)
            shell = as_in_ci(outside, template, template.path, name)
            shell.environment.update(installed.PIP)
            (folder / f"said-{name}").write_text(shell.sh(commands))

    return clone.shared(tmp_path_factory, request.config, "wheel", make)


@pytest.fixture
def upstream(template, tmp_path):
    """The registry at the page's address, its bytes in the folder beside it and on the web."""
    shutil.copytree(template.path.parent / REMOTE, tmp_path / REMOTE)
    copied = template.copy(tmp_path / "upstream")
    with ObjectServer(tmp_path / REMOTE) as server:
        with (copied.path / ".dvc" / "config").open("a") as config:
            config.write(f"['remote \"web\"']\n    url = {server.url}\n")
        copied.sh("git commit --quiet --all --message web && git tag --force v1")
        yield as_in_ci(copied, template, copied.path)


@pytest.fixture
def light(upstream, template):
    """As for `upstream`, the shell of an environment that has no DVC."""
    programs = os.fspath(template.path.with_name(BUILD) / "bin")
    path = upstream.environment["PATH"]
    assert path.startswith(programs), "another environment"
    upstream.environment["PATH"] = path.replace(
        programs, os.fspath(template.path.with_name(LIGHT) / "bin")
    )
    assert "No module named dvc" in upstream.sh("python -m dvc --version", code=1)


@pytest.fixture
def project(upstream, blocks):
    """Another repository, with the test of the page."""
    project = Clone(upstream.path.with_name("project"), upstream.environment)
    (project.path / "tests").mkdir(parents=True)
    (project.path / "tests" / "test_it.py").write_text(blocks(PAGE)[1].text)
    project.sh("git init --quiet")
    return project


def take_away(repository: Clone) -> None:
    """Neither the registry nor a remote of it any more; nobody is asked for them."""
    upstream = Path(repository.environment["REGISTRY"])
    shutil.rmtree(upstream)
    shutil.rmtree(upstream.with_name(REMOTE))
    repository.environment["FIXTURES_OFFLINE"] = "1"


def again(repository: Clone) -> str:
    """What pytest prints offline, when the registry is gone."""
    take_away(repository)
    repository.environment["PYTEST_ADDOPTS"] = ALONE
    return repository.sh("pytest tests")


def fresh(repository: Clone) -> Clone:
    """A clone of a repository."""
    path = repository.path.parent / "elsewhere" / repository.path.name
    repository.git("clone", "--quiet", ".", path)
    return Clone(path, repository.environment)


def test_install(template, blocks):
    """Either line installs the package alone: what builds fixtures stays in the repository."""
    folder = template.path.parent
    assert (folder / f"said-{BUILD}").read_text().count(
        "Successfully installed fixture-registry-0.1.0"
    ) == 2
    (built,) = folder.glob("*.whl")
    assert built.name in blocks(PAGE)[0].text, "the page names another wheel"
    with zipfile.ZipFile(built) as file:
        held = {name.partition("/")[0] for name in file.namelist()}
    assert held == {"registry", "fixture_registry", "fixture_registry-0.1.0.dist-info"}, (
        "not the package, and what starts it"
    )
    for name in (BUILD, LIGHT):
        (found,) = folder.glob(f"{name}/lib/python*/site-packages/registry")
        assert not found.is_symlink(), "not what the wheel brought"


@pytest.mark.usefixtures("light")
def test_in_the_same_repository(upstream, blocks):
    """In a fresh clone, `fixtures pull` and pytest are all there is to do."""
    test, commands = blocks(PAGE)[1:3]
    clone = fresh(upstream)
    # the package is the wheel's
    shutil.rmtree(clone.path / "registry")
    (clone.path / "pyproject.toml").unlink()
    (clone.path / "tests" / "test_it.py").write_text(test.text)
    shutil.copytree(upstream.path.with_name(REMOTE), clone.path.with_name(REMOTE))
    assert "1 passed" in clone.sh(commands.text), "the page's test did not run"
    assert "1 passed" in again(clone), "not offline"


def test_import(upstream, project, blocks):
    """What the command prints commits all that is new; a fresh clone's test fetches its bytes."""
    printed = project.sh(blocks(PAGE)[3].text)
    project.sh(printed.partition("next:\n")[2])
    assert project.changed() == ["tests/test_it.py"], "not all that was imported is committed"
    project.commit()
    clone = fresh(project)
    assert "1 passed" in clone.sh("pytest tests"), "not fetched"
    assert "1 passed" in again(clone), "not offline"


def test_dvc_import(upstream, project, blocks):
    """A colleague, or CI, runs `dvc pull`; once the files are gone, the cache has them."""
    project.sh("dvc init --quiet && git commit --quiet --message init")
    project.sh(blocks(PAGE)[4].text)
    assert project.changed() == ["tests/test_it.py"], "not all that was imported is committed"
    for suffix in (".npz.dvc", ".json.dvc", ".npz", ".json"):
        assert (project.path / f"{DATA}{suffix}").is_file(), f"no {suffix}"
    project.commit()
    clone = fresh(project)
    assert "1 passed" in clone.sh("dvc pull --quiet && pytest tests"), "not pulled"
    clone.sh(f"rm {DATA}.npz {DATA}.json")
    assert "1 passed" in again(clone), "not loaded from the cache"


@pytest.mark.usefixtures("light")
def test_git_url_in_the_ini_file(upstream, project, blocks):
    """One line of configuration, no DVC in the project."""
    (ini,) = [block for block in blocks(PAGE) if block.language == "ini"]
    (project.path / "pytest.ini").write_text(ini.text)
    assert "1 passed" in project.sh("pytest tests"), "not fetched"
    assert "1 passed" in again(project), "not offline"


@pytest.mark.usefixtures("light")
def test_git_url_in_a_program_and_by_path(upstream, project, blocks):
    """`registry.load` takes the URL for its root; a command leaves a file to open."""
    (program,) = [block for block in blocks(PAGE) if "root=url" in block.text]
    (project.path / "program.py").write_text(f"{program.text}print(fixture.diffraction.shape)\n")
    both = f"python program.py\n{blocks(PAGE)[-1].text}"
    fetched, present = (f"(64, 64, 64)\n{word} {NAME}" for word in ("pulled  ", "present "))
    assert project.sh(both).startswith(fetched), "not fetched"
    with np.load(project.path / "build" / "minimal.npz") as opened:
        assert opened["diffraction"].shape == (64, 64, 64), "not that file"
    take_away(project)
    assert project.sh(both).startswith(present), "not offline"


def test_credentials_of_ones_own(upstream, blocks, tmp_path, monkeypatch):
    """What the commands write down is found for a registry's remote below that address."""
    upstream.environment["DVC_GLOBAL_CONFIG_DIR"] = str(tmp_path)
    upstream.sh(blocks(PAGE)[-2].text)
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))
    text = b"[core]\nremote = store\n['remote \"store\"']\nurl = s3://bucket/registry\n"
    (found,) = foreign_remote.read(text, origin=None)
    assert found.settings() == {"url": "s3://bucket/registry", "profile": "team"}, (
        "not the user's settings"
    )
