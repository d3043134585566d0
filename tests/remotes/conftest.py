"""Two registries: a small one whose bytes are on an HTTP server alone, and this very one."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.remotes import kit
from tests.remotes.servers import ObjectServer


@pytest.fixture
def env(tmp_path):
    """Environment of child processes."""
    return kit.environment(tmp_path)


@pytest.fixture
def server(tmp_path):
    """HTTP server of a remote's objects."""
    with ObjectServer(tmp_path / "served") as server:
        yield server


@pytest.fixture
def root(tmp_path, server):
    """Top folder of a registry; the bytes of its fixtures are on the server."""
    root = kit.write(tmp_path / "registry")
    kit.move_to_remote(root, server.folder)
    kit.configure(root, server.url)
    return root


@pytest.fixture(scope="session")
def author(tmp_path_factory):
    """A repository as its author has it: committed, built, not pushed."""
    folder = tmp_path_factory.mktemp("author")
    env = kit.environment(folder)
    root = folder / "registry"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=kit.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    built = [".dvc/cache", "build/sources", "build/params.valid", kit.FOLDER]
    for name in {*listed.split("\0"), *built} - {""}:
        source, target = kit.REPOSITORY / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, target)
    kit.succeed(["git", "init", "--quiet", "--initial-branch=main"], root, env)
    # what is built here from the copied sources is what was built there, so there is little to do
    kit.succeed(kit.dvc("repro", "--quiet"), root, env)
    kit.succeed(["git", "add", "--all"], root, env)
    kit.succeed(["git", "commit", "--quiet", "--message", "built"], root, env)
    return root
