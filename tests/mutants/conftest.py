"""A registry of tones, made up, and a project beside it whose tests use it."""

from __future__ import annotations

import shutil
import sys
import textwrap

import numpy as np
import pytest

import registry
from bench import scratch
from registry.arrays import mistakes
from registry.mutants import journal, stored
from registry.mutants.children import Children
from registry.mutants.mutant import mutants_of
from registry.mutants.plan import Plan
from tests.kit import registries

NAME = "tones_v1"
_PHASES = np.arange(8)[:, None] * np.arange(1, 33)[None, :] * 0.1
FIXTURES = {
    NAME: {"samples": np.sin(_PHASES).astype("<f4"), "frequency": np.arange(8.0)},
    "noise_v1": {"samples": np.cos(_PHASES).astype("<f4"), "frequency": np.arange(8.0)},
}


def _audio(document):
    """Make a sidecar one of a field that the registry does not know."""
    del document["ptychography"]
    document.update(field="audio", audio={})


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """The registry that each test gets a copy of."""
    root = tmp_path_factory.mktemp("template")
    scratch.write(root, FIXTURES)
    (root / ".dvc").mkdir()
    for name in FIXTURES:
        registries.rewrite(root, name, _audio)
    return root


class Project:
    """Tests beside a registry, run in processes of their own."""

    def __init__(self, folder, root):
        self.path, self.root, self.folder = folder / "project", root, folder / "runs"
        self.path.mkdir()
        self.folder.mkdir()
        self.configure()

    def configure(self, **options):
        """Write the ini file anew: the registry's path, and the options given."""
        options = {
            "fixtures_registry": "../registry",
            "fixtures_as_fixtures": "true",
            **options,
        }
        lines = [f"{key} = {value}" for key, value in options.items()]
        (self.path / "pytest.ini").write_text("\n".join(["[pytest]", *lines, ""]))

    def write(self, text, name="test_it.py"):
        """Write a module of the project."""
        (self.path / name).write_text(textwrap.dedent(text))

    @property
    def tones(self):
        """The fixture, as it is."""
        return registry.load(NAME, self.root)

    def mutant(self, mistake):
        """The mutant of the fixture with a mistake of that name."""
        (found,) = [item for item in mutants_of(self.tones) if item.mistake.name == mistake]
        return found

    def child(self, *arguments, mistake="", tests=()):
        """The journal of one child process, which runs all tests that it is told of, or all."""
        with Children() as running:
            address = ""
            if mistake:
                address = stored.address(self.tones)
                stored.write(self.folder, self.mutant(mistake).planted())
            files = [str(self.path / name.partition("::")[0]) for name in tests]
            plan = Plan(
                arguments=arguments,
                path=sys.path,
                address=address,
                files=files,
                tests=tests,
            )
            self.ended = running.run(plan, self.folder, limit_s=60)
        return journal.read(self.folder)


@pytest.fixture
def project(_template, tmp_path, monkeypatch):
    """A project whose `fixtures_registry` is the registry of tones; the working directory."""
    for variable in ("CI", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "FIXTURES_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)
    # by name, because loading all that happens to be installed takes most of the time of each run
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "fixture_registry.pytest_plugin")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "no-configuration"))
    found = Project(tmp_path, shutil.copytree(_template, tmp_path / "registry"))
    monkeypatch.chdir(found.path)
    return found


@pytest.fixture
def only(monkeypatch):
    """Have the field name these mistakes alone."""

    def keep(*names):
        kept = tuple(mistake for mistake in mistakes.MISTAKES if mistake.name in names)
        monkeypatch.setattr(mistakes, "MISTAKES", kept)

    return keep
