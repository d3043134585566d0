"""Tests of `registry.build.code`: the stage before all others, and what it says of generators."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from registry.build import closure, code
from registry.declare import generator_keys
from registry.ptychography.field import FIELD
from tests.kit.files import contents
from tests.kit.repository import REPOSITORY

CODE = Path("build/code")
GOOD = """\
folder: data
sources:
  twin: {generator: simulate_v1, seed: 1, licence: CC0-1.0}
fixtures:
  small_v1:
    generator: subset_v1
    source: twin
    strategy: evenly_spaced
    n_subset: 16
    created: "2026-11-23T00:00:00+00:00"
"""
LEGACY = """\
  legacy_v1:
    generator: legacy_v1
    source: twin
    strategy: evenly_spaced
    n_subset: 16
    created: "2026-11-23T00:00:00+00:00"
"""


@pytest.fixture
def write(top, run):
    """Run the stage with a declaration."""

    def call(text: str):
        (top / "params.yaml").write_text(text)
        return run(lambda flags: code.main())

    return call


def digests(name: str, root: Path = REPOSITORY) -> dict[str, str]:
    """What is listed for a generator: the digest of each file."""
    lines = code.text(root, generator_keys.read(root, name)).splitlines()
    return {path: digest for digest, path in (line.split("  ") for line in lines)}


def of_generators(name: str, root: Path = REPOSITORY) -> list[str]:
    """Files of ``generators/`` and schemas that are listed for a generator."""
    return sorted(path for path in digests(name, root) if not path.startswith("registry/"))


# What it validates, and what it writes


def test_a_good_declaration(write):
    """Each declared generator gets a file, no other does; and a mark says that it was valid."""
    ended = write(GOOD)
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == "params.yaml: 1 source, 1 fixture\n", "not what is declared"
    assert set(contents(CODE)) == {"simulate_v1", "subset_v1", "valid"}, "not what is declared"
    assert (CODE / "valid").read_bytes() == b"params.yaml satisfies its schema\n"


def test_a_bad_declaration(write):
    """It leaves nothing, and its message has the path, the rule and the value."""
    ended = write(GOOD.replace("seed: 1", "seed: -1"))
    assert (ended.code, ended.out) == (1, ""), "not a failed check"
    assert "  found:    sources.twin.seed: expected at least 0; found -1\n" in ended.err
    assert not CODE.exists(), "it wrote something for a bad declaration"


def test_a_bad_declaration_after_a_good_one(write):
    """What was written for the last good one stays as it was."""
    write(GOOD)
    before = contents(CODE)
    assert write(GOOD + LEGACY.replace("  legacy_v1:", "  a_v1;touch x:")).code == 1
    assert contents(CODE) == before, "a bad declaration left something"


def test_nothing_is_read_for_a_bad_declaration(write, top):
    """Values are refused before a generator that they belong to is opened."""
    (top / "generators/subset_v1.py").write_text("def f(:\n")
    ended = write(GOOD.replace("seed: 1", "seed: -1"))
    assert "params.yaml" in ended.err, "the declaration is not what is refused"
    assert "subset_v1" not in ended.err, "a generator was read first"


def test_a_generator_that_is_no_longer_declared(write):
    """Its file goes."""
    write(GOOD + LEGACY)
    assert "legacy_v1" in contents(CODE), "it was not written"
    write(GOOD)
    assert set(contents(CODE)) == {"simulate_v1", "subset_v1", "valid"}


def test_nothing_is_written_where_nothing_changed(write):
    """Files that are as they should be stay the very same, so that DVC need not hash them again."""
    write(GOOD)
    before = {path: path.stat().st_ino for path in CODE.iterdir()}
    (CODE / "subset_v1").write_text("something else\n")
    write(GOOD)
    after = {path: path.stat().st_ino for path in CODE.iterdir()}
    assert after[CODE / "simulate_v1"] == before[CODE / "simulate_v1"], "it was written again"
    assert (CODE / "subset_v1").read_text() == code.text(
        Path(), generator_keys.read(Path(), "subset_v1")
    ), "what was damaged stays so"


def test_no_text_is_taken_apart_twice(write, monkeypatch):
    """What a run found in modules is kept for the next one: see `registry.build.readings`."""
    write(GOOD)
    before = contents(CODE)

    def tree(text, path):
        raise AssertionError(f"{path} was taken apart")

    monkeypatch.setattr(closure, "_tree", tree)
    closure._imports_of.cache_clear()
    closure._behaviour_of.cache_clear()
    assert write(GOOD).code == 0
    assert contents(CODE) == before


def test_lines(write, top):
    """Each line has a digest, two spaces and a path, sorted; schemas as their bytes are."""
    write(GOOD)
    lines = (CODE / "subset_v1").read_text().splitlines()
    found = {path: digest for digest, path in (line.split("  ") for line in lines)}
    schemas = [path for path in found if path.endswith(".json")]
    code = [path for path in found if path.endswith(".py")]
    assert list(found) == [*sorted(code), *sorted(schemas)], "not code and schemas, each sorted"
    # as git hash-object prints it
    assert found["generators/subset_v1.py"] == "blob:454b49f04cc661e237dfb6d79691d540db6e894d"
    contract = top / "schemas/data_001_v1.schema.json"
    digest = hashlib.sha256(contract.read_bytes()).hexdigest()
    assert found["schemas/data_001_v1.schema.json"] == digest
    runner = "registry/build/fixture.py"
    assert found[runner] == closure.behaviour(REPOSITORY / runner), "not what the module does"


def test_no_generator_of_the_kind_is_imported(write, top):
    """A generator is read as text: nothing of it runs."""
    path = top / "generators/subset_v1.py"
    path.write_text(path.read_text() + "\nraise SystemExit('it runs')\n")
    assert write(GOOD).code == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "subset_v1.py").write_text("def f(:\n"),
        lambda folder: (folder / "subset_v1.schema.json").write_text("{"),
        lambda folder: (folder / "subset_v1.schema.json").write_text("{}"),
        lambda folder: (folder / "subset_v1.schema.json").write_text(
            '{"generates": "fixture", "properties": {"a": {"$ref": "#/$defs/b"}}}'
        ),
    ],
    ids=["no Python", "no JSON", "not what it makes", "a reference to nothing"],
)
def test_a_generator_that_cannot_be_read(write, top, spoil):
    """It is named, and how to mend it is said."""
    spoil(top / "generators")
    ended = write(GOOD)
    assert ended.code == 1, f"exit code {ended.code}: {ended.err}"
    assert "subset_v1" in ended.err.splitlines()[0], f"it is not named: {ended.err}"
    assert "\n  to mend:  correct " in ended.err or "\n  to mend:  say in" in ended.err


# What is listed


def test_a_source_that_is_simulated():
    """No schema but its own keys, no reader, and nothing that only fixtures need."""
    assert of_generators("simulate_v1") == [
        "generators/exact_v1.py",
        "generators/simulate_v1.py",
        "generators/simulate_v1.schema.json",
        "schemas/keys_v1.schema.json",
    ]
    found = digests("simulate_v1")
    assert "registry/build/source.py" in found, "the stage is missing"
    assert not [path for path in found if "readers" in path], "readers, for a scan without a file"
    assert not {"registry/build/fixture.py", "registry/ptychography/acceptance.py"} & set(found)


def test_a_fixture():
    """What it imports, its contract, and both schemas of its sidecar."""
    assert of_generators("subset_v1") == [
        "generators/exact_v1.py",
        "generators/subset_v1.py",
        "generators/subset_v1.schema.json",
        "schemas/data_001_v1.schema.json",
        "schemas/keys_v1.schema.json",
        "schemas/ptychography_v1.schema.json",
        "schemas/sidecar_v3.schema.json",
    ]
    found = digests("subset_v1")
    for module in ("build/fixture", "ptychography/acceptance", "ptychography/physics",
                   "identity/npz", "identity/sidecar", "field", "digests"):  # fmt: skip
        assert f"registry/{module}.py" in found, f"{module} can reach a byte or a verdict"
    for module in ("errors", "console", "cli/verify", "build/source", "build/code", "loading",
                   "declare/params", "report/build", "storage/remote"):  # fmt: skip
        assert f"registry/{module}.py" not in found, f"{module} reaches nothing"


def test_a_scan_that_is_opened():
    """The readers, of all formats, and all that the frames go through."""
    assert of_generators("scan_v2") == [
        "generators/detector_v1.py",
        "generators/epie_v1.py",
        "generators/exact_v1.py",
        "generators/fourier_v1.py",
        "generators/pixels_v1.py",
        "generators/positions_v1.py",
        "generators/scan_v2.py",
        "generators/scan_v2.schema.json",
        "generators/sums_v1.py",
        "schemas/keys_v1.schema.json",
    ]
    readers = {path for path in digests("scan_v2") if "/readers/" in path}
    assert {Path(path).stem for path in readers} >= {"cxi", "npz", "ptyd", "hdf5", "units"}


def test_readers_are_for_those_who_open_a_file():
    """Of all generators only those whose schema says that they open a scan depend on them."""
    known = generator_keys.load(REPOSITORY)
    readers = FIELD.readers.replace(".", "/")
    found = {
        name
        for name in {**known.sources, **known.fixtures}
        if any(path.startswith(readers) for path in digests(name))
    }
    assert found == {"scan_v2", "simulate_scan_v1"}


@pytest.mark.parametrize(
    ("generator", "contracts"),
    [
        ("defect_v1", ["data_001_v1"]),
        ("intensity_v1", ["data_001_intensity_v1", "data_001_v1"]),
        ("legacy_v1", ["data_001_legacy_v1", "data_001_v1"]),
        ("modes_v1", ["data_001_v2"]),
        ("subset_v1", ["data_001_v1"]),
        ("file_v1", []),
    ],
)
def test_contracts(generator, contracts):
    """The schema of a contract counts for the generators that name it, and for no other."""
    found = [path for path in digests(generator) if path.startswith("schemas/data_")]
    assert found == [f"schemas/{name}.schema.json" for name in contracts]


def test_what_a_schema_refers_to(generator, top):
    """A schema that another one refers to counts with it."""
    (top / "schemas/more_v1.schema.json").write_text("{}")
    generator("own_v1", "x = 1\n", allOf=[{"$ref": "../schemas/more_v1.schema.json"}])
    assert "schemas/more_v1.schema.json" in digests("own_v1", top)


@pytest.mark.parametrize("line", ["# a comment\n", "\n"])
def test_a_generator_counts_byte_for_byte(top, line):
    """A comment in a generator is another generator, because sidecars name its digest."""
    before = digests("legacy_v1", top)
    with (top / "generators/subset_v1.py").open("a") as file:
        file.write(line)
    after = digests("legacy_v1", top)
    assert {path for path in after if after[path] != before[path]} == {"generators/subset_v1.py"}


def test_it_is_the_same_wherever_the_registry_lies(top, tmp_path):
    """Neither the folder nor how it is named is in the text."""
    found = code.text(top, generator_keys.read(top, "subset_v1"))
    assert code.text(Path(), generator_keys.read(Path(), "subset_v1")) == found
    assert found == code.text(REPOSITORY, generator_keys.read(REPOSITORY, "subset_v1"))
    link = tmp_path / "link"
    link.symlink_to(top)
    assert code.text(link, generator_keys.read(link, "subset_v1")) == found
