"""Nothing of a declaration that breaks a rule is run, under the real DVC."""

from __future__ import annotations

import shutil

import pytest

pytestmark = pytest.mark.slow

FIXTURE = """\
  {name}:
    generator: {generator}
    source: {source}
    strategy: evenly_spaced
    n_subset: 16
    {key}: true
    created: "2026-11-23T00:00:00+00:00"
"""
SOURCE = """\
  {name}:
    generator: simulate_v1
    seed: 1
    licence: CC0-1.0
"""


def fixture(name="extra_v1", generator="subset_v1", source="run1084_twin", key="diff3d") -> str:
    """An entry of the fixtures."""
    return FIXTURE.format(name=name, generator=generator, source=source, key=key)


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "built"])
@pytest.mark.parametrize(
    ("kind", "entry", "message"),
    [
        ("fixtures", fixture(name="$(touch pwned)"), 'fixtures: expected a name of lower-case'),
        ("fixtures", fixture(key="'$(touch pwned)'"),
         'fixtures.extra_v1."$(touch pwned)": expected one of the known keys'),
        ("sources", SOURCE.format(name="$(touch pwned)"), "sources: expected a name of lower-case"),
    ],
    ids=["fixture", "key", "source"],
)  # fmt: skip
def test_a_name_that_is_a_command(clone, fresh, kind, entry, message):
    """A name that the shell would run is refused by the first stage, and no other one starts."""
    if fresh:
        shutil.rmtree(clone.path / "build")
    clone.declare(kind, entry)
    before = clone.built()
    ended = clone.dvc("repro", "--keep-going")
    assert ended.code != 0, "DVC ended well"
    assert ended.stages == ["params"], "another stage was started"
    assert message in ended.out, f"not the message: {ended.out}"
    assert "$(touch pwned)" in ended.out, "the name is not told"
    assert list(clone.path.rglob("pwned")) == [], "the name was run"
    assert clone.built() == before, "a fixture changed"


def test_a_fixture_of_a_source_that_is_no_longer_declared(clone):
    """A stale build of a source does not let its fixture past the declaration's check."""
    twin = clone.path / "build/sources/run1084_twin"
    for suffix in (".npz", ".json"):
        shutil.copyfile(twin.with_suffix(suffix), twin.with_name("old").with_suffix(suffix))
    clone.declare("fixtures", fixture(name="extra_v1$(touch pwned)", source="old"))
    ended = clone.dvc("repro", "--keep-going")
    assert ended.code != 0, "DVC ended well"
    assert ended.stages == ["params"], "another stage was started"
    assert list(clone.path.rglob("*pwned*")) == [], "the name was run"
