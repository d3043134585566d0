"""A registry of two fixtures to break: copied from this repository, without cache or remote."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
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
    monkeypatch.delenv("FIXTURE_REGISTRY", raising=False)
    return shutil.copytree(_template, tmp_path / "registry")
