"""A stand-in for a project that has fixtures in git: PtychoPINN's shape, and nothing of its text.

A scan in the legacy layout, a fixture that a script made of it, wrong in the way in which it was
wrong upstream, a test that opens it by its path, and settings that a project has.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from generators import simulate_v1

SCAN = "datasets/Run1084_recon3_postPC_shrunk_3.npz"
FOLDER = "tests/fixtures/pytorch_integration"
NAME = "minimal_dataset_v1"
SCRIPT = "scripts/tools/make_pytorch_integration_fixture.py"
# As this registry's own twin is declared: what is cut from it is what is published here.
_TWIN = {"seed": 1084, "photons_per_frame": 1000000, "max_amplitude": 1.7036}

_FILES = {
    ".gitignore": "__pycache__\n*.swp\n*.npz\nuntracked*\n.env\n",
    "README.md": "# A project\n\nReconstructs objects.",
    "pyproject.toml": """\
[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"

[project]
name = "adopter"
version = "2.0.0"
requires-python = ">=3.10"
dependencies = ["numpy"]

[tool.setuptools.packages.find]
where = ["."]

[tool.pytest.ini_options]
minversion = "6.0"
testpaths = ["tests"]
markers = ["torch: needs torch"]
addopts = ["--strict-markers", "--strict-config", "-ra"]
filterwarnings = ["ignore::DeprecationWarning"]
""",
    "ptycho_torch/__init__.py": "",
    "ptycho_torch/generators/__init__.py": "",
    SCRIPT: "raise SystemExit('the script that the page replaces')\n",
    "tests/conftest.py": """\
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


@pytest.fixture(scope="session", autouse=True)
def quiet():
    yield


def pytest_report_header(config):
    return ["a project"]
""",
    "tests/torch/test_fixture_pytorch_integration.py": """\
import hashlib
import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).parents[1] / "fixtures" / "pytorch_integration" / "minimal_dataset_v1.npz"


def test_arrays():
    with np.load(FILE) as data:
        assert data["diffraction"].shape == data["diff3d"].shape == (64, 64, 64)
        assert data["diffraction"].dtype == np.float32
        assert 0 <= data["diffraction"].min() <= data["diffraction"].max() < 10
        assert min(data["objectGuess"].shape) >= 128
        assert data["objectGuess"].dtype == data["probeGuess"].dtype == np.complex64
        assert data["probeGuess"].shape == (64, 64)
        assert data["xcoords"].shape == data["ycoords"].shape == (64,)


def test_metadata():
    record = json.loads(FILE.with_suffix(".json").read_text())
    wanted = {"version", "subset_size", "transformations", "source_dataset", "created"}
    assert wanted <= record.keys()
    assert record["subset_size"] == 64
    assert record["sha256_checksum"] == hashlib.sha256(FILE.read_bytes()).hexdigest()
""",
}


def write(top: Path) -> None:
    """The project's files, in a folder that is there; they are not in git yet."""
    for name, text in _FILES.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    scan, _ = simulate_v1.generate(_TWIN, None)
    (top / SCAN).parent.mkdir()
    np.savez_compressed(top / SCAN, **scan)
    # the first frames, with positions from all over the scan
    first = np.moveaxis(scan["diffraction"], -1, 0)[:64].astype("f4")
    picked = np.array([n * len(scan["xcoords"]) // 64 for n in range(64)])
    path = top / FOLDER / f"{NAME}.npz"
    path.parent.mkdir(parents=True)
    np.savez_compressed(
        path,
        diffraction=first,
        diff3d=first,
        objectGuess=scan["objectGuess"].astype("c8"),
        probeGuess=scan["probeGuess"].astype("c8"),
        **{name: scan[name][picked] for name in scan if "coords" in name},
    )
    record = {
        "version": "v1",
        "created": "2026-02-04T08:01:57+00:00",
        "generator_script": SCRIPT,
        "source_dataset": SCAN,
        "subset_size": 64,
        "transformations": ["diffraction: transpose, float32"],
        "sha256_checksum": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(record, indent=2), encoding="utf-8")
