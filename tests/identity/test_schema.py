"""Tests of `registry.identity.schema`."""

from __future__ import annotations

import datetime
import json
import sys

import pytest

from registry import extras
from registry.errors import CheckError, MissingError
from registry.identity import schema

NESTED = {"properties": {"a": {"properties": {"b": {"type": "integer"}}}}}
SHA256_OF_EMPTY_OBJECT = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.fixture
def problems(tmp_path):
    """Problems of a document with a schema given as an object, as text."""

    def find(document, rules) -> list[str]:
        (tmp_path / "a.schema.json").write_text(json.dumps(rules))
        return [str(problem) for problem in schema.problems(document, tmp_path / "a.schema.json")]

    return find


WORDS = [
    ("x", {"type": "object"}, 'document: expected object; found "x"'),
    (True, {"type": ["number", "null"]}, "document: expected number or null; found true"),
    ({"a": {"b": "x"}}, NESTED, 'a.b: expected integer; found "x"'),
    ({"a": [1, "x"]}, {"properties": {"a": {"items": {"type": "integer"}}}},
     'a.1: expected integer; found "x"'),
    ({}, {"required": ["a"]}, "a: expected a value; found none"),
    ({"a": 1}, {"dependentRequired": {"a": ["b"]}},
     "b: expected a value beside a; found none"),
    (2, {"const": 1}, "document: expected 1; found 2"),
    ("c", {"enum": ["a", "b"]}, 'document: expected one of "a", "b"; found "c"'),
    (1, {"minimum": 2}, "document: expected at least 2; found 1"),
    (3, {"maximum": 2}, "document: expected at most 2; found 3"),
    (2, {"exclusiveMinimum": 2}, "document: expected more than 2; found 2"),
    (2, {"exclusiveMaximum": 2}, "document: expected less than 2; found 2"),
    ([], {"minItems": 1}, "document: expected at least 1 items; found []"),
    ([1, 2], {"maxItems": 1}, "document: expected at most 1 items; found [1, 2]"),
    ("x", {"pattern": "^a$"}, 'document: expected text that matches ^a$; found "x"'),
    ([1, 1], {"uniqueItems": True}, "document: expected uniqueItems true; found [1, 1]"),
    ({"A": 1}, {"propertyNames": {"pattern": "^[a-z]$"}},
     'document: expected text that matches ^[a-z]$; found "A"'),
    ({"a": 1, "b": {}}, {"additionalProperties": {"type": "object"}},
     "a: expected object; found 1"),
    ("2026-02-30T00:00:00Z", {"format": "date-time"},
     'document: expected text that matches date-time; found "2026-02-30T00:00:00Z"'),
    # jsonschema does not say where
    ({"a": 1}, {"properties": {"a": False}}, "document: expected nothing here; found 1"),
    (1, False, "document: expected nothing here; found 1"),
]  # fmt: skip


def test_a_broken_rule_in_words(problems):
    """Each rule says where it is broken, what it wants and what there is."""
    for document, rules, expected in WORDS:
        assert problems(document, rules) == [expected], f"{document!r} with {rules}"


def test_criteria_without_words(problems, tmp_path):
    """The same as those with words, whichever validator finds them."""
    several = {"a": 1.5, "b": [1, "x", 2.0], "c": 0}
    rules = {
        "properties": {"a": {"type": "integer", "maximum": 1}, "b": {"items": {"type": "integer"}}}
    }
    more = [
        (several, rules),
        (several, {**rules, "required": ["d"], "additionalProperties": False}),
    ]
    odd = [(float("nan"), {"type": "number"}), ("\x1f", {"pattern": r"^\S$"})]
    for document, rule in [*((document, rule) for document, rule, _ in WORDS), *more, *odd]:
        expected = sorted({text.split(":")[0] for text in problems(document, rule)})
        found = schema.failing(tmp_path / "a.schema.json")(document)
        assert found == expected != [], f"{document!r} with {rule}"
    assert schema.failing(tmp_path / "a.schema.json")("a") == []


def test_most_criteria_need_no_words(monkeypatch, tmp_path):
    """Of which only the slow validator has any."""
    (tmp_path / "a.schema.json").write_text(json.dumps({"properties": {"a": {"type": "integer"}}}))
    monkeypatch.setattr(schema, "problems", None)
    assert schema.failing(tmp_path / "a.schema.json")({"a": "x"}) == ["a"]


def test_the_schema_has_better_words(problems):
    """Where the schema describes a value, the message uses its description."""
    for rules, document in (
        ({"type": "string"}, 1),
        ({"pattern": "^a$"}, "b"),
        ({"format": "date-time"}, "b"),
        ({"const": True}, False),
        ({"maxLength": 1}, "ab"),
        ({"not": {}}, 1),
        ({"enum": [1]}, 2),
    ):
        (found,) = problems(document, {**rules, "description": "a word of mine"})
        assert found.startswith("document: expected a word of mine"), found


def test_a_date_beside_something_else_that_is_wrong(problems):
    """A day that the calendar has is no problem, and of what is no text nobody asks for one."""
    rules = {"properties": {"day": {"format": "date-time"}, "n": {"type": "integer"}}}
    for day in ("2026-02-28T00:00:00Z", 5, None, ["2026"]):
        assert problems({"day": day, "n": "x"}, rules) == ['n: expected integer; found "x"']


def test_every_broken_rule_is_named_once_and_sorted(problems):
    """None hides another, and the order does not depend on the validator."""
    rules = {"properties": {"b": {"type": "integer"}, "a": {"type": "integer", "minimum": 3}}}
    twice = {"allOf": [rules, rules]}
    assert problems({"b": "x", "a": 1}, twice) == [
        "a: expected at least 3; found 1",
        'b: expected integer; found "x"',
    ], "not each problem once, sorted by path"


def test_a_document_that_fits_has_no_problems(problems):
    """A rule that is kept is not mentioned, nor one that is not about such a value."""
    for document, rules in (
        ({"a": {"b": 1}}, NESTED),
        (5, {"pattern": "^a$", "format": "date-time"}),
        ({"b": 1}, {"dependentRequired": {"a": ["b"]}}),
        ({"a": 1, "b": 1}, {"dependentRequired": {"a": ["b"]}}),
    ):
        assert problems(document, rules) == [], f"a problem with {document}"
    rules = {"dependentRequired": {"a": ["b", "c"], "d": ["e"]}}
    assert problems({"a": 1, "b": 1}, rules) == ["c: expected a value beside a; found none"]


def test_no_unknown_key_slips_through(problems):
    """An unknown key is refused whatever is in it, even if it is no text."""
    rules = {"properties": {"a": {}}, "additionalProperties": False}
    for key in ("x", "it's", 'a"b', "$(touch x)", 1, None, True, ""):
        (found,) = problems({key: 1, "a": 1}, rules)
        end = f"expected one of the known keys (a); found key {json.dumps(key)}"
        assert found.endswith(end), found


def test_a_path_of_odd_keys_stays_on_one_line(problems):
    """A key that is not a plain word is quoted, so that a path can be read and not forged."""
    rules = {"additionalProperties": {"type": "integer"}}
    assert problems({"a\n.b": "x"}, rules) == [r'"a\n.b": expected integer; found "x"'], (
        "the key is not quoted"
    )


def test_laxities_of_validators_are_closed(problems):
    """$ means the very end, an integer is no float, a number is finite and no truth value."""
    for value, rules in (
        ("a_v1\n", {"pattern": "^[a-z_0-9]+$"}),
        (64.0, {"type": "integer"}),
        (True, {"type": "integer"}),
        (float("nan"), {"type": "number", "minimum": 0}),
        (float("inf"), {"type": "number"}),
        (True, {"type": "number"}),
    ):
        assert len(problems(value, rules)) == 1, f"{value!r} passes {rules}"


def test_values_that_json_has_not_are_shown(problems):
    """What YAML makes of a bare date is called a date, without quotes that it has not."""
    (found,) = problems(datetime.date(2026, 11, 23), {"type": "string"})
    assert found == "document: expected string; found the date 2026-11-23", found


def in_itself() -> list[object]:
    """A list that holds itself."""
    circle: list[object] = []
    circle.append(circle)
    return circle


def without_end() -> object:
    """What YAML says in a few lines with aliases, and what has 9**20 values when written out."""
    value: object = "x"
    for _ in range(20):
        value = [value] * 9
    return value


def nested(levels: int) -> object:
    """A list in a list in a list."""
    return json.loads("[" * levels + "]" * levels)


def objects(levels: int) -> object:
    """A number in an object in an object."""
    return json.loads('{"a":' * levels + "1" + "}" * levels)


def keys(levels: int) -> object:
    """A key of keys of keys, as only YAML has them."""
    value: object = 1
    for _ in range(levels):
        value = (value,)
    return {value: 1}


BEYOND = [
    (in_itself(), "document: expected at most 100 levels; found more",
     "a value of type list that cannot be shown"),
    (without_end(), "document: expected at most 1000000 values; found more", "[[[["),
    (nested(102), "document: expected at most 100 levels; found more", "[[[["),
    (objects(101), "document: expected at most 100 levels; found more", '{"a": {"a": '),
    (keys(100), "document: expected at most 100 levels; found more", "a value of type dict that"),
    (16**5000, "document: expected numbers of at most 1024 bits; found one of 20001",
     "a value of type int that cannot be shown"),
    ({16**5000: 1}, "document: expected numbers of at most 1024 bits; found one of 20001",
     "a value of type dict that cannot be shown"),
    ({(1, 16**5000): 1}, "document: expected numbers of at most 1024 bits; found one of 20001",
     "a value of type dict that cannot be shown"),
]  # fmt: skip


def test_what_no_message_could_hold(problems):
    """What YAML and JSON can say in a few bytes is refused before it is written out."""
    for document, expected, shown in BEYOND:
        assert problems(document, {"type": "string"}) == [expected], expected
        assert schema.shown(document).startswith(shown), f"{shown}: {schema.shown(document)}"
        assert len(schema.shown(document)) <= 80, "shown at length"


def test_a_path_of_keys_that_no_message_could_hold():
    """A key that cannot be written out is shown as far as one can be."""
    assert schema.dotted(["a", 1, None, "b c"]) == 'a.1.null."b c"', "shown otherwise"
    assert schema.dotted(["a", 16**5000]) == "a.a value of type int that cannot be shown"
    assert len(schema.dotted([without_end()])) == 80, "shown at length"


def test_what_a_message_can_hold(problems):
    """Just within the limits a document is held against its rules."""
    for document in (nested(101), objects(100), keys(99), [0] * 999_999, 2**1024 - 1):
        assert schema.beyond_limits(document) is None, "refused"
    for document in (nested(101), objects(100), [0] * 999_999, 2**1024 - 1):
        assert problems(document, {"type": ["array", "integer", "object"]}) == [], "refused"


def test_a_long_value_is_cut(problems):
    """A message shows at most 80 characters of a value."""
    (found,) = problems("x" * 78, {"type": "integer"})
    assert found == 'document: expected integer; found "' + "x" * 78 + '"', "80 are cut"
    (found,) = problems("x" * 79, {"type": "integer"})
    assert found == 'document: expected integer; found "' + "x" * 76 + "...", "81 are not cut"
    (found,) = problems("x" * 200, {"type": "integer"})
    assert found == 'document: expected integer; found "' + "x" * 76 + "...", found


@pytest.mark.parametrize(("length", "text"), [(78, "x" * 78), (79, "x" * 76)])
def test_where_a_value_is_cut(length, text):
    """With its quotes it may be 80 characters long."""
    end = '"' if length == 78 else "..."
    assert schema.shown("x" * length) == f'"{text}{end}'


def test_two_broken_rules_of_one_value_are_sorted(problems):
    """By the words of the rule, whatever order the schema has them in."""
    assert problems("xyz", {"pattern": "^a$", "maxLength": 2, "const": "a"}) == [
        'document: expected "a"; found "xyz"',
        'document: expected maxLength 2; found "xyz"',
        'document: expected text that matches ^a$; found "xyz"',
    ]


def test_a_key_beside_another_is_asked_for_where_that_one_is(problems):
    """Of several such rules only those count whose first key is there."""
    rules = {"dependentRequired": {"a": ["b", "c"], "x": ["y"]}}
    assert problems({"a": 1, "c": 2}, rules) == ["b: expected a value beside a; found none"]


def test_a_compiled_schema_says_yes_or_no(tmp_path):
    """Also of what it refers to in its folder; whose absence is told as that of any other."""
    first, second = tmp_path / "a.schema.json", tmp_path / "b.schema.json"
    first.write_text(json.dumps({"properties": {"a": {"$ref": "b.schema.json"}}}))
    second.write_text(json.dumps({"type": "integer"}))
    fits = schema.compiled(first)
    assert (fits({"a": 1}), fits({"a": "x"}), fits({})) == (True, False, True)
    first.unlink()
    with pytest.raises(MissingError, match=r"schema a\.schema\.json"):
        schema.compiled(first)


def test_without_a_compiler_of_schemas(tmp_path, monkeypatch):
    """A machine for which jsonschema_rs has no wheel says the same, as strictly as is needed."""
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    monkeypatch.setattr(extras, "installed", lambda name: name != "jsonschema_rs")
    path = tmp_path / "a.schema.json"
    path.write_text('{"properties": {"a": {"type": "integer"}}}')
    fits, problems = schema.compiled(path), schema.validator(path)
    assert (fits({"a": 1}), fits({"a": "x"}), fits({"a": 64.0})) == (True, False, False)
    assert [str(problem) for problem in problems({"a": "x"})] == ['a: expected integer; found "x"']
    assert problems({"a": 1}) == [], "what is good is refused"


def test_a_schema_as_a_document(tmp_path):
    """It is what its JSON says."""
    (tmp_path / "a.schema.json").write_text('{"type": "object"}')
    assert schema.read(tmp_path / "a.schema.json") == {"type": "object"}


def test_a_schema_refers_to_another_in_its_folder(problems, tmp_path):
    """A reference by file name is read from the same folder, and just as strict."""
    draft = "https://json-schema.org/draft/2020-12/schema"
    (tmp_path / "b.schema.json").write_text(json.dumps({"$schema": draft, "type": "integer"}))
    found = problems(64.0, {"$schema": draft, "$ref": "b.schema.json"})
    assert found == ["document: expected integer; found 64.0"], "not the other schema's rule"
    fast = schema.compiled(tmp_path / "a.schema.json")
    assert (fast(64), fast("64"), fast(64.0)) == (True, False, False), "not the fast one's rule"


def test_a_missing_schema_has_a_remedy(tmp_path):
    """An absent schema is an error that names the file and the command that brings it back."""
    for folder in ("schemas", "generators"):
        with pytest.raises(MissingError) as caught:
            schema.problems({}, tmp_path / folder / "a.schema.json")
        error = caught.value
        assert error.subject == "schema a.schema.json", "the file is not named"
        assert error.remedy == f"git checkout -- {folder}/a.schema.json", "no way to get it back"


def test_a_schema_that_is_no_json(tmp_path):
    """A schema that somebody is writing may be half done: an error, and no traceback."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/a.schema.json").write_text('{"type": ')
    with pytest.raises(CheckError) as caught:
        schema.read(tmp_path / "schemas/a.schema.json")
    error = caught.value
    assert (error.subject, error.expected) == ("schema a.schema.json", "a JSON Schema")
    assert error.found == "Expecting value: line 1 column 10 (char 9)", "not where"
    assert error.remedy == "correct schemas/a.schema.json"


def test_digest_of_a_schema(tmp_path):
    """A schema's digest is the SHA-256 of its file."""
    (tmp_path / "a.schema.json").write_text("{}")
    assert schema.digest(tmp_path / "a.schema.json") == SHA256_OF_EMPTY_OBJECT


def test_a_date_that_the_calendar_has(tmp_path):
    """Both validators hold a text of that format against the calendar, and ask for an offset."""
    path = tmp_path / "a.schema.json"
    path.write_text('{"format": "date-time"}')
    fast, strict = schema.compiled(path), schema.validator(path)
    for text, expected in (
        ("2026-11-23T00:00:00+00:00", True),
        ("2028-02-29T23:59:59Z", True),
        ("2026-02-29T00:00:00Z", False),
        ("2026-11-31T00:00:00+01:00", False),
        ("2026-11-23T25:00:00Z", False),
        ("2026-11-23T00:00:00", False),
        ("2026-11-23", False),
        ("yesterday", False),
        (5, True),
    ):
        assert fast(text) is expected, f"the fast one on {text}"
        assert (strict(text) == []) is expected, f"the strict one on {text}"
        assert isinstance(text, int) or schema.is_instant(text) is expected, text


def test_where_a_document_is(tmp_path):
    """What is part of a larger document is named by its place in that."""
    path = tmp_path / "a.schema.json"
    path.write_text(json.dumps({**NESTED, "required": ["c"]}))
    found = schema.validator(path)({"a": {"b": "x"}}, ["sources", "twin"])
    assert [str(problem) for problem in found] == [
        'sources.twin.a.b: expected integer; found "x"',
        "sources.twin.c: expected a value; found none",
    ], "not below the place that was given"


def test_a_reference_into_another_folder(tmp_path):
    """A path in a reference starts at the folder of the schema."""
    for name, rules in (
        ("one/a.schema.json", {"properties": {"n": {"$ref": "../two/b.schema.json#/$defs/n"}}}),
        ("two/b.schema.json", {"$defs": {"n": {"type": "integer"}}}),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(json.dumps(rules))
    path = tmp_path / "one/a.schema.json"
    found = [str(problem) for problem in schema.problems({"n": "x"}, path)]
    assert found == ['n: expected integer; found "x"'], "not the other schema's rule"
    both = [(tmp_path / name).resolve() for name in ("one/a.schema.json", "two/b.schema.json")]
    assert schema.closure([path]) == both, "not the files that count"
    (tmp_path / "two/b.schema.json").unlink()
    with pytest.raises(MissingError):
        schema.closure([path])


def test_what_is_plain_and_right_is_passed_fast(tmp_path, monkeypatch):
    """The slow validator is not even made for it; it is for whatever else there is."""

    def made(path):
        raise AssertionError(f"the slow validator of {path.name}")

    path = tmp_path / "a.schema.json"
    path.write_text('{"properties": {"n": {"type": "integer"}}}')
    monkeypatch.setattr(schema, "_strict", made)
    assert schema.problems({"n": 64}, path) == []
    for document in ({"n": "x"}, {"n": 64.0}, {"text": "é"}):
        with pytest.raises(AssertionError, match="the slow validator of a"):
            schema.problems(document, path)
    path.write_text('{"unevaluatedProperties": false}')
    with pytest.raises(AssertionError, match="the slow validator of a"):
        schema.validator(path)


def test_a_schema_that_changes(tmp_path):
    """It is read again, and so are those that it refers to; else what was made is kept."""
    path, other = tmp_path / "a.json", tmp_path / "b.json"
    path.write_text('{"properties": {"n": {"$ref": "b.json"}}}')
    other.write_text('{"maximum": 1}')
    for make in (schema.validator, schema.compiled):
        assert make(path) == make(path), "made twice"
    document = {"n": 2}
    assert (len(schema.validator(path)(document)), schema.compiled(path)(document)) == (1, False)
    other.write_text('{"maximum": 2}')
    assert (len(schema.validator(path)(document)), schema.compiled(path)(document)) == (0, True)
    path.write_text('{"required": ["m"]}')
    assert (len(schema.validator(path)(document)), schema.compiled(path)(document)) == (1, False)
