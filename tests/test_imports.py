"""Tests of what an import costs: heavy packages are imported where they are used, not before."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from tests.kit.repository import REPOSITORY

# Neither installed for every use of the package, nor free: each takes a tenth of a second or more.
HEAVY = {"dvc", "distributed", "jsonschema", "torch", "lightning", "matplotlib", "h5py", "ruamel",
         "pydantic"}  # fmt: skip


def imported(program: str) -> set[str]:
    """Top-level names in sys.modules after a program has run in an interpreter of its own."""
    program += "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    result = subprocess.run(
        # -P: what happens to lie in the working directory is nobody's import
        [sys.executable, "-P", "-W", "error", "-c", program],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split())


def test_the_package_alone_imports_nothing_heavy():
    """`import registry` brings neither numpy nor DVC nor any other package along."""
    found = imported("import registry") & {*HEAVY, "numpy", "yaml"}
    assert found == set(), "`import registry` imports what only some uses need"


@pytest.mark.parametrize(
    "module",
    [
        "loading",
        "identity.pins",
        "identity.sidecar",
        "declare.params",
        "cli",
        "verify",
        "identity.npz",
        "ptychography.consistency",
        "ptychography.mistakes",
    ],
)
def test_a_light_module_imports_nothing_heavy(module):
    """The modules on the way to a fixture do not import DVC, a schema validator or torch."""
    assert imported(f"import registry.{module}") & HEAVY == set(), f"registry.{module} is heavy"


def test_the_field_alone_imports_nothing_heavy():
    """Its public name arrives when it is used."""
    found = imported("import registry.ptychography") & {*HEAVY, "numpy", "yaml"}
    assert found == set(), "`import registry.ptychography` imports what only its criteria need"


def test_loading_a_fixture_imports_numpy_and_yaml_alone(root):
    """A fixture in the workspace is loaded without DVC and without a schema validator."""
    name = "minimal_dataset_v1_n16"
    found = imported(
        f"import registry; assert {name!r} in registry.names({str(root)!r}); "
        f"registry.load({name!r}, root={str(root)!r})"
    )
    assert found & HEAVY == set(), "loading imports what only building needs"
    assert "numpy" in found, "numpy was not imported, so nothing was loaded"


def test_the_training_alone_imports_nothing_heavy():
    """Its public names arrive when they are used; the options are known without torch."""
    program = "import registry.training, registry.training.options, registry.training.ending"
    found = imported(program) & {*HEAVY, "numpy", "yaml"}
    assert found == set(), "`import registry.training` imports what only trainings need"


def test_the_public_names_of_the_training():
    """Each can be had from the package."""
    from registry import training

    for name in training.__all__:
        assert getattr(training, name).__name__ == name, f"registry.training.{name} is another"
    with pytest.raises(AttributeError, match=r"module 'registry\.training' has no attribute 'fit'"):
        training.fit  # noqa: B018


def test_inference_imports_torch_alone():
    """What a checkpoint is used with has no need of what it was trained with."""
    found = imported("import registry.training.inference")
    assert "torch" in found, "nothing was imported"
    assert found & {*HEAVY, "dvclive"} == {"torch"}, "inference imports what only training needs"


def test_listing_fixtures_imports_nothing_heavy():
    """The everyday commands start fast."""
    found = imported("from registry.cli import main; assert main(['list']) == 0")
    assert found & {*HEAVY, "numpy"} == set(), "`fixtures list` imports what it does not need"


def test_public_names_arrive_when_they_are_used():
    """Every public name of the package can be had from it, and `dir` lists it."""
    import registry

    for name in registry.__all__:
        assert getattr(registry, name).__name__ == name, f"registry.{name} is something else"
        assert name in dir(registry), f"dir(registry) lacks {name}"


def test_the_version_is_the_distribution_s(monkeypatch):
    """Looked up when it is asked for; where nothing is installed, that is said."""
    import registry

    assert registry.__version__ == metadata.version("fixture-registry")
    assert "__version__" in dir(registry)
    monkeypatch.setattr(metadata.Distribution, "discover", lambda **_: iter(()))
    assert registry.__version__ == "unknown, as it is not installed"


def test_an_unknown_name_is_an_attribute_error():
    """The lazy import does not invent names."""
    import registry

    with pytest.raises(AttributeError, match="module 'registry' has no attribute 'lod'"):
        registry.lod  # noqa: B018
