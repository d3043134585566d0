"""Tests of the command `fixtures` as such: options, exit codes, where it may be run."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from tests.kit.repository import REPOSITORY


@pytest.mark.parametrize("arguments", [(), ("list", "--bogus"), ("show",), ("profile",)])
def test_wrong_use(fixtures, arguments):
    """A wrong command line is exit code 2, with the usage on stderr."""
    ended = fixtures(*arguments)
    assert ended.code == 2, "not the exit code of wrong use"
    assert ended.out == "", "something on stdout"
    assert ended.err.startswith("usage: fixtures"), "no usage on stderr"


def test_an_unknown_option(fixtures):
    """The usage is that of the command, which says what it takes."""
    ended = fixtures("mutants", "-k", "shapes")
    assert (ended.code, ended.out) == (2, ""), "not wrong use"
    assert ended.err.startswith("usage: fixtures mutants [-h] "), "not the command's usage"
    assert ended.err.endswith("fixtures mutants: error: unrecognized arguments: -k\n"), ended.err


def test_options_are_not_abbreviated(fixtures):
    """A script's abbreviation must not change its meaning when an option is added."""
    assert fixtures("verify", "--js").code == 2, "an abbreviation was accepted"


def test_version(fixtures):
    """It is that of the distribution."""
    assert fixtures("--version").out == f"fixture-registry {version('fixture-registry')}\n"


def test_help_lists_the_exit_codes(fixtures):
    """Who runs it in CI finds the exit codes in its help."""
    ended = fixtures("--help")
    assert ended.code == 0, "help is no error"
    text = " ".join(ended.out.split())
    assert "0 fine, 1 a check failed, 2 wrong use, 3 missing or unreachable, 4 locked" in text


@pytest.mark.parametrize(
    "arguments", [("list",), ("show", "a_v1"), ("verify",), ("check-params",)], ids=" ".join
)
def test_outside_a_registry(fixtures, tmp_path, monkeypatch, arguments):
    """Every command that needs a registry says how to name one."""
    monkeypatch.chdir(tmp_path)
    ended = fixtures(*arguments)
    assert ended.code == 2, "not the exit code of wrong use"
    assert ended.out == "", "something on stdout"
    assert ended.err == (
        "error: registry\n"
        "  expected: a folder with a dvc.lock\n"
        f"  found:    no dvc.lock in {tmp_path} or above it\n"
        "  to mend:  run the command inside the registry's clone, or set FIXTURES_REGISTRY to its "
        "path\n"
    ), "not the message on stderr"


def test_the_variable_names_the_registry(fixtures, root, tmp_path, monkeypatch):
    """With $FIXTURES_REGISTRY a command can be run from anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIXTURES_REGISTRY", str(root))
    assert fixtures("verify", "minimal_dataset_v1").code == 0, "the variable was not followed"


def test_from_a_subfolder(fixtures, root, monkeypatch):
    """As with git and DVC, any folder of the registry will do."""
    monkeypatch.chdir(root / "tests" / "fixtures")
    assert fixtures("list").code == 0, "the registry above was not found"


@pytest.mark.parametrize("command", ["list", "verify", "show"])
def test_a_lock_that_is_none(fixtures, root, command):
    """A lock with conflict markers is a failed check that names the lock."""
    (root / "dvc.lock").write_text("<<<<<<< HEAD\n" + (root / "dvc.lock").read_text())
    ended = fixtures(command, *(["a_v1"] if command == "show" else []))
    assert (ended.code, ended.out) == (1, ""), "not a failed check, or something on stdout"
    assert ended.err.startswith("error: dvc.lock\n"), "the lock is not named"


@pytest.mark.parametrize("command", ["list", "verify", "show"])
def test_no_lock(fixtures, root, command):
    """Without a lock everything is missing: exit code 3."""
    (root / "dvc.lock").unlink()
    (root / "dvc.yaml").touch()
    ended = fixtures(command, *(["a_v1"] if command == "show" else []))
    assert (ended.code, ended.out) == (3, ""), "not the exit code of what is missing"
    remedy = "git checkout dvc.lock, or build what params.yaml declares: dvc repro"
    assert f"to mend:  {remedy}" in ended.err


def test_a_file_that_cannot_be_read_is_no_traceback(fixtures, root):
    """What the system refuses is a message with the path."""
    (root / "params.yaml").unlink()
    (root / "params.yaml").mkdir()
    ended = fixtures("check-params")
    assert ended.code == 3, "not the exit code of what is out of reach"
    assert ended.err.startswith(f"error: file {root / 'params.yaml'}\n"), "the file is not named"


def test_it_runs_as_a_module():
    """`python -m registry.cli` is the same command."""
    result = subprocess.run(
        [sys.executable, "-m", "registry.cli", "check-params"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, ""), "it did not end well"
    assert result.stdout.startswith("params.yaml: "), "not the command's output"
