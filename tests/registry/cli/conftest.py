"""Running the command in process, in a registry that a test may break."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from registry.cli import main


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
