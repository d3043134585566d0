"""The ways of docs/consuming.md, each played with a registry and a project that uses it."""

from __future__ import annotations

import shutil
from shlex import quote

import pytest

from registry.storage import foreign_remote

PAGE = "docs/consuming.md"
NAMED = "git+https://host/fixture-registry.git@v1"
DATA = "tests/data/minimal_dataset_v1"

pytestmark = pytest.mark.slow


@pytest.fixture
def upstream(clone):
    """The registry, its bytes pushed to the directory remote beside it."""
    clone.sh("dvc push --quiet")
    return clone


@pytest.fixture
def project(upstream, blocks):
    """Another repository, with the test of the page; its shell knows where the registry is."""
    path = upstream.path.parent / "project"
    (path / "tests").mkdir(parents=True)
    (path / "tests" / "test_it.py").write_text(blocks(PAGE)[1].text)
    environment = {**upstream.environment, "REGISTRY": str(upstream.path)}
    project = type(upstream)(path, environment)
    project.sh("git init --quiet")
    return project


def fresh(repository, **variables: str):
    """A clone of a repository, on its own beside it."""
    path = repository.path.with_name(f"{repository.path.name}-fresh")
    repository.git("clone", "--quiet", ".", path)
    return type(repository)(path, {**repository.environment, **variables})


def take_away(upstream):
    """No repository and no remote any more."""
    shutil.rmtree(upstream.path)
    shutil.rmtree(upstream.path.with_name("fixture-registry-remote"))


def test_in_the_same_repository(upstream, blocks):
    """In a fresh clone, `dvc pull` and pytest are all there is to do."""
    test, commands = blocks(PAGE)[1:3]
    clone = fresh(upstream)
    # the page's test alone, in place of the registry's own
    shutil.rmtree(clone.path / "tests", ignore_errors=True)
    clone.sh("git checkout --quiet tests/fixtures")
    (clone.path / "tests" / "test_it.py").write_text(test.text)
    assert "1 passed" in clone.sh(commands.text), "the page's test did not run"


def test_import(upstream, project, blocks):
    """One command pins a fixture, in CI as well; what it prints commits all that is new."""
    page = "https://host/fixture-registry.git@v1"
    command = blocks(PAGE)[3].text
    assert page in command, "the page names another URL"
    project.environment["CI"] = "true"
    printed = project.sh(command.replace(page, f"{upstream.path.as_uri()}@main"))
    project.sh(printed.partition("next:\n")[2])
    assert project.changed() == ["tests/test_it.py"], "not all that was imported is committed"
    assert "1 passed" in project.sh("pytest tests"), "not loaded from the workspace"
    project.sh("git add --all && git commit --quiet --message test")
    clone = fresh(project)
    assert "1 passed" in clone.sh("fixtures pull && pytest tests --fixtures-offline"), "not pulled"
    take_away(upstream)
    assert "1 passed" in clone.sh("pytest tests -n 2 --fixtures-offline"), "not served offline"


def test_dvc_import(upstream, project, blocks):
    """The imported pair is loaded from the workspace, and from the cache once that is gone."""
    project.sh("dvc init --quiet && git commit --quiet --message init")
    project.sh(blocks(PAGE)[4].text)
    assert project.changed() == ["tests/test_it.py"], "not all that was imported is committed"
    for suffix in (".npz.dvc", ".json.dvc", ".npz", ".json"):
        assert (project.path / f"{DATA}{suffix}").is_file(), f"no {suffix}"

    assert "1 passed" in project.sh("pytest tests"), "not loaded from the workspace"
    take_away(upstream)
    project.sh(f"rm {DATA}.npz {DATA}.json")
    assert "1 passed" in project.sh("pytest tests --fixtures-offline"), "not loaded from the cache"
    (project.path / f"{DATA}.json").write_text("{}")
    assert "1 passed" in project.sh("pytest tests -W ignore"), "a bad sidecar is not replaced"


def test_dvc_import_in_a_fresh_clone(project, blocks):
    """A colleague, or CI, runs `dvc pull`; DVC asks the registry."""
    project.sh("dvc init --quiet && git commit --quiet --message init")
    project.sh(blocks(PAGE)[4].text)
    project.sh("git add --all && git commit --quiet --message test")
    clone = fresh(project, CI="true")
    assert "1 passed" in clone.sh("dvc pull --quiet && pytest tests --fixtures-offline")


def test_dvc_import_by_url(upstream, project, blocks):
    """By URL it works as well, where the registry's remote has an address of its own."""
    remote = upstream.path.with_name("fixture-registry-remote")
    upstream.sh(
        f"dvc remote modify local url {quote(str(remote))} && git commit --quiet -am remote"
    )
    # not percent-encoded, which DVC would not take back
    project.environment["REGISTRY"] = f"file://{upstream.path}"
    project.sh("dvc init --quiet && git commit --quiet --message init")
    project.sh(blocks(PAGE)[4].text)
    assert "1 passed" in project.sh("pytest tests"), "not loaded"


def test_git_url_in_the_ini_file(upstream, project, blocks):
    """One line of configuration, no DVC in the project; and offline afterwards."""
    (ini,) = [block for block in blocks(PAGE) if block.language == "ini"]
    assert NAMED in ini.text, "the page names another URL"
    named = f"git+{upstream.path.as_uri()}@main"
    (project.path / "pytest.ini").write_text(ini.text.replace(NAMED, named))
    project.environment["CI"] = "true"
    assert "1 passed" in project.sh("pytest tests"), "not fetched"
    take_away(upstream)
    assert "1 passed" in project.sh("pytest tests --fixtures-offline"), "not served offline"
    printed = project.sh("pytest tests")
    assert "1 passed" in printed, "not served when the registry is gone"
    assert "StaleRegistryWarning: registry git+file://" in printed, "it is not said"


def test_git_url_in_a_program(upstream, project, blocks):
    """`registry.load` takes the URL for its root; and offline afterwards."""
    (program,) = [block for block in blocks(PAGE) if NAMED in block.text and "import" in block.text]
    text = program.text.replace(NAMED, f"git+{upstream.path.as_uri()}@main")
    (project.path / "program.py").write_text(f"{text}print(fixture.diffraction.shape)\n")
    assert project.sh("python program.py") == "(64, 64, 64)\n", "not fetched"
    take_away(upstream)
    printed = project.sh("FIXTURES_OFFLINE=1 python program.py")
    assert printed == "(64, 64, 64)\n", "not served offline"


def test_credentials_of_ones_own(project, blocks, tmp_path, monkeypatch):
    """What the commands write down is found for a registry's remote below that address."""
    project.environment["DVC_GLOBAL_CONFIG_DIR"] = str(tmp_path)
    project.sh(blocks(PAGE)[-2].text)
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))
    text = b"[core]\nremote = store\n['remote \"store\"']\nurl = s3://bucket/registry\n"
    (found,) = foreign_remote.read(text, origin=None)
    assert found.settings() == {"url": "s3://bucket/registry", "profile": "team"}, (
        "not the user's settings"
    )


def test_by_path(upstream, project, blocks):
    """A file to open, in CI too; and offline afterwards."""
    commands = blocks(PAGE)[-1].text
    assert NAMED in commands, "the page names another URL"
    commands = commands.replace(NAMED, f"git+{upstream.path.as_uri()}@main")
    project.environment["CI"] = "true"
    assert project.sh(commands).startswith("pulled   minimal_dataset_v1"), "not pulled"
    opens = "import numpy; print(numpy.load('build/minimal.npz')['diffraction'].shape)"
    assert project.sh(f'python -c "{opens}"') == "(64, 64, 64)\n", "not that file"
    take_away(upstream)
    project.environment["FIXTURES_OFFLINE"] = "1"
    assert project.sh(commands).startswith("present  minimal_dataset_v1"), "not offline"
