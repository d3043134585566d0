"""Fixtures to train on, and two ways of doing it: as a user would, and in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import warnings

import pytest

import registry
from registry.fixture import Fixture
from tests.kit.repository import REPOSITORY


@pytest.fixture(scope="session")
def supervised():
    """The fixture minimal_dataset_v1_supervised, which has Y."""
    return registry.load("minimal_dataset_v1_supervised", REPOSITORY)


@pytest.fixture
def altered():
    """A fixture with some of its arrays replaced, as no registry would hand it out."""

    def alter(fixture, **arrays):
        return Fixture(
            name=fixture.name,
            arrays={**fixture.arrays, **arrays},
            sidecar=fixture.sidecar,
            path=fixture.path,
        )

    return alter


@pytest.fixture
def command():
    """Run ``fixtures`` with arguments in a fresh process, at one thread, without a GPU."""

    def run(*arguments, code=0, **options):
        environment = {
            **os.environ,
            "FIXTURES_REGISTRY": str(REPOSITORY),
            "CUDA_VISIBLE_DEVICES": "",
        }
        done = subprocess.run(
            [sys.executable, "-m", "registry.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
            **options,
        )
        assert done.returncode == code, f"exit code {done.returncode}:\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def trained(tmp_path):
    """Train and infer in this process; what ``train.json`` and ``infer.json`` then say."""
    from registry.training import workflow

    def run(fixture, folder="run", **options):
        output_dir = tmp_path / folder
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            # Lightning's and torch's own; ours are tested where they belong
            warnings.simplefilter("ignore")
            workflow.train(fixture, workflow.Options(output_dir=output_dir, **options))
            workflow.infer(output_dir / "model.ckpt", fixture, output_dir)
        return tuple(
            json.loads((output_dir / name).read_text()) for name in ("train.json", "infer.json")
        )

    return run
