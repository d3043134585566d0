"""A registry of three small made-up fixtures, and a project of its own whose tests use it."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from bench import scratch

FIXTURES = {
    "small_v1": {"frames": np.arange(6, dtype="<f4").reshape(2, 3)},
    "other_v1": {"frames": np.ones((2, 3), "<f4")},
    "old_v1": {"frames": np.zeros((2, 3), "<f4")},
}
# By name, because loading all that happens to be installed takes most of the time of each run.
PLUGINS = ("-p", "xdist.plugin", "-p", "fixture_registry.pytest_plugin")
PARAMS = """\
deprecated:
  old_v1:
    reason: its frames are zeros
    successor: small_v1
"""


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """The registry that each test gets a copy of."""
    root = tmp_path_factory.mktemp("template")
    scratch.write(root, FIXTURES)
    (root / "params.yaml").write_text(PARAMS)
    return root


@pytest.fixture
def root(_template, tmp_path, monkeypatch):
    """Top folder of a registry, in which no other is found and nothing says that this is CI."""
    for variable in ("CI", "FIXTURES_REGISTRY", "FIXTURES_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "no-configuration"))
    return shutil.copytree(_template, tmp_path / "registry")


@pytest.fixture
def file(root):
    """The workspace file of `small_v1`."""
    return root / "tests" / "fixtures" / "pytorch_integration" / "small_v1.npz"


class Consumer:
    """A project beside the registry, configured to use it."""

    def __init__(self, pytester, root):
        self._pytester = pytester
        self.path = pytester.path
        self.registry = os.path.relpath(root, self.path)
        self.configure()

    def configure(self, **options):
        """Write the ini file anew: the registry's path, and the options given."""
        options = {"fixtures_registry": self.registry, **options}
        lines = [f"{key} = {value}" for key, value in options.items() if value is not None]
        self._pytester.makeini("\n".join(["[pytest]", *lines]))

    def write(self, tests, conftest=None):
        """Write the only test module, and a conftest."""
        self._pytester.makepyfile(test_it=tests)
        if conftest is not None:
            self._pytester.makeconftest(conftest)

    def run(self, *arguments):
        """Run the tests, in this process; outcomes and output."""
        return self._pytester.runpytest_inprocess(*PLUGINS, *arguments)

    def run_apart(self, *arguments):
        """Run them in a process of their own, where this one's warnings are no errors."""
        return self._pytester.runpytest_subprocess(*PLUGINS, *arguments)


@pytest.fixture
def consumer(pytester, root):
    """A project whose `fixtures_registry` is the path of the registry, relative to the rootdir."""
    return Consumer(pytester, root)
