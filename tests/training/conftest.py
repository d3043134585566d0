"""Fixtures to train on, and two ways of doing it: as a user would, and in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import registry
from registry.cli import main
from registry.fixture import Fixture
from tests.kit.once import once
from tests.kit.processes import Ended
from tests.kit.repository import REPOSITORY

V1 = "minimal_dataset_v1"


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
def within(capsys, monkeypatch):
    """Run ``fixtures`` with arguments in this process, which has imported torch already."""
    monkeypatch.setenv("FIXTURES_REGISTRY", str(REPOSITORY))

    def run(*arguments, code=0):
        with warnings.catch_warnings():
            # Lightning's and torch's own
            warnings.simplefilter("ignore")
            found = main([str(argument) for argument in arguments])
        ended = Ended(found, *capsys.readouterr())
        assert ended.code == code, f"exit code {ended.code}:\n{ended.out}{ended.err}"
        return ended.out if code == 0 else ended.err

    return run


@pytest.fixture(scope="session")
def regression(tmp_path_factory, request):
    """The run, made once, of a sound training on minimal_dataset_v1 at a gridsize."""

    def run(gridsize: int) -> Path:
        def make(folder: Path) -> None:
            for arguments in (
                ("train", V1, "--gridsize", gridsize, "--max-epochs", 2,
                 "--batch-size", 4, "--seed", 42, "--output-dir", folder / "run"),
                ("infer", folder / "run" / "model.ckpt", V1, "--output-dir", folder / "run"),
            ):  # fmt: skip
                said = io.StringIO()
                with (
                    pytest.MonkeyPatch.context() as patch,
                    contextlib.redirect_stdout(said),
                    warnings.catch_warnings(),
                ):
                    patch.setenv("FIXTURES_REGISTRY", str(REPOSITORY))
                    # Lightning's and torch's own
                    warnings.simplefilter("ignore")
                    assert main([*map(str, arguments), "--device", "cpu"]) == 0
                (folder / f"{arguments[0]}.txt").write_text(said.getvalue())

        return once(tmp_path_factory, request.config, f"regression-{gridsize}", make)

    return run


@pytest.fixture
def trained(tmp_path):
    """Train and infer in this process; what ``train.json`` and ``infer.json`` then say."""
    from registry.training import inference, workflow
    from registry.training.options import Options

    def run(fixture, folder="run", **options):
        output_dir = tmp_path / folder
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            # Lightning's and torch's own; ours are tested where they belong
            warnings.simplefilter("ignore")
            workflow.train(fixture, Options(output_dir=output_dir, **options))
            inference.infer(output_dir / "model.ckpt", fixture, output_dir)
        return tuple(
            json.loads((output_dir / name).read_text()) for name in ("train.json", "infer.json")
        )

    return run
