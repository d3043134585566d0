"""Tests of `registry.build.workers`: processes that build, and what becomes of those that die."""

from __future__ import annotations

import os
import signal
import time

import pytest

from registry.build import code, plan
from registry.build.workers import Workers
from registry.errors import CheckError
from tests.kit import ramps

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A registry whose fixtures come out, are refused, have a fault, or end their process."""
    root = ramps.lay(tmp_path_factory.mktemp("ramps") / "registry")
    lengths = {"good": 5, "other": 6, "refused": ramps.REFUSED, "faulty": ramps.FAULTY,
               "deadly": ramps.DEADLY}  # fmt: skip
    # of one source
    ramps.declare(root, {f"a_{name}_v1": length for name, length in lengths.items()})
    return root


@pytest.fixture(scope="module")
def stages(root):
    """Their stages by name; the source is built."""
    found = plan.stages(root, code.write(root))
    with Workers(root, 1) as workers:
        workers.submit(found["source@source_a"]).result()
    return {stage.entry: stage for stage in found.values()}


@pytest.fixture(scope="module")
def workers(root, stages):
    """One process, so that what one stage leaves of it meets the next."""
    with Workers(root, 1) as found:
        yield found


def test_a_fixture_is_built(workers, stages, root):
    """In the registry's folder, wherever the caller is; what its generator prints is told."""
    built = workers.submit(stages["a_good_v1"]).result()
    assert built.told.startswith("a ramp of 5\nfixture a_good_v1: ")
    assert set(built.outs) == {"tests/fixtures/a_good_v1.json", "tests/fixtures/a_good_v1.npz"}
    assert (root / "tests/fixtures/a_good_v1.npz").is_file()


@pytest.mark.parametrize(
    ("name", "found"), [("a_refused_v1", "13 values"), ("a_faulty_v1", "TypeError: unsupported")]
)
def test_an_error_of_a_stage(workers, stages, name, found):
    """Is the caller's to tell; the process goes on with the next one."""
    before = pid(workers)
    with pytest.raises(CheckError) as caught:
        workers.submit(stages[name]).result()
    assert caught.value.parts["subject"] == f"fixture {name}"
    assert found in caught.value.parts["found"]
    assert workers.submit(stages["a_other_v1"]).result().told
    assert pid(workers) == before != -1


def pid(workers: Workers) -> int:
    """The process that there is."""
    return workers.processes[0] if workers.processes else -1


def test_a_process_that_dies(workers, stages):
    """Takes its own stage with it, and no other; how it ended is told, and what to do."""
    future = workers.submit(stages["a_deadly_v1"])
    after = workers.submit(stages["a_good_v1"])
    with pytest.raises(CheckError) as caught:
        future.result()
    assert caught.value.parts == {
        "subject": "fixture a_deadly_v1",
        "expected": "a process that builds it to its end",
        "found": "it was ended by SIGKILL",
        "remedy": "fixtures build --jobs 1 a_deadly_v1, which gives it all of the memory; "
        "dvc repro fixture@a_deadly_v1 shows what else it may be",
    }
    assert after.result().told


def test_a_process_that_died_while_idle(workers, stages):
    """It was no stage's fault: another one takes its place."""
    workers.submit(stages["a_good_v1"]).result()
    died = pid(workers)
    os.kill(died, signal.SIGKILL)
    time.sleep(0.1)
    assert workers.submit(stages["a_good_v1"]).result().told
    assert died not in workers.processes


def test_ctrl_c_is_the_callers(workers, stages):
    """A process that is sent one, as all of a terminal are, goes on."""
    workers.submit(stages["a_good_v1"]).result()
    before = pid(workers)
    os.kill(before, signal.SIGINT)
    assert workers.submit(stages["a_good_v1"]).result().told
    assert pid(workers) == before


def test_nothing_is_started_for_nothing(root):
    """No process without a stage; and the end leaves none."""
    with Workers(root, 8) as workers:
        assert workers.processes == []


def test_the_end(root, stages):
    """No process outlives those that it was started for; what was not begun is dropped."""
    with Workers(root, 1) as workers:
        first = workers.submit(stages["a_good_v1"])
        second = workers.submit(stages["a_other_v1"])
        while not first.running() and not first.done():
            time.sleep(0.01)
        processes = workers.processes
    assert first.result().told
    assert second.cancelled() or second.result().told
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
