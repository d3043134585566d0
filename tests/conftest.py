"""What tests of several packages share."""

from __future__ import annotations

import gc
import os
import shutil
import signal

import pytest
import yaml

from tests.kit import environment
from tests.kit.order import slow_first
from tests.kit.repository import FOLDER, REPOSITORY, SCHEMAS, params, real_file

# Before anything imports numpy, which reads some of them once.
environment.clean(os.environ)
os.umask(environment.UMASK)
# A shell's background job, such as CI may be, ignores Ctrl-C, and so would every process that a
# test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

NAMES = ("minimal_dataset_v1", "minimal_dataset_v1_n16")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where workers share slow tests and others, none is left with a slow one at last."""
    if hasattr(config, "workerinput"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        others = [item for item in items if not item.get_closest_marker("slow")]
        items[:] = slow_first(slow, others, config.workerinput["workercount"])


def pytest_collection_finish() -> None:
    """What was imported and collected stays: Python need not look at it for garbage again."""
    gc.freeze()


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """The registry that each test gets a copy of."""
    root = tmp_path_factory.mktemp("template")
    for folder in ("generators", "schemas"):
        shutil.copytree(
            REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    files = [f"{FOLDER}/{name}{suffix}" for name in NAMES for suffix in (".npz", ".json")]
    (root / "params.yaml").write_text(params(), encoding="utf-8")
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / file, root / file)
    lock = yaml.safe_load((REPOSITORY / "dvc.lock").read_bytes())
    lock["stages"] = {f"fixture@{name}": lock["stages"][f"fixture@{name}"] for name in NAMES}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    return root


@pytest.fixture
def root(_template, tmp_path, monkeypatch):
    """Top folder of a registry, the working directory of nobody, with nothing out of reach."""
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    return shutil.copytree(_template, tmp_path / "registry")


@pytest.fixture(scope="session")
def built_clone(tmp_path_factory, request):
    """A clone of this repository in which all is built and committed: to be copied, not changed."""
    from tests.kit import clone

    return clone.shared(tmp_path_factory, request.config, "built", clone.build)


@pytest.fixture
def clone(built_clone, tmp_path):
    """A clone in which every stage is up to date, to be changed at will."""
    return built_clone.copy(tmp_path / "registry")


@pytest.fixture(scope="session")
def littered(tmp_path_factory):
    """A registry whose history pinned much that nobody wants any more, for who changes nothing."""
    from tests.kit import collected

    return collected.make(tmp_path_factory.mktemp("littered"))


@pytest.fixture
def collected(littered, tmp_path):
    """A copy of it, and of the remote beside it."""
    return shutil.copytree(littered.parent, tmp_path / "place") / littered.name


@pytest.fixture(scope="session")
def schemas():
    """Folder of the published schemas."""
    return SCHEMAS


@pytest.fixture(scope="session")
def v1():
    """The fixture minimal_dataset_v1."""
    import registry

    return registry.load("minimal_dataset_v1", REPOSITORY)


@pytest.fixture(scope="session")
def n16():
    """The fixture minimal_dataset_v1_n16."""
    import registry

    return registry.load("minimal_dataset_v1_n16", REPOSITORY)


@pytest.fixture(scope="session")
def reconstruction():
    """Arrays of the real Run1084 reconstruction; the test is skipped where the file is absent."""
    import numpy as np

    with np.load(real_file("Run1084_recon3_postPC.npz"), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
