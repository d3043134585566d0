"""Tests of `registry.build.record`: what one stage says of a source, and the next one reads."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from registry.build import record
from registry.build.record import SourceRecord
from registry.errors import CheckError, MissingError

PATH = Path("build/sources/mine.json")
MINE = SourceRecord(
    name="mine",
    sha256="0" * 64,
    size=7,
    is_foreign=True,
    licence="© Ångström",
    commit=None,
    declaration={"generator": "file_v1", "path": "scan.npz"},
    generator_script="generators/file_v1.py",
    generators={"generators/file_v1.py": "blob:0123"},
    transformations=["diffraction: from array a"],
    details={"noise": "measured", "photon_scale": None},
)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write the record's file below an empty working directory."""
    monkeypatch.chdir(tmp_path)
    PATH.parent.mkdir(parents=True)
    return PATH.write_bytes


def test_a_record_and_back(write):
    """It is read as it was written, any letter and null included."""
    write(MINE.encode())
    assert record.read("mine") == MINE
    assert record.read("mine").path == Path("build/sources/mine.npz"), "not the file beside it"


def test_its_text(write):
    """JSON that people read: no escapes, one field a line, and a newline at the end."""
    text = MINE.encode().decode()
    assert '\n  "licence": "© Ångström",\n' in text
    assert text.endswith("}\n"), "no newline at the end"
    assert json.loads(text) == asdict(MINE), "not its fields"


def test_what_generators_are_given():
    """The field's own details stand beside the fields that every source has."""
    found = MINE.to_dict()
    assert (found["noise"], found["name"]) == ("measured", "mine")
    assert "details" not in found, "once more"


def test_another_record_has_another_text():
    """Each field is in it, so that DVC sees every change of a source."""
    changes = {
        **dict.fromkeys(("name", "sha256", "licence", "commit", "generator_script"), "other"),
        "size": 8,
        "is_foreign": False,
        "declaration": {},
        "generators": {},
        "details": {},
        "transformations": [],
    }
    texts = {replace(MINE, **{key: value}).encode() for key, value in changes.items()}
    assert len(texts - {MINE.encode()}) == 11, "a field is not in the text"


def test_no_record(write):
    """A source that was not built is exit code 3, with the command that builds it."""
    with pytest.raises(MissingError) as caught:
        record.read("mine")
    assert caught.value.remedy == "dvc repro source@mine", "not the command that builds it"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        MINE.encode().replace(b'"size"', b'"length"'),
        MINE.encode().replace(b'{\n  "name"', b'{\n  "more": 1,\n  "name"'),
    ],
    ids=["empty", "half", "no UTF-8", "list", "null", "no field", "an old field", "one more"],
)
def test_a_damaged_record(write, data):
    """A record that is not as this code writes it is to be built again."""
    write(data)
    with pytest.raises(CheckError) as caught:
        record.read("mine")
    assert caught.value.subject == "source mine", "the source is not named"
    assert caught.value.remedy == "dvc repro --force source@mine"
