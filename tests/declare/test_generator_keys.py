"""Tests of `registry.declare.generator_keys`: what a generator's schema says of its keys."""

from __future__ import annotations

import json
import shutil

import pytest

from registry.cli import main
from registry.declare import generator_keys, params
from registry.declare.generator_keys import FIXTURE, FIXTURES, SOURCE, SOURCES
from registry.errors import CheckError, MissingError
from tests.kit.repository import REPOSITORY, SCHEMAS


@pytest.fixture
def top(tmp_path):
    """A registry's top folder, with the shared schemas and no generator."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    (tmp_path / "generators").mkdir()
    return tmp_path


@pytest.fixture
def write(top):
    """Write the schema of a generator, and its file of code; the generator as it is read."""

    def put(name, document):
        text = document if isinstance(document, str) else json.dumps(document)
        (top / f"generators/{name}.schema.json").write_text(text)
        (top / f"generators/{name}.py").touch()
        return generator_keys.read(top, name)

    return put


def test_generators_and_their_keys():
    """Those that the published fixtures need have the keys that their schemas give them."""
    found = generator_keys.load(REPOSITORY)
    assert list(found.fixtures["subset_v1"].keys) == [
        "source", "created", "strategy", "n_subset", "seed", "physics", "diff3d", "Y",
    ]  # fmt: skip
    assert list(found.sources["simulate_v1"].keys) == [
        "licence", "seed", "photons_per_frame", "max_amplitude", "path", "sha256", "commit",
    ]  # fmt: skip
    required = {"licence", "path", "sha256", "noise"}
    assert found.sources["file_v1"].required == required, "not what its entries need"


def test_every_fixture_may_be_declared_as_undecided():
    """Whatever cuts it; and the rule says for which data that is."""
    for item in generator_keys.load(REPOSITORY).fixtures.values():
        assert item.keys["physics"].rule == (
            "only for data that cannot tell whether their arrays belong together: undecided"
        ), item.name


def test_what_a_generator_makes():
    """Its schema says of what kind it is, whether it opens a file, and what its arrays satisfy."""
    found = generator_keys.load(REPOSITORY)
    assert found.of(SOURCES) is found.sources
    assert found.of(FIXTURES) is found.fixtures
    for name, kind, needs_file, opens, contracts in (
        ("subset_v1", FIXTURE, False, False, ("data_001_v1.schema.json",)),
        ("legacy_v1", FIXTURE, False, False,
         ("data_001_legacy_v1.schema.json", "data_001_v1.schema.json")),
        ("simulate_v1", SOURCE, False, False, ()),
        ("file_v1", SOURCE, True, False, ()),
        ("scan_v2", SOURCE, True, True, ()),
        ("simulate_scan_v1", SOURCE, True, True, ()),
    ):  # fmt: skip
        item = generator_keys.read(REPOSITORY, name)
        assert item == {**found.sources, **found.fixtures}[name], f"{name} is read otherwise"
        facts = (item.name, item.kind, item.needs_file, item.opens, item.contracts)
        assert facts == (name, kind, needs_file, opens, contracts)
        assert item.script == f"generators/{name}.py"


def test_every_generator_here():
    """No file of code is without a schema, and no generator without keys; contracts are there."""
    found = generator_keys.load(REPOSITORY)
    generators = {**found.sources, **found.fixtures}
    # those that others import have no entries of their own
    files = {path.name.removesuffix(".schema.json")
             for path in (REPOSITORY / "generators").glob("*.schema.json")}  # fmt: skip
    assert set(generators) == files, "a schema is overlooked"
    for item in generators.values():
        assert (REPOSITORY / item.script).is_file(), f"{item.name} has no code"
        assert item.keys, f"{item.name} has no keys"
        assert item.required <= set(item.keys), f"{item.name} needs what it does not know"
        missing = [file for file in item.contracts if not (SCHEMAS / file).is_file()]
        assert missing == [], f"contracts of {item.name} are not there"


def test_rules_in_words():
    """A key's rule is short, and references are followed, into another file too."""
    keys = generator_keys.read(REPOSITORY, "subset_v1").keys
    assert keys["strategy"].rule == "evenly_spaced | first | grid | random"
    assert keys["n_subset"].rule == "integer, at least 16, at most 128"
    assert keys["seed"].rule == "integer, at least 0, at most 2147483647"
    assert keys["created"].rule.startswith("an ISO 8601 instant in quotes")
    fractions = generator_keys.read(REPOSITORY, "simulate_v2").keys["dominant_power"]
    assert fractions.rule == "number, more than 0, less than 1"


def test_switches_and_flags():
    """A key that is true or false and nothing else is a switch; others have a type."""
    keys = generator_keys.read(REPOSITORY, "subset_v1").keys
    assert [name for name, key in keys.items() if key.is_switch] == ["diff3d", "Y"]
    assert (keys["n_subset"].type, keys["strategy"].type) == (int, str)
    assert generator_keys.read(REPOSITORY, "simulate_v1").keys["max_amplitude"].type is float


# A generator in a form that no other one has: keys of every kind, in several places.
LATER = {
    "generates": "fixture",
    "field": "arrays",
    "contracts": ["data_001_v1.schema.json"],
    "type": "object",
    "required": ["source", "created"],
    "additionalProperties": False,
    "properties": {
        "source": {"$ref": "../schemas/keys_v1.schema.json#/$defs/source"},
        "created": {"$ref": "../schemas/keys_v1.schema.json#/$defs/created"},
        "counts": {"type": ["integer", "null"]},
        "slice": {"anyOf": [{"$ref": "#/$defs/a~1b~0c"}, {"type": "string"}]},
        "map": {"type": "array"},
        "mixed": {"enum": ["none", 1, None]},
        "free": True,
        "one": {"const": 2.5},
        "blur": {"enum": ["none", "gauss"]},
        "blur_px": {"type": "number", "exclusiveMinimum": 0},
    },
    "allOf": [
        {"required": ["counts"]},
        {
            "if": {"properties": {"blur": {"const": "gauss"}}, "required": ["blur"]},
            "then": {"required": ["blur_px"]},
            "else": {
                "properties": {
                    "blur_px": {"not": {}, "description": "no blur_px, which blur: gauss alone has"}
                }
            },
        },
    ],
    "$defs": {"a/b~c": {"type": "integer", "minimum": 0}},
}


def test_types_of_keys(write):
    """A key's types are found wherever the schema says them."""
    later = write("later_v3", LATER)
    types = {name: sorted(key.types) for name, key in later.keys.items()}
    assert types["counts"] == ["integer", "null"]
    assert types["slice"] == ["integer", "string"]
    assert types["map"] == ["array"]
    assert types["mixed"] == ["integer", "null", "string"]
    assert types["one"] == ["number"]
    assert types["created"] == ["string"]
    assert len(types["free"]) == 7, "a key without a rule admits everything"
    assert later.required == {"counts", "source", "created"}, "a condition is no requirement"


ENTRY = {
    "generator": "later_v3",
    "source": "twin",
    "created": "2026-11-23T00:00:00+00:00",
    "counts": 3,
}


def test_a_new_generator_is_two_new_files(top, write, monkeypatch, capsys):
    """Validator, keys and flags know it, conditions and all; nothing else was told of it."""
    shutil.copy(REPOSITORY / "generators/simulate_v1.schema.json", top / "generators")
    (top / "generators/simulate_v1.py").touch()
    twin = {"generator": "simulate_v1", "seed": 1, "licence": "MIT"}

    def problems(**changes):
        entry = {**ENTRY, **changes}
        document = {"folder": "data", "sources": {"twin": twin}, "fixtures": {"a_v1": entry}}
        return [str(problem) for problem in params.problems(document, top)]

    assert problems() == [
        'fixtures.a_v1.generator: expected a generator of fixtures: there is none; found "later_v3"'
    ], "it is known before it is there"
    write("later_v3", LATER)
    assert list(generator_keys.load(top).fixtures) == ["later_v3"]
    for changes, expected in (
        ({}, []),
        ({"blur": "none"}, []),
        ({"blur": "gauss", "blur_px": 1.5}, []),
        ({"blur": "gauss"}, ["fixtures.a_v1.blur_px: expected a value; found none"]),
        ({"blur_px": 1.5},
         ["fixtures.a_v1.blur_px: expected no blur_px, which blur: gauss alone has; found 1.5"]),
        ({"blur": "gauss", "blur_px": 0}, ["fixtures.a_v1.blur_px: expected more than 0; found 0"]),
        ({"counts": "3"}, ['fixtures.a_v1.counts: expected integer or null; found "3"']),
        ({"colour": "red"},
         ["fixtures.a_v1.colour: expected one of the known keys (blur, blur_px, counts, created, "
          'free, map, mixed, one, slice, source); found key "colour"']),
    ):  # fmt: skip
        assert problems(**changes) == expected, f"with {changes}"
    (top / "params.yaml").write_text("folder: data\nsources: {}\nfixtures: {}\n")
    (top / "dvc.lock").write_text("schema: '2.0'\n")
    monkeypatch.chdir(top)
    with pytest.raises(SystemExit):
        main(["add", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for flag in ("--blur-px VALUE number, more than 0", "--blur VALUE none | gauss", "--counts"):
        assert flag in shown, f"no flag {flag}"


def test_a_generator_of_the_other_kind(top, write):
    """A fixture cannot be made by what makes sources."""
    write("later_v3", {**LATER, "generates": "source"})
    found = params.problems({"folder": "data", "sources": {}, "fixtures": {"a_v1": ENTRY}}, top)
    assert found[0].expected == "a generator of fixtures: there is none"


def test_a_schema_that_is_not_enough(write):
    """What a generator's schema has to say is asked for, in words, when it is read."""
    without = {key: value for key, value in LATER.items() if key != "contracts"}
    broken = {**LATER, "properties": {"a": {"$ref": "#/$defs/nope"}}}
    for document, subject, expected in (
        ({**LATER, "generates": "noise"}, "generators/later_v3.schema.json",
         '"generates": "source" or "generates": "fixture"'),
        ({**LATER, "field": "Arrays"}, "generators/later_v3.schema.json",
         '"field": "arrays", or the name of another field'),
        ({**LATER, "field": None}, "generators/later_v3.schema.json",
         '"field": "arrays", or the name of another field'),
        ([], "generators/later_v3.schema.json", '"generates": "source" or "generates": "fixture"'),
        (without, "generators/later_v3.schema.json", '"contracts": a list of files in schemas/'),
        ("{", "schema later_v3.schema.json", "a JSON Schema"),
        (broken, "schema later_v3.schema.json", "a definition at #/$defs/nope"),
    ):  # fmt: skip
        with pytest.raises(CheckError) as caught:
            write("later_v3", document)
        assert (caught.value.subject, caught.value.expected) == (subject, expected)


def test_no_generators(tmp_path, top):
    """A folder without generators is no registry; one without any schema has none."""
    assert generator_keys.load(top) == generator_keys.Generators(sources={}, fixtures={})
    with pytest.raises(MissingError, match="generator later_v3\n"):
        generator_keys.read(top, "later_v3")
    shutil.rmtree(top / "generators")
    with pytest.raises(MissingError) as caught:
        generator_keys.load(tmp_path)
    assert caught.value.remedy == "run the command in the registry's top folder"
