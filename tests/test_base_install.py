"""What is installed with the wheel alone: how much it is, what it can do, what it says it cannot.

Packages come from the index that pip is configured for, in the versions of constraints.txt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from registry.errors import MissingError
from tests.kit import installed
from tests.kit.environment import environment
from tests.kit.once import once
from tests.kit.processes import Ended, git, run
from tests.kit.repository import REPOSITORY
from tests.kit.servers import ObjectServer, absent
from tests.kit.upstream import FRAMES, Upstream

pytestmark = pytest.mark.slow

PACKAGES, BYTES = 15, 110_000_000
# Of the interpreter that runs it: names of packages, and bytes of files that are theirs.
MEASURES = """
import importlib.metadata as metadata, json, pathlib, sysconfig
site = pathlib.Path(sysconfig.get_path("purelib"))
print(json.dumps({
    "packages": sorted(found.name.lower() for found in metadata.distributions(path=[str(site)])),
    "bytes": sum(file.stat().st_size for file in site.rglob("*") if file.is_file()),
}))
"""
LOADS = """
import sys, registry
assert registry.names() == ["small_v1"]
print(registry.load("small_v1")["frames"].tolist())
absent = [name for name in ("dvc", "jsonschema", "ruamel") if name in sys.modules]
assert not absent, absent
"""
TESTS = """
import pytest, registry

@pytest.mark.parametrize("name", registry.names())
def test_it(name, load_fixture):
    assert load_fixture(name).frames.shape == (2, 3)

@pytest.mark.fixtures("small_v1")
def test_marked():
    pass
"""


class Installed:
    """An environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = str(folder / "bin" / "python")

    def pip(self, *arguments: str) -> None:
        """Install from the index that pip is configured for."""
        options = ["--python", self.python, "--disable-pip-version-check", "install", "--quiet"]
        constraints = ["--constraint", str(REPOSITORY / "constraints.txt")]
        command = [sys.executable, "-m", "pip", *options, *constraints, *arguments]
        ended = run(command, self.folder, environment(self.folder), limit_s=600)
        if ended.returncode:
            absent("a package index", ended.stderr[-500:])

    def run(self, folder: Path, *command: str, **variables: str) -> Ended:
        """Run one of its programs."""
        env = environment(self.folder, **variables)
        ended = run([str(self.folder / "bin" / command[0]), *command[1:]], folder, env)
        return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="module")
def base(tmp_path_factory, request):
    """The wheel and what it requires, in an environment that all workers share."""

    def make(folder: Path) -> None:
        made = Installed(folder / "environment")
        installed.venv.create(made.folder, symlinks=True)
        made.pip(str(installed.wheel(folder)))

    return Installed(once(tmp_path_factory, request.config, "base", make) / "environment")


@pytest.fixture
def served(tmp_path):
    """The variable that names a registry by URL, whose bytes are on an HTTP server."""
    upstream = Upstream(tmp_path / "theirs" / "registry")
    with ObjectServer(tmp_path / "theirs" / "remote") as server:
        config = f"[core]\nremote = web\n['remote \"web\"']\nurl = {server.url}\n"
        (upstream.path / ".dvc" / "config").write_text(config)
        upstream.commit()
        yield {"FIXTURES_REGISTRY": upstream.at("main"), "FIXTURES_CACHE": str(tmp_path / "cache")}
        assert server.asked.total() == 1, "not fetched over HTTP, or more than once"


def test_how_much_it_is(base):
    """Few packages, numpy included, and few bytes."""
    measured = json.loads(base.run(base.folder, "python", "-c", MEASURES).out)
    print(f"\n{len(measured['packages'])} packages, {measured['bytes'] / 1e6:.1f} MB")
    assert {"fixture-registry", "numpy"} <= set(measured["packages"])
    assert len(measured["packages"]) <= PACKAGES, measured
    assert measured["bytes"] <= BYTES, measured


def test_a_program(base, served, tmp_path):
    """It loads a fixture over HTTP, and knows its name."""
    ended = base.run(tmp_path, "python", "-c", LOADS, **served)
    assert (ended.code, ended.out) == (0, f"{FRAMES.tolist()}\n"), ended.err


def test_commands(base, served, tmp_path):
    """They list, show, fetch and verify, copy and compare."""
    for arguments, expected in (
        ("list", "small_v1"),
        ("show small_v1", "small_v1"),
        ("pull", "pulled   small_v1"),
        ("verify", "ok      small_v1  (6 links hold)"),
        ("pull small_v1 --to here.npz", "pulled   small_v1"),
        ("diff small_v1 small_v1", "small_v1"),
        ("--version", "fixture-registry 0.1.0"),
    ):
        ended = base.run(tmp_path, "fixtures", *arguments.split(), **served)
        assert (ended.code, ended.err) == (0, ""), (arguments, ended)
        assert expected in ended.out, (arguments, ended.out)
    with np.load(tmp_path / "here.npz") as opened:
        assert np.array_equal(opened["frames"], FRAMES)


def test_the_plugin(base, served, tmp_path):
    """Tests get their fixtures."""
    base.pip("--target", str(tmp_path / "site"), "pytest")
    (tmp_path / "test_it.py").write_text(TESTS)
    variables = {**served, "CI": "true", "PYTHONPATH": str(tmp_path / "site")}
    ended = base.run(tmp_path, "python", "-m", "pytest", "-q", **variables)
    assert "2 passed" in ended.out, ended


BUILD = "pip install 'fixture-registry[build]'"
REPORT = "pip install 'fixture-registry[report]'"
TRAIN = "pip install 'fixture-registry[train]'"
CUT = "tests/fixtures/pytorch_integration/minimal_dataset_v1_n16.npz"
TAKES = {
    "verify minimal_dataset_v1_n16": BUILD,
    "verify --regenerate minimal_dataset_v1_n16": BUILD,
    "check-params": BUILD,
    "add new_v1 --like minimal_dataset_v1": BUILD,
    f"add new_v1 --from {CUT} --strategy evenly_spaced --n-subset 16": BUILD,
    "suggest minimal_dataset_v1": BUILD,
    "gc --remote": BUILD,
    "export --croissant": BUILD,
    "envelope": TRAIN,
    "envelope --sweep": TRAIN,
    "report": REPORT,
    "train minimal_dataset_v1_n16 --output-dir out": TRAIN,
    "infer some.ckpt minimal_dataset_v1_n16 --output-dir out": TRAIN,
}


def test_what_takes_an_extra(base, root):
    """Each command ends with an error that has the one command that installs it."""
    git(root, "init", "--quiet")
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\nremote = s\n['remote \"s\"']\nurl = ../store\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "registry")
    for arguments, remedy in TAKES.items():
        ended = base.run(root, "fixtures", *arguments.split())
        assert ended.code == MissingError.exit_code, (arguments, ended)
        assert ended.err.count("  to mend:  ") == 1, (arguments, ended.err)
        assert ended.err.endswith(f"  to mend:  {remedy}\n"), (arguments, ended.err)
    assert git(root, "status", "--short") == "", "something was written"


def test_remotes_that_take_an_extra(base, root):
    """So does a pull from another kind of remote, and an import where DVC was never set up."""
    (root / ".dvc").mkdir()
    (root / CUT).unlink()
    for url, extra in (("s3://bucket/a", "s3"), ("ssh://host/a", "ssh")):
        config = f"[core]\nremote = s\n['remote \"s\"']\nurl = {url}\n"
        (root / ".dvc" / "config").write_text(config)
        ended = base.run(root, "fixtures", "pull", "minimal_dataset_v1_n16")
        assert ended.code == MissingError.exit_code, ended
        assert ended.err.endswith(f"  to mend:  pip install 'fixture-registry[{extra}]'\n"), ended


def test_an_import_that_takes_an_extra(base, served, tmp_path):
    """Where DVC was never set up, DVC has to do that; nothing is left of what was begun."""
    git(tmp_path, "init", "--quiet", "project")
    url = served["FIXTURES_REGISTRY"].removeprefix("git+")
    project = tmp_path / "project"
    ended = base.run(project, "fixtures", "import", "small_v1", "--from", url, **served)
    assert (ended.code, ended.out) == (MissingError.exit_code, ""), ended
    assert ended.err.endswith(f"  to mend:  {BUILD}\n"), ended
    assert [path.name for path in project.iterdir()] == [".git"]
