"""Tests of `registry.identity.pins`."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import ChainError, MissingError, UsageError
from registry.identity import pins
from registry.identity.pins import Pin
from tests.kit.repository import REPOSITORY

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


def test_what_pins_a_fixture():
    """A stage of the lock, or the files of an import: those are taken back where it is wrong."""
    assert B.pinned_by == "dvc.lock"
    assert B.restore == "git checkout -- dvc.lock tests/fixtures/b_v1.json"
    imported = replace(B, imported=True, targets=("b_v1.npz.dvc", "b_v1.json.dvc"))
    assert imported.pinned_by == "b_v1.npz.dvc and b_v1.json.dvc"
    assert imported.restore == (
        "git checkout -- b_v1.npz.dvc b_v1.json.dvc, then fixtures pull b_v1"
    )


def test_what_to_do_where_nothing_is_pinned(tmp_path):
    """What is declared can be built, and elsewhere fixtures are imported."""
    assert pins.nothing_pinned(tmp_path) == pins.IMPORT
    for text in ("", "# fixtures:\n", "model:\n  fixtures: 3\n"):
        (tmp_path / "params.yaml").write_text(text)
        assert pins.nothing_pinned(tmp_path) == pins.IMPORT
    (tmp_path / "params.yaml").write_text("sources: {}\nfixtures: {}\n")
    assert pins.nothing_pinned(tmp_path) == "build what params.yaml declares: dvc repro"


@pytest.mark.parametrize("text", ["", "- a\n", "stages: {}\n", "a: 1\n"])
def test_what_has_no_schema(text):
    """It is no lock of DVC's, which writes a schema into an empty one, too."""
    with pytest.raises(ChainError) as caught:
        pins.parse(text.encode())
    assert caught.value.found == "ValueError: no mapping with a schema"


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


@pytest.mark.parametrize("text", ["schema: '2.0'\n", "schema: '2.0'\nstages: {}\n"])
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
    """Without a lock the error of a registry says how to get one."""
    (tmp_path / "params.yaml").write_text("sources: {}\nfixtures: {}\n")
    with pytest.raises(MissingError) as caught:
        pins.read(tmp_path)
    error = caught.value
    assert (error.subject, error.found) == ("dvc.lock", "no such file")
    assert error.remedy == "git checkout dvc.lock, or build what params.yaml declares: dvc repro"


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
        assert error.subject.partition(": stage fixture@")[0] == "dvc.lock", text
        assert error.expected == NOT_A_LOCK, text
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
    root = registry_with(LOCK)
    (root / "params.yaml").write_text("fixtures: {}\n")
    with pytest.raises(UsageError) as caught:
        pins.find(root, name)
    error = caught.value
    assert error.subject == f"fixture {name}", "the name is not in the subject"
    assert error.expected == f"a fixture that is pinned here{suggestion}", "not the suggestion"
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


def test_one_import_is_read_without_the_others(importing):
    """Each pair of files stands for itself, so one is found beside a damaged one; a list is not."""
    (importing / "data" / "d_v1.npz.dvc").write_text("outs: []\n")
    (importing / "data" / "d_v1.json.dvc").write_text("outs: []\n")
    assert pins.find(importing, "c_v1").md5 == "de1f" * 8
    for ask in (lambda: pins.find(importing, "d_v1"), lambda: pins.read(importing)):
        with pytest.raises(ChainError) as caught:
            ask()
        assert caught.value.subject == "data/d_v1.npz.dvc"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        *(
            (f"tests/fixtures/a_v1.{suffix}", json.dumps(f"{path}.{suffix}"), f"path {path!r}"[:-1])
            for suffix in ("npz", "json")
            for path in (
                "../a_v1", "/a_v1", "a//a_v1", "./a_v1", "a\\a_v1", "a\0/a_v1", "a\x1b[2J/a_v1",
                "a\u202e/a_v1", "C:/a_v1", "c:a_v1",
            )
        ),
        ("tests/fixtures/a_v1.npz", "b_v1.npz", "b_v1.npz is not of a file a_v1.npz"),
        ("tests/fixtures/a_v1.json", "tmp_path.json", "tmp_path.json is not of a file a_v1.json"),
        ("tests/fixtures/a_v1.json", "also/a_v1.npz", "two files that end with .npz"),
        *(
            ("da2f" * 8, md5, f"md5 '{md5}' is not 32 hexadecimal digits")
            for md5 in ("../f", "DA2F" * 8, "da2f" * 9, "0" * 31, "\u0660" * 32)
        ),
        *(
            ("size: 22", f"size: {size}", f"size '{size}' is no number of bytes")
            for size in ("-1", "1e3", "1_000", "0x10", "0022", "2" * 16, "\u0662", "many")
        ),
    ],
)  # fmt: skip
def test_a_lock_that_dvc_does_not_write(registry_with, old, new, found):
    """Paths, digests and sizes are held to their rules: what they become is written and fetched."""
    with pytest.raises(ChainError) as caught:
        pins.read(registry_with(LOCK.replace(old, new)))
    assert caught.value.subject == "dvc.lock: stage fixture@a_v1", "the stage is not named"
    assert found in caught.value.found


NO_NAMES = [
    "x",
    "tmp_path",
    "request",
    "__class__",
    "",
    "a_v1\x1b[31m",
    "\u202ea_v1",
    "A_v1",
    "../a_v1",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_lock_with_a_name_that_no_fixture_has(registry_with, name):
    """It would shadow pytest's own, or steer a terminal: the lock is refused, the stage named."""
    written = LOCK.replace("fixture@a_v1", json.dumps(f"fixture@{name}")).replace(
        "tests/fixtures/a_v1", "tests/fixtures/b_v1"
    )
    with pytest.raises(ChainError) as caught:
        pins.read(registry_with(written))
    assert caught.value.subject == f"dvc.lock: stage fixture@{name}", "the stage is not named"
    assert caught.value.found == f"ValueError: {name!r} has no version such as _v1"
    assert str(caught.value).replace("\n", "").isprintable(), "it steers the terminal"


@pytest.mark.parametrize("name", ["x", "tmp_path", "request", "__class__", "A_v1"])
def test_other_data_of_a_repository_is_no_import(importing, name):
    """A pair of .dvc files whose name no fixture can have is the repository's own."""
    for kind in ("npz", "json"):
        text = (importing / "data" / f"c_v1.{kind}.dvc").read_text().replace("c_v1", name)
        (importing / "data" / f"{name}.{kind}.dvc").write_text(text)
    assert list(pins.read(importing)) == ["c_v1"], "taken for a fixture"


@pytest.mark.parametrize("kind", ["npz", "json"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("path: c_v1.", "path: tmp_path."),
        *(("path: c_v1.{kind}", f"path: {path}") for path in (
            "''", ".", "..", "../c_v1.{kind}", "/c_v1.{kind}", "[c_v1.{kind}]", r'"c\0_v1.{kind}"',
        )),
        *(("{md5}", md5) for md5 in ("0", "../f", "[]", "DE1F" * 8)),
        *(("size: 3", f"size: {size}") for size in ("-3", "3" * 20, "many", "1e", "{{}}")),
        ("outs:", "wdir: ../..\nouts:"),
        ("outs:", "wdir: /\nouts:"),
        ("outs:", "wdir: []\nouts:"),
        ("outs:", "outs: {{a: " + "[" * 5000),
    ],
)  # fmt: skip
def test_an_import_that_dvc_does_not_write(importing, kind, old, new):
    """Whatever is impossible in a .dvc file is an error that names the file."""
    file = importing / "data" / f"c_v1.{kind}.dvc"
    md5 = ("de1f" if kind == "npz" else "de2f") * 8
    old, new = (text.format(kind=kind, md5=md5) for text in (old, new))
    text = file.read_text()
    assert old in text, "nothing is changed"
    file.write_text(text.replace(old, new))
    with pytest.raises(ChainError) as caught:
        pins.read(importing)
    error = caught.value
    assert error.subject.startswith("data/c_v1."), "the file is not named"
    assert error.remedy == "git checkout the file, or run dvc import again"


def test_an_import_into_another_folder(importing):
    """A working directory above the file is fine while it is in the repository."""
    for kind in ("npz", "json"):
        file = importing / "data" / f"c_v1.{kind}.dvc"
        file.write_text(file.read_text() + "wdir: ../other\n")
    assert pins.find(importing, "c_v1").path == "other/c_v1.npz", "not where DVC puts it"


@pytest.mark.parametrize(
    ("name", "made"),
    [("dvc.lock", Path.mkdir), ("dvc.lock", os.mkfifo), ("data/c_v1.npz.dvc", os.mkfifo)],
)
def test_what_is_no_file(importing, made, name):
    """A folder or a pipe in place of pins is neither waited for nor a traceback."""
    (importing / name).unlink(missing_ok=True)
    made(importing / name)
    with pytest.raises((MissingError, ChainError)) as caught:
        pins.read(importing)
    assert caught.value.subject == name, "not named"


def test_a_registry_at_a_path_that_cannot_be():
    """A NUL ends no program."""
    with pytest.raises(MissingError) as caught:
        pins.find(Path("a\0b"), "a_v1")
    assert caught.value.found == "embedded null byte", caught.value.found


def test_an_import_without_its_sidecar_says_what_to_import(importing):
    """A name of which only the bytes were imported is answered with what is missing."""
    (importing / "data" / "c_v1.json.dvc").unlink()
    with pytest.raises(UsageError) as caught:
        pins.find(importing, "c_v1")
    assert caught.value.found == "c_v1.npz.dvc alone"


def test_one_pin_is_read_without_the_others(registry_with, monkeypatch):
    """Of a lock as DVC writes it, whose rules hold all the same, and whose form is seen once."""
    text = (REPOSITORY / "dvc.lock").read_text()
    root = registry_with(text)
    seen = []
    read = pins.canonical_lock.read
    monkeypatch.setattr(pins.canonical_lock, "read", lambda data: seen.append(data) or read(data))
    monkeypatch.setattr(pins.plain_yaml, "load", None)
    expected = pins.parse(text.encode())
    del seen[:]
    monkeypatch.setattr(pins, "_parse", None)
    for name in (*expected, *expected):
        assert pins.find(root, name) == expected[name]
    assert len(seen) == 1, "the lock was gone through again"


def test_a_rule_that_another_stage_breaks(registry_with):
    """None of a lock's pins is used then, whichever is asked for."""
    text = (REPOSITORY / "dvc.lock").read_text()
    name = next(iter(pins.parse(text.encode())))
    root = registry_with(text.replace("_v1_n128.npz", "_v1_n127.npz"))
    with pytest.raises(ChainError) as caught:
        pins.find(root, name)
    assert caught.value.subject == "dvc.lock: stage fixture@minimal_dataset_v1_n128"
