"""Tests of `registry.process_tree`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from registry import process_tree

# Starts another program, and says so.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("begun", flush=True)
child.wait()
"""


@pytest.fixture
def parent():
    """A process in a session of its own, with a child whose output is its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        yield process
        process_tree.kill(process)


def test_it_ends_with_its_child(parent):
    """Nobody writes to its output any more, which so comes to an end."""
    parent.stdout.readline()
    process_tree.kill(parent)
    # longer than this the child would have it
    assert parent.communicate(timeout=30) == (b"", None)
    assert parent.returncode == -9


def test_one_that_has_ended(parent):
    """That is no error."""
    parent.stdout.readline()
    process_tree.kill(parent)
    parent.wait(10)
    process_tree.kill(parent)


@pytest.mark.parametrize("there", [True, False])
def test_on_windows(parent, monkeypatch, there):
    """The system's own program ends both, or at least the one is ended."""
    asked = []

    def run(command, **options):
        asked.append(command)
        if not there:
            raise FileNotFoundError(command[0])
        os.killpg(parent.pid, 9)

    parent.stdout.readline()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("SYSTEMROOT", "/windows")
    process_tree.kill(parent)
    program = "/windows/System32/taskkill.exe"
    assert asked == [[program, "/F", "/T", "/PID", str(parent.pid)]]
    assert parent.wait(10) == -9
