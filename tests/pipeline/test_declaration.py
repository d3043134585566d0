"""Nothing of a declaration that breaks a rule is run, under the real DVC."""

from __future__ import annotations

import hashlib
import shutil

import pytest
import yaml

from tests.kit.clone import CODE

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
        # what its stage would depend on is there, and comes from no other stage
        ("fixtures", fixture(name="$(touch pwned)", generator="../../README.md",
                             source="../../generators/subset_v1.schema"),
         'fixtures: expected a name of lower-case'),
        ("sources", SOURCE.format(name="$(touch pwned)").replace("simulate_v1", "../../README.md"),
         "sources: expected a name of lower-case"),
        ("fixtures", fixture(name="$(touch pwned)", generator="../code/subset_v1",
                             source="../../generators/subset_v1.schema"),
         'fixtures: expected a name of lower-case'),
    ],
    ids=["fixture", "key", "source", "fixture that leads elsewhere", "source that leads elsewhere",
         "fixture that leads back"],
)  # fmt: skip
def test_a_name_that_is_a_command(clone, fresh, kind, entry, message):
    """A name that the shell would run is refused by the first stage, and no other one starts."""
    if fresh:
        shutil.rmtree(clone.path / "build")
    clone.declare(kind, entry)
    before = clone.built()
    ended = clone.dvc("repro", "--keep-going")
    assert ended.code != 0, "DVC ended well"
    assert ended.stages == [CODE], "another stage was started"
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
    assert ended.stages == [CODE], "another stage was started"
    assert list(clone.path.rglob("*pwned*")) == [], "the name was run"


@pytest.mark.parametrize("with_deps", [False, True], ids=["as DVC writes it", "with deps"])
@pytest.mark.parametrize("target", [[], ["fixture@$(touch pwned)"]], ids=["all", "its stage"])
def test_a_lock_that_claims_validation(clone, with_deps, target):
    """Whatever a lock says has run, and with whatever result, validation runs, and nothing else."""
    clone.declare("fixtures", fixture(name="$(touch pwned)"))
    path = clone.path / "code" / "dvc.lock"
    lock = yaml.safe_load(path.read_bytes())
    # the very entry that this clone's own run has left: the output is as it says
    claim = lock["stages"]["code"]
    assert claim["outs"][0]["path"] == "build/code", "the lock claims nothing"
    assert clone.dvc("status", CODE).out.split() == [f"{CODE}:", "always", "changed"], "not so"
    if with_deps:
        data = (clone.path / "params.yaml").read_bytes()
        md5 = hashlib.md5(data).hexdigest()
        claim["deps"] = [{"path": "params.yaml", "hash": "md5", "md5": md5, "size": len(data)}]
    path.write_text(yaml.safe_dump(lock, sort_keys=False))
    for flags in ([], ["--keep-going"]):
        ended = clone.dvc("repro", *flags, *target)
        assert ended.code != 0, "DVC ended well"
        assert ended.stages == [CODE], "another stage was started, or validation was not"
    assert list(clone.path.rglob("pwned")) == [], "the name was run"
