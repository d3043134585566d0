"""Tests of `fixtures completion`: a shell asks, as it does when somebody types a tab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from registry import extras
from registry.cli import COMMANDS, completion

PINNED = ["minimal_dataset_v1", "minimal_dataset_v1_n16"]
# What bash does with a line when a tab is typed at its end.
TAB = """
eval "$(fixtures completion bash)"
read -ra COMP_WORDS <<< "$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9
_python_argcomplete fixtures
printf "%s\\n" "${COMPREPLY[@]}"
"""


@pytest.fixture
def completed(buildable):
    """What bash completes a line with, in the registry's top folder."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def complete(line: str, folder: Path = buildable) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", TAB, "bash", line],
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == "", done.stderr
        return [word.strip() for word in done.stdout.splitlines() if word.strip()]

    return complete


def test_commands(completed):
    """All of them, or those that begin so."""
    assert completed("fixtures ") == list(COMMANDS)
    assert completed("fixtures me") == ["merge-lock", "merge-params"]


def test_options_of_a_command(completed):
    """They are offered once a dash was typed."""
    assert completed("fixtures pull --o") == ["--offline"]
    assert "--from" in completed("fixtures add --f")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("fixtures show ", PINNED),
        ("fixtures pull minimal_dataset_v1_", ["minimal_dataset_v1_n16"]),
        ("fixtures verify minimal_dataset_v1_n16 ", PINNED),
        ("fixtures diff minimal_dataset_v1_n", ["minimal_dataset_v1_n16"]),
        # what is declared and not pinned, too
        ("fixtures build minimal_dataset_v1_s", ["minimal_dataset_v1_supervised"]),
        ("fixtures build run", ["run1084_twin"]),
        ("fixtures add new_v1 --like minimal_dataset_v1_s", ["minimal_dataset_v1_supervised"]),
        ("fixtures add new_v1 --from run", ["run1084_twin"]),
        ("fixtures add new_v1 --generator subset_", ["subset_v1", "subset_v2"]),
        ("fixtures add new_v1 --source-generator scan_", ["scan_v2"]),
        # a new name is nobody else's
        ("fixtures add minimal", []),
    ],
)
def test_names(completed, line, names):
    """What is pinned, or declared, or a generator, by what the argument stands for."""
    assert sorted(completed(line)) == sorted(names)


def test_outside_a_registry(completed, tmp_path):
    """There are no names, and nothing is said in the middle of a line."""
    assert completed("fixtures show ", tmp_path) == []
    assert completed("fixtures sh", tmp_path) == ["show"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_each_shell_reads(shell, fixtures):
    """Its own program reads it without a complaint, where that is here."""
    ended = fixtures("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert "fixtures" in ended.out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=ended.out, text=True, check=True)


def test_another_shell(fixtures):
    """It is refused with those that there are."""
    ended = fixtures("completion", "tcsh")
    assert ended.code == 2
    assert "choose from" in ended.err


def test_without_the_extra(fixtures, monkeypatch):
    """The command says what to install; a tab completes nothing, as it did before."""
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    ended = fixtures("completion", "bash")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.endswith("to mend:  pip install 'fixture-registry[completion]'\n")
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    assert completion.complete(None, None) is None
