"""Tests of `registry.extras`: what is said where an extra is not installed."""

from __future__ import annotations

import ast
import functools
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from registry import extras
from registry.cli import dvc_repro
from registry.declare import yaml_text
from registry.errors import MissingError
from registry.identity import schema
from tests.kit import installed
from tests.kit.environment import environment
from tests.kit.processes import run
from tests.kit.repository import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {name: wants for name, wants in PROJECT["optional-dependencies"].items() if name != "dev"}
OURS = {"registry", "fixture_registry", "generators"}
# Whoever runs tests has it, and nobody else needs it; stubs that a type checker alone reads.
OTHERS = {"pytest", "_typeshed"}


def test_what_is_installed():
    """Nothing is said, and nothing is imported to find out."""
    loaded = set(sys.modules)
    extras.require("none", "a test", "antigravity", "this", expected="two jokes")
    assert {"antigravity", "this"} & (set(sys.modules) - loaded) == set()


@pytest.mark.parametrize(
    ("modules", "found"),
    [(("json", "none_1"), "no none_1"), (("none_1", "none_2"), "no none_1 and no none_2")],
)
def test_what_is_not_installed(modules, found):
    """Each is named, with the command that installs it."""
    with pytest.raises(MissingError) as caught:
        extras.require("report", "fixtures report", *modules, expected="two, which draw")
    assert str(caught.value) == (
        "fixtures report\n"
        "  expected: two, which draw\n"
        f"  found:    {found}\n"
        "  to mend:  pip install 'fixture-registry[report]'"
    )


def test_an_extra_of_another_package():
    """What is DVC's to install is installed with DVC's extra."""
    error = extras.missing("gs", "remote", expected="gcsfs", package="dvc")
    assert (error.found, error.remedy) == ("it is not installed", "pip install 'dvc[gs]'")


def test_who_imports_what_the_extra_build_brings(root, monkeypatch):
    """Each says so where it is not installed; what was asked for is the subject."""
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    path = root / "schemas" / schema.PARAMS
    for subject, call in {
        f"schema {schema.PARAMS}": lambda: schema.validator(path),
        f"schema {schema.PARAMS} ": lambda: schema.compiled(path),
        "params.yaml": lambda: yaml_text.parse("a: 1\n"),
        "dvc repro": lambda: dvc_repro.repro(root),
    }.items():
        with pytest.raises(MissingError) as caught:
            call()
        assert caught.value.subject == subject.strip()
        assert caught.value.remedy == "pip install 'fixture-registry[build]'"


def imports() -> Iterator[set[str]]:
    """For each module of the package what it imports from outside, wherever in it."""
    for folder in ("registry", "fixture_registry"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            named = set()
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    named.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    named.add(str(node.module))
            known = sys.stdlib_module_names | OURS | OTHERS
            yield {name for name in named if name.split(".")[0] not in known}


def declared(wants: list[str]) -> set[str]:
    """The packages that requirements name."""
    return {canonicalize_name(Requirement(text).name) for text in wants}


# To look through all that is installed takes a second.
packages_distributions = functools.cache(metadata.packages_distributions)


def package(name: str) -> str:
    """The package that a module is of."""
    return canonicalize_name(packages_distributions()[name.split(".")[0]][0])


def test_what_is_imported_is_declared():
    """By the package itself: what another one brings along it may cease to bring."""
    wants = declared([*PROJECT["dependencies"], *chain.from_iterable(EXTRAS.values())])
    assert {name for names in imports() for name in names if package(name) not in wants} == set()


@pytest.mark.slow
@pytest.mark.parametrize("extra", sorted(EXTRAS.keys() - {"ssh"}))
def test_each_extra_alone(extra, tmp_path):
    """Where nothing else is installed, modules that it is for find all that they import."""
    others = chain.from_iterable(wants for name, wants in EXTRAS.items() if name != extra)
    own = declared(EXTRAS[extra]) - declared([*others])
    for_it = [names for names in imports() if own & {package(name) for name in names}]
    names = sorted(set().union(*for_it))
    assert names, "it is for no module"
    installed.environment(tmp_path / "environment", extra)
    program = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    python = str(tmp_path / "environment" / "bin" / "python")
    ended = run([python, "-W", "ignore", "-c", program, *names], tmp_path, environment(tmp_path))
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["s3", "ssh"])
def test_a_remote_that_an_extra_is_for(extra, tmp_path):
    """DVC finds the file system that opens it."""
    installed.environment(tmp_path / "environment", extra)
    program = "import sys; from dvc.fs import get_fs_cls; get_fs_cls({}, scheme=sys.argv[1])"
    python = str(tmp_path / "environment" / "bin" / "python")
    command = [python, "-W", "ignore", "-c", program, extra]
    ended = run(command, tmp_path, environment(tmp_path))
    assert ended.returncode == 0, ended.stderr
