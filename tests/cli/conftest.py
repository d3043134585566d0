"""Running the command in process, in a registry that a test may break."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from registry.cli import main

REPOSITORY = Path(__file__).parents[2]
SOUND = REPOSITORY / "tests/fixtures/pytorch_integration/minimal_dataset_v1.npz"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed where."""

    code: int
    out: str
    err: str


@pytest.fixture
def fixtures(root, monkeypatch, capsys):
    """Run ``fixtures`` with arguments in the registry's top folder."""
    monkeypatch.chdir(root)

    def run(*arguments: str) -> Ended:
        try:
            code = main(arguments)
        except SystemExit as error:
            # argparse ends so
            code = error.code
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def buildable(root):
    """The registry with all that its stages run."""
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("generators", "schemas"):
        shutil.copytree(REPOSITORY / part, root / part, dirs_exist_ok=True, ignore=ignored)
    (root / "private").mkdir()
    return root


@pytest.fixture(scope="session")
def scan():
    """Arrays of a sound scan of 40 positions, frames first."""
    chosen = np.arange(40) * 63 // 39
    with np.load(SOUND) as file:
        return {
            name: file[name][chosen] if file[name].shape[0] == 64 and name != "probeGuess"
            else file[name]
            for name in file.files if name != "diff3d"
        }  # fmt: skip
