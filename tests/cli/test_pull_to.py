"""Tests of `fixtures pull --to`: a verified copy where a test opens it."""

from __future__ import annotations

import json
import os

import pytest

from registry.identity import pins
from tests.kit import registries as kit
from tests.kit.environment import environment
from tests.kit.upstream import Upstream


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Top folder of a registry; the bytes of its fixtures are on the remote."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    for variable in ("FIXTURES_OFFLINE", "FIXTURES_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)
    root = kit.write(tmp_path / "registry")
    kit.move_to_remote(root, tmp_path / "store")
    kit.configure(root, "../../store")
    return root


@pytest.fixture
def good(root, tmp_path):
    """Bytes of `small_v1`."""
    return kit.object_in(tmp_path / "store", pins.find(root, "small_v1").md5).read_bytes()


def test_a_file(fixtures, root, good, tmp_path):
    """The copy is at the path, in folders that are made, and nowhere else in the workspace."""
    path = tmp_path / "new" / "folder" / "data.npz"
    ended = fixtures("pull", "small_v1", "--to", str(path))
    assert ended.code == 0, ended.err
    assert ended.out == f"pulled   small_v1  ({path})\n", "not said"
    assert path.read_bytes() == good, "other bytes"
    assert [each.name for each in path.parent.iterdir()] == ["data.npz"], "something beside it"
    assert not (root / pins.find(root, "small_v1").path).exists(), "in the workspace, too"


@pytest.mark.parametrize("slash", [True, False])
def test_a_folder(fixtures, root, good, tmp_path, slash):
    """Fixture and sidecar under their own names."""
    folder = tmp_path / "data"
    if not slash:
        folder.mkdir()
    ended = fixtures("pull", "small_v1", "--to", f"{folder}{'/' * slash}")
    assert ended.code == 0, ended.err
    assert (folder / "small_v1.npz").read_bytes() == good, "other bytes"
    sidecar = (root / pins.find(root, "small_v1").sidecar_path).read_bytes()
    assert (folder / "small_v1.json").read_bytes() == sidecar, "another sidecar"


def test_again(fixtures, root, tmp_path):
    """What is there already stays as it is."""
    path = tmp_path / "data.npz"
    fixtures("pull", "small_v1", "--to", str(path))
    before = path.stat().st_mtime_ns
    ended = fixtures("pull", "small_v1", "--to", str(path))
    assert ended.out == f"present  small_v1  ({path})\n", "not said"
    assert path.stat().st_mtime_ns == before, "written again"


def test_a_document(fixtures, root, tmp_path):
    """Where the copy is, and whether it was there."""
    path = tmp_path / "small_v1.npz"
    for outcome in ("pulled", "present"):
        ended = fixtures("pull", "small_v1", "--to", f"{tmp_path}/", "--json")
        assert (ended.code, ended.err) == (0, "")
        assert json.loads(ended.out) == {
            "root": str(root),
            "fixtures": [
                {"name": "small_v1", "path": str(path), "size": 100270, "outcome": outcome}
            ],
            "remarks": [],
        }


@pytest.mark.parametrize("name", ["small_v1.npz", "small_v1.json"])
def test_another_file_is_there(fixtures, root, tmp_path, name):
    """It is not overwritten, and nothing is put beside it."""
    path = tmp_path / "data" / name
    path.parent.mkdir()
    path.write_bytes(b"mine")
    ended = fixtures("pull", "small_v1", "--to", str(path.parent))
    assert ended.code == 2, ended
    assert f"error: {path}\n" in ended.err, ended.err
    assert "to mend:  remove it, or name another path: --to PATH" in ended.err, ended.err
    assert [each.read_bytes() for each in path.parent.iterdir()] == [b"mine"], "half done"


def test_a_link_is_there(fixtures, root, good, tmp_path):
    """It is neither written through nor replaced, even where it leads to the same bytes."""
    (tmp_path / "same").write_bytes(good)
    path = tmp_path / "data.npz"
    path.symlink_to(tmp_path / "same")
    assert fixtures("pull", "small_v1", "--to", str(path)).code == 2, "not refused"
    assert path.is_symlink(), "replaced"


def test_a_pipe_is_there(fixtures, root, tmp_path):
    """It is not waited for."""
    path = tmp_path / "data.npz"
    os.mkfifo(path)
    assert fixtures("pull", "small_v1", "--to", str(path)).code == 2, "not refused"


@pytest.mark.parametrize("names", [(), ("small_v1", "other_v1")])
def test_one_path_is_for_one_fixture(fixtures, root, tmp_path, names):
    """Neither none nor several are meant by it."""
    ended = fixtures("pull", *names, "--to", str(tmp_path / "data"))
    assert ended.code == 2, ended
    assert "the name of one fixture" in ended.err, ended.err


def test_bad_bytes_on_the_remote(fixtures, root, tmp_path):
    """They are put nowhere."""
    kit.flip(kit.object_in(tmp_path / "store", pins.find(root, "small_v1").md5))
    path = tmp_path / "data.npz"
    assert fixtures("pull", "small_v1", "--to", str(path)).code == 1, "not refused"
    assert not path.exists(), "bad bytes"


def test_offline(fixtures, root, good, tmp_path):
    """The cache alone is asked, and has what was pulled before."""
    path = tmp_path / "data.npz"
    command = ("pull", "small_v1", "--offline", "--to", str(path))
    assert fixtures(*command).code == 3, "the remote was asked"
    fixtures("pull", "small_v1", "--to", str(tmp_path / "other.npz"))
    assert fixtures(*command).code == 0, "the cache was not asked"
    assert path.read_bytes() == good, "other bytes"


def test_by_url(fixtures, root, tmp_path, monkeypatch):
    """From a registry that has no folder here; the second time without it."""
    upstream = Upstream(tmp_path / "theirs" / "registry")
    data = (upstream.path / pins.find(upstream.path, "small_v1").path).read_bytes()
    monkeypatch.setenv("FIXTURES_REGISTRY", upstream.at("main"))
    for name in ("first", "second"):
        path = tmp_path / f"{name}.npz"
        ended = fixtures("pull", "small_v1", "--to", str(path))
        assert ended.code == 0, ended.err
        assert path.read_bytes() == data, "other bytes"
        path.write_bytes(b"mine, and not the cache's")
        if upstream.path.exists():
            upstream.vanish()
            monkeypatch.setenv("FIXTURES_OFFLINE", "1")
