"""Running the command in process, in a registry that a test may break."""

from __future__ import annotations

import shutil

import pytest

from registry.cli import main
from tests.kit.processes import Ended
from tests.kit.repository import REPOSITORY
from tests.kit.scans import chosen, sound_scan


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
    return chosen(sound_scan(), 40)
