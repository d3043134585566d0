"""Tests of `registry.identity.pins`."""

from __future__ import annotations

import shutil

import pytest

from registry.errors import ChainError, MissingError, UsageError
from registry.identity import pins
from registry.identity.pins import Pin

LOCK = """\
schema: '2.0'
stages:
  code:
    cmd: python -m registry.build.code
    outs:
    - {path: build/code, hash: md5, md5: 00.dir, size: 33, nfiles: 2}
  report:
    cmd: without outputs
  fixture@b_v1:
    cmd: python -m registry.build.fixture b_v1
    outs:
    - {path: tests/fixtures/b_v1.json, hash: md5, md5: db1fdb1fdb1fdb1fdb1fdb1fdb1fdb1f, size: 11}
    - {path: tests/fixtures/b_v1.npz, hash: md5, md5: db2fdb2fdb2fdb2fdb2fdb2fdb2fdb2f, size: 12}
  fixture@a_v1:
    cmd: python -m registry.build.fixture a_v1
    outs:
    - {path: tests/fixtures/a_v1.json, hash: md5, md5: da1fda1fda1fda1fda1fda1fda1fda1f, size: 21}
    - {path: tests/fixtures/a_v1.npz, hash: md5, md5: da2fda2fda2fda2fda2fda2fda2fda2f, size: 22}
"""
B = Pin(
    name="b_v1",
    path="tests/fixtures/b_v1.npz",
    md5="db2f" * 8,
    size=12,
    sidecar_path="tests/fixtures/b_v1.json",
    sidecar_md5="db1fdb1fdb1fdb1fdb1fdb1fdb1fdb1f",
    sidecar_size=11,
    targets=("fixture@b_v1",),
)
NOT_A_LOCK = (
    "a lock as DVC writes it: each fixture stage with the md5 and size of one .npz and one .json"
)


@pytest.fixture
def registry_with(tmp_path):
    """A folder with a lock of this text."""

    def make(text: str):
        (tmp_path / "dvc.lock").write_text(text)
        return tmp_path

    return make


def test_pins_of_a_lock(registry_with):
    """Each fixture stage is a pin, in the lock's order; other stages are none."""
    found = pins.read(registry_with(LOCK))
    assert list(found) == ["b_v1", "a_v1"], "not the fixtures, or not in the lock's order"
    assert found["b_v1"] == B, "not what the lock says"


@pytest.mark.parametrize("text", ["", "schema: '2.0'\n", "schema: '2.0'\nstages: {}\n"])
def test_a_lock_without_fixtures(registry_with, text):
    """A registry in which nothing was built has no pins."""
    assert pins.read(registry_with(text)) == {}, "pins out of nothing"


def test_a_lock_is_read_again_when_it_changes(registry_with):
    """What is pinned follows the file, within one process."""
    root = registry_with(LOCK)
    before = pins.find(root, "b_v1")
    registry_with(LOCK.replace("db2f" * 8, "dc2f" * 8))
    assert (before.md5, pins.find(root, "b_v1").md5) == (
        "db2f" * 8,
        "dc2f" * 8,
    ), "an old lock was remembered"


def test_no_lock(tmp_path):
    """Without a lock the error says how to get one."""
    with pytest.raises(MissingError) as caught:
        pins.read(tmp_path)
    error = caught.value
    assert (error.subject, error.found) == ("dvc.lock", "no such file")
    assert error.remedy == "git checkout dvc.lock, or build the fixtures: make fixtures"


OUT = (
    "    - {path: tests/fixtures/b_v1.npz, hash: md5, "
    "md5: db2fdb2fdb2fdb2fdb2fdb2fdb2fdb2f, size: 12}\n"
)
CONFLICT = "<<<<<<< HEAD\n{}=======\n{}>>>>>>> theirs\n"


def test_a_lock_that_is_none(registry_with):
    """Garbage and conflict markers are errors that say what to do, not tracebacks."""
    for text in (
        LOCK.replace(OUT, CONFLICT.format(OUT, OUT.replace("db2f" * 8, "dd2f"))),
        "<<<<<<< HEAD\n" + LOCK,
        "- a\n",
        "garbage",
        "stages: [1]\n",
        "stages: {fixture@a_v1: 1}\n",
        "stages: {fixture@a_v1: {cmd: x}}\n",
        "a: [",
        "\0",
        LOCK.replace(OUT, ""),
        LOCK.replace("md5: db2fdb2fdb2fdb2fdb2fdb2fdb2fdb2f, ", ""),
        LOCK.replace("size: 12", "size: many"),
        LOCK.replace(".npz", ".npy"),
    ):
        with pytest.raises(ChainError) as caught:
            pins.read(registry_with(text))
        error = caught.value
        assert (error.subject, error.expected) == ("dvc.lock", NOT_A_LOCK), text
        assert error.remedy == "git checkout dvc.lock; after a merge, settle its conflicts", text
        assert "\n" not in error.found, f"the parser's message spills over several lines: {text}"


def test_a_lock_of_bytes_that_are_no_text(tmp_path):
    """A lock overwritten with another file's bytes is an error of the chain."""
    (tmp_path / "dvc.lock").write_bytes(b"PK\3\4\xff\xfe\0\0")
    with pytest.raises(ChainError) as caught:
        pins.read(tmp_path)
    assert caught.value.subject == "dvc.lock"


@pytest.mark.parametrize(
    ("name", "suggestion"), [("b_v2", "; perhaps b_v1"), ("nothing_like_it", "")]
)
def test_an_unknown_name(registry_with, name, suggestion):
    """The error lists what there is, and suggests what may have been meant."""
    with pytest.raises(UsageError) as caught:
        pins.find(registry_with(LOCK), name)
    error = caught.value
    assert error.subject == f"fixture {name}", "the name is not in the subject"
    assert error.expected == f"a fixture that dvc.lock pins{suggestion}", "not the suggestion"
    assert error.found == "no such name among b_v1, a_v1", "not the names there are"
    assert error.remedy == (
        "fixtures list shows them; a new one is an entry in params.yaml and dvc repro"
    )


IMPORT = """\
frozen: true
deps:
- path: {path}
  repo: {{url: ../registry, rev_lock: 0123}}
outs:
- {{md5: {md5}, size: {size}, hash: md5, path: {name}}}
"""


@pytest.fixture
def importing(tmp_path):
    """A repository without a lock that imported c_v1 into its folder data."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, md5, size in (
        ("c_v1.npz", "de1fde1fde1fde1fde1fde1fde1fde1f", 31),
        ("c_v1.json", "de2fde2fde2fde2fde2fde2fde2fde2f", 32),
    ):
        text = IMPORT.format(path=f"tests/fixtures/{name}", md5=md5, size=size, name=name)
        (folder / f"{name}.dvc").write_text(text)
    return tmp_path


def test_pins_of_an_import(importing):
    """A pair of .dvc files is a pin, its paths relative to the repository that imports."""
    assert pins.find(importing, "c_v1") == Pin(
        name="c_v1",
        path="data/c_v1.npz",
        md5="de1fde1fde1fde1fde1fde1fde1fde1f",
        size=31,
        sidecar_path="data/c_v1.json",
        sidecar_md5="de2fde2fde2fde2fde2fde2fde2fde2f",
        sidecar_size=32,
        targets=("data/c_v1.npz.dvc", "data/c_v1.json.dvc"),
        imported=True,
    ), "not what the .dvc files say"


def test_a_file_without_its_sidecar_is_no_fixture(importing):
    """Other data that DVC tracks beside fixtures is not taken for one."""
    (importing / "data" / "c_v1.json.dvc").unlink()
    (importing / "dvc.lock").write_text(LOCK)
    assert list(pins.read(importing)) == ["b_v1", "a_v1"], "half a pair was taken for a fixture"


@pytest.mark.parametrize("folder", ["build", ".venv", "site-packages"])
def test_imports_of_other_projects_are_not_looked_at(importing, folder):
    """Environments and build folders may hold .dvc files that are not this repository's."""
    (importing / folder).mkdir()
    shutil.move(importing / "data", importing / folder / "data")
    with pytest.raises(MissingError):
        pins.read(importing)


def test_an_import_that_is_none(importing):
    """A damaged .dvc file is named."""
    (importing / "data" / "c_v1.npz.dvc").write_text("outs: []\n")
    with pytest.raises(ChainError) as caught:
        pins.read(importing)
    assert caught.value.subject == "data/c_v1.npz.dvc", "the damaged file is not named"
    assert caught.value.remedy == "git checkout the file, or run dvc import again"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("path: tests/fixtures/a_v1.npz", "path: ../a_v1.npz", "path ../a_v1.npz leaves"),
        ("path: tests/fixtures/a_v1.json", "path: /a_v1.json", "path /a_v1.json leaves"),
        ("md5: " + "da2f" * 8, "md5: ../f", "md5 ../f is not"),
    ],
)
def test_a_lock_that_reaches_out_of_the_registry(registry_with, old, new, found):
    """Neither a path nor a digest may name a place outside: both become paths."""
    with pytest.raises(ChainError) as caught:
        pins.read(registry_with(LOCK.replace(old, new)))
    assert found in caught.value.found


def test_an_import_without_its_sidecar_says_what_to_import(importing):
    """A name of which only the bytes were imported is answered with what is missing."""
    (importing / "data" / "c_v1.json.dvc").unlink()
    with pytest.raises(UsageError) as caught:
        pins.find(importing, "c_v1")
    assert caught.value.found == "c_v1.npz.dvc alone"
