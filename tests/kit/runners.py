"""Fixtures for tests of generators and of the runners that call them."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import sys

import numpy as np
import pytest

import generators
from registry import console
from tests.kit.files import contents
from tests.kit.processes import Ended
from tests.kit.repository import FOLDER, REPOSITORY
from tests.kit.scans import chosen, sound_scan


@pytest.fixture
def ambiguous():
    """Arrays of a sound scan in the canonical layout, whose 64 frames have 64 x 64 pixels."""
    return sound_scan()


@pytest.fixture
def scan(ambiguous):
    """Forty positions of that scan, so that its layout is told by its shapes."""
    return chosen(ambiguous, 40)


@pytest.fixture(scope="session")
def photon_scale():
    """Counts per unit of amplitude squared of that scan."""
    sidecar = REPOSITORY / FOLDER / "minimal_dataset_v1.json"
    return json.loads(sidecar.read_bytes())["ptychography"]["photon_scale"]


@pytest.fixture
def legacy():
    """A canonical scan turned into PtychoPINN's legacy layout: frames last, doubled precision."""

    def turn(scan: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        double = {"f": np.float64, "c": np.complex128}
        arrays = {name: array.astype(double[array.dtype.kind]) for name, array in scan.items()}
        arrays["diffraction"] = np.ascontiguousarray(np.moveaxis(arrays["diffraction"], 0, -1))
        return arrays

    return turn


@pytest.fixture
def top(tmp_path, monkeypatch):
    """The working directory of runners: generators, schemas, and nothing built."""
    folder = tmp_path / "registry"
    for name in ("generators", "schemas"):
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    monkeypatch.chdir(folder)
    # not what the user has kept
    monkeypatch.setenv("FIXTURES_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def generator(top, monkeypatch):
    """Write a generator and its schema, which is that of another one with some members replaced."""
    monkeypatch.setattr(generators, "__path__", [*generators.__path__, str(top / "generators")])
    modules = set(sys.modules)

    def write(name: str, code: str, like: str = "subset_v1", **members) -> None:
        folder = top / "generators"
        (folder / f"{name}.py").write_text(code)
        schema = json.loads((folder / f"{like}.schema.json").read_bytes()) | members
        (folder / f"{name}.schema.json").write_text(json.dumps(schema))
        importlib.invalidate_caches()

    yield write
    for module in set(sys.modules) - modules:
        if module.startswith("generators."):
            del sys.modules[module]


@pytest.fixture
def run(top, capsys):
    """Run a runner's main with flags, as its stage does."""

    def call(main, *flags: str) -> Ended:
        code = console.run(lambda: main(flags))
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture
def put(tmp_path):
    """Write a scan, or bytes, to a file beside the registry; the flags that declare it."""

    def write(content: dict[str, np.ndarray] | bytes, name: str = "scan.npz") -> list[str]:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.savez(path, **content)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return ["--path", str(path), "--sha256", digest]

    return write


@pytest.fixture
def files_below():
    """Every file below a folder, with its bytes."""
    return contents
