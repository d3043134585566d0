"""Tests of `fixtures export`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from tests.kit.repository import REPOSITORY

NAME = "minimal_dataset_v1_n16"
SIDECAR = f"tests/fixtures/pytorch_integration/{NAME}.json"
FORMS = ["--croissant", "--in-toto"]


@pytest.mark.parametrize("form", FORMS)
def test_standard_output_and_file(fixtures, root, form):
    """Both get the same bytes; with a file, nothing is printed."""
    printed = fixtures("export", NAME, form)
    assert (printed.code, printed.err) == (0, ""), "not a clean end"
    written = fixtures("export", NAME, form, "--output", "new/folder/it.json")
    assert (written.code, written.out, written.err) == (0, "", ""), "not silent"
    assert (root / "new/folder/it.json").read_text() == printed.out, "not the same"
    assert printed.out.isascii(), "what a terminal can show changes the bytes"


@pytest.mark.parametrize("form", FORMS)
def test_the_same_bytes_elsewhere(fixtures, root, tmp_path, form):
    """Another folder, time zone, language and order of names: nothing of them is in it."""
    here = fixtures("export", "minimal_dataset_v1", NAME, form)
    shutil.copytree(root, tmp_path / "else where")
    done = subprocess.run(
        [sys.executable, "-m", "registry.cli", "export", NAME, "minimal_dataset_v1", form],
        cwd=tmp_path / "else where",
        env={
            "PYTHONPATH": str(REPOSITORY),
            "TZ": "Asia/Tokyo",
            "LC_ALL": "POSIX",
            "PYTHONIOENCODING": "ascii",
            "PYTHONHASHSEED": "7",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == here.out, "not the same bytes"
    assert str(tmp_path) not in here.out, "a path of this machine"


def test_one_or_all(fixtures):
    """A single name gets a document of its own; without names it is the registry's."""
    one = json.loads(fixtures("export", NAME, "--croissant").out)
    assert (one["name"], one["version"]) == (NAME, "1.0.0"), "not the fixture's"
    twice = json.loads(fixtures("export", NAME, NAME, "--croissant").out)
    assert twice == one, "a name that is there twice counts twice"
    whole = json.loads(fixtures("export", "--croissant").out)
    assert whole["name"] == "Fixture registry", "not the name declared in params.yaml"
    assert len(whole["recordSet"]) == 2, "not all fixtures"


@pytest.mark.parametrize("form", FORMS)
def test_a_broken_sidecar(fixtures, root, form):
    """Nothing is written of a record that its pin disowns."""
    (root / SIDECAR).write_text((root / SIDECAR).read_text().replace("CC0-1.0", "MIT"))
    ended = fixtures("export", form, "--output", "it.json")
    assert (ended.code, ended.out) == (1, ""), "not a failed check, or something on stdout"
    assert ended.err.startswith(f"error: fixture {NAME}: broken link lock -> sidecar\n")
    assert not (root / "it.json").exists(), "a document was written"


def test_a_broken_declaration(fixtures, root):
    """Who made the data is taken from a declaration that keeps its rules, or not at all."""
    text = (root / "params.yaml").read_text()
    assert "  version: 1.0.0\n" in text, "the declaration has another version"
    (root / "params.yaml").write_text(text.replace("  version: 1.0.0\n", "  version: one\n"))
    ended = fixtures("export", "--croissant")
    assert (ended.code, ended.out) == (1, ""), "not a failed check, or something on stdout"
    assert "found:    dataset.version: expected a version of three numbers" in ended.err
    assert fixtures("export", "--in-toto").code == 0, "in-toto needs nothing of it"


@pytest.mark.parametrize("arguments", [(), (NAME,), tuple(FORMS), ("--croissant", "--output")])
def test_wrong_use(fixtures, arguments):
    """One form has to be named, and not both."""
    ended = fixtures("export", *arguments)
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"
    assert ended.err.startswith("usage: fixtures export "), "no usage on stderr"


def test_an_unknown_name(fixtures):
    """A wrong name is wrong use."""
    ended = fixtures("export", "nope_v1", "--in-toto")
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"
    assert ended.err.startswith("error: fixture nope_v1\n"), "not named"


def test_a_file_that_cannot_be_written(fixtures, root):
    """What the system refuses is a message with the path."""
    ended = fixtures("export", "--in-toto", "--output", "params.yaml/it.json")
    assert ended.code == 3, "not the exit code of what is out of reach"
    assert ended.err.startswith("error: file params.yaml/it.json\n"), "the file is not named"
