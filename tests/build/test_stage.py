"""Tests of `registry.build.stage`."""

from __future__ import annotations

import pytest

from generators import subset_v1
from registry.build import stage
from registry.errors import CheckError, MissingError

OPTIONS = {"n_subset": int, "photons": float, "source": str}


def test_flags_become_parameters():
    """Each flag arrives under its own name and as its own type."""
    flags = ["a_v1", "--generator", "subset_v1", "--n_subset", "64", "--photons", "1e6", "--Y"]
    assert stage.parse_flags(flags, OPTIONS, ("diff3d", "Y")) == (
        "a_v1",
        "subset_v1",
        {"n_subset": 64, "photons": 1e6, "diff3d": False, "Y": True},
    ), "not the name, the generator and the parameters given"


def test_flags_of_a_generators_own(monkeypatch):
    """A generator's module has the keys that it alone knows, and those of another are refused."""
    monkeypatch.setattr(subset_v1, "OPTIONS", {"depth": int}, raising=False)
    monkeypatch.setattr(subset_v1, "SWITCHES", ("deep",), raising=False)
    flags = ["a_v1", "--generator", "subset_v1", "--depth", "3"]
    assert stage.parse_flags(flags, OPTIONS)[2] == {"depth": 3, "deep": False}
    with pytest.raises(SystemExit):
        stage.parse_flags(["a_v1", "--generator", "file_v1", "--depth", "3"], OPTIONS)


@pytest.mark.parametrize("number", ["-1", "-0.5", "-1e-05", "-.5"])
def test_negative_numbers(number):
    """A value that starts with a dash is a value, in any form that DVC writes numbers in."""
    flags = ["a_v1", "--generator", "subset_v1", "--photons", number, "--source", "x"]
    found = stage.parse_flags(flags, OPTIONS)[2]
    assert found == {"photons": float(number), "source": "x"}, "not the number"


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["a_v1"],
        ["--generator", "subset_v1"],
        ["a_v1", "--generator", "subset_v1", "--colour", "red"],
        ["a_v1", "--generator", "subset_v1", "--n_sub", "64"],
        ["a_v1", "--generator", "subset_v1", "--n_subset", "many"],
        ["a_v1", "--generator", "subset_v1", "b_v1"],
    ],
)
def test_wrong_flags(flags, capsys):
    """A flag that is missing, unknown, shortened or of another type is exit code 2."""
    with pytest.raises(SystemExit) as caught:
        stage.parse_flags(flags, OPTIONS)
    assert caught.value.code == 2, "not the exit code of wrong use"
    assert "usage:" in capsys.readouterr().err, "no usage on stderr"


def test_a_generator_is_found_by_its_name():
    """The module of a generator is the one of its file."""
    assert stage.load_generator("subset_v1") is subset_v1


def test_a_generator_that_is_none():
    """A name without a file is an error that names the file."""
    with pytest.raises(CheckError) as caught:
        stage.load_generator("subset_v99")
    assert caught.value.expected == "a file generators/subset_v99.py", "the file is not named"


def test_identity_is_what_git_says(top):
    """A generator and its helpers are known by the ids that git gives their files."""
    (top / "generators/subset_v1.py").write_bytes(b"hello\n")
    (top / "generators/exact_v1.py").write_bytes(b"hello\r\n")
    # printf 'hello\n' | git hash-object --stdin; a checkout with Windows newlines is the same file
    blob = "blob:ce013625030ba8dba906f756967f9e9ca394464a"
    assert stage.identity(subset_v1) == {
        "generator_script": "generators/subset_v1.py",
        "generator_commit": blob,
        "generator_helpers": {"generators/exact_v1.py": blob},
    }, "not path and id of the generator and of its helper"


def test_a_record_and_back(top):
    """A source's record is read as it was written, any letter and null included."""
    record = {"name": "mine", "licence": "© Ångström", "photon_scale": None}
    stage.SOURCES.mkdir(parents=True)
    (stage.SOURCES / "mine.json").write_bytes(stage.encode_record(record))
    assert stage.read_record("mine") == record


def test_no_record(top):
    """A source that was not built is exit code 3, with the command that builds it."""
    with pytest.raises(MissingError) as caught:
        stage.read_record("mine")
    assert caught.value.remedy == "dvc repro source@mine", "not the command that builds it"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff"])
def test_a_damaged_record(top, data):
    """A record that is not JSON is to be built again."""
    stage.SOURCES.mkdir(parents=True)
    (stage.SOURCES / "mine.json").write_bytes(data)
    with pytest.raises(CheckError) as caught:
        stage.read_record("mine")
    assert caught.value.subject == "source mine", "the source is not named"
    assert caught.value.remedy == "dvc repro --force source@mine"
