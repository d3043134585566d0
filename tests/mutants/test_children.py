"""Tests of child processes: none outlives the block that started it."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.mutants import children
from registry.mutants.children import Children, Ended
from registry.mutants.plan import Plan


@pytest.fixture
def plan(project):
    """Tests that take longer than anybody waits, and say when they have begun."""
    project.write("""
        import pathlib, time

        def test_it():
            pathlib.Path("begun").touch()
            time.sleep(60)
    """)
    return Plan(arguments=["-q"], path=sys.path)


def test_the_block_ends(project, plan):
    """What runs then is ended, whoever waits for it."""
    with ThreadPoolExecutor(1) as pool:
        with Children() as running:
            future = pool.submit(running.run, plan, project.folder)
            while not (project.path / "begun").exists():
                time.sleep(0.05)
        assert future.result(timeout=30).code == -9, "it was not ended"


def test_after_the_block(project, plan):
    """Nothing starts any more."""
    with Children() as running:
        pass
    assert running.run(plan, project.folder) == Ended(code=None, seconds=0), "it was started"
    assert not (project.path / "begun").exists(), "it ran"


def test_time_is_over(project, plan):
    """The child is ended; how it would have ended, nobody knows."""
    with Children() as running:
        ended = running.run(plan, project.folder, limit_s=0.1)
    assert ended.code is None, "an exit code of its own"


def test_what_was_printed(project):
    """The last lines are there to be told, whatever bytes are in them."""
    project.write("""
        import os

        def test_it():
            os.write(1, b"\\xff\\n")
            os._exit(0)
    """)
    with Children() as running:
        running.run(Plan(arguments=["-q", "-s"], path=sys.path), project.folder)
    assert children.log(project.folder, 1) == "\N{REPLACEMENT CHARACTER}", "not the last line"
