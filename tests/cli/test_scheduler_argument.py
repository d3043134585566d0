"""Tests of `registry.cli.scheduler_argument`: the option, and what it needs."""

from __future__ import annotations

import pytest

from registry import extras
from registry.cli import main, scheduler_argument
from registry.errors import MissingError


def test_not_installed(monkeypatch, root):
    """The extra that brings it is named."""
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingError) as caught:
        scheduler_argument.cluster(root, "tcp://127.0.0.1:1")
    assert caught.value.parts == {
        "subject": "--scheduler",
        "expected": "Dask's distributed, by which a scheduler is reached",
        "found": "no distributed",
        "remedy": "pip install 'fixture-registry[dask]'",
    }


def test_no_scheduler_there(capsys, monkeypatch, root):
    """A command that names one that is not there ends with 3, and touches nothing."""
    monkeypatch.chdir(root)
    assert main(["build", "--scheduler", "nowhere.json"]) == 3
    assert capsys.readouterr().err.startswith("error: scheduler nowhere.json\n")


def test_twice_without_a_cluster(capsys, monkeypatch, root):
    """There is no second machine."""
    monkeypatch.chdir(root)
    assert main(["build", "--twice"]) == 2
    assert capsys.readouterr().err == (
        "error: --twice\n"
        "  expected: workers of a cluster, two of which build each fixture\n"
        "  found:    no --scheduler\n"
        "  to mend:  name a scheduler; without one, fixtures verify --regenerate compares\n"
    )


def test_verify_without_regenerate(capsys, monkeypatch, root):
    """What is hashed stays where it is."""
    monkeypatch.chdir(root)
    assert main(["verify", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == (
        "error: --scheduler\n"
        "  expected: --regenerate: what is built again is built by its workers\n"
        "  found:    no --regenerate\n"
        "  to mend:  leave it out: to read and hash what is here takes less than to send it\n"
    )
