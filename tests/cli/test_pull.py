"""Tests of `fixtures pull`, from a directory remote. Others: tests/remotes."""

from __future__ import annotations

import errno
import json
import stat
from hashlib import md5, sha256

import pytest
import yaml

from registry import files
from registry.identity import pins
from registry.storage import cache
from tests.kit import registries as kit

NAMES = ("small_v1", "other_v1", "third_v1")
SIZE = "100,270"


@pytest.fixture
def store(tmp_path):
    """Folder of the remote."""
    return tmp_path / "store"


@pytest.fixture
def root(tmp_path, store, monkeypatch):
    """Top folder of a registry; the bytes of its fixtures are on the remote."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / "none"))
    for variable in ("FIXTURES_OFFLINE", "FIXTURES_REGISTRY"):
        monkeypatch.delenv(variable, raising=False)
    root = kit.write(tmp_path / "registry")
    kit.move_to_remote(root, store)
    kit.configure(root, "../../store")
    return root


@pytest.fixture
def path(root):
    """Workspace file of `small_v1`."""
    return root / kit.FOLDER / "small_v1.npz"


@pytest.fixture
def good(root, store):
    """Bytes of `small_v1`."""
    return kit.object_in(store, pins.find(root, "small_v1").md5).read_bytes()


def test_everything(fixtures, root, store):
    """Without names, all that is pinned comes from the remote, and a line says so for each."""
    ended = fixtures("pull")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines() == [
        *(f"pulled   {name}  ({SIZE} bytes from the remote)" for name in NAMES),
        "3 fixtures: 0 present, 0 from the cache, 3 from the remote, 0 failed",
    ], "not those lines"
    for pin in pins.read(root).values():
        expected = kit.object_in(store, pin.md5).read_bytes()
        assert (root / pin.path).read_bytes() == expected, f"other bytes of {pin.name}"
        assert cache.read(root, pin.md5) == expected, f"{pin.name} is not in the cache"


def test_some(fixtures, root):
    """With names, only these come."""
    ended = fixtures("pull", "other_v1", "other_v1")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[-1] == (
        "1 fixture: 0 present, 0 from the cache, 1 from the remote, 0 failed"
    ), "not that summary"
    here = [path.name for path in (root / kit.FOLDER).glob("*.npz")]
    assert here == ["other_v1.npz"], "not that file alone"


def test_what_is_there_stays(fixtures, path):
    """A good file is left as it is, and nobody is asked for it."""
    fixtures("pull")
    before = path.stat()
    ended = fixtures("pull", "--offline")
    assert ended.out.splitlines() == [
        *(f"present  {name}" for name in NAMES),
        "3 fixtures: 3 present, 0 from the cache, 0 from the remote, 0 failed",
    ], "not those lines"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns), (
        "written anew"
    )


def test_from_the_cache(fixtures, path, good):
    """What the cache has is not asked for."""
    fixtures("pull")
    path.unlink()
    ended = fixtures("pull", "--offline", "small_v1")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0] == f"pulled   small_v1  ({SIZE} bytes from the cache)"
    assert path.read_bytes() == good, "other bytes"


def test_a_bad_file_is_replaced(fixtures, path, good):
    """A file that is not what is pinned gives way to one that is."""
    fixtures("pull")
    kit.flip(path)
    ended = fixtures("pull", "small_v1")
    assert ended.code == 0, ended.err
    assert path.read_bytes() == good, "still the bad bytes"


def test_a_bad_cache_is_not_believed(fixtures, root, path, good):
    """A bad object in the cache is taken away and fetched anew."""
    fixtures("pull")
    path.unlink()
    cached = kit.cached(root, "small_v1")
    kit.flip(cached)
    ended = fixtures("pull", "small_v1")
    assert ended.out.splitlines()[0] == f"pulled   small_v1  ({SIZE} bytes from the remote)"
    assert path.read_bytes() == cached.read_bytes() == good, "bad bytes stayed"
    assert stat.S_IMODE(cached.stat().st_mode) == 0o444, "not the mode that DVC gives its objects"


def test_offline(fixtures, path):
    """Offline, what is not in the cache is missing; the others are not."""
    fixtures("pull", "other_v1")
    ended = fixtures("pull", "--offline")
    assert ended.code == 3, "not the exit code of what is missing"
    assert "MISSING  small_v1" in ended.out.splitlines(), "not said"
    assert "the remote was not asked (offline)" in ended.err, "no reason"
    assert "fixtures pull small_v1" in ended.err, "no remedy"
    assert "present  other_v1" in ended.out.splitlines(), "the good one suffers"
    assert not path.exists(), "a file came out of nowhere"


def test_offline_by_the_variable(fixtures, monkeypatch):
    """The variable that keeps everything offline holds here too."""
    monkeypatch.setenv("FIXTURES_OFFLINE", "1")
    assert fixtures("pull").code == 3, "the remote was asked"


def test_a_missing_object(fixtures, root, store):
    """An object that was never pushed fails alone; the message names the command for it."""
    kit.object_in(store, pins.find(root, "other_v1").md5).unlink()
    ended = fixtures("pull")
    assert ended.code == 3, "not the exit code of what is missing"
    assert ended.out.splitlines()[-1] == (
        "3 fixtures: 0 present, 0 from the cache, 2 from the remote, 1 failed"
    ), "not that summary"
    assert "dvc push fixture@other_v1" in ended.err, "no remedy"


def test_a_bad_object(fixtures, root, store, path):
    """Bad bytes on the remote reach neither the workspace nor the cache."""
    kit.flip(kit.object_in(store, pins.find(root, "small_v1").md5))
    ended = fixtures("pull", "small_v1")
    assert ended.code == 1, "not the exit code of a broken chain"
    assert "object 3ff0ddfd6e76727bde63b291e89637c9 of fixture@small_v1" in ended.err, ended.err
    assert "remote store (" in ended.err, ended.err
    assert not path.exists(), "bad bytes are in the workspace"
    assert not kit.cached(root, "small_v1").exists(), "bad bytes are in the cache"


def test_bytes_that_the_sidecar_does_not_know(fixtures, root, store, path):
    """Bytes that the lock pins, but not the sidecar, are not handed out either."""
    other = pins.find(root, "other_v1")
    small = pins.find(root, "small_v1")
    lock = root / "dvc.lock"
    lock.write_text(lock.read_text().replace(small.md5, other.md5))
    ended = fixtures("pull", "small_v1")
    assert ended.code == 1, "not the exit code of a broken chain"
    assert "broken link sidecar -> bytes" in ended.err, ended.err
    assert not path.exists(), "they are in the workspace"
    assert not kit.object_in(root / ".dvc" / "cache", other.md5).exists(), "they are in the cache"


def test_a_broken_sidecar(fixtures, root, path):
    """Without its sidecar nothing can be verified: the fixture is not pulled, the others are."""
    sidecar = path.with_suffix(".json")
    sidecar.write_text(sidecar.read_text().replace("small", "big"))
    ended = fixtures("pull")
    assert ended.code == 1, "not the exit code of a broken chain"
    assert "broken link lock -> sidecar" in ended.err, ended.err
    assert not path.exists(), "unverified bytes are in the workspace"
    assert ended.out.splitlines()[-1].startswith("3 fixtures: 0 present, 0 from the cache, 2 from")


def test_the_worst_exit_code_counts(fixtures, root, store):
    """One bad and one missing object end with the code of the bad one, and each has its word."""
    kit.flip(kit.object_in(store, pins.find(root, "small_v1").md5))
    kit.object_in(store, pins.find(root, "other_v1").md5).unlink()
    ended = fixtures("pull")
    assert ended.code == 1, "not that of what is wrong"
    assert sorted(
        line for line in ended.out.splitlines() if line.startswith(("BROKEN", "MISSING"))
    ) == ["BROKEN   small_v1", "MISSING  other_v1"], "not their words"


def test_a_document(fixtures, root, store, path):
    """Where the bytes of each were, and what is wrong, as it is said without; nothing on stderr."""
    fixtures("pull", "small_v1")
    path.unlink()
    kit.object_in(store, pins.find(root, "other_v1").md5).unlink()
    ended = fixtures("pull", "--json")
    assert (ended.code, ended.err) == (3, "")
    document = json.loads(ended.out)
    assert (document["root"], document["remarks"]) == (str(root), [])
    small, other, third = document["fixtures"]
    assert small == {
        "name": "small_v1",
        "path": f"{kit.FOLDER}/small_v1.npz",
        "size": 100270,
        "outcome": "from the cache",
    }
    assert (third["name"], third["outcome"]) == ("third_v1", "from the remote")
    error = other.pop("error")
    assert (other["name"], other["outcome"]) == ("other_v1", "failed")
    assert error["exit_code"] == 3
    assert "dvc push fixture@other_v1" in error["remedy"], error
    again = json.loads(fixtures("pull", "small_v1", "--json").out)
    assert [each["outcome"] for each in again["fixtures"]] == ["present"]


def test_a_document_has_what_is_deprecated(fixtures, root):
    """As one remark."""
    (root / "params.yaml").write_text("deprecated:\n  small_v1: {reason: too small}\n")
    (remark,) = json.loads(fixtures("pull", "small_v1", "--json").out)["remarks"]
    assert "too small" in remark


def test_a_document_of_nothing(fixtures, root):
    """It is a document all the same."""
    (root / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    assert json.loads(fixtures("pull", "--json").out)["fixtures"] == []


def test_an_unknown_name(fixtures):
    """A name that is not pinned is wrong use."""
    ended = fixtures("pull", "absent_v1")
    assert ended.code == 2, "not the exit code of wrong use"
    assert "fixture absent_v1" in ended.err, ended.err


def test_by_digest(fixtures, path, good):
    """An address by content means the fixture that has it."""
    ended = fixtures("pull", f"sha256:{sha256(good).hexdigest()}")
    assert ended.code == 0, ended.err
    assert path.read_bytes() == good, "not that fixture"


def test_two_fixtures_with_the_same_bytes(fixtures, root, path, good):
    """They are one object, fetched once, and two files."""
    twin = path.with_name("twin_v1.json")
    twin.write_text(path.with_suffix(".json").read_text().replace("small_v1", "twin_v1"))
    lock = yaml.safe_load((root / "dvc.lock").read_bytes())
    stage = json.loads(
        json.dumps(lock["stages"]["fixture@small_v1"]).replace("small_v1", "twin_v1")
    )
    for out in stage["outs"]:
        if out["path"].endswith(".json"):
            out.update(md5=md5(twin.read_bytes()).hexdigest(), size=twin.stat().st_size)
    lock["stages"]["fixture@twin_v1"] = stage
    (root / "dvc.lock").write_text(yaml.safe_dump(lock))
    ended = fixtures("pull", "small_v1", "twin_v1")
    assert ended.code == 0, ended.err
    found = [(root / kit.FOLDER / f"{name}_v1.npz").read_bytes() for name in ("small", "twin")]
    assert found == [good, good], "not both files"


def test_a_workspace_that_cannot_be_written(fixtures, path, monkeypatch):
    """Where the system refuses a file, the message has its words."""
    real = files.write_atomic

    def write_atomic(target, data, **options):
        if target == path:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        real(target, data, **options)

    monkeypatch.setattr(files, "write_atomic", write_atomic)
    ended = fixtures("pull")
    assert ended.code == 3, "not the exit code of what is out of reach"
    assert "No space left on device; nothing half-written is left" in ended.err, ended.err
    assert ended.out.splitlines()[-1].endswith("2 from the remote, 1 failed"), ended.out
