"""Tests of `registry.build.task`: what a worker makes of what it is sent.

In this process; by workers of Dask's: test_cluster.py.
"""

from __future__ import annotations

import pickle
import shutil
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import generators
from registry.build import arriving, code, loaded_code, plan, record, task, work
from registry.declare import generator_keys
from registry.digests import sha256
from tests.kit import ramps

PATHS = ("tests/fixtures/a_v1.json", "tests/fixtures/a_v1.npz")


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """A worker, whose working directory is a registry; events are noted."""
    monkeypatch.setattr(generators, "__path__", [str(tmp_path / "clone" / "generators")])
    monkeypatch.setattr(task, "_opened", [])
    monkeypatch.setattr(loaded_code, "_NOTED", dict(loaded_code._NOTED))
    monkeypatch.setattr(sys, "path", [*sys.path])
    modules = set(sys.modules)
    found = SimpleNamespace(address="tcp://w:1", local_directory=str(tmp_path / "own"), events=[])
    found.log_event = lambda topic, said: found.events.append((topic, said))
    # not installed everywhere, and slow to import
    stub = SimpleNamespace(get_worker=lambda: found)
    monkeypatch.setitem(sys.modules, "distributed", stub)
    ramps.lay(tmp_path / "clone")
    monkeypatch.chdir(tmp_path / "clone")
    yield found
    for module in set(sys.modules) - modules:
        if module.startswith("generators."):
            del sys.modules[module]


def order(length: int = 5, path: Path = Path("build/sources/source_a.npz")):
    """What is asked for: a ramp; its source is built."""
    ramps.declare(Path(), {"a_v1": length})
    stages = plan.stages(Path(), code.write(Path()))
    work.build(stages["source@source_a"])
    known = record.read("source_a")
    text = code.text(Path(), generator_keys.read(Path(), "ramp_v1"))
    return task.order(stages["fixture@a_v1"], "ramp_v1", text, known, path, "a topic")


def test_a_fixture(worker):
    """Its files come as bytes with their digests, and nothing is written."""
    asked = pickle.loads(pickle.dumps(order()))
    found = task.build(asked, {})
    assert set(found) == {"machine", "sha256", "files", "told"}
    assert sorted(found["files"]) == [*PATHS]
    assert found["sha256"] == {path: sha256(data) for path, data in found["files"].items()}
    assert found["told"].startswith("a ramp of 5\nfixture a_v1: ")
    assert not Path("tests/fixtures").exists()
    work.build(plan.stages(Path(), code.write(Path()))["fixture@a_v1"])
    assert found["files"] == {path: Path(path).read_bytes() for path in PATHS}
    assert worker.events == []
    assert sys.path[0] == str(Path.cwd())


def test_what_is_known(worker):
    """Is not sent again, if it came out the same."""
    first = task.build(order(), {})
    assert task.build(order(), first["sha256"])["files"] == {}
    other = {**first["sha256"], PATHS[0]: "0" * 64}
    assert task.build(order(), other)["files"] == first["files"]


def test_where_a_source_is(worker, tmp_path, monkeypatch):
    """In the clone, else where the client has it; a file of other bytes is none."""
    asked = order()
    own = Path("build/sources/source_a.npz")
    monkeypatch.setattr(arriving, "fetch", lambda *_: pytest.fail("it is here"))
    elsewhere = Path(shutil.copy(own, tmp_path / "client.npz"))
    own.write_bytes(bytes(271))
    asked["path"] = str(elsewhere)
    assert "files" in task.build(asked, {})
    task._opened.clear()
    elsewhere.unlink()
    kept = Path(worker.local_directory) / "sources" / f"{asked['source']['sha256']}.npz"
    fetched = []

    def fetch(known, path, ask):
        fetched.append(path)
        ask("a word")
        path.parent.mkdir(parents=True)
        work.build(plan.stages(Path(), code.write(Path()))["source@source_a"])
        shutil.move(own, path)

    monkeypatch.setattr(arriving, "fetch", fetch)
    assert "files" in task.build(asked, {})
    assert fetched == [kept]
    said = {"sha256": asked["source"]["sha256"], "worker": "tcp://w:1", "word": "a word"}
    assert worker.events == [("a topic", said)]
    task._opened.clear()
    assert "files" in task.build(asked, {})
    assert len(fetched) == 1, "what came once is kept"


def test_errors(worker, monkeypatch):
    """A stage's own come as what they say; what the machine lacks is said with its name."""
    found = task.build(order(ramps.REFUSED), {})
    assert found["exit_code"] == 1
    assert found["error"]["subject"] == "fixture a_v1"
    assert found["error"]["found"] == "13 values"
    asked = order()
    Path("generators/ramp_v1.py").write_text("import json\n")
    assert task.build(asked, {})["error"]["subject"].startswith("worker tcp://w:1 on ")
    asked["code"] = code.text(Path(), generator_keys.read(Path(), "ramp_v1"))
    loaded_code._NOTED.clear()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(task, "_source", full)
    found = task.build(asked, {})
    assert found["exit_code"] == 3
    assert found["error"]["found"].startswith(
        "OSError: [Errno 28] No space left on device, on tcp://w:1 on "
    )


def test_one_at_a_time(worker, monkeypatch):
    """However many threads a worker has: what is printed is taken from the whole process."""
    busy, most = [], []

    def slow(*_):
        busy.append(1)
        most.append(len(busy))
        time.sleep(0.02)
        busy.pop()
        return {}, ""

    asked = ["fixture a_v1", {}, slow]
    threads = [threading.Thread(target=task.answered, args=asked) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 4


def test_memory_is_used_again(worker, monkeypatch):
    """Dask's nanny has it given back at once, which takes two thirds of a fixture's time."""
    asked = []
    monkeypatch.setattr(task.memory, "reuse", lambda: asked.append(1))
    task.build(order(), {})
    assert asked == [1]


def test_refusal(worker):
    """Asked beforehand, a worker says whether it would."""
    text = order()["code"]
    assert task.refusal("ramp_v1", text, dask_worker=worker) is None
    refused = task.refusal("ramp_v1", text + "0  z\n", dask_worker=worker)
    assert refused["exit_code"] == 1
    assert refused["error"]["found"] == "not there"


def test_a_machine(worker):
    """It is named so that it is found."""
    said = task.shown(task.this_machine(worker))
    assert said.startswith("tcp://w:1 on ")
    assert f", in {Path.cwd()} (Python 3." in said
    assert said.endswith(")")
