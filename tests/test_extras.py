"""Tests of `registry.extras`: what is said where an extra is not installed."""

from __future__ import annotations

import sys

import pytest

from registry import extras
from registry.cli import dvc_repro
from registry.declare import yaml_text
from registry.errors import MissingError
from registry.identity import schema


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
