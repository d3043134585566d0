"""Tests of `registry.identity.sidecar`, and that the published schemas say the same."""

from __future__ import annotations

import copy
import json
import pickle
import re
from dataclasses import fields, replace

import pytest

from registry.errors import ChainError
from registry.identity import schema, sidecar
from registry.identity.sidecar import NAME, Sidecar, version_of
from tests.kit.repository import FOLDER, REPOSITORY, SCHEMAS

SIDECAR = REPOSITORY / FOLDER / "minimal_dataset_v1_n16.json"
# Every sidecar has to satisfy the first, and one of this field the second as well.
FILES = ("sidecar_v3.schema.json", "ptychography_v1.schema.json")
ABSENT = object()
OPTIONAL = ["reason", "mistakes", "defect"]
SUBSET = ["subset_strategy", "subset_size", "subset_indices"]
# In the text, what is the field's own stands under the field's name.
NAMES = ["ptychography" if item.name == "details" else item.name for item in fields(Sidecar)]
WRITTEN = [name for name in NAMES if name not in OPTIONAL]
DEFECT = {
    "name": "nan",
    "description": "one pixel that is not a number",
    "refused_by": ["contract: diffraction.finite", "physics"],
}
MISTAKES = {
    "found": {"frames_mirrored": ["own_match_rate", "r_factor"]},
    "missed": ["positions_shifted"],
    "none": ["frames_turned"],
    "smallest": {"positions_shifted": 0.25},
}


@pytest.fixture
def document():
    """A good sidecar, parsed, to break."""
    return json.loads(SIDECAR.read_bytes())


def changed(document: dict, changes: dict[str, object]) -> dict:
    """A copy, with what is at some paths of keys joined by slashes set, or taken away."""
    copied = copy.deepcopy(document)
    for path, value in changes.items():
        *parents, last = path.split("/")
        place = copied
        for key in parents:
            place = place[key]
        if value is ABSENT:
            del place[last]
        else:
            place[last] = value
    return copied


def problems(document: object) -> list[str]:
    """What the schemas say."""
    return [str(item) for file in FILES for item in schema.problems(document, SCHEMAS / file)]


def read(document: object) -> Sidecar:
    """What the dataclass makes of it."""
    return Sidecar.from_dict(document, subject="x")


# What both refuse: (where, what to put there, what the dataclass says).
FORM = [
    ("extra", 1, "extra: no such field"),
    *((name, ABSENT, f"{name}: a value") for name in WRITTEN if name not in SUBSET),
    *((name, None, f"{name}: ") for name in NAMES),
    *((name, True, f"{name}: ") for name in NAMES),
    ("name", "minimal_dataset", "name: a name with its version"),
    ("name", "../x_v1", "name: a name with its version"),
    ("name", "a_v1\n", "name: a name with its version"),
    ("licence", ["MIT"], "licence: text"),
    ("generator_helpers", {"generators/a_v1.py": 1}, "generator_helpers: an object of texts"),
    ("source_generators", [], "source_generators: an object of texts"),
    ("source_commit", 5, "source_commit: text"),
    ("subset_size", "16", "subset_size: an integer"),
    ("subset_size", 16.0, "subset_size: an integer"),
    ("subset_indices", [0.5, *range(15)], "subset_indices: a list of integers"),
    ("subset_indices", "0, 1", "subset_indices: a list of integers"),
    ("transformations", [1], "transformations: a list of texts"),
    ("size", "970036", "size: an integer"),
    ("arrays", [], "arrays: an object of objects"),
    ("arrays/probeGuess", 1, "arrays: an object of objects"),
    *(
        (f"arrays/probeGuess/{key}", ABSENT, f"arrays.probeGuess.{key}: ")
        for key in ("dtype", "shape", "range", "finite", "sha256")
    ),
    ("arrays/probeGuess/dtype", 8, "arrays.probeGuess.dtype: text"),
    ("arrays/probeGuess/shape", "64, 64", "arrays.probeGuess.shape: a list of integers"),
    ("arrays/probeGuess/shape", [64, 64.5], "arrays.probeGuess.shape: a list of integers"),
    ("arrays/probeGuess/range", [0, "1"], "arrays.probeGuess.range: a list of numbers"),
    ("arrays/probeGuess/range", [0, float("nan")], "arrays.probeGuess.range: a list of numbers"),
    ("arrays/probeGuess/range", [1], "arrays.probeGuess.range: a list of numbers"),
    ("arrays/probeGuess/range", [1, 2, 3], "arrays.probeGuess.range: a list of numbers"),
    ("arrays/probeGuess/finite", 1, "arrays.probeGuess.finite: true or false"),
    ("checks", [], "checks: an object"),
    ("reason", 1, "reason: text"),
    ("mistakes", [], "mistakes: an object"),
    *(
        ("mistakes", {key: MISTAKES[key] for key in MISTAKES if key != name}, f"mistakes.{name}: ")
        for name in ("found", "missed")
    ),
    (
        "mistakes",
        {**MISTAKES, "found": {"a": "b"}},
        "mistakes.found: an object of lists of texts",
    ),
    ("mistakes", {**MISTAKES, "missed": [1]}, "mistakes.missed: a list of texts"),
    ("mistakes", {**MISTAKES, "none": "a"}, "mistakes.none: a list of texts"),
    ("mistakes", {**MISTAKES, "smallest": {"x": "1"}}, "mistakes.smallest: an object of numbers"),
    ("defect", "nan", "defect: an object"),
    *(
        ("defect", {key: DEFECT[key] for key in DEFECT if key != name}, f"defect.{name}: ")
        for name in DEFECT
    ),
    ("defect", {**DEFECT, "refused_by": [1]}, "defect.refused_by: a list of texts"),
    ("schemas", ["sidecar_v3.schema.json"], "schemas: an object of texts"),
    ("schemas/sidecar_v3.schema.json", 1, "schemas: an object of texts"),
]
BLOB = "expected blob: and 40 hexadecimal digits in lower case; found "
SHA256 = "expected 64 hexadecimal digits in lower case; found "
INSTANT = "created: expected an ISO 8601 instant that the calendar has, such as "
FIELD = "expected a number, because the physics was checked; found "
# What only the schemas refuse: (where, what to put there, what they say).
DOMAIN = [
    ("version", "1", "version: expected text that matches ^v[1-9][0-9]*$"),
    ("version", "v0", "version: expected text that matches ^v[1-9][0-9]*$"),
    ("created", "2026-11-23", INSTANT),
    ("created", "2026-11-23T00:00:00", INSTANT),
    ("created", "2026-02-30T00:00:00Z", INSTANT),
    ("created", "2026-11-23T24:00:01Z", INSTANT),
    ("created", "20261123T000000Z", INSTANT),
    ("licence", "", "licence: expected minLength 1"),
    ("generator_script", "/a/subset_v1.py", "generator_script: expected a path such as "),
    ("generator_script", "generators/subset.py", "generator_script: expected a path such as "),
    ("generator_commit", "0" * 40, "generator_commit: " + BLOB),
    ("generator_commit", "blob:" + "0" * 39, "generator_commit: " + BLOB),
    ("generator_helpers", {"a.py": "blob:" + "0" * 40}, "generator_helpers: expected a path such"),
    ("source_generators", {"generators/a_v1.py": "0"}, 'source_generators."generators/a_v1.py": '),
    ("source_dataset", "/data/scan.npz", "source_dataset: expected text that matches "),
    ("source_dataset", "", "source_dataset: expected text that matches "),
    ("source_sha256", "0" * 63, "source_sha256: " + SHA256),
    ("source_sha256", "A" * 64, "source_sha256: " + SHA256),
    ("source_commit", "", "source_commit: expected minLength 1"),
    ("sha256_checksum", "0" * 63, "sha256_checksum: " + SHA256),
    ("content_sha256", "x" * 64, "content_sha256: " + SHA256),
    ("size", 0, "size: expected at least 1; found 0"),
    ("transformations", [], "transformations: expected at least 1 items; found []"),
    ("arrays", {}, "arrays: expected minProperties 1"),
    ("arrays/probeGuess/unit", "px", "arrays.probeGuess.unit: expected one of the known keys ("),
    ("arrays/probeGuess/sha256", "0", "arrays.probeGuess.sha256: " + SHA256),
    ("contract", "schemas/a.schema.json", "contract: expected "),
    ("verdict", "unchecked", "verdict: expected what the field's checks say of the arrays: "),
    ("reason", "", "reason: expected why the verdict is not checked, in words"),
    ("suite", "ptychography", "suite: expected the suite of checks that found the figures"),
    ("checks/r_factor", [], "checks.r_factor: expected "),
    ("mistakes", {"found": {"a": []}, "missed": []}, "mistakes.found.a: expected at least 1 items"),
    ("mistakes", {**MISTAKES, "mood": 1}, "mistakes.mood: expected one of the known keys ("),
    ("defect", {**DEFECT, "name": ""}, "defect.name: expected minLength 1"),
    ("defect", {**DEFECT, "refused_by": []}, "defect.refused_by: expected at least 1 items"),
    ("defect", {**DEFECT, "mood": "bad"}, "defect.mood: expected one of the known keys ("),
    ("schemas/sidecar_v3.schema.json", ABSENT, 'schemas."sidecar_v3.schema.json": '),
    ("schemas/sidecar_v3.schema.json", "0", 'schemas."sidecar_v3.schema.json": '),
    # the field's
    *((name, ABSENT, f"{name}: expected a value; found none") for name in SUBSET),
    ("subset_size", 15, "subset_size: expected at least 16; found 15"),
    ("subset_indices", [0] * 16, "subset_indices: expected uniqueItems true; found "),
    ("subset_indices", [-1, *range(15)], "subset_indices.0: expected at least 0; found -1"),
    ("ptychography", {"noise": "none"}, "ptychography.photon_scale: expected a value; found none"),
    ("ptychography/noise", "loud", 'ptychography.noise: expected one of "none", "poisson", '),
    ("ptychography/photon_scale", 0, "ptychography.photon_scale: expected more than 0; found 0"),
    ("ptychography/mood", 1, "ptychography.mood: expected one of the known keys ("),
    ("checks/coverage_x", 0.5, "checks.coverage_x: expected more than 0.5; found 0.5"),
    ("checks/coverage_y", ABSENT, "checks.coverage_y: expected a value; found none"),
    ("checks/max_amplitude", 11, "checks.max_amplitude: expected at most 10; found 11"),
    *(
        (f"checks/{name}", None, f"checks.{name}: {FIELD}null")
        for name in ("own_match_rate", "correlation_median", "r_factor", "scale", "power")
    ),
    ("checks/power", ABSENT, "checks.power: expected a value; found none"),
    ("checks/power", 0.5, "checks.power: expected more than 0.5; found 0.5"),
    ("verdict", "undecided", "reason: expected a value; found none"),
    ("verdict", "not checked", "reason: expected a value; found none"),
    *(
        (f"checks/{name}", value, f"checks.{name}: expected {rule}; found ")
        for name, value, rule in (
            ("nearest_alternative_margin", -0.001, "at least 0"),
            ("power", 1.5, "at most 1"),
            ("power", -0.5, "at least 0"),
            ("power", "high", "a part, 0 to 1, of all single misplacements of a frame"),
            ("held_out_z", "high", "a number of standard deviations"),
        )
    ),
]
UNCHECKED = {
    "verdict": "not checked",
    "reason": "the source has no object",
    **{
        f"checks/{name}": None
        for name in ("own_match_rate", "nearest_alternative", "nearest_alternative_margin",
                     "chi_square_min", "chi_square_max", "correlation_median", "r_factor", "scale",
                     "power")
    },
}  # fmt: skip
UNDECIDED = {
    "verdict": "undecided",
    "reason": "the data could not have told",
    "checks/nearest_alternative_margin": -0.001,
    "checks/power": 0.25,
    "checks/held_out_z": -1.3,
}
# What both accept: what to put where.
GOOD = [
    {},
    {"source_commit": "0" * 40},
    {"created": "2026-11-23T00:00:00Z"},
    {"created": "2028-02-29T01:00:00+01:00"},
    {"generator_helpers": {}, "source_generators": {}},
    {"licence": "CC BY 4.0"},
    {"checks/nearest_alternative": None},
    {"checks/a_figure_of_a_later_suite": 0.5, "checks/another": "in words"},
    {"name": "a_v12_b3"},
    {"source_declaration": {"anything": ["at", {"all": 1}]}},
    {"contract": "data_001_v2.schema.json", "schemas/data_001_v2.schema.json": "1" * 64},
    {"ptychography/photon_scale": None},
    {"mistakes": MISTAKES},
    {"mistakes": {"found": {}, "missed": []}},
    {"defect": DEFECT, "arrays/diffraction/finite": False},
    UNDECIDED,
    UNCHECKED,
]


def test_doubt(document):
    """A verdict that is not `checked` comes with its reason, be it that there is none."""
    for changes, doubt in (
        ({}, ""),
        (UNDECIDED, "the data could not have told"),
        (UNCHECKED, "the source has no object"),
        ({"verdict": "not checked"}, "its sidecar gives no reason"),
    ):
        assert read(changed(document, changes)).doubt == doubt, changes


def test_figures_that_decide_nothing_were_measured_all_the_same(document):
    """Only where nothing was checked were they not."""
    for changes, measured in (({}, True), (UNDECIDED, True), (UNCHECKED, False)):
        assert read(changed(document, changes)).is_measured is measured, changes


def test_schema_and_dataclass_refuse_the_same(document):
    """A field of the wrong form is refused by both, and the dataclass's message has its path."""
    for path, value, message in FORM:
        case = f"{path} = {'absent' if value is ABSENT else value!r}"
        bad = changed(document, {path: value})
        assert problems(bad) != [], f"{case}: the schemas accept it"
        with pytest.raises(ChainError) as caught:
            read(bad)
        error = caught.value
        shown = f"{error.subject.removeprefix('x: sidecar field ')}: {error.expected}"
        assert shown.startswith(message), f"{case}: the dataclass says {shown}"
        assert error.remedy == "git checkout the sidecar, or rebuild it: dvc repro", case


def test_schema_and_dataclass_accept_the_same(document):
    """Whatever a field may be, both let it be, and the text comes back as it was."""
    for changes in GOOD:
        good = changed(document, changes)
        assert problems(good) == [], f"{changes}: the schemas refuse it"
        record = read(good)
        assert record.to_dict() == good, f"{changes}: the dataclass changed it"
        text = sidecar.encode(record)
        again = sidecar.encode(sidecar.parse(text, subject="x"))
        assert again == text, f"{changes}: the text changed on its way"


def test_what_the_schemas_alone_refuse(document):
    """The core knows no ptychography and no forms of text: these are in the schemas."""
    for path, value, message in DOMAIN:
        case = f"{path} = {'absent' if value is ABSENT else value!r}"
        bad = changed(document, {path: value})
        found = problems(bad)
        assert any(line.startswith(message) for line in found), f"{case}: the schemas say {found}"
        read(bad)


def test_both_validators_say_the_same(document):
    """The fast one, which verification asks first, lets nothing through that the other refuses."""
    fits = [schema.compiled(SCHEMAS / file) for file in FILES]
    for path, value, _ in [*FORM, *DOMAIN]:
        bad = changed(document, {path: value})
        assert not all(fit(bad) for fit in fits), f"{path} = {value!r} passes"
    for changes in GOOD:
        assert all(fit(changed(document, changes)) for fit in fits), f"{changes} is refused"


def test_a_field_of_science_without_a_subset(document):
    """Another field has its own place, and the general schema asks for no subset."""
    other = changed(document, {"field": "arrays", "ptychography": ABSENT, "arrays": ABSENT})
    other = {**other, "arrays": document["arrays"], "field": "scans", "scans": {"a": [1]}}
    for name in SUBSET:
        del other[name]
    assert schema.problems(other, SCHEMAS / FILES[0]) == [], "the general schema refuses it"
    record = read(other)
    assert record.details == {"a": (1,)}, "what is the field's own is not under its name"
    assert (record.subset_strategy, record.subset_size, record.subset_indices) == ("", 0, ())
    assert record.to_dict() == other, "what it does not have was written"


def test_what_belongs_to_no_field(document):
    """An object under another name is nobody's, and no field is called like a part of a sidecar."""
    for changes, path in (
        ({"biology": {}}, "biology"),
        ({"details": {}}, "details"),
        ({"field": "defect"}, "ptychography"),
        ({"field": "details", "details": {}}, "ptychography"),
        ({"field": "biology", "ptychography": ABSENT}, "biology"),
    ):
        with pytest.raises(ChainError) as caught:
            read(changed(document, changes))
        assert caught.value.subject == f"x: sidecar field {path}", f"{changes}: not what is wrong"


def test_a_field_that_is_called_like_a_part_of_a_sidecar(document):
    """It has nothing of its own, and its sidecar is written as it was read."""
    plain = changed(document, {"field": "arrays", "ptychography": ABSENT})
    found = read(plain)
    assert (found.field, found.details) == ("arrays", {})
    assert found.to_dict() == plain, "another text"


def test_a_document_of_another_kind():
    """What is no object is refused as such."""
    for document in ([], "text", None, 1):
        with pytest.raises(ChainError) as caught:
            read(document)
        assert caught.value.subject == "x: sidecar field document", document
        assert caught.value.expected == "a JSON object", document


def test_text_that_is_not_json():
    """A truncated or conflicted sidecar is an error of the chain, not one of the parser."""
    for data in (b"", b"{", b"\xff", b"<<<<<<< HEAD\n{}", b"[" * 100_000, b'{"a": NaN}',
                 b'{"a": -Infinity}'):  # fmt: skip
        with pytest.raises(ChainError) as caught:
            sidecar.parse(data, subject="x")
        error = caught.value
        assert error.subject == "x: sidecar field document", data[:20]
        assert error.expected == "JSON, each key once", data[:20]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("[" * 40 + "]" * 40, "'more levels than can be read'"),
        ('{"a":' * 40 + "1" + "}" * 40, "'more levels than can be read'"),
        ('"a\\ud800b"', "which has half of a surrogate pair"),
        ('{"\\udfff": 1}', "which has half of a surrogate pair"),
        ("1e999", "'1e999, which is too large a number'"),
        ("-1e999", "'-1e999, which is too large a number'"),
        ("1" * 21, "which is too large a number'"),
        ("1" * 5000, "which is too large a number'"),
    ],
)
def test_what_python_reads_and_programs_fail_on(document, value, found):
    """Depth, halves of letters and numbers that end a program later are refused at the door."""
    text = json.dumps(changed(document, {"checks/new": "HERE"})).replace('"HERE"', value)
    with pytest.raises(ChainError) as caught:
        sidecar.parse(text.encode(), subject="x")
    error = caught.value
    assert error.subject == "x: sidecar field document", "not the whole text"
    assert found in error.found, "not what is wrong"
    assert len(error.found) <= 80, "too long for a line"
    str(error).encode()


@pytest.mark.parametrize("value", ["Zoë, © 2026 \N{GREEK SMALL LETTER PHI}", 2**64 - 1, -(2**63)])
def test_what_programs_can_read(document, value):
    """Any letter, and any number of 64 bits."""
    text = json.dumps(changed(document, {"checks/new": value}), ensure_ascii=False)
    assert sidecar.parse(text.encode(), subject="x").checks["new"] == value


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_text_in_another_encoding(document, encoding):
    """A sidecar is UTF-8, which is what git and every other reader take it for."""
    text = json.dumps({**document, "licence": "©"}, ensure_ascii=False)
    with pytest.raises(ChainError, match="can't decode byte"):
        sidecar.parse(text.encode(encoding), subject="x")


def test_a_key_that_is_there_twice(document):
    """Nobody says which of two values counts, at whatever depth: neither does."""
    text = SIDECAR.read_text()
    for key, line in (
        ("licence", '  "licence": "MIT",\n'),
        ("r_factor", '    "r_factor": 0.059,\n'),
    ):
        start = text.index(f'"{key}"')
        start = text.rindex("\n", 0, start) + 1
        with pytest.raises(ChainError) as caught:
            sidecar.parse((text[:start] + line + text[start:]).encode(), subject="x")
        assert caught.value.found == f"'the key {key} twice'", f"{key} is not named"


def test_fields_have_the_same_names_in_schema_and_dataclass():
    """The general schema requires each field that has no default, and knows no other."""
    rules = json.loads((SCHEMAS / FILES[0]).read_bytes())
    general = [name for name in NAMES if name != "ptychography"]
    required = [name for name in general if name not in OPTIONAL + SUBSET]
    assert sorted(rules["required"]) == sorted(required), "required is another list"
    assert sorted(rules["properties"]) == sorted(general), "properties is another list"
    own = json.loads((SCHEMAS / FILES[1]).read_bytes())
    assert sorted(own["required"]) == sorted([*SUBSET, "ptychography"]), "not what the field adds"


def test_names_have_the_same_form_everywhere():
    """The pattern of names is one, in the package and in both schemas."""
    params = json.loads((SCHEMAS / "params.schema.json").read_bytes())
    form = json.loads((SCHEMAS / FILES[0]).read_bytes())["properties"]["name"]["pattern"]
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
    written = [name for name in NAMES if name in document]
    assert list(json.loads(one)) == written, "not the declared order"


def test_lists_of_numbers_are_one_line_each(document):
    """Indices, shapes, ranges and names take a line each; lists of texts keep theirs."""
    document["mistakes"] = {"found": {"a": ["own-match", "contract: x.dtype"]}, "missed": []}
    document["transformations"] = ["a [\n  1,\n  2\n] b", "[1, 2]"]
    document["subset_indices"] = list(range(16))
    document["arrays"]["probeGuess"]["range"] = [-1.5e-07, 2.0]
    text = sidecar.encode(Sidecar.from_dict(document, subject="x")).decode()
    assert '  "subset_indices": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],\n' in text
    assert '      "range": [-1.5e-07, 2.0],\n' in text, "a range is not on one line"
    assert '      "a": ["own-match", "contract: x.dtype"]\n' in text, "names are not on one line"
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
    record = Sidecar.from_dict(document, subject="x")
    record = replace(record, checks={**record.checks, "r_factor": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        sidecar.encode(record)


def test_a_sidecar_is_frozen(document):
    """Nothing of a sidecar can be changed, at any depth; nor by whoever made its parts."""
    record = read(changed(document, {"defect": DEFECT, "checks/a": [{"b": [1]}]}))
    for change in (
        lambda: setattr(record, "size", 1),
        lambda: record.checks.update(r_factor=0),
        lambda: record.checks.__setitem__("r_factor", 0),
        lambda: record.checks["a"][0].__setitem__("b", 0),
        lambda: record.checks["a"][0]["b"].append(2),
        lambda: record.subset_indices.append(1),
        lambda: record.transformations.__setitem__(0, ""),
        lambda: record.arrays["probeGuess"]["shape"].clear(),
        lambda: record.defect["refused_by"].clear(),
        lambda: record.details.pop("noise"),
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()
    checks = {"r_factor": 1}
    record = replace(record, checks=checks)
    checks["r_factor"] = 2
    assert record.checks == {"r_factor": 1}, "it is whoever's who made it"


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda item: pickle.loads(pickle.dumps(item))]
)
def test_a_copy_is_the_same(document, copied):
    """Copied, or on its way to another process, it says the same, and as plain JSON too."""
    record = read(changed(document, {"defect": DEFECT, "checks/a": [{"b": [1]}]}))
    back = copied(record)
    assert back == record, "it says something else"
    assert json.dumps(back.to_dict()) == json.dumps(record.to_dict()), "not plain JSON"
    with pytest.raises(TypeError, match="does not support item assignment"):
        back.checks["a"] = 1


def test_version_of_a_name():
    """The version is the last part of a name that looks like one."""
    for name, version in (
        ("a_v1", "v1"), ("minimal_dataset_v12_n16", "v12"), ("a_v1_v2", "v2"), ("a_v1_vx", "v1"),
    ):  # fmt: skip
        assert version_of(name) == version, f"{name} has another version"


def test_a_name_without_a_version():
    """What has no version is not taken for a fixture's name."""
    for name in ("a", "a_v", "a_v0", "v1", "a_v1\n", "A_v1"):
        with pytest.raises(ValueError, match="has no version"):
            version_of(name)


def test_next_free_version():
    """The number above goes up until the name is free; the rest of the name stays."""
    for name, taken, expected in (
        ("a_v1", set(), "a_v2"),
        ("a_v1", {"a_v2", "a_v3"}, "a_v4"),
        ("a_v1", {"a_v3"}, "a_v2"),
        ("a_v9_n16", {"a_v10"}, "a_v10_n16"),
        ("a_v1_v2", set(), "a_v1_v3"),
    ):
        assert sidecar.next_free_version(name, taken) == expected, f"{name}, with {taken}"


def test_next_version_of_a_name_without_one():
    """What has no version has no next one."""
    with pytest.raises(ValueError, match="'a' has no version such as _v1"):
        sidecar.next_free_version("a", set())
