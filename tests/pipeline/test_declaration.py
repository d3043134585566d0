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


# Each with a name or a key that the shell would run, and what is said of it.
BAD = [
    ("fixtures", fixture(name="$(touch pwned1)"), "$(touch pwned1)"),
    ("fixtures", fixture(key="'$(touch pwned2)'"),
     'fixtures.extra_v1."$(touch pwned2)": expected one of the known keys'),
    ("sources", SOURCE.format(name="$(touch pwned3)"), "$(touch pwned3)"),
    # what its stage would depend on is there, and comes from no other stage
    ("fixtures", fixture(name="$(touch pwned4)", generator="../../README.md",
                         source="../../generators/subset_v1.schema"), "$(touch pwned4)"),
    ("sources", SOURCE.format(name="$(touch pwned5)").replace("simulate_v1", "../../README.md"),
     "$(touch pwned5)"),
    ("fixtures", fixture(name="$(touch pwned6)", generator="../code/subset_v1",
                         source="../../generators/subset_v1.schema"), "$(touch pwned6)"),
    # a stale build of a source that is no longer declared
    ("fixtures", fixture(name="extra_v1$(touch pwned7)", source="old"), "$(touch pwned7)"),
]  # fmt: skip


def test_names_that_are_commands(clone):
    """They are refused by the first stage, and no other one starts, whatever has been built."""
    twin = clone.path / "build/sources/run1084_twin"
    for suffix in (".npz", ".json"):
        shutil.copyfile(twin.with_suffix(suffix), twin.with_name("old").with_suffix(suffix))
    for section, entry, _ in BAD:
        clone.declare(section, entry)
    before = clone.built()
    for state in ("built", "fresh"):
        if state == "fresh":
            shutil.rmtree(clone.path / "build")
        ended = clone.dvc("repro", "--keep-going")
        assert ended.code != 0, f"{state}: DVC ended well"
        assert ended.stages == [CODE], f"{state}: another stage was started"
        for section, _, message in BAD:
            assert message in ended.out, f"{state}: not the message: {ended.out}"
            rule = f"{section}: expected a name of lower-case"
            assert rule in ended.out, f"{state}: not the rule: {ended.out}"
        assert list(clone.path.rglob("*pwned*")) == [], f"{state}: a name was run"
        assert clone.built() == before, f"{state}: a fixture changed"


def test_a_lock_that_claims_validation(clone):
    """Whatever a lock says has run, and with whatever result, validation runs, and nothing else."""
    clone.declare("fixtures", fixture(name="$(touch pwned)"))
    path = clone.path / "code" / "dvc.lock"
    lock = yaml.safe_load(path.read_bytes())
    # the very entry that this clone's own run has left: the output is as it says
    claim = lock["stages"]["code"]
    assert claim["outs"][0]["path"] == "build/code/valid", "the lock claims nothing"
    assert clone.dvc("status", CODE).out.split() == [f"{CODE}:", "always", "changed"], "not so"
    data = (clone.path / "params.yaml").read_bytes()
    of_params = {"path": "params.yaml", "hash": "md5", "md5": hashlib.md5(data).hexdigest()}
    stage = "fixture@$(touch pwned)"
    for deps, arguments in (
        # as DVC writes it
        ({}, ("--keep-going", stage)),
        ({"deps": [{**of_params, "size": len(data)}]}, ("--keep-going",)),
        ({"deps": [{**of_params, "size": len(data)}]}, (stage,)),
    ):
        path.write_text(yaml.safe_dump({**lock, "stages": {"code": {**claim, **deps}}}))
        ended = clone.dvc("repro", *arguments)
        assert ended.code != 0, f"{arguments}: DVC ended well"
        assert ended.stages == [CODE], f"{arguments}: another stage, or validation did not run"
    assert list(clone.path.rglob("pwned")) == [], "the name was run"
