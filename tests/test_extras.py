"""Tests of `registry.extras`: what is said where an extra is not installed."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata

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


def imported() -> Iterator[str]:
    """Each module from outside that the package imports, wherever in it."""
    for folder in ("registry", "fixture_registry"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                named += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
                yield from (
                    name
                    for name in named
                    if name.split(".")[0] not in sys.stdlib_module_names | OURS | OTHERS
                )


def declared(wants: list[str]) -> set[str]:
    """The packages that requirements name, those of the package's own extras among them."""
    found = set()
    for wanted in map(Requirement, wants):
        found.add(canonicalize_name(wanted.name))
        for extra in wanted.extras if wanted.name == "fixture-registry" else ():
            found |= declared(EXTRAS[extra])
    return found


def brought(wants: list[str]) -> list[str]:
    """The modules of these packages that the package imports."""
    packages, named = metadata.packages_distributions(), declared(wants)
    return sorted(
        {
            name
            for name in imported()
            if {canonicalize_name(each) for each in packages[name.split(".")[0]]} & named
        }
    )


def test_what_is_imported_is_declared():
    """By the package itself: what another one brings along it may cease to bring."""
    everything = [*PROJECT["dependencies"], *(each for wants in EXTRAS.values() for each in wants)]
    assert sorted({*imported()} - {*brought(everything)}) == []


@pytest.mark.slow
@pytest.mark.parametrize("extra", EXTRAS)
def test_each_extra_alone(extra, tmp_path):
    """Where nothing is installed but what it declares, all is there that it is for."""
    installed.environment(tmp_path / "environment", extra)
    names = brought([*PROJECT["dependencies"], *EXTRAS[extra]])
    assert len(names) > len(brought(PROJECT["dependencies"])) or extra == "ssh", "it brings nothing"
    program = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    python = str(tmp_path / "environment" / "bin" / "python")
    env = environment(tmp_path, PYTHONPATH=str(REPOSITORY))
    ended = run([python, "-W", "ignore", "-c", program, "registry", *names], tmp_path, env)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("extra", "scheme"), [("s3", "s3"), ("ssh", "ssh")])
def test_a_remote_that_an_extra_is_for(extra, scheme, tmp_path):
    """DVC finds the file system that opens it."""
    installed.environment(tmp_path / "environment", extra)
    program = "from dvc.fs import get_fs_cls; get_fs_cls({}, scheme=sys.argv[1]).REQUIRES"
    python = str(tmp_path / "environment" / "bin" / "python")
    command = [python, "-W", "ignore", "-c", f"import sys; {program}", scheme]
    ended = run(command, tmp_path, environment(tmp_path))
    assert ended.returncode == 0, ended.stderr
