"""Tests of `registry.identity.sidecar`, and that the published schema says the same."""

from __future__ import annotations

import copy
import json
import re

import pytest

from registry.errors import ChainError
from registry.identity import schema, sidecar
from registry.identity.sidecar import NAME, Sidecar, version_of
from tests.kit.repository import REPOSITORY

SIDECAR = REPOSITORY / "tests/fixtures/pytorch_integration/minimal_dataset_v1_n16.json"
SCHEMA = REPOSITORY / "schemas" / "sidecar_v1.schema.json"
SCHEMA_V2 = REPOSITORY / "schemas" / "sidecar_v2.schema.json"
ABSENT = object()
SINCE_V2 = ["contract", "physics", "defect"]
FIELDS = [name for name in Sidecar.__dataclass_fields__ if name not in SINCE_V2]


@pytest.fixture
def document():
    """A good sidecar, parsed, to break."""
    return json.loads(SIDECAR.read_bytes())


@pytest.fixture
def document_v2(document):
    """The same of version 2, as a defect has it."""
    document["contract"] = "data_001_v1.schema.json"
    document["physics"] = "checked"
    document["defect"] = {
        "name": "nan",
        "description": "one pixel that is not a number",
        "refused_by": ["contract: diffraction.finite", "physics"],
    }
    document["arrays"]["diffraction"]["finite"] = False
    digests = document["schemas"]
    document["schemas"] = {"sidecar_v2.schema.json": "0" * 64, **digests}
    del document["schemas"]["sidecar_v1.schema.json"]
    return document


def put(document: dict, path: str, value: object) -> None:
    """Set what is at a path of keys joined by slashes, or take it away."""
    *parents, last = path.split("/")
    for key in parents:
        document = document[key]
    if value is ABSENT:
        del document[last]
    else:
        document[last] = value


# (where, what to put there, what the dataclass says)
FORM = [
    ("extra", 1, "extra: no such field"),
    *((name, ABSENT, f"{name}: a value") for name in FIELDS),
    *((name, None, name) for name in FIELDS if name != "source_commit"),
    *((name, True, name) for name in FIELDS),
    ("contract", "data_001_v1.schema.json", "contract: no such field"),
    ("name", "minimal_dataset", "name: a name with its version, such as minimal_dataset_v1"),
    ("name", "../x_v1", "name: a name with its version, such as minimal_dataset_v1"),
    ("name", "a_v1\n", "name: a name with its version, such as minimal_dataset_v1"),
    ("version", "1", "version: a version such as v1"),
    ("version", "v0", "version: a version such as v1"),
    ("created", "2026-11-23", "created: an ISO 8601 instant"),
    ("created", "2026-11-23T00:00:00", "created: an ISO 8601 instant"),
    ("licence", "", "licence: text"),
    ("generator_script", "/a/subset_v1.py", "generator_script: a path such as "),
    ("generator_script", "generators/subset.py", "generator_script: a path such as "),
    ("generator_commit", "0" * 40, "generator_commit: blob: and 40 hexadecimal digits"),
    ("generator_commit", "blob:" + "0" * 39, "generator_commit: blob: and 40 hexadecimal digits"),
    ("generator_helpers", {"a.py": "0" * 40}, "generator_helpers: an object of blob: and 40"),
    ("source_dataset", "/data/scan.npz", "source_dataset: a path relative to the registry"),
    ("source_dataset", "", "source_dataset: a path relative to the registry"),
    ("source_sha256", "0" * 63, "source_sha256: 64 hexadecimal digits"),
    ("source_sha256", "A" * 64, "source_sha256: 64 hexadecimal digits"),
    ("source_commit", 5, "source_commit: text or null"),
    ("subset_size", "16", "subset_size: an integer"),
    ("subset_size", 16.0, "subset_size: an integer"),
    ("subset_indices", [0.5, *range(15)], "subset_indices: a list of integers"),
    ("subset_indices", "0, 1", "subset_indices: a list of integers"),
    ("transformations", [1], "transformations: a list of texts"),
    ("sha256_checksum", "0" * 63, "sha256_checksum: 64 hexadecimal digits"),
    ("content_sha256", "x" * 64, "content_sha256: 64 hexadecimal digits"),
    ("size", "970036", "size: an integer"),
    ("arrays", [], "arrays: an object"),
    ("arrays/probeGuess", 1, "arrays.probeGuess: an object with dtype, shape, range, "),
    ("arrays/probeGuess/dtype", ABSENT, "arrays.probeGuess: an object with dtype, "),
    ("arrays/probeGuess/unit", "px", "arrays.probeGuess: an object with dtype, "),
    ("arrays/probeGuess/dtype", 8, "arrays.probeGuess.dtype: text"),
    ("arrays/probeGuess/shape", "64, 64", "arrays.probeGuess.shape: a list of integers"),
    ("arrays/probeGuess/shape", [64, 64.5], "arrays.probeGuess.shape: a list of integers"),
    ("arrays/probeGuess/range", [1], "arrays.probeGuess.range: a list of two numbers"),
    ("arrays/probeGuess/range", [0, "1"], "arrays.probeGuess.range: a list of two numbers"),
    ("arrays/probeGuess/range", [0, float("nan")], "arrays.probeGuess.range: a list of two"),
    ("arrays/probeGuess/finite", False, "arrays.probeGuess.finite: true"),
    ("arrays/probeGuess/finite", 1, "arrays.probeGuess.finite: true"),
    ("arrays/probeGuess/sha256", "0", "arrays.probeGuess.sha256: 64 hexadecimal digits"),
    ("checks", [], "checks: an object"),
    ("schemas/sidecar_v1.schema.json", "0", "schemas: an object of 64 hexadecimal digits"),
    ("schemas/data_001_v1.schema.json", ABSENT, "schemas.data_001_v1.schema.json: a value"),
]
# The same of what version 2 has more.
FORM_V2 = [
    ("extra", 1, "extra: no such field"),
    *((name, ABSENT, f"{name}: a value") for name in SINCE_V2),
    *((name, True, name) for name in SINCE_V2),
    ("contract", None, "contract: the name of a schema's file"),
    ("contract", "schemas/data_001_v1.schema.json", "contract: the name of a schema's file"),
    ("physics", None, "physics: 'checked' or 'not checked'"),
    ("physics", "unchecked", "physics: 'checked' or 'not checked'"),
    ("defect", "nan", "defect: null, or an object with name, description, refused_by"),
    ("defect/name", ABSENT, "defect: null, or an object with "),
    ("defect/name", "", "defect: null, or an object with "),
    ("defect/description", 1, "defect: null, or an object with "),
    ("defect/refused_by", [], "defect: null, or an object with "),
    ("defect/refused_by", [1], "defect: null, or an object with "),
    ("defect/mood", "bad", "defect: null, or an object with "),
    ("arrays/diffraction/finite", 1, "arrays.diffraction.finite: true or false"),
    ("arrays/diffraction/finite", ABSENT, "arrays.diffraction: an object with dtype, "),
]
# What only the schemas refuse: the numbers of the domain and the contract of its arrays.
DOMAIN = [
    ("subset_size", 15, "subset_size: expected at least 16; found 15"),
    ("subset_size", 129, "subset_size: expected at most 128; found 129"),
    ("subset_indices", [0] * 16, "subset_indices: expected uniqueItems true; found "),
    ("subset_indices", [-1, *range(15)], "subset_indices.0: expected at least 0; found -1"),
    ("subset_strategy", "best", 'subset_strategy: expected one of "evenly_spaced", "first", '),
    ("size", 0, "size: expected at least 1; found 0"),
    ("transformations", [], "transformations: expected at least 1 items; found []"),
    ("arrays/probeGuess/dtype", ">c8", 'arrays.probeGuess.dtype: expected "<c8"; found ">c8"'),
    ("arrays/probeGuess/shape", [64, 32], "arrays.probeGuess.shape.1: expected 64; found 32"),
    ("arrays/diffraction/range", [-1, 1], "arrays.diffraction.range.0: expected at least 0"),
    ("arrays/diffraction/range", [0, 10], "arrays.diffraction.range.1: expected less than 10"),
    ("arrays/probeGuess", ABSENT, "arrays.probeGuess: expected a value; found none"),
    ("checks/coverage_x", 0.5, "checks.coverage_x: expected more than 0.5; found 0.5"),
    ("checks/r_factor", ABSENT, "checks.r_factor: expected a value; found none"),
    ("checks/mood", 1, "checks.mood: expected one of the known keys ("),
]
GOOD = [
    ("source_commit", None),
    ("source_commit", "0" * 40),
    ("created", "2026-11-23T00:00:00Z"),
    ("created", "2026-11-23T01:00:00+01:00"),
    ("generator_helpers", {}),
    ("licence", "CC BY 4.0"),
    ("checks/nearest_alternative", None),
    ("name", "a_v12_b3"),
    ("source_declaration", {"anything": ["at", {"all": 1}]}),
]


# What only the schema refuses, and what both accept, of version 2: (where, what to put there).
PHYSICS = ("own_match_rate", "correlation_median", "r_factor", "scale")
UNCHECKED = {
    "physics": "not checked",
    **{f"checks/{key}": None for key in PHYSICS},
    "checks/nearest_alternative": None,
    "checks/nearest_alternative_margin": None,
    "checks/chi_square_min": None,
    "checks/chi_square_max": None,
}
DOMAIN_V2 = [
    ({f"checks/{key}": None}, f"checks.{key}: expected a number, because the physics was checked")
    for key in PHYSICS
] + [
    ({**UNCHECKED, "checks/r_factor": 0.1}, "checks.r_factor: expected null, because the physics"),
    ({"checks/coverage_x": 0.5}, "checks.coverage_x: expected more than 0.5; found 0.5"),
    ({"subset_size": 15}, "subset_size: expected at least 16; found 15"),
]
GOOD_V2 = [
    {"defect": None, "arrays/diffraction/finite": True},
    {"contract": "data_001_v2.schema.json", "schemas/data_001_v2.schema.json": "1" * 64},
    UNCHECKED,
]


def ids(examples: list) -> list[str]:
    """Readable names for examples."""
    return [f"{path}={'absent' if value is ABSENT else value}"[:50] for path, value, *_ in examples]


@pytest.mark.parametrize(("path", "value", "message"), FORM, ids=ids(FORM))
def test_schema_and_dataclass_refuse_the_same(document, path, value, message):
    """A field of the wrong form is refused by both, and the dataclass's message has its path."""
    put(document, path, value)
    assert schema.problems(document, SCHEMA) != [], "the schema accepts it"
    with pytest.raises(ChainError) as caught:
        Sidecar.from_dict(document, subject="fixture a_v1")
    error = caught.value
    shown = f"{error.subject.removeprefix('fixture a_v1: sidecar field ')}: {error.expected}"
    assert shown.startswith(message), f"the dataclass says: {shown}"
    assert error.remedy == "git checkout the sidecar, or rebuild it: dvc repro"


@pytest.mark.parametrize(("path", "value"), GOOD, ids=ids(GOOD))
def test_schema_and_dataclass_accept_the_same(document, path, value):
    """Whatever a field may be, both let it be."""
    put(document, path, value)
    assert schema.problems(document, SCHEMA) == [], "the schema refuses it"
    assert Sidecar.from_dict(document, subject="x").to_dict() == document, (
        "the dataclass changed it"
    )


@pytest.mark.parametrize(("path", "value", "message"), DOMAIN, ids=ids(DOMAIN))
def test_the_numbers_of_the_domain_are_the_schemas_alone(document, path, value, message):
    """The core knows no ptychography: ranges and the contract of arrays are in the schemas."""
    put(document, path, value)
    found = [str(problem) for problem in schema.problems(document, SCHEMA)]
    assert any(line.startswith(message) for line in found), f"the schema says: {found}"
    assert Sidecar.from_dict(document, subject="x").to_dict() == document, (
        "the dataclass refuses it"
    )


@pytest.mark.parametrize(("path", "value", "message"), FORM_V2, ids=ids(FORM_V2))
def test_schema_and_dataclass_refuse_the_same_of_version_2(document_v2, path, value, message):
    """The fields of version 2 are there and of their form, or both refuse the document."""
    put(document_v2, path, value)
    assert schema.problems(document_v2, SCHEMA_V2) != [], "the schema accepts it"
    with pytest.raises(ChainError) as caught:
        Sidecar.from_dict(document_v2, subject="x")
    error = caught.value
    shown = f"{error.subject.removeprefix('x: sidecar field ')}: {error.expected}"
    assert shown.startswith(message), f"the dataclass says: {shown}"


@pytest.mark.parametrize("change", GOOD_V2)
def test_schema_and_dataclass_accept_the_same_of_version_2(document_v2, change):
    """Whatever a field may be, both let it be, and the text comes back as it was."""
    for path, value in change.items():
        put(document_v2, path, value)
    assert schema.problems(document_v2, SCHEMA_V2) == [], "the schema refuses it"
    record = Sidecar.from_dict(document_v2, subject="x")
    assert record.to_dict() == document_v2, "the dataclass changed it"
    text = sidecar.encode(record)
    assert sidecar.encode(sidecar.parse(text, subject="x")) == text, "the text changed on its way"


@pytest.mark.parametrize(("change", "message"), DOMAIN_V2)
def test_the_numbers_of_the_domain_in_version_2(document_v2, change, message):
    """Figures are numbers where the physics was checked and null where not: the schema's word."""
    for path, value in change.items():
        put(document_v2, path, value)
    found = [str(problem) for problem in schema.problems(document_v2, SCHEMA_V2)]
    assert any(line.startswith(message) for line in found), f"the schema says: {found}"


def test_a_contract_that_no_digest_pins(document_v2):
    """The schema that the arrays satisfy is among those whose digests are recorded."""
    document_v2["contract"] = "data_001_v2.schema.json"
    with pytest.raises(ChainError) as caught:
        Sidecar.from_dict(document_v2, subject="x")
    assert caught.value.subject == "x: sidecar field schemas.data_001_v2.schema.json"


def test_what_version_1_means(document):
    """It says by its version what version 2 has fields for."""
    record = Sidecar.from_dict(document, subject="x")
    assert record.schema_file == "sidecar_v1.schema.json", "not its version"
    said = (record.contract, record.physics, record.defect)
    assert said == ("data_001_v1.schema.json", "checked", None), "not what version 1 means"


@pytest.mark.parametrize("document", [[], "text", None, 1])
def test_a_document_of_another_kind(document):
    """What is no object is refused as such."""
    with pytest.raises(ChainError) as caught:
        Sidecar.from_dict(document, subject="fixture a_v1")
    assert caught.value.subject == "fixture a_v1: sidecar field document"
    assert caught.value.expected == "a JSON object", "not what a sidecar has to be"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"<<<<<<< HEAD\n{}"])
def test_text_that_is_not_json(data):
    """A truncated or conflicted sidecar is an error of the chain, not one of the parser."""
    with pytest.raises(ChainError) as caught:
        sidecar.parse(data, subject="fixture a_v1")
    assert caught.value.expected == "JSON", "the message does not say that it wants JSON"


def test_fields_have_the_same_names_in_schema_and_dataclass():
    """The schema of a version requires each field that it has and knows no other."""
    for file, names in ((SCHEMA, FIELDS), (SCHEMA_V2, list(Sidecar.__dataclass_fields__))):
        rules = json.loads(file.read_bytes())
        assert sorted(rules["required"]) == sorted(names), "required is another list"
        assert sorted(rules["properties"]) == sorted(names), "properties is another list"


def test_names_have_the_same_form_everywhere():
    """The pattern of names is one, in the package and in both schemas."""
    params = json.loads((REPOSITORY / "schemas" / "params.schema.json").read_bytes())
    rules = json.loads(SCHEMA.read_bytes())
    form = rules["$defs"]["fixtureName"]["pattern"]
    assert params["properties"]["fixtures"]["propertyNames"]["pattern"] == form
    assert form.strip("^$") == re.sub(r"\((v[^)]*)\)", r"\1", NAME.pattern), "the package differs"


def test_text_and_back():
    """Encoding what was parsed gives the same text, byte for byte."""
    text = SIDECAR.read_bytes()
    assert sidecar.encode(sidecar.parse(text, subject="x")) == text, "the text changed on its way"


def test_the_text_does_not_depend_on_how_it_was_made(document):
    """Two equal sidecars have equal text, and fields come in the declared order."""
    shuffled = dict(reversed(document.items()))
    one = sidecar.encode(Sidecar.from_dict(document, subject="x"))
    two = sidecar.encode(Sidecar.from_dict(shuffled, subject="x"))
    assert one == two, "the text depends on the order in which fields arrived"
    assert list(json.loads(one)) == FIELDS, "not the declared order"


def test_lists_of_numbers_are_one_line_each(document):
    """Indices, shapes and ranges take a line each; lists of texts keep theirs."""
    document["transformations"] = ["a [\n  1,\n  2\n] b", "[1, 2]"]
    document["subset_indices"] = list(range(16))
    document["arrays"]["probeGuess"]["range"] = [-1.5e-07, 2.0]
    text = sidecar.encode(Sidecar.from_dict(document, subject="x")).decode()
    assert '  "subset_indices": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],\n' in text
    assert '      "range": [-1.5e-07, 2.0],\n' in text, "a range is not on one line"
    assert '  "transformations": [\n    "a [\\n  1,\\n  2\\n] b",\n    "[1, 2]"\n  ],\n' in text
    assert json.loads(text) == document, "the layout changed a value"


def test_text_is_utf8_with_a_last_newline(document):
    """Licences and transformations may hold any letter."""
    document["licence"] = "© Ångström"
    text = sidecar.encode(Sidecar.from_dict(document, subject="x"))
    assert "© Ångström".encode() in text, "a letter was escaped"
    assert text.endswith(b"}\n"), "no newline at the end"


def test_nan_is_never_written(document):
    """JSON has no NaN, so a figure that is none cannot get into a sidecar."""
    record = Sidecar.from_dict(copy.deepcopy(document), subject="x")
    record.checks["r_factor"] = float("nan")
    with pytest.raises(ValueError, match="not JSON compliant"):
        sidecar.encode(record)


def test_a_sidecar_is_frozen(document):
    """Fields of a parsed sidecar cannot be replaced."""
    record = Sidecar.from_dict(document, subject="x")
    with pytest.raises(AttributeError):
        record.size = 1


@pytest.mark.parametrize(
    ("name", "version"),
    [("a_v1", "v1"), ("minimal_dataset_v12_n16", "v12"), ("a_v1_v2", "v2"), ("a_v1_vx", "v1")],
)
def test_version_of_a_name(name, version):
    """The version is the last part of a name that looks like one."""
    assert version_of(name) == version, f"{name} has another version"


@pytest.mark.parametrize("name", ["a", "a_v", "a_v0", "v1", "a_v1\n", "A_v1"])
def test_a_name_without_a_version(name):
    """What has no version is not taken for a fixture's name."""
    with pytest.raises(ValueError, match="has no version"):
        version_of(name)
