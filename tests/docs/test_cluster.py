"""docs/cluster.md, taken at its word with ramps on this machine."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.kit import ramps
from tests.kit.clone import Clone
from tests.kit.environment import environment

PAGE = "docs/cluster.md"

pytestmark = pytest.mark.slow


@pytest.fixture
def laid(tmp_path):
    """A registry of three fixtures, and programs run in it."""
    root = ramps.lay(tmp_path / "registry")
    ramps.declare(root, {"a_v1": 5, "a_v2": 6, "b_v1": 7})
    return Clone(root, environment(tmp_path))


def test_a_scheduler_file(laid, blocks):
    """Scheduler, workers and build by the lines of the page; each twice, once more; a report."""
    start, _, _, twice, again, report = [block.text for block in blocks(PAGE)]
    *started, build, end = start.splitlines()
    assert end == "kill %1 %2"
    said = laid.sh(
        "\n".join([
            # which has no terminal, and so no jobs to count
            *(line.replace(" &", " >/dev/null 2>&1 & all=\"$all $!\"") for line in started),
            "trap 'kill $all; wait' EXIT",
            "while ! test -s scheduler.json; do sleep 0.1; done",
            build,
            f"rm -r {ramps.FOLDER}",
            twice,
            again,
            report,
        ])
    )  # fmt: skip
    assert "5 stages: 5 built, 0 up to date\n" in said
    assert "5 stages: 3 built, 2 up to date\n" in said
    assert said.count(", rebuilt\n          ramp: identical\n          sidecar: identical\n") == 3
    assert said.count("  (drawn)\n") == 3
    assert said.endswith(f"{laid.path}/build/report/index.html: 3 fixtures\n")


def test_local_cluster(laid, blocks):
    """The program of the page, and the same with what SLURM would be asked for."""
    _, program, slurm, *_ = [block.text for block in blocks(PAGE)]
    path = laid.path.parent / "program.py"
    path.write_text(program)
    ended = laid.run(sys.executable, str(path))
    assert ended.code == 0, ended.out
    assert "5 stages: 5 built, 0 up to date\n" in ended.out
    assert (
        ast.unparse(ast.parse(slurm)).splitlines()[-1]
        == (ast.unparse(ast.parse(program)).splitlines()[-1])
    ), "not the line that was run"
