"""What tests beside `run.py` share."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

# Programs and their parts, which find each other where they are run: no doctests are in them.
collect_ignore = [
    "compare.py",
    "configurations.py",
    "emulated.py",
    "probe.py",
    "run.py",
    "stages.py",
    "wheels.py",
    "witnesses.py",
]


@pytest.fixture
def module(monkeypatch):
    """Import a module of this folder, as `run.py` does when it is run."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent))
    return importlib.import_module
