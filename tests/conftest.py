"""What tests of several packages share."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import yaml

from registry import environment

# A shell's background job, such as CI may be, ignores Ctrl-C, and so would every process that a
# test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).parents[1]
RECONSTRUCTION = "Run1084_recon3_postPC.npz"
NAMES = ("minimal_dataset_v1", "minimal_dataset_v1_n16")
FOLDER = "tests/fixtures/pytorch_integration"
FILES = (
    "params.yaml",
    "generators/exact_v1.py",
    "generators/simulate_v1.py",
    "generators/subset_v1.py",
    "schemas/data_001_v1.schema.json",
    "schemas/data_001_v2.schema.json",
    "schemas/params.schema.json",
    "schemas/sidecar_v1.schema.json",
    "schemas/sidecar_v2.schema.json",
    *(f"{FOLDER}/{name}{suffix}" for name in NAMES for suffix in (".npz", ".json")),
)


@pytest.fixture(scope="session", autouse=True)
def _nobodys_registry():
    """The registry that a stranger's environment names is no test's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FIXTURES_REGISTRY", "FIXTURE_REGISTRY"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    """The registry that each test gets a copy of."""
    root = tmp_path_factory.mktemp("template")
    for file in FILES:
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
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "no-configuration"))
    monkeypatch.delenv("FIXTURES_REGISTRY", raising=False)
    return shutil.copytree(_template, tmp_path / "registry")


@pytest.fixture(scope="session")
def schemas():
    """Folder of the published schemas."""
    return REPOSITORY / "schemas"


@pytest.fixture(scope="session")
def reconstruction():
    """Arrays of the real Run1084 reconstruction; the test is skipped where the file is absent.

    The file is nobody's to pass on: it lies in the folder named by FIXTURES_REAL_DATA, or in
    ../shared/data beside the repository.
    """
    folder = Path(environment.value(environment.REAL_DATA) or REPOSITORY.parent / "shared" / "data")
    path = folder / RECONSTRUCTION
    if not path.is_file():
        pytest.skip(f"{RECONSTRUCTION} is not here: name its folder in FIXTURES_REAL_DATA")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
