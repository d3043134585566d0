"""The whole life of fixtures on each kind of remote: built, pushed, pulled, used, used offline."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry.identity import pins
from tests.kit import registries as kit
from tests.kit.files import contents
from tests.kit.servers import S3Server, SSHServer

# What the tests of another project look like that knows nothing but the plugin.
CONSUMER = """
import numpy as np
import pytest

def test_loaded(load_fixture):
    fixture = load_fixture("minimal_dataset_v1")
    assert fixture.diffraction.shape == (64, 64, 64)
    assert fixture.diffraction.dtype == np.float32
    assert not fixture.diffraction.flags.writeable

@pytest.mark.fixtures("minimal_dataset_v1_n128")
def test_marked(load_fixture):
    assert len(load_fixture("minimal_dataset_v1_n128").xcoords) == 128

def test_named(minimal_dataset_v1_n16):
    assert len(minimal_dataset_v1_n16.xcoords) == 16
"""
COUNT = len(pins.read(kit.REPOSITORY))
PULLED = f"{COUNT} fixtures: 0 present, 0 from the cache, {COUNT} from the remote, 0 failed"
CACHED = f"{COUNT} fixtures: 0 present, {COUNT} from the cache, 0 from the remote, 0 failed"


@contextmanager
def s3(folder):
    """An S3 remote."""
    with S3Server(folder) as server:
        yield server.url, server.settings()


@contextmanager
def ssh(folder):
    """An SSH remote."""
    with SSHServer(folder) as server:
        yield server.url, server.settings()


class Clone:
    """A clone of the author's repository, whose DVC has the author's credentials."""

    def __init__(self, origin: Path, root: Path, env: dict[str, str]):
        self.root = root
        self._env = env
        kit.succeed(["git", "clone", "--quiet", origin, root], origin, env)
        credentials = origin / ".dvc" / "config.local"
        if credentials.exists():
            shutil.copy(credentials, root / ".dvc")

    def run(self, command: list[str]) -> str:
        """Run a command there, which has to succeed and complain of nothing; what it printed."""
        done = kit.run(command, self.root, self._env)
        assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"
        assert done.stderr == "", f"{' '.join(command)} complained"
        return done.stdout

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Everything that a pull could have written."""
        return kit.tree(self.root, ".dvc/cache", "tests", "build")

    def remove_workspace_files(self) -> None:
        """Leave the bytes to the cache."""
        for path in (self.root / kit.FOLDER).glob("*.npz"):
            path.unlink()

    def consume(self, **variables: str) -> None:
        """Run the tests of another project on this clone's fixtures; warnings are errors there."""
        project = self.root.with_name(f"{self.root.name}-consumer")
        project.mkdir(exist_ok=True)
        (project / "test_it.py").write_text(CONSUMER)
        (project / "pytest.ini").write_text(
            "[pytest]\n"
            f"fixtures_registry = ../{self.root.name}\n"
            "fixtures_as_fixtures = true\n"
            "filterwarnings = error\n"
        )
        env = {**self._env, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables}
        command = [sys.executable, "-m", "pytest", "-p", "fixture_registry.pytest_plugin", "-rA"]
        printed = kit.succeed(command, project, env)
        assert "3 passed" in printed, f"not all tests ran:\n{printed}"


def pushed(author, tmp_path, env, url, **settings):
    """The author's repository, all of whose fixtures are on a remote; credentials are local."""
    origin = shutil.copytree(author, tmp_path / "origin", symlinks=True)
    kit.configure(origin, url, verify="true")
    kit.succeed(["git", "commit", "--quiet", "--all", "--message", "remote"], origin, env)
    lines = ["['remote \"store\"']", *(f"{key} = {value}" for key, value in settings.items())]
    (origin / ".dvc" / "config.local").write_text("\n".join([*lines, ""]))
    kit.succeed(kit.dvc("push"), origin, env)
    return origin


@pytest.mark.slow
def test_a_life(author, tmp_path):
    """Built, pushed; pulled by DVC and by `fixtures` alike; used, and used again offline."""
    env = kit.environment(tmp_path)
    origin = pushed(author, tmp_path, env, os.fspath(tmp_path / "remote"))
    by_dvc = Clone(origin, tmp_path / "by-dvc", env)
    kit.succeed(kit.dvc("pull"), by_dvc.root, env)
    ours = Clone(origin, tmp_path / "ours", env)
    assert ours.run(kit.fixtures("pull")).splitlines()[-1] == PULLED, "not all came from there"
    assert ours.files() == by_dvc.files(), "not the same files, bytes and modes"
    for clone in (by_dvc, ours):
        assert clone.run(["git", "status", "--porcelain"]) == "", "git sees a change"
    ours.consume()

    shutil.rmtree(tmp_path / "remote")
    pulled = ours.files()
    for clone in (by_dvc, ours):
        clone.remove_workspace_files()
    by_dvc.consume(CI="true")
    ours.consume(CI="true", FIXTURES_OFFLINE="1")
    last = ours.run(kit.fixtures("pull", "--offline")).splitlines()[-1]
    assert last == CACHED, "not all came from the cache"
    assert ours.files() == pulled, "not the same files as before"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [s3, ssh])
def test_other_kinds_of_remote(kind, author, tmp_path):
    """Pushed by DVC, pulled by `fixtures`, and fetched by the tests that need it."""
    env = kit.environment(tmp_path)
    with kind(tmp_path / "remote") as (url, settings):
        origin = pushed(author, tmp_path, env, url, **settings)
        ours = Clone(origin, tmp_path / "ours", env)
        assert ours.run(kit.fixtures("pull")).splitlines()[-1] == PULLED, "not all came from there"
        assert ours.run(["git", "status", "--porcelain"]) == "", "git sees a change"
        built = [contents(root / kit.FOLDER) for root in (origin, ours.root)]
        assert built[0] == built[1], "other bytes than the author's"
        Clone(origin, tmp_path / "fresh", env).consume()
