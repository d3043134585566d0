"""Tests of `registry.build.answer`: which bytes of a worker's are taken."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

from registry.build import answer, plan
from registry.build.answer import Answer
from registry.build.record import SourceRecord
from registry.declare import declaration, params
from registry.digests import sha256
from registry.errors import CheckError, LockedError, MissingError
from registry.identity import npz
from tests.kit.repository import FOLDER, REPOSITORY

NAME = "minimal_dataset_v1_n16"
MACHINE = {"address": "tcp://w:1", "host": "h", "folder": "/c", "python": "3.11.7",
           "numpy": "2.4.6", "processor": "P"}  # fmt: skip
SHOWN = "tcp://w:1 on h, in /c (Python 3.11.7, numpy 2.4.6, P)"
AGAIN = "run the command again, and see to that machine"


@pytest.fixture
def stage():
    """That of a fixture of this repository."""
    return plan.stages(REPOSITORY, params.load(REPOSITORY))[f"fixture@{NAME}"]


@pytest.fixture
def said(stage):
    """What a worker says that built it."""
    files = {path: (REPOSITORY / path).read_bytes() for path in stage.outs}
    digests = {path: sha256(data) for path, data in files.items()}
    return {"machine": MACHINE, "files": files, "sha256": digests, "told": "built"}


@pytest.fixture
def source(said):
    """The record of its source."""
    written = json.loads(said["files"][f"{FOLDER}/{NAME}.json"])
    return SourceRecord(
        name="run1084_twin", sha256=written["source_sha256"], size=1, is_foreign=False,
        licence="CC0-1.0", commit=None, declaration={}, generator_script="",
        generators=written["source_generators"], transformations=[], details={},
    )  # fmt: skip


def test_what_arrives(stage, said):
    """Is what was sent, by its digests."""
    found = answer.read(str(stage), said)
    assert found == Answer(
        machine=MACHINE, files=said["files"], sha256=said["sha256"], told="built"
    )
    # another one's were the same
    assert answer.read(str(stage), {**said, "files": {}}, found).files == said["files"]
    path = stage.outs[0]
    with pytest.raises(CheckError) as caught:
        answer.read(str(stage), {**said, "files": {**said["files"], path: b"other"}})
    assert caught.value.parts == {
        "subject": f"fixture {NAME}",
        "expected": f"{path} with SHA-256 {said['sha256'][path]}, as {SHOWN} says",
        "found": f"{sha256(b'other')}, as it arrived",
        "remedy": AGAIN,
    }


def test_an_error_of_a_worker(stage):
    """Is raised here as it was there."""
    parts = {"subject": "s", "expected": "e", "found": "f", "remedy": "r"}
    for kind in (CheckError, MissingError, LockedError):
        with pytest.raises(kind) as caught:
            answer.read(str(stage), {"machine": {}, "error": parts, "exit_code": kind.exit_code})
        assert caught.value.parts == parts


def hold(root, stage, said, source):
    """Hold an answer against what was asked for."""
    digests = {path: sha256(data) for path, data in said["files"].items()}
    found = answer.read(str(stage), {**said, "sha256": digests})
    answer.hold(stage, found, root, "subset_v1", source, declaration.read(root))


def test_what_was_asked_for(stage, said, source):
    """Is taken."""
    hold(REPOSITORY, stage, said, source)


def changed(said, **fields):
    """The answer with another sidecar."""
    path = f"{FOLDER}/{NAME}.json"
    text = json.dumps({**json.loads(said["files"][path]), **fields}).encode()
    return {**said, "files": {**said["files"], path: text}}


@pytest.mark.parametrize(
    ("what", "found", "fields"),
    [
        ("name", "other_v1", {"name": "other_v1"}),
        ("bytes", "0" * 64, {"sha256_checksum": "0" * 64}),
        ("source", "1" * 64, {"source_sha256": "1" * 64}),
        ("code", "'generators/subset_v1.py': 'blob:0'", {"generator_commit": "blob:0"}),
        ("code", "'x.py': 'blob:1'", {"generator_helpers": {"x.py": "blob:1"}}),
        ("code of the source", "{}", {"source_generators": {}}),
        ("declaration", 'created: "2020-01-01" -> ', {"created": "2020-01-01"}),
    ],
)  # fmt: skip
def test_another_fixture(stage, said, source, what, found, fields):
    """However it came about, its bytes are not pinned under this name."""
    with pytest.raises(CheckError) as caught:
        hold(REPOSITORY, stage, changed(said, **fields), source)
    parts = caught.value.parts
    assert parts["subject"] == f"fixture {NAME}: {what}"
    assert found in parts["found"]
    assert parts["found"].endswith(f", from {SHOWN}")
    assert parts["remedy"] == AGAIN


def test_other_files(stage, said, source):
    """One that is not the stage's is written nowhere."""
    files = {**said["files"], "../out.npz": b""}
    with pytest.raises(CheckError) as caught:
        hold(REPOSITORY, stage, {**said, "files": files}, source)
    assert caught.value.parts["subject"] == f"fixture {NAME}: files"
    assert caught.value.parts["found"].startswith(f"{', '.join(files)}, from ")


def test_a_published_version(stage, said, source, tmp_path):
    """Stays what it was published with, whatever the worker's own ledger says."""
    for part in ("params.yaml", "generators", "schemas"):
        copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
        copy(REPOSITORY / part, tmp_path / part)
    (tmp_path / "published.sum").write_text(f"{NAME} {'0' * 64} {'1' * 64} {'2' * 64}\n")
    with pytest.raises(CheckError) as caught:
        hold(tmp_path, stage, said, source)
    assert caught.value.parts["subject"] == f"fixture {NAME}: published and immutable"


def test_two_workers(stage, said):
    """Agree, or both are named with what differs."""
    first = answer.read(str(stage), said)
    answer.hold_together(str(stage), first, dataclasses.replace(first, machine={}))
    arrays = dict(npz.parse(said["files"][f"{FOLDER}/{NAME}.npz"], subject=NAME))
    arrays["xcoords"] = np.nextafter(arrays["xcoords"], 0)
    arrays["more"] = arrays.pop("ycoords")
    files = {**said["files"], f"{FOLDER}/{NAME}.npz": npz.encode(arrays)}
    files = changed({"files": files}, size=1)["files"]
    second = Answer(
        machine={**MACHINE, "host": "g"}, files=files, told="",
        sha256={path: sha256(data) for path, data in files.items()},
    )  # fmt: skip
    with pytest.raises(CheckError) as caught:
        answer.hold_together(str(stage), first, second)
    assert caught.value.parts == {
        "subject": f"fixture {NAME}: built twice",
        "expected": "the same bytes from both workers",
        "found": f"A: {SHOWN}\n"
        f"            B: {SHOWN.replace('on h', 'on g')}\n"
        "            more: only in B\n"
        "            xcoords: rounding: 16 of 16 values, first at (0,)\n"
        "            ycoords: only in A\n"
        "            sidecar: size",
        "remedy": "see what the two machines do otherwise: docs/cluster.md; nothing of it was "
        "written",
    }
