"""Types, as a consumer's mypy sees them: those of the installed package, none of them `Any`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.kit.environment import environment
from tests.kit.repository import REPOSITORY

RIGHT = """
from collections.abc import Callable
from typing import assert_type

import numpy as np
import pytest
import registry
from numpy.typing import NDArray
from registry import ChainError, Fixture, MissingError


@pytest.mark.parametrize("name", registry.names("git+https://host/a.git@v1"))
def test_each(name: str, load_fixture: Callable[..., Fixture]) -> None:
    fixture = load_fixture(name, writable=True)
    frames: NDArray[np.float32] = fixture["diffraction"]
    assert frames.shape[0] == fixture.sidecar.subset_size
    assert_type(fixture.sidecar.subset_size, int)


@pytest.mark.fixtures("minimal_dataset_v1")
def test_loaded(minimal_dataset_v1: Fixture) -> None:
    try:
        fixture = registry.load("minimal_dataset_v1", root="..", offline=True)
    except (ChainError, MissingError) as error:
        assert_type(error.remedy, str)
        raise
    assert_type(fixture, Fixture)
    assert_type(registry.names(), list[str])
    assert_type(registry.__version__, str)
    mean: float = float(np.mean(fixture.diffraction + minimal_dataset_v1.diffraction))
    assert mean > 0
"""
WRONG = """
import registry

registry.load(1)
registry.names().shape
registry.lod("minimal_dataset_v1")
"""


def test_the_marker_of_types():
    """Type checkers believe an installed package's types only where it says that it has them."""
    for package in ("registry", "fixture_registry"):
        assert (REPOSITORY / package / "py.typed").is_file()


@pytest.mark.slow
def test_a_consumer_s_mypy(tmp_path):
    """A test that loads fixtures passes `mypy --strict`; one that does so wrongly fails."""
    (tmp_path / "test_right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "test_right.py", "wrong.py"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.splitlines() == [
        'wrong.py:4: error: Argument 1 to "load" has incompatible type "int"; expected "str"  '
        "[arg-type]",
        'wrong.py:5: error: "list[str]" has no attribute "shape"  [attr-defined]',
        'wrong.py:6: error: Module has no attribute "lod"; maybe "load"?  [attr-defined]',
    ], said.stdout + said.stderr
