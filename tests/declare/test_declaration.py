"""Tests of `registry.declare.declaration`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registry.declare import declaration
from registry.declare.declaration import portable
from registry.errors import CheckError
from registry.identity.sidecar import Sidecar
from tests.kit.repository import FOLDER, REPOSITORY

NAME = "minimal_dataset_v1_n16"
PARAMS = """\
sources:
  run1084_twin:
    generator: simulate_v1
    seed: 1084
    photons_per_frame: 1000000
    max_amplitude: 1.7036
    licence: CC0-1.0
fixtures:
  minimal_dataset_v1: &v1
    generator: subset_v1
    source: run1084_twin
    strategy: evenly_spaced
    n_subset: 64
    diff3d: true
    created: "2026-11-23T00:00:00+00:00"
  minimal_dataset_v1_n16:
    <<: *v1
    n_subset: 16
"""


@pytest.fixture(scope="module")
def record():
    """The sidecar of a fixture that was built from these entries."""
    document = json.loads((REPOSITORY / FOLDER / f"{NAME}.json").read_bytes())
    return Sidecar.from_dict(document, subject=NAME)


def differences(record, text: str = PARAMS) -> list[str]:
    """What a declaration says otherwise."""
    return declaration.Declaration(text.encode()).differences(record)


def test_what_was_built_from_it(record):
    """Merged keys count, and a switch that is off need not be there."""
    assert differences(record) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("photons_per_frame: 1000000", "photons_per_frame: 1.0e+6"),
        ("photons_per_frame: 1000000", "photons_per_frame: 1_000_000"),
        ("n_subset: 16", "n_subset: 0x10"),
        ("n_subset: 16", "n_subset: 16\n    Y: false"),
        ("seed: 1084", "seed: +1084"),
        ("diff3d: true", "diff3d: True"),
        ('"2026-11-23T00:00:00+00:00"', "'2026-11-23T00:00:00+00:00'"),
        ("    <<: *v1\n    n_subset: 16", "    <<: [{n_subset: 16}, *v1]"),
        ("    <<: *v1\n    n_subset: 16", "    {<<: {<<: *v1, n_subset: 3}, n_subset: 16}"),
    ],
)
def test_the_same_written_otherwise(record, old, new):
    """What DVC reads counts, and not how it is written."""
    assert PARAMS.count(old) == 1
    assert differences(record, PARAMS.replace(old, new)) == []


CHANGES = [
    ("n_subset: 16", "n_subset: 17", ["n_subset: 16 -> 17"]),
    ("n_subset: 16", "n_subset: 16.5", ["n_subset: 16 -> 16.5"]),
    ("n_subset: 16", "seed: 3", ["n_subset: 16 -> 64", "seed: none -> 3"]),
    ("n_subset: 16", "n_subset: 16\n    Y: true", ["Y: false -> true"]),
    ("diff3d: true", "diff3d: false", ["diff3d: true -> false"]),
    ("    diff3d: true\n", "", ["diff3d: true -> none"]),
    ("evenly_spaced", "first", ['strategy: "evenly_spaced" -> "first"']),
    ("subset_v1", "legacy_v1", ['generator: "subset_v1" -> "legacy_v1"']),
    ("11-23T", "11-24T", [
        'created: "2026-11-23T00:00:00+00:00" -> "2026-11-24T00:00:00+00:00"']),
    ("seed: 1084", "seed: 1085", ["source run1084_twin: seed: 1084 -> 1085"]),
    ("CC0-1.0", "MIT", ['source run1084_twin: licence: "CC0-1.0" -> "MIT"']),
    ("simulate_v1", "simulate_v2",
     ['source run1084_twin: generator: "simulate_v1" -> "simulate_v2"']),
    ("source: run1084_twin", "source: other", [
        'source: "run1084_twin" -> "other"',
        'source: "other", which is not declared']),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "found"), CHANGES)
def test_what_is_declared_otherwise(record, old, new, found):
    """Each key is named, with what was built and what is declared now; through anchors, too."""
    assert PARAMS.count(old) == 1
    assert differences(record, PARAMS.replace(old, new)) == found


def test_the_commit_of_a_file(record):
    """Where an entry names one, it is the one in the sidecar."""
    text = PARAMS.replace("licence:", "commit: abc\n    licence:")
    (found,) = differences(record, text)
    assert found.startswith("source run1084_twin: commit: ")
    assert differences(replace(record, source_commit="abc"), text) == []


def test_a_fixture_that_is_not_declared(record):
    """It is nobody's entry that differs."""
    with pytest.raises(KeyError):
        differences(replace(record, name="other_v1"))


def test_no_yaml(record):
    """What neither reader can read is told by the one that DVC uses."""
    with pytest.raises(CheckError, match=r"^params\.yaml"):
        differences(record, "a: [")


@pytest.mark.parametrize(
    "text", ["[]", "fixtures: []", "fixtures: {x_v1: [1]}", "x", "", "fixtures:\n"]
)
def test_a_file_of_another_form(text):
    """It declares nothing; that it breaks its rules is for others to say."""
    assert declaration.Declaration(text.encode()).fixtures == {}


def doubled(count: int) -> str:
    """Mappings of which each merges the one before it twice."""
    lines = [f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}" for n in range(1, count)]
    return "\n".join(["x0: &x0 {strategy: first}", *lines, ""])


def test_merges_of_merges(record):
    """However often a mapping is merged, it is merged once."""
    text = doubled(12) + PARAMS.replace("    <<: *v1", "    <<: [*v1, *x11]")
    assert differences(record, text) == []


def test_more_merges_than_anybody_means(record):
    """Each time twice as many keys: nothing differs, or the reader that DVC uses refuses them."""
    text = doubled(60) + PARAMS.replace("    <<: *v1", "    <<: [*v1, *x30]")
    assert differences(record, text) == []
    with pytest.raises(CheckError, match="merge keys"):
        differences(record, text.replace("n_subset: 16", "n_subset: 17"))


def test_none(tmp_path):
    """A repository that only imports fixtures declares none."""
    assert declaration.read(tmp_path) is None
    (tmp_path / "params.yaml").write_text(PARAMS + "retired: {a_v1: {reason: x}}\n")
    found = declaration.read(tmp_path)
    assert list(found.fixtures) == ["minimal_dataset_v1", NAME]
    assert found.retired == {"a_v1": {"reason": "x"}}


def test_what_a_sidecar_says_of_a_file():
    """Neither a folder, nor who may read an address: a name, the address, and digests."""
    assert portable(
        {"path": "/home/me/scan.npz", "sha256": "0", "licence": "x", "commit": "y"}
    ) == {
        "path": "scan.npz",
        "sha256": "0",
    }, "a path, or what has a place of its own"
    url = "https://me:secret@host:8080/a/scan.npz?token=1#x"
    assert portable({"url": url}) == {"url": "https://host:8080/a/scan.npz"}, "a secret"


@pytest.mark.parametrize("odd", [{"path": ["x"]}, {"url": {"a": 1}}, {"url": "http://[x/y"}])
def test_what_is_no_path_and_no_address(odd):
    """It stays as it is: the entry breaks its rules, and no stage takes it."""
    assert portable(odd) == odd


def with_lists(place: str) -> str:
    """The declaration with lists of aliases of lists, 9 ** 40 values, in the place of one value."""
    lists = ["&a0 [x]", *(f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))]
    lines = PARAMS.splitlines()
    (number,) = [n for n, line in enumerate(lines) if line.strip().startswith(f"{place}:")]
    indent = lines[number].partition(place)[0]
    lines[number] = f"{indent}{place}: [{', '.join(lists)}]"
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "place",
    ["seed", "photons_per_frame", "licence", "source", "strategy", "diff3d", "created"],
)
def test_more_than_the_memory_holds_as_a_value(record, place):
    """It differs, and is shown in part, whatever the value was: a number, a name, a switch."""
    found = differences(record, with_lists(place))
    assert found
    assert sum(map(len, found)) < 1000


def test_an_entry_that_a_tag_makes_something_else(record):
    """Read by name alone it is a mapping, and as DVC reads it a set."""
    text = PARAMS.replace("    <<: *v1\n    n_subset: 16\n", "    !!set {n_subset}\n")
    assert differences(record, text) == ["its entry: expected a mapping, as DVC reads the file"]
