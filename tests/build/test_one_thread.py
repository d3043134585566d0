"""Tests of `registry.build.one_thread`: what a stage's own program asks of its libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from registry.build import one_thread
from tests.kit.repository import REPOSITORY

# Runs first in a Python that finds it, and says at the end what was asked of OpenBLAS.
WATCH = """
import atexit, os, sys
atexit.register(lambda: print(os.environ.get("OPENBLAS_NUM_THREADS"), file=sys.__stderr__))
"""


@pytest.fixture
def asked(tmp_path):
    """What a program of Python's asks of OpenBLAS, where a user asked for so many threads."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)

    def ask(*arguments: str, **variables: str) -> str:
        environment = {key: text for key, text in os.environ.items() if "THREADS" not in key}
        path = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**environment, "PYTHONPATH": path, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr.split()[-1]

    return ask


@pytest.mark.parametrize("stage", ["source", "fixture"])
def test_a_stage(asked, stage):
    """One thread, or as many as the user wants."""
    command = ("-m", f"registry.build.{stage}", "--help")
    assert asked(*command) == "1"
    assert asked(*command, OPENBLAS_NUM_THREADS="2") == "2"


def test_who_imports_the_package(asked):
    """Another program keeps what it has: it may have other things to compute."""
    assert asked("-c", "import registry.build.fixture") == "None"
    assert asked("-m", "registry.cli", "--version") == "None"


def test_every_library(monkeypatch):
    """Whichever numpy was made with."""
    monkeypatch.setattr(os, "environ", {"MKL_NUM_THREADS": "4"})
    one_thread.ask()
    assert os.environ == {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "4",
        "VECLIB_MAXIMUM_THREADS": "1",
    }
