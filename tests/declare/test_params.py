"""Tests of `registry.declare.params`.

The declaration, held against the schema of this repository.
"""

from __future__ import annotations

import json
import shutil

import pytest

from registry.declare import params, yaml_text
from registry.declare.generator_keys import Key
from registry.errors import CheckError, MissingError
from tests.kit.repository import REPOSITORY

GENERATORS = ("file_v1", "simulate_v1", "subset_v1")
GOOD = """\
folder: data
sources:
  twin:
    generator: simulate_v1
    seed: 1
    licence: CC0-1.0
  mine:
    generator: file_v1
    path: /data/scan.npz
    sha256: "0000000000000000000000000000000000000000000000000000000000000000"
    noise: measured
    licence: MIT
fixtures:
  small_v1: &small_v1
    generator: subset_v1
    source: twin
    strategy: evenly_spaced
    n_subset: 64
    diff3d: true
    created: "2026-11-23T00:00:00+00:00"
  small_v1_n16:
    <<: *small_v1
    n_subset: 16
"""
FIXTURE_NAME = (
    "a name of lower-case letters, digits and single underscores, at most 100, with its version, "
    "such as minimal_dataset_v1 or minimal_dataset_v1_n16"
)
SOURCE_NAME = "a name of lower-case letters, digits and single underscores, at most 100"
INSTANT = 'an ISO 8601 instant in quotes that the calendar has, such as "2026-11-23T00:00:00+00:00"'
FIXTURE_KEYS = (
    "one of the known keys (Y, created, diff3d, n_subset, physics, seed, source, strategy)"
)
ENTRY = "an object of its generator and the keys that generators/GENERATOR.schema.json lists"
KEY = "a key of letters, digits and underscores"
GENERATOR = "the name of a generator with its version, such as subset_v1"
SOURCE_GENERATORS = "a generator of sources: file_v1, simulate_v1"
FIXTURE_GENERATORS = "a generator of fixtures: subset_v1"
DIGEST = "64 hexadecimal digits in lower case, in quotes"


@pytest.fixture
def declared(tmp_path):
    """Load a declaration with these bytes, in a folder with some of this repository's schemas."""
    (tmp_path / "schemas").mkdir()
    for name in ("params", "keys_v1"):
        shutil.copy(REPOSITORY / f"schemas/{name}.schema.json", tmp_path / "schemas")
    (tmp_path / "generators").mkdir()
    for name in GENERATORS:
        shutil.copy(REPOSITORY / f"generators/{name}.schema.json", tmp_path / "generators")
        (tmp_path / "generators" / f"{name}.py").touch()

    def load(text: str | bytes) -> params.Params:
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "params.yaml").write_bytes(data)
        return params.load(tmp_path)

    return load


def edited(old: str, new: str) -> str:
    """The good declaration with one edit."""
    assert GOOD.count(old) == 1, f"{old!r} is there {GOOD.count(old)} times"
    return GOOD.replace(old, new)


def test_a_good_declaration(declared):
    """Entries arrive as they were written, anchors and merge keys resolved."""
    found = declared(GOOD)
    assert list(found.sources) == ["twin", "mine"], "the sources are not those declared"
    assert found.fixtures["small_v1_n16"] == {
        "generator": "subset_v1",
        "source": "twin",
        "strategy": "evenly_spaced",
        "n_subset": 16,
        "diff3d": True,
        "created": "2026-11-23T00:00:00+00:00",
    }, "the merged entry is not the anchor's with its own n_subset"


def test_nothing_declared_is_fine(declared):
    """A registry may start empty."""
    assert declared("folder: a/b\nsources: {}\nfixtures: {}\n") == params.Params(
        folder="a/b", sources={}, fixtures={}
    )


def test_the_declaration_of_this_repository():
    """What is committed here keeps its own rules."""
    assert "minimal_dataset_v1" in params.load(REPOSITORY).fixtures, "the target is not declared"


BAD = [
    # unknown keys
    ("diff3d: true", "colour: red", "fixtures.small_v1.colour", FIXTURE_KEYS, 'key "colour"'),
    ("diff3d: true", "1: 1", "fixtures.small_v1.1", FIXTURE_KEYS, "key 1"),
    ("seed: 1", "seed: 1\n    noise: none", "sources.twin.noise",
     "one of the known keys (commit, licence, max_amplitude, path, "
     "photons_per_frame, seed, sha256)", 'key "noise"'),
    # names, which DVC pastes into commands and paths as they are
    ("small_v1_n16:", "../x:", "fixtures", FIXTURE_NAME, '"../x"'),
    ("small_v1_n16:", "a b:", "fixtures", FIXTURE_NAME, '"a b"'),
    ("small_v1_n16:", "$(id):", "fixtures", FIXTURE_NAME, '"$(id)"'),
    ("small_v1_n16:", "a_v1;id:", "fixtures", FIXTURE_NAME, '"a_v1;id"'),
    ("small_v1_n16:", '"a_v1\\n":', "fixtures", FIXTURE_NAME, '"a_v1\\n"'),
    ("small_v1_n16:", "-a_v1:", "fixtures", FIXTURE_NAME, '"-a_v1"'),
    ("small_v1_n16:", "A_v1:", "fixtures", FIXTURE_NAME, '"A_v1"'),
    ("small_v1_n16:", "a_v0:", "fixtures", FIXTURE_NAME, '"a_v0"'),
    ("small_v1_n16:", "a:", "fixtures", FIXTURE_NAME, '"a"'),
    ("small_v1_n16:", "1:", "fixtures", FIXTURE_NAME, "1"),
    ("small_v1_n16:", "true:", "fixtures", FIXTURE_NAME, "true"),
    ("small_v1_n16:", "null:", "fixtures", FIXTURE_NAME, "null"),
    ("small_v1_n16:", "2026-11-23:", "fixtures", FIXTURE_NAME, "the date 2026-11-23"),
    ("small_v1_n16:", "a" * 98 + "_v1:", "fixtures", FIXTURE_NAME, '"' + "a" * 76 + "..."),
    ("mine:", "../x:", "sources", SOURCE_NAME, '"../x"'),
    ("mine:", "$(id):", "sources", SOURCE_NAME, '"$(id)"'),
    # generators
    ("generator: subset_v1", "generator: subset_v9", "fixtures.small_v1.generator",
     FIXTURE_GENERATORS, '"subset_v9"'),
    ("generator: subset_v1", "generator: subset", "fixtures.small_v1.generator", GENERATOR,
     '"subset"'),
    ("generator: subset_v1", "generator: ../subset_v1", "fixtures.small_v1.generator", GENERATOR,
     '"../subset_v1"'),
    ("generator: subset_v1", "generator: simulate_v1", "fixtures.small_v1.generator",
     FIXTURE_GENERATORS, '"simulate_v1"'),
    ("generator: simulate_v1", "generator: exact_v1", "sources.twin.generator",
     SOURCE_GENERATORS, '"exact_v1"'),
    ("generator: file_v1\n    ", "", "sources.mine.generator", "a value", "none"),
    # numbers
    ("n_subset: 16", "n_subset: 15", "fixtures.small_v1_n16.n_subset", "at least 16", "15"),
    ("n_subset: 16", "n_subset: 129", "fixtures.small_v1_n16.n_subset", "at most 128", "129"),
    ("n_subset: 16", "n_subset: 16.0", "fixtures.small_v1_n16.n_subset", "integer", "16.0"),
    ("n_subset: 16", 'n_subset: "16"', "fixtures.small_v1_n16.n_subset", "integer", '"16"'),
    ("n_subset: 16", "n_subset: null", "fixtures.small_v1_n16.n_subset", "integer", "null"),
    ("seed: 1", "seed: -1", "sources.twin.seed", "at least 0", "-1"),
    ("seed: 1", "seed: 1\n    photons_per_frame: 0", "sources.twin.photons_per_frame",
     "more than 0", "0"),
    ("seed: 1", "seed: 1\n    photons_per_frame: .nan", "sources.twin.photons_per_frame",
     "number", "NaN"),
    ("seed: 1", "seed: 1\n    max_amplitude: 10", "sources.twin.max_amplitude",
     "less than 10", "10"),
    # what does not exist
    ("source: twin", "source: nope", "fixtures.small_v1.source",
     'one of the sources "twin", "mine"', '"nope"'),
    # what goes together
    ("evenly_spaced", "random", "fixtures.small_v1.seed", "a value", "none"),
    ("diff3d: true", "seed: 1", "fixtures.small_v1.seed",
     "no seed, which strategy: random alone has", "1"),
    ("seed: 1", f'seed: 1\n    sha256: "{"0" * 64}"', "sources.twin.path",
     "a value beside sha256", "none"),
    ("seed: 1", "seed: 1\n    path: a.npz", "sources.twin.sha256", "a value beside path",
     "none"),
    ("measured", "poisson", "sources.mine.photon_scale", "a value", "none"),
    ("measured", "measured\n    photon_scale: 2", "sources.mine.photon_scale",
     "no photon_scale, which noise: poisson alone has", "2"),
    # words and digests
    ("evenly_spaced", "evenly", "fixtures.small_v1.strategy",
     'one of "evenly_spaced", "first", "grid", "random"', '"evenly"'),
    ("measured", "loud", "sources.mine.noise", 'one of "none", "poisson", "measured"',
     '"loud"'),
    ('"' + "0" * 64 + '"', '"abc"', "sources.mine.sha256", DIGEST, '"abc"'),
    ('"' + "0" * 64 + '"', "1" * 64, "sources.mine.sha256", DIGEST, "1" * 64),
    ("measured", "measured\n    commit: main", "sources.mine.commit",
     "a commit's 40 hexadecimal digits in lower case, in quotes", '"main"'),
    ("/data/scan.npz", "--seed", "sources.mine.path",
     "a file's path, which does not start with a dash", '"--seed"'),
    ("MIT", '""', "sources.mine.licence", "the data's licence, such as CC0-1.0", '""'),
    ("\n    licence: MIT", "", "sources.mine.licence", "a value", "none"),
    # dates
    ('"2026-11-23T00:00:00+00:00"', "2026-11-23", "fixtures.small_v1.created", INSTANT,
     "the date 2026-11-23"),
    ('"2026-11-23T00:00:00+00:00"', "yesterday", "fixtures.small_v1.created", INSTANT,
     '"yesterday"'),
    ('"2026-11-23T00:00:00+00:00"', '"2026-13-23T00:00:00Z"', "fixtures.small_v1.created",
     INSTANT, '"2026-13-23T00:00:00Z"'),
    ('"2026-11-23T00:00:00+00:00"', '"2026-02-30T00:00:00Z"', "fixtures.small_v1.created",
     INSTANT, '"2026-02-30T00:00:00Z"'),
    # entries that are none
    ("\n    <<: *small_v1\n    n_subset: 16", "", "fixtures.small_v1_n16", ENTRY, "null"),
    ("\n    <<: *small_v1\n    n_subset: 16", " [1]", "fixtures.small_v1_n16", ENTRY, "[1]"),
]  # fmt: skip


def test_a_bad_entry(declared):
    """Each mistake gives a message with the dotted path, the rule and the value."""
    for old, new, path, rule, value in BAD:
        case = f"{old!r} -> {new!r}"
        with pytest.raises(CheckError) as caught:
            declared(edited(old, new))
        # the entry that merges the other one has the same mistake a second time
        lines = [
            line
            for line in caught.value.found.split("\n            ")
            if "small_v1_n16" not in line or "small_v1_n16" in path
        ]
        assert lines == [f"{path}: expected {rule}; found {value}"], case
        assert caught.value.exit_code == 1, f"{case}: a bad declaration is a failed check"


def test_a_key_that_is_no_word(declared):
    """DVC pastes keys into a command as they are: one that is no word is refused by itself.

    So it is where the generator is wrong, too, and its keys cannot be known.
    """
    for key in ("it's; x", "$(id)", "a b", "-x", "a-b", "a.b", "\u00e4", "1a", ""):
        for generator in ("subset_v1", "simulate_v1", "nope_v1"):
            text = GOOD.replace("diff3d: true", f"{json.dumps(key)}: 1")
            with pytest.raises(CheckError) as caught:
                declared(text.replace("generator: subset_v1", f"generator: {generator}"))
            line = f"fixtures.small_v1: expected {KEY}; found {json.dumps(key)}\n"
            assert line in caught.value.found, f"{key!r} of {generator}: {caught.value.found}"


def test_a_generator_that_is_no_text(declared):
    """What cannot be a generator's name leads to no file."""
    for generator in ("5", "null", "[subset_v1]", "{a: 1}", '"subset_v1\\n"', "true"):
        with pytest.raises(CheckError) as caught:
            declared(edited("generator: file_v1", f"generator: {generator}"))
        start = f"sources.mine.generator: expected {GENERATOR}; found "
        assert caught.value.found.startswith(start), f"{generator}: {caught.value.found}"


def test_every_mistake_is_named(declared):
    """None hides another, and the subject says how many there are."""
    text = edited("n_subset: 16", "n_subset: 15\n    source: nope").replace("seed: 1", "seed: -1")
    with pytest.raises(CheckError) as caught:
        declared(text + "extras: 1\n")
    assert str(caught.value) == (
        "params.yaml: 4 problems\n"
        "  expected: entries that satisfy params.schema.json and their generators' schemas\n"
        "  found:    extras: expected one of the known keys (dataset, deprecated, envelope, "
        'fixtures, folder, retired, sources); found key "extras"\n'
        "            sources.twin.seed: expected at least 0; found -1\n"
        "            fixtures.small_v1_n16.n_subset: expected at least 16; found 15\n"
        "            fixtures.small_v1_n16.source: expected one of the sources "
        '"twin", "mine"; found "nope"\n'
        "  to mend:  edit params.yaml at the paths above; nothing was built"
    ), "not all problems, each on a line of its own"


def test_what_is_deprecated_is_declared(declared):
    """Both a deprecated fixture and its successor are fixtures of the declaration."""
    rule = "a declared fixture"
    for entry, found in (
        ("small_v1: {reason: x}", None),
        ("small_v1: {reason: x, successor: small_v1_n16}", None),
        ("nope_v1: {reason: x}", f'deprecated.nope_v1: expected {rule}; found "nope_v1"'),
        ("small_v1: {reason: x, successor: nope_v1}",
         f'deprecated.small_v1.successor: expected {rule}; found "nope_v1"'),
        ("small_v1: successor", 'deprecated.small_v1: expected object; found "successor"'),
        ("twin: {reason: x}", f'deprecated.twin: expected {rule}; found "twin"'),
    ):  # fmt: skip
        text = f"{GOOD}deprecated:\n  {entry}\n"
        if found is None:
            assert declared(text).fixtures, entry
            continue
        with pytest.raises(CheckError) as caught:
            declared(text)
        assert caught.value.found == found, entry


def test_a_generator_without_its_file(declared, tmp_path):
    """A generator whose schema is there and whose code is not is named with its file."""
    (tmp_path / "generators" / "file_v1.py").unlink()
    with pytest.raises(CheckError) as caught:
        declared(GOOD)
    expected = "sources.mine.generator: expected a file generators/file_v1.py; found none"
    assert caught.value.found == expected, "the missing file is not named"


NONE = [
    ("- a\n", 'document: expected object; found ["a"]'),
    ("", "document: expected object; found null"),
    ("abc", 'document: expected object; found "abc"'),
    ("folder: a\nsources: {}\n", "fixtures: expected a value; found none"),
    ("folder: a\nsources:\nfixtures: {}\n", "sources: expected object; found null"),
    ("folder: a\nsources: []\nfixtures: {}\n", "sources: expected object; found []"),
]  # fmt: skip


def test_not_a_declaration_at_all(declared):
    """A document of another form is refused as such."""
    for text, found in NONE:
        with pytest.raises(CheckError) as caught:
            declared(text)
        assert caught.value.found == found, f"not what is wrong with {text!r}"


NO_YAML = [
    (GOOD + "  small_v1: {}\n", 'line 24, column 3: found duplicate key "small_v1"'),
    (edited("n_subset: 16", "n_subset: 16\n    n_subset: 17"),
     'line 24, column 5: found duplicate key "n_subset"'),
    (edited("n_subset: 16", "n_subset: 16\n    n_subset: many"),
     'line 24, column 5: found duplicate key "n_subset"'),
    (edited("    n_subset: 64", "\tn_subset: 64"),
     "line 18, column 1: found character '\\t' that cannot start any token"),
    ("sources: [1\n", "line 2, column 1: expected ',' or ']', but got"),
    (GOOD + "---\na: 1\n", "line 24, column 1: but found another document"),
    ("sources: *nothing\n", "line 1, column 10: found undefined alias 'nothing'"),
    ("sources: !!python/object:os.system {}\n", "line 1, column 10: could not determine"),
    ("a: " + "[" * 500, "line 1, column 104: more than 100 brackets in each other"),
    ("- " * 5000, "more levels than can be read"),
    (b"a: \0", "unacceptable character #x0000"),
    (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0"),
]  # fmt: skip


def test_not_yaml(declared):
    """What cannot be read is an error that says where, in one line, shows it, and what to do."""
    for text, found in NO_YAML:
        with pytest.raises(CheckError) as caught:
            declared(text)
        error = caught.value
        assert error.found.startswith(found), f"found reads: {error.found}"
        assert error.found.count("\n") in (0, 2), f"more than the line's own: {error.found}"
        assert (error.subject, error.expected, error.remedy) == (
            "params.yaml",
            "YAML 1.2 in UTF-8, each key once",
            "edit params.yaml there; nothing was built",
        ), f"not the rule, or not the remedy, of {found}"


def test_no_declaration(tmp_path):
    """Without params.yaml the error says where it was looked for, and is of exit code 3."""
    with pytest.raises(MissingError) as caught:
        params.load(tmp_path)
    assert caught.value.found == f"no params.yaml in {tmp_path.name}", "the folder is not named"
    assert caught.value.remedy == "run the command in the registry's top folder"


def test_values():
    """A flag's text stands for what YAML reads, or for itself where the key admits text alone."""
    for types, text, expected in (
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
    ):
        key = Key(name="a", types=frozenset(types.split()), rule="")
        assert repr(params.value(key, text)) == repr(expected), f"{text} for {types}"


# the section for exported metadata

DATASET = """\
dataset:
  name: Scans
  description: Scans for tests.
  version: 1.2.0
  url: https://example.org/scans
  keywords: [ptychography]
  creators:
    - type: organization
      name: Some contributors
  sources:
    mine:
      creators:
        - type: person
          name: Ada Example
          url: https://orcid.org/0000-0000-0000-0000
      citation: A. Example, On scans (2026).
"""


def test_the_section_dataset(declared):
    """It arrives as it was written; a source's makers stand beside the registry's own."""
    ours = params.Creator(type="organization", name="Some contributors")
    theirs = params.Creator(
        type="person", name="Ada Example", url="https://orcid.org/0000-0000-0000-0000"
    )
    origin = params.Origin(creators=(theirs,), citation="A. Example, On scans (2026).")
    assert declared(GOOD + DATASET).dataset == params.Dataset(
        name="Scans",
        description="Scans for tests.",
        version="1.2.0",
        url="https://example.org/scans",
        keywords=("ptychography",),
        creators=(ours,),
        sources={"mine": origin},
    ), "not what was declared"


def test_the_section_dataset_may_be_absent(declared):
    """Who exports nothing declares nothing."""
    assert declared(GOOD).dataset is None, "made up"


def test_the_section_dataset_is_no_part_of_an_entry(declared):
    """Entries become command lines of stages: the section leaves them as they were."""
    with_it, without = declared(GOOD + DATASET), declared(GOOD)
    assert (with_it.sources, with_it.fixtures) == (without.sources, without.fixtures)


URL = "an address that starts with https:// or http://"
LINE = "text on one line, without space at its ends"


BAD_DATASET = [
    ("1.2.0", "1.2", "dataset.version", "a version of three numbers, such as 1.0.0", "1.2"),
    ("1.2.0", "v1", "dataset.version", "a version of three numbers, such as 1.0.0", '"v1"'),
    ("https://example.org/scans", "example.org", "dataset.url", URL, '"example.org"'),
    ("name: Scans", 'name: "a\\nb"', "dataset.name", LINE, '"a\\nb"'),
    ("name: Scans", 'name: ""', "dataset.name", LINE, '""'),
    ("  name: Scans\n", "", "dataset.name", "a value", "none"),
    ("type: person", "type: robot", "dataset.sources.mine.creators.0.type",
     'one of "person", "organization"', '"robot"'),
    ("    mine:", "    yours:", "dataset.sources.yours", "a declared source", '"yours"'),
    ("keywords:", "licence:", "dataset.licence",
     "one of the known keys (creators, description, keywords, name, sources, url, version)",
     'key "licence"'),
]  # fmt: skip


def test_a_bad_section_dataset(declared):
    """Each mistake in it gives a message with the dotted path, the rule and the value."""
    for old, new, path, rule, value in BAD_DATASET:
        assert DATASET.count(old) == 1, f"{old!r} is there {DATASET.count(old)} times"
        with pytest.raises(CheckError) as caught:
            declared(GOOD + DATASET.replace(old, new))
        expected = f"{path}: expected {rule}; found {value}"
        assert caught.value.found == expected, f"{old!r} -> {new!r}"


def test_somebody_has_made_the_data(declared):
    """A section that names nobody is refused."""
    for creators in ("[]", "", "[Ada]", "{type: person, name: Ada}"):
        with pytest.raises(CheckError, match=r"dataset\.creators"):
            declared(
                f"{GOOD}dataset:\n  name: a\n  description: a\n  version: 1.0.0\n"
                f"  creators: {creators}\n"
            )


def test_this_repository_says_who_made_its_data():
    """The embedded data are those of this project's contributors, and nobody else's."""
    dataset = params.load(REPOSITORY).dataset
    (creator,) = dataset.creators
    assert (creator.type, creator.name) == ("organization", "fixture registry contributors")
    assert "run1084_twin" not in dataset.sources, "the twin was made here"


# the section for the envelope

ENVELOPE = """\
envelope:
  options: {max_epochs: 2, batch_size: 4, seed: 42, repeats: 5}
  budgets:
    train_target_s: 25
    train_limit_s: 45.5
    train_spread_percent: 10
    peak_rss_mb: 2000
    artifacts_mb: 100
  runs:
    small_v1_g1: {fixture: small_v1, gridsize: 1}
    small_v1_n16_g2: {fixture: small_v1_n16, gridsize: 2, loss: supervised}
  sweep: {fixture: small_v1, gridsize: [1, 2], max_epochs: [1, 3], n_images: [16]}
"""


def test_the_section_envelope(declared):
    """It arrives as it was written; a run without a loss has the usual one."""
    assert declared(GOOD + ENVELOPE).envelope == params.Envelope(
        options=params.EnvelopeOptions(max_epochs=2, batch_size=4, seed=42, repeats=5),
        budgets=params.Budgets(
            train_target_s=25,
            train_limit_s=45.5,
            train_spread_percent=10,
            peak_rss_mb=2000,
            artifacts_mb=100,
        ),
        runs={
            "small_v1_g1": params.EnvelopeRun(fixture="small_v1", gridsize=1, loss="mae"),
            "small_v1_n16_g2": params.EnvelopeRun(
                fixture="small_v1_n16", gridsize=2, loss="supervised"
            ),
        },
        sweep=params.Sweep(fixture="small_v1", gridsize=[1, 2], max_epochs=[1, 3], n_images=[16]),
    ), "not what was declared"


def test_what_trainings_are_given(declared):
    """A run has its entry and the options of all; the sweep every combination, once each."""
    envelope = declared(GOOD + ENVELOPE).envelope
    assert envelope.trainings("small_v1_n16_g2") == [{
        "fixture": "small_v1_n16", "gridsize": 2, "loss": "supervised",
        "max_epochs": 2, "batch_size": 4, "seed": 42, "repeats": 5,
    }]  # fmt: skip
    points = envelope.trainings(params.SWEEP)
    assert points[1] == {
        "fixture": "small_v1", "gridsize": 1, "max_epochs": 3, "n_images": 16,
        "batch_size": 4, "seed": 42, "repeats": 1,
    }  # fmt: skip
    assert [(each["gridsize"], each["max_epochs"]) for each in points] == [
        (1, 1), (1, 3), (2, 1), (2, 3),
    ]  # fmt: skip


def test_the_section_envelope_may_be_absent(declared):
    """Who trains nothing declares nothing."""
    assert declared(GOOD).envelope is None, "made up"


RUN_KEYS = "one of the known keys (fixture, gridsize, loss)"
RUN_NAME = "a name that ends with the gridsize, such as v1_g1"


BAD_ENVELOPE = [
    ("repeats: 5", "repeats: 0", "envelope.options.repeats", "at least 1", "0"),
    (", repeats: 5", "", "envelope.options.repeats", "a value", "none"),
    ("    artifacts_mb: 100\n", "", "envelope.budgets.artifacts_mb", "a value", "none"),
    ("25", "0", "envelope.budgets.train_target_s", "more than 0", "0"),
    ("45.5", '"1; id"', "envelope.budgets.train_limit_s", "number", '"1; id"'),
    ("[16]", "[]", "envelope.sweep.n_images", "at least 1 items", "[]"),
    ("[1, 2]", "[1, 3]", "envelope.sweep.gridsize.1", "one of 1, 2", "3"),
    ("{fixture: small_v1, gridsize: [", "{fixture: large_v1, gridsize: [",
     "envelope.sweep.fixture", "a declared fixture", '"large_v1"'),
    ("gridsize: 2", "gridsize: 3", "envelope.runs.small_v1_n16_g2.gridsize", "one of 1, 2",
     "3"),
    ("supervised", "best", "envelope.runs.small_v1_n16_g2.loss",
     'one of "mae", "nll", "supervised"', '"best"'),
    ("loss:", "\"a; id\":", "envelope.runs.small_v1_n16_g2.\"a; id\"", RUN_KEYS,
     'key "a; id"'),
    ("small_v1, gridsize: 1}", "large_v1, gridsize: 1}", "envelope.runs.small_v1_g1.fixture",
     "a declared fixture", '"large_v1"'),
    ("small_v1_n16, gridsize: 2", "small_v1, gridsize: 1", "envelope.runs.small_v1_n16_g2",
     'another fixture or gridsize than "small_v1_g1" has', '"small_v1", gridsize 1'),
    ("    small_v1_g1:", '    "$(id)":', "envelope.runs", RUN_NAME, '"$(id)"'),
]  # fmt: skip


def test_a_bad_section_envelope(declared):
    """Each mistake in it gives a message with the dotted path, the rule and the value.

    DVC pastes names of runs and of their keys into a shell command as they are.
    """
    for old, new, path, rule, value in BAD_ENVELOPE:
        assert ENVELOPE.count(old) == 1, f"{old!r} is there {ENVELOPE.count(old)} times"
        with pytest.raises(CheckError) as caught:
            declared(GOOD + ENVELOPE.replace(old, new))
        expected = f"{path}: expected {rule}; found {value}"
        assert expected in caught.value.found, f"{old!r} -> {new!r}"


def places(document, path=()):
    """The path of every value in a document."""
    for key, value in document.items():
        yield *path, key
        if isinstance(value, dict):
            yield from places(value, (*path, key))


def with_lists(place, width, depth):
    """A good declaration, in it at one place lists of aliases of lists: width ** depth values."""
    lists = [f"&a0 [{', '.join('x' * width)}]"]
    for n in range(1, depth):
        lists.append(f"&a{n} [{', '.join([f'*a{n - 1}'] * width)}]")
    document = yaml_text.parse(GOOD + ENVELOPE)
    inside = document
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = "LISTS"
    return json.dumps(document).replace('"LISTS"', f"[{', '.join(lists)}]")


@pytest.mark.parametrize("place", list(places(yaml_text.parse(GOOD + ENVELOPE))), ids=".".join)
def test_more_than_anybody_reads_as_a_value(declared, place):
    """Each value is shown in part, wherever it is."""
    with pytest.raises(CheckError) as caught:
        declared(with_lists(place, 9, 4))
    assert len(caught.value.found) < 5000, caught.value.found


def test_more_than_the_memory_holds_as_a_value(declared):
    """What is beyond the limits is not looked into any further: not even shown in part."""
    with pytest.raises(CheckError) as caught:
        declared(with_lists(("envelope", "runs", "small_v1_g1", "fixture"), 9, 40))
    assert caught.value.found == "document: expected at most 1000000 values; found more"
