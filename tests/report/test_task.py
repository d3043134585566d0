"""Tests of `registry.report.task`: what a worker makes of what it is sent.

In this process; by workers of Dask's: test_clustered.py.
"""

from __future__ import annotations

import pickle
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry.build import arriving, loaded_code
from registry.report import page, program, task
from registry.report.facts import gather
from tests.kit.files import contents, flip
from tests.report.kit import ENVELOPE, FOLDER, NAME, declare, train

DATA, RECONSTRUCTION = f"{FOLDER}/{NAME}.npz", f"envelope/reconstructions/{NAME}_g1.npz"


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """A worker in an empty folder; files that it asks for are noted, and come from the client."""
    monkeypatch.setattr(loaded_code, "_NOTED", dict(loaded_code._NOTED))
    found = SimpleNamespace(address="tcp://w:1", local_directory=str(tmp_path / "own"), asked=[])
    # not installed everywhere, and slow to import
    stub = SimpleNamespace(get_worker=lambda: found)
    monkeypatch.setitem(sys.modules, "distributed", stub)
    for folder in ("own", "cwd"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def fetch(file, path, ask):
        found.asked.append(file.path)
        path.parent.mkdir(parents=True)
        shutil.copyfile(tmp_path / "client" / file.path, path)

    monkeypatch.setattr(arriving, "fetch", fetch)
    return found


@pytest.fixture
def asked(root, worker, monkeypatch):
    """A page with a training; what is drawn of it is only noted: the bytes that it is drawn of."""
    declare(root, envelope=ENVELOPE)
    train(root, NAME)
    (facts,) = gather(root, [NAME])

    def draw(root, found):
        assert found.digest("") == facts.digest("")
        return {path: (root / path).read_bytes() for path in (DATA, RECONSTRUCTION)}

    monkeypatch.setattr(page, "draw", draw)
    return task.order(root, facts, program.text(["ptychography"]), {"ptychography"}, "a topic")


def drawn(asked):
    """What a worker has at hand when it draws; how it comes back is tested as well."""
    found = task.draw(pickle.loads(pickle.dumps(asked)), {})
    assert (found["told"], set(found)) == ("", {"machine", "sha256", "files", "told"}), found
    return found["files"]


def test_what_is_sent(asked, root):
    """Plain data, with digests and sizes of what is drawn; facts as the same code packs them."""
    assert {type(value) for value in asked.values()} <= {str, list, bytes}
    assert asked["name"] == NAME
    assert asked["root"] == str(root)
    assert [file["path"] for file in asked["files"]] == [DATA, RECONSTRUCTION]
    assert [file["size"] for file in asked["files"]] == [
        (root / path).stat().st_size for path in (DATA, RECONSTRUCTION)
    ]


def test_a_shared_file_system(asked, root, worker):
    """Where the client's files are seen, nothing is sent."""
    assert drawn(asked) == {path: (root / path).read_bytes() for path in (DATA, RECONSTRUCTION)}
    assert worker.asked == []


def test_a_clone_of_its_own(asked, root, worker):
    """Where it has the same files, they are the ones."""
    for path in (DATA, RECONSTRUCTION):
        Path(path).parent.mkdir(parents=True)
        shutil.copyfile(root / path, path)
    asked["root"] = "/nonexistent"
    assert len(drawn(asked)) == 2
    assert worker.asked == []


@pytest.mark.parametrize("broken", [DATA, RECONSTRUCTION])
def test_nothing_shared(asked, root, worker, tmp_path, broken):
    """What is not the same is sent, and does not stay."""
    shutil.copytree(root, tmp_path / "client")
    flip(root / broken)
    files = drawn(asked)
    assert files == {
        path: (tmp_path / "client" / path).read_bytes() for path in (DATA, RECONSTRUCTION)
    }
    assert worker.asked == [DATA, RECONSTRUCTION]
    assert contents(tmp_path / "own") == {}
    assert contents(tmp_path / "cwd").keys() <= {"build/digests.json"}


def test_another_program(asked, worker):
    """Neither draws nor unpacks what is not packed by its like."""
    asked["program"] = asked["program"].replace("blob:", "blob:0", 1)
    asked["facts"] = b"another version's"
    found = task.draw(asked, {})
    assert found["exit_code"] == 1
    assert found["error"]["subject"].startswith("worker tcp://w:1 on ")
    assert found["error"]["expected"].startswith(
        "the report's program as the client has it: registry/__init__.py blob:0"
    )


def test_an_error_of_the_machine(asked, worker):
    """Is said with its name, and with that of the fixture."""
    worker.local_directory = "/nonexistent"
    found = task.draw(asked, {})
    assert (found["exit_code"], found["error"]["subject"]) == (3, f"fixture {NAME}")
    assert found["error"]["found"].startswith("FileNotFoundError: ")
    assert ", on tcp://w:1 on " in found["error"]["found"]


def test_refusal(worker, monkeypatch):
    """Asked beforehand, a worker says whether it would, by files and by versions."""
    text = program.text(["arrays"])
    assert task.refusal(text, ["arrays"], dask_worker=worker) is None
    version = program.metadata.version
    monkeypatch.setattr(
        program.metadata, "version", lambda name: "3.0" if name == "matplotlib" else version(name)
    )
    refused = task.refusal(text, ["arrays"], dask_worker=worker)
    assert refused["exit_code"] == 1
    assert refused["error"]["expected"] == (
        f"the report's program as the client has it: matplotlib {version('matplotlib')}"
    )
    assert refused["error"]["found"] == "3.0"
