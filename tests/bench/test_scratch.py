"""Tests of `bench.scratch`."""

from __future__ import annotations

import numpy as np
import pytest

import registry
from bench import scratch
from registry.identity import pins


def made_up() -> dict[str, np.ndarray]:
    """A small array, whose values all differ."""
    return {"diffraction": np.arange(12, dtype=np.float32).reshape(3, 2, 2)}


def test_a_made_up_fixture_loads_verified(tmp_path):
    """The chain of a scratch registry holds from lock to arrays."""
    scratch.write(tmp_path, {"made_up_v1": made_up(), "made_up_v2": made_up()})

    loaded = registry.load("made_up_v2", tmp_path)

    np.testing.assert_array_equal(loaded.diffraction, made_up()["diffraction"], strict=True)


def test_the_pins_of_all_made_up_fixtures_are_returned(tmp_path):
    """What is returned is what the lock pins, in the order given."""
    found = scratch.write(tmp_path, {"made_up_v2": made_up(), "made_up_v1": made_up()})

    assert [pin.name for pin in found] == ["made_up_v2", "made_up_v1"]
    assert found == list(pins.read(tmp_path).values())


def test_a_scratch_folder_is_gone_afterwards():
    """Nothing that was measured stays on disk."""
    with scratch.folder() as folder:
        assert folder.is_dir()

    assert not folder.exists()


def test_the_lock_is_as_long_as_dvcs(tmp_path):
    """Stages that have the same deps spell them out, each for itself."""
    scratch.write(tmp_path, {name: made_up() for name in ("made_up_v1", "made_up_v2")})

    text = (tmp_path / "dvc.lock").read_text()

    assert text.count("path: build/code/subset_v1\n") == 2
    assert "*" not in text


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A registry of two fixtures, committed and pushed."""
    return scratch.origin(tmp_path_factory.mktemp("scratch"), 2)


def test_a_made_up_registry_verifies(origin):
    """Its generators and schemas are those that its sidecars name."""
    said = scratch.run(origin, "-m", "registry.cli", "verify")

    assert said == "ok      made_up_v1  (10 links hold)\nok      made_up_v2  (10 links hold)\n"


def test_its_fixtures_differ(origin):
    """No two are one object, on the remote or in the page cache."""
    first, second = pins.read(origin).values()

    assert first.md5 != second.md5
    assert first.size == second.size


def test_a_clone_finds_the_remote(origin):
    """A fresh clone has no bytes, and DVC brings those that are asked for."""
    clone = scratch.clone(origin, "clone")
    folder = clone / "tests/fixtures/pytorch_integration"
    before = sorted(path.name for path in folder.iterdir())

    scratch.run(clone, "-m", "dvc", "pull", "--quiet", "fixture@made_up_v2")

    assert before == ["made_up_v1.json", "made_up_v2.json"]
    assert sorted(path.name for path in folder.iterdir()) == [*before, "made_up_v2.npz"]


def test_a_program_does_not_see_the_users_settings(tmp_path, monkeypatch):
    """Variables that would change what is measured are taken away."""
    for name in (
        "CI",
        "FIXTURES_REGISTRY",
        "FIXTURE_REGISTRY",
        "FIXTURES_OFFLINE",
        "PYTEST_ADDOPTS",
        "DVC_NO_ANALYTICS",
    ):
        monkeypatch.setenv(name, "the user's")

    said = scratch.run(tmp_path, "-c", "import os; print(*os.environ.values(), sep='\\n')")

    assert "the user's" not in said.splitlines()


def test_a_program_that_fails_is_an_error(tmp_path):
    """Nothing that failed is measured, and what it said is not lost."""
    with pytest.raises(RuntimeError, match=r"(?s)-c.*: 3\nso it is"):
        scratch.run(tmp_path, "-c", "import sys; print('so it is'); sys.exit(3)")
