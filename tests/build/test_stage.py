"""Tests of `registry.build.stage`: the flags of an entry, read by the schema of its generator."""

from __future__ import annotations

import pytest

from generators import scan_v2, subset_v1
from registry.build import stage
from registry.errors import CheckError, MissingError, UsageError

# One key of each type, and a switch.
KEYS = {
    "source": {"type": "string"},
    "depth": {"type": "integer"},
    "width": {"type": "number"},
    "either": {"type": ["string", "number"]},
    "deep": {"type": "boolean"},
}


@pytest.fixture
def own(generator):
    """A generator with these keys, two of them reached by references and conditions."""
    properties = {**KEYS, "source": {"$ref": "../schemas/keys_v1.schema.json#/$defs/source"}}
    depth = properties.pop("depth")
    generator(
        "own_v1",
        "def generate(params, source, declared):\n    return {}, {}\n",
        properties=properties,
        allOf=[{"properties": {"depth": depth}}],
        required=[],
    )
    return ["a_v1", "--generator", "own_v1"]


def test_flags_become_parameters(top):
    """Each flag arrives under its own name and as its own type, with the generator's code."""
    flags = ["a_v1", "--generator", "subset_v1", "--n_subset", "64", "--source", "1e6", "--Y"]
    found = stage.parse(flags, "fixture")
    assert (found.name, found.generator.name) == ("a_v1", "subset_v1"), "not what is named"
    assert found.generator.contracts == ("data_001_v1.schema.json",), "not what its schema says"
    assert found.code is subset_v1, "not the module of the generator"
    assert found.params == {"n_subset": 64, "source": "1e6", "diff3d": False, "Y": True}


def test_flags_of_a_generators_own(own):
    """The keys of a generator are those of its schema alone, and so are their types."""
    flags = [*own, "--depth", "3", "--width", "3", "--either", "3"]
    found = stage.parse(flags, "fixture").params
    assert found == {"deep": False, "depth": 3, "width": 3.0, "either": "3"}, "not the values"
    assert (type(found["depth"]), type(found["width"])) == (int, float), "not as its own type"


def test_flags_of_another_generator(own, capsys):
    """A key that only other generators have is refused."""
    with pytest.raises(SystemExit):
        stage.parse([*own, "--n_subset", "64"], "fixture")
    assert "unrecognized arguments: --n_subset" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["-1", "-0.5", "-1e-05", "-.5"])
def test_negative_numbers(own, number):
    """A value that starts with a dash is a value, in any form that DVC writes numbers in."""
    found = stage.parse([*own, "--width", number, "--source", "x"], "fixture").params
    assert found == {"width": float(number), "source": "x", "deep": False}, "not the number"


@pytest.mark.parametrize(
    "flags",
    [
        ["--generator", "subset_v1"],
        ["a_v1", "--generator", "subset_v1", "--colour", "red"],
        ["a_v1", "--generator", "subset_v1", "--n_sub", "64"],
        ["a_v1", "--generator", "subset_v1", "--n_subset", "many"],
        ["a_v1", "--generator", "subset_v1", "b_v1"],
    ],
)
def test_wrong_flags(top, flags, capsys):
    """A flag that is missing, unknown, shortened or of another type is exit code 2."""
    with pytest.raises(SystemExit) as caught:
        stage.parse(flags, "fixture")
    assert caught.value.code == 2, "not the exit code of wrong use"
    assert "usage:" in capsys.readouterr().err, "no usage on stderr"


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ([], "no such flag"),
        (["a_v1"], "no such flag"),
        (["a_v1", "--generator"], "no such flag"),
        (["a_v1", "--generator", "../code_v1"], "../code_v1"),
        (["a_v1", "--generator", "subset"], "subset"),
    ],
)
def test_no_generator(top, flags, found):
    """A stage without a generator, or with what is no name of one, is exit code 2."""
    with pytest.raises(UsageError) as caught:
        stage.parse(flags, "fixture")
    assert caught.value.found == found, "not what is there"
    assert "dvc repro fixture@NAME" in caught.value.remedy, "no way to run it"


@pytest.mark.parametrize(
    ("kind", "name"), [("source", "subset_v1"), ("fixture", "file_v1")], ids=["source", "fixture"]
)
def test_a_generator_of_the_other_kind(top, kind, name):
    """A generator of fixtures makes no source, nor one of sources a fixture."""
    with pytest.raises(UsageError) as caught:
        stage.parse(["a_v1", "--generator", name], kind)
    assert caught.value.subject == f"generator {name}", "the generator is not named"
    assert caught.value.expected == f"a generator of {kind}s", "not what it should make"


def test_a_generator_without_a_schema(top):
    """A generator of which nothing is known is exit code 3, with the file that is missing."""
    with pytest.raises(MissingError) as caught:
        stage.parse(["a_v1", "--generator", "exact_v1"], "fixture")
    assert caught.value.expected.startswith("generators/exact_v1.schema.json, ")


def test_a_generator_without_code(top):
    """A schema whose generator is not there is an error that names the file."""
    schema = top / "generators/subset_v1.schema.json"
    schema.with_name("subset_v99.schema.json").write_bytes(schema.read_bytes())
    with pytest.raises(CheckError) as caught:
        stage.parse(["a_v1", "--generator", "subset_v99"], "fixture")
    assert caught.value.expected == "a file generators/subset_v99.py, and what it imports"


def test_a_generator_that_imports_what_is_not_there(generator):
    """What it imports and is not there is named."""
    generator("own_v1", "from generators.exact_v99 import fft\n")
    with pytest.raises(CheckError) as caught:
        stage.parse(["a_v1", "--generator", "own_v1"], "fixture")
    assert caught.value.found == "No module named 'generators.exact_v99'"


def test_a_generator_is_found_by_its_name():
    """The module of a generator is the one of its file."""
    assert stage.load_generator("scan_v2") is scan_v2
