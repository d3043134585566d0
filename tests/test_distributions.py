"""Wheel and source distribution: what is in them, and what they say of themselves.

What the wheel does where it is installed: test_base_install.py. What `fixtures init` lays out of
it, and that the sdist's wheel is the same: init/test_wheel.py.
"""

from __future__ import annotations

import tarfile
import tomllib
import zipfile

import pytest
from packaging.metadata import Metadata
from packaging.specifiers import SpecifierSet

from tests.kit import installed
from tests.kit.repository import REPOSITORY, files

HATCH = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
PROJECT = "fixture_registry-0.1.0"
OURS = sorted(path.as_posix() for path in files())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the working tree, open."""
    with zipfile.ZipFile(installed.wheel(tmp_path_factory.mktemp("wheel"))) as archive:
        yield archive


def below(*tops: str) -> list[str]:
    """The files of this repository that are one of these, or below one of them."""
    return [name for name in OURS if any(name == top or name.startswith(f"{top}/") for top in tops)]


def test_what_is_in_the_wheel(wheel):
    """Every file of both packages, what a registry is laid out with, and nothing else."""
    target = HATCH["build"]["targets"]["wheel"]
    laid_out = [f"registry/init/laid_out/{name}" for name in below(*target["force-include"])]
    about = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    assert sorted(wheel.namelist()) == sorted(
        [
            *below("registry", "fixture_registry"),
            *laid_out,
            *(f"{PROJECT}.dist-info/{name}" for name in about),
        ]
    )
    assert {"registry/py.typed", "fixture_registry/py.typed"} < set(wheel.namelist())


def test_what_is_in_the_sdist(tmp_path):
    """What the wheel is built of, and nothing else: neither fixtures nor tests."""
    target = HATCH["build"]["targets"]["sdist"]
    with tarfile.open(installed.sdist(tmp_path)) as archive:
        found = {name.removeprefix(f"{PROJECT}/") for name in archive.getnames()}
    named = below(*(name.removeprefix("/") for name in target["include"]), "pyproject.toml")
    assert sorted(found) == sorted({*named, "PKG-INFO"})
    folders = {name.partition("/")[0] for name in found if "/" in name}
    assert folders == {".dvc", "code", "fixture_registry", "generators", "registry", "schemas"}


def test_metadata(wheel):
    """It keeps the rules that PyPI has for it; the description is the README."""
    data = wheel.read(f"{PROJECT}.dist-info/METADATA")
    said = Metadata.from_email(data, validate=True)
    assert (said.name, str(said.version)) == ("fixture-registry", "0.1.0")
    assert said.requires_python == SpecifierSet(">=3.11")
    assert said.license_expression == "MIT"
    assert said.license_files == ["LICENSE"]
    assert said.description_content_type == "text/markdown"
    assert said.description == (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "Typing :: Typed" in said.classifiers
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert sorted(said.provides_extra) == sorted(extras["optional-dependencies"])
