"""Tests of `registry.identity.common_schema`: what the fast one passes, the strict one does."""

from __future__ import annotations

import json
from random import Random

import jsonschema_rs

from registry.declare import generator_keys
from registry.identity import common_schema, schema
from tests.fuzz import params as target
from tests.fuzz.document_mutation import json_mutant
from tests.kit.repository import REPOSITORY, SCHEMAS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
WHOLE = target.DOCUMENT | {"dataset": target._DATASET, "envelope": target._ENVELOPE}


def test_schemas_of_this_repository():
    """All of them are common: declarations and sidecars are passed by the fast validator."""
    files = [*SCHEMAS.glob("*.json"), *(REPOSITORY / "generators").glob("*.schema.json")]
    assert len(files) > 20, "where are they?"
    odd = [path.name for path in files if not common_schema.is_common_schema(schema.read(path))]
    assert odd == []


def test_schemas():
    """What validators may differ about makes a schema one for the strict validator alone."""
    for rule in (
        True,
        {"$schema": DRAFT, "type": "object", "properties": {"pattern": {"const": 1}}},
        {"$ref": "../schemas/keys_v1.schema.json#/$defs/seed"},
        {"pattern": r"^(https?|file)://[^\s\u0000-\u001f]+$"},
        {"pattern": r"^[!#-,.-~][!#-~&]*$"},
        {"pattern": r"^(?:a|b){2,3}[a-z0-9_.-]*\.npz$", "format": "date-time", "multipleOf": 2},
        {"additionalProperties": False, "items": True},
    ):
        assert common_schema.is_common_schema(rule) is True, rule
    for rule in (
        None,
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"$ref": "#/x-own/a"},
        {"$ref": "https://example.org/a.json"},
        {"$ref": 1},
        {"format": "email"},
        {"multipleOf": 0.1},
        {"unevaluatedProperties": False},
        {"patternProperties": {"a": True}},
        {"$defs": {"a": {"contains": {}}}},
        {"properties": {"a": {"minContains": 1}}},
        {"allOf": [{"not": {"dependentSchemas": {}}}]},
        {"allOf": {}},
        False,
        {"items": False},
        {"properties": {"a": {"anyOf": [False]}}},
        {"pattern": 1},
        *({"pattern": text} for text in (
            r"^\w+$", r"\bx", r"\Z", r"(?i)x", r"(?=x)", r"(?P<a>x)", r"x++", r"x*+", r"x?+",
            r"[a[b]]", r"[a&&b]", r"[a--b]", r"[a~~b]", r"[]a]", r"[^]a]", r"\x41", r"\1", r"x{,3}",
            "é", r"[\W]", r"[[:alpha:]]", r"\p{L}",
        )),
    ):  # fmt: skip
        assert common_schema.is_common_schema(rule) is False, rule


def test_documents():
    """So do values in a document that validators may take for different things."""
    assert common_schema.is_common_document({"a": [1, -2.5, 1.0, -0.0, True, None, " ~"], "b": {}})
    for value in (
        float("nan"), float("inf"), float("-inf"), 1e300, 2.0**53, 2**53, -(2**53), "a\n", "\x7f",
        "é", "\ud800", (1,), {1: 2}, {"é": 1}, b"a", object(),
    ):  # fmt: skip
        for document in (value, [1, value], {"a": {"b": value}}):
            assert common_schema.is_common_document(document) is False, repr(document)


def test_what_passes_fast_passes_strictly():
    """Declarations changed at random, and their entries, are held against both; places, too."""
    params = SCHEMAS / schema.PARAMS
    passed = dict.fromkeys(("params", "source", "fixture"), 0)
    paths = [
        params,
        *(generator_keys.schema_path(REPOSITORY, name) for name in target._GENERATORS),
    ]
    checks = {
        path: (schema.compiled(path), schema._strict(path), schema.failing(path)) for path in paths
    }

    def hold(document, path, kind):
        if schema.beyond_limits(document) or not common_schema.is_common_document(document):
            return
        fast, strict, failing = checks[path]
        errors = list(strict.iter_errors(document))
        if fast(document):
            assert not errors, f"{path.name}: {document}: {[error.message for error in errors]}"
            passed[kind] += 1
        criteria = {problem.criterion for error in errors for problem in schema._problems(error)}
        assert failing(document) == sorted(criteria), f"{path.name}: {document}"

    for number in range(600):
        try:
            document = json.loads(json_mutant(Random(number), [target.DOCUMENT, WHOLE]))
        except (ValueError, RecursionError):
            continue
        hold(document, params, "params")
        for kind in ("source", "fixture"):
            entries = document.get(f"{kind}s") if isinstance(document, dict) else None
            for entry in entries.values() if isinstance(entries, dict) else ():
                generator = entry.get("generator") if isinstance(entry, dict) else None
                if generator in target._GENERATORS:
                    keys = {key: value for key, value in entry.items() if key != "generator"}
                    hold(keys, generator_keys.schema_path(REPOSITORY, generator), kind)
    assert min(passed.values()) > 100, f"hardly anything passed: {passed}"


def test_whole_floats(tmp_path):
    """Where a schema says integer, 64.0 is none to either validator, and else it is a number."""
    for rule, passing, failing in (
        ({"type": "integer"}, (64,), (64.0, -0.0)),
        ({"type": ["integer", "null"]}, (64, None), (64.0,)),
        ({"type": ["integer", "number"]}, (64, 64.0), ("64",)),
        ({"type": "number", "maximum": 1}, (1, 1.0, 0.5), (2.0,)),
        ({"properties": {"type": {"type": "integer"}}}, ({"type": 1}, 1.0), ({"type": 1.0},)),
        ({"items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}, ([1, None],), ([1.0],)),
        ({"if": {"type": "integer"}, "then": {"minimum": 5}}, (5, 1.0), (1,)),
        ({"not": {"type": "integer"}}, (1.0,), (1,)),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, (1,), (1.0,)),
        ({"const": {"type": "integer"}}, ({"type": "integer"},), ({},)),
        ({"enum": [1, 2.0]}, (1, 1.0, 2, 2.0), (3.0,)),
        ({"uniqueItems": True}, ([1, 2.0],), ([1, 1.0],)),
        ({"multipleOf": 2}, (4.0, 4), (3.0,)),
    ):
        assert common_schema.is_common_schema(rule), rule
        path = tmp_path / "a.schema.json"
        path.write_text(json.dumps(rule))
        fast, strict = schema.compiled(path), schema._strict(path)
        for expected, values in ((True, passing), (False, failing)):
            for value in values:
                said = common_schema.is_common_document(value), fast(value), strict.is_valid(value)
                assert said == (True, expected, expected), f"{rule}: {value!r}"


def test_values_are_no_rules():
    """What only looks like a rule, or should be rules and is none, stays as it is."""
    rule = {"type": "integer"}
    for same in (
        {"enum": [rule]},
        {"const": {"a": rule}},
        {"allOf": {"a": rule}},
        {"properties": [rule]},
    ):
        assert common_schema.without_floats(same) == same


def test_the_fast_validator_is_laxer():
    """What this is for: this the compiled schema passes, and it does not come to it."""
    rule, value = {"pattern": r"^\S+$"}, "a\x1f"
    assert jsonschema_rs.Draft202012Validator(rule).is_valid(value), "it has become stricter"
    assert not common_schema.is_common_document(value)
