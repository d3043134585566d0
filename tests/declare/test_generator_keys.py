"""Tests of `registry.declare.generator_keys`: what a schema says of generators and their keys."""

from __future__ import annotations

import json
import shutil

import pytest

from registry.declare import generator_keys
from registry.declare.generator_keys import Key
from registry.errors import MissingError
from tests.kit.repository import REPOSITORY

SCHEMA = "schemas/params.schema.json"


@pytest.fixture
def words(tmp_path):
    """Vocabulary of this repository's schema, which a function may change first."""

    def load(change=lambda document: None) -> generator_keys.Vocabulary:
        document = json.loads((REPOSITORY / SCHEMA).read_bytes())
        change(document)
        (tmp_path / "schemas").mkdir(exist_ok=True)
        (tmp_path / SCHEMA).write_text(json.dumps(document))
        return generator_keys.load(tmp_path)

    return load


def test_generators_and_their_keys(words):
    """Those that the published fixtures need have the keys that the schema gives them."""
    found = words()
    assert list(found.fixtures["subset_v1"].keys) == [
        "source", "created", "strategy", "n_subset", "seed", "diff3d", "Y",
    ]  # fmt: skip
    assert list(found.sources["simulate_v1"].keys) == [
        "licence", "seed", "photons_per_frame", "max_amplitude", "path", "sha256", "commit",
    ]  # fmt: skip
    assert found.sources["file_v1"].required == {
        "generator", "licence", "path", "sha256", "noise",
    }, "not what every source needs, and this one"  # fmt: skip


def test_rules_in_words(words):
    """A key's rule is short, and references are followed."""
    keys = words().fixtures["subset_v1"].keys
    assert keys["strategy"].rule == "evenly_spaced | first | grid | random"
    assert keys["n_subset"].rule == "integer, at least 16, at most 128"
    assert keys["seed"].rule == "integer, at least 0, at most 2147483647"
    assert keys["created"].rule.startswith("an ISO 8601 instant in quotes")


def test_switches(words):
    """A key that is true or false and nothing else is a switch."""
    keys = words().fixtures["subset_v1"].keys
    assert [name for name, key in keys.items() if key.is_switch] == ["diff3d", "Y"]


def test_every_generator_has_keys(words):
    """No generator that the schema of this repository lists is overlooked, or left without keys."""
    found, document = words(), json.loads((REPOSITORY / SCHEMA).read_bytes())
    for kind, generators in (("source", found.sources), ("fixture", found.fixtures)):
        listed = document["$defs"][kind]["properties"]["generator"]["enum"]
        assert list(generators) == listed, f"not the generators of a {kind}"
        bare = [name for name, item in generators.items() if not item.keys]
        assert not bare, f"without keys: {bare}"


def one_more(document) -> None:
    """A generator of fixtures more, with keys of every kind, in a form that no other one has."""
    fixture = document["$defs"]["fixture"]
    fixture["properties"]["generator"]["enum"].append("later_v3")
    fixture["allOf"].append(
        {
            "if": {"properties": {"generator": {"enum": ["later_v3", "later_v4"]}}},
            "then": {"allOf": [{"$ref": "#/$defs/subset_v1"}, {"$ref": "#/$defs/a~1b~0c"}]},
        }
    )
    document["$defs"]["a/b~c"] = {
        "required": ["counts"],
        "properties": {
            "counts": {"type": ["integer", "null"]},
            "slice": {"anyOf": [{"$ref": "#/$defs/seed"}, {"type": "string"}]},
            "map": {"type": "array"},
            "mixed": {"enum": ["none", 1]},
            "free": True,
            "one": {"const": 2.5},
        },
    }


def test_a_generator_that_was_added(words):
    """What is added to the schema is known, wherever in it its keys are."""
    later = words(one_more).fixtures["later_v3"]
    assert "strategy" in later.keys, "the keys of another definition are missing"
    types = {name: sorted(later.keys[name].types) for name in later.keys}
    assert types["counts"] == ["integer", "null"]
    assert types["slice"] == ["integer", "string"]
    assert types["map"] == ["array"]
    assert types["mixed"] == ["integer", "string"]
    assert types["one"] == ["number"]
    assert len(types["free"]) == 7, "a key without a rule admits everything"
    assert later.required >= {"counts", "strategy", "source"}


@pytest.mark.parametrize(
    ("types", "text", "value"),
    [
        ("string", "64", "64"),
        ("string", "true", "true"),
        ("string", "a: b: c", "a: b: c"),
        ("integer", "64", 64),
        ("integer", "64.5", 64.5),
        ("integer", "abc", "abc"),
        ("integer", "[1", "[1"),
        ("number", "1e6", 1e6),
        ("number", "1000000", 1000000),
        ("boolean", "true", True),
        ("array", "[1, 0, a]", [1, 0, "a"]),
        ("integer string", "5", 5),
        ("integer string", "probe[0,0]", "probe[0,0]"),
        ("integer string", "1.5", "1.5"),
        ("number string", "2", 2),
        ("string array", "2026-11-24", "2026-11-24"),
    ],
)
def test_values(types, text, value):
    """A flag's text stands for what YAML reads, or for itself where the key admits text alone."""
    found = Key(name="a", types=frozenset(types.split()), rule="").value(text)
    assert repr(found) == repr(value)


def test_no_schema(tmp_path):
    """A registry without the schema is exit code 3."""
    with pytest.raises(MissingError, match=r"schema params\.schema\.json"):
        generator_keys.load(tmp_path)
    shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")
    assert generator_keys.load(tmp_path).fixtures, "it is not found where it is"
