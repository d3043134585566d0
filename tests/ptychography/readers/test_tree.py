"""Tests of `registry.ptychography.readers.tree`: everything is listed, and nothing is followed."""

from __future__ import annotations

import numpy as np
import pytest

from registry.errors import CheckError
from registry.ptychography.readers import tree
from registry.ptychography.readers.hdf5 import open_hdf5
from registry.ptychography.readers.tree import Node

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")


@pytest.fixture
def listed(tmp_path):
    """Nodes of a file that a function fills."""

    def listed(fill):
        path = tmp_path / "a.h5"
        with h5py.File(path, "w") as file:
            fill(file)
        with open_hdf5(path, "file a") as file:
            return list(tree.nodes(file))

    return listed


def test_datasets(listed):
    """With shape, dtype, unit, and the value of a single number or text."""

    def fill(file):
        file["g/frames"] = np.zeros((2, 3, 4), ">u2")
        file["g/frames"].attrs["units"] = "counts"
        file["energy"] = 7.25
        file["number"] = 5
        file["complex"] = 1 + 2j
        file["text"] = "mine"
        file["bytes"] = np.bytes_("mine")
        file["texts"] = ["a", "b"]
        file["nothing"] = h5py.Empty("f4")
        file["table"] = np.zeros(3, [("a", "i4"), ("b", "f8")])
        file.create_group("empty")

    assert listed(fill) == [
        Node(path="/bytes", shape="()", dtype="text", note="mine"),
        Node(path="/complex", shape="()", dtype="complex128"),
        Node(path="/energy", shape="()", dtype="float64", note="7.25"),
        Node(path="/g/frames", shape="(2, 3, 4)", dtype="uint16", unit="counts"),
        Node(path="/nothing", shape="none", dtype="float32"),
        Node(path="/number", shape="()", dtype="int64", note="5"),
        Node(path="/table", shape="(3,)", dtype="void96"),
        Node(path="/text", shape="()", dtype="text", note="mine"),
        Node(path="/texts", shape="(2,)", dtype="text"),
    ]


def test_links(listed):
    """They are shown and not followed, in a circle or out of the file."""

    def fill(file):
        file["a/b"] = h5py.SoftLink("/a")
        file["a/loop"] = file["a"]
        file["nowhere"] = h5py.SoftLink("/nope")
        file["out"] = h5py.ExternalLink("other.h5", "/x")

    assert listed(fill) == [
        Node(path="/a/b", note="link to /a"),
        Node(path="/nowhere", note="link to /nope"),
        Node(path="/out", note="link into another file, other.h5"),
    ]


def test_data_of_other_files(listed, tmp_path):
    """Datasets whose values lie elsewhere are named as such; the values are not read."""

    def fill(file):
        layout = h5py.VirtualLayout((4,), "f8")
        layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
        file.create_virtual_dataset("virtual", layout)
        other = [(str(tmp_path / "raw.bin"), 0, 8)]
        file.create_dataset("external", (1,), "f8", external=other)
        file.create_dataset("text", (1,), "S8", external=other)

    found = {node.path: node for node in listed(fill)}
    for path in ("/virtual", "/external"):
        assert isinstance(found[path].error, CheckError), f"{path} is not refused"
        assert found[path].note == "", "its value was read"
    assert found["/text"].note == "", "its value was read"


def test_texts_that_command_a_terminal(listed):
    """They are escaped, and cut where they are long."""

    def fill(file):
        file["a\x1b[31m"] = "\x1b]0;mine\x07"
        file["long"] = "x" * 500

    assert listed(fill) == [
        Node(path="/a\\x1b[31m", shape="()", dtype="text", note="\\x1b]0;mine\\x07"),
        Node(path="/long", shape="()", dtype="text", note="x" * 60 + "…"),
    ]


def test_a_deep_and_a_wide_file(listed, monkeypatch):
    """Neither depth nor number of groups is without a limit of what is listed."""
    monkeypatch.setattr(tree, "MOST_NODES", 1500)

    def deep(file):
        for _ in range(30):
            file = file.create_group("g")
        file["x"] = 1

    def deeper(file):
        for _ in range(1200):
            file = file.create_group("g")
        file["x"] = 1

    def wide(file):
        for number in range(1600):
            file[f"{number}"] = number

    assert [node.shape for node in listed(deep)] == ["()"], "not to the end"
    assert listed(deeper)[0].error is not None, "nobody can read it"
    assert len(listed(wide)) == 1499, "without a limit"
