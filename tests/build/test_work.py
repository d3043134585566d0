"""Tests of `registry.build.work`: a stage, built in a process that lives on."""

from __future__ import annotations

import sys

import pytest

import generators
from registry.build import code, kept, plan, source_file, work
from registry.build.lock import File
from registry.digests import md5
from registry.errors import CheckError, MissingError
from registry.storage import cache
from tests.kit import ramps


@pytest.fixture
def stages(tmp_path, monkeypatch):
    """Declare ramps by their lengths in a registry that is the working directory: their stages."""
    monkeypatch.setattr(generators, "__path__", [str(tmp_path / "generators")])
    monkeypatch.setattr(work, "_opened", [])
    modules = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    ramps.lay(tmp_path)

    def declare(**lengths: int):
        ramps.declare(tmp_path, lengths)
        return plan.stages(tmp_path, code.write(tmp_path))

    yield declare
    for module in set(sys.modules) - modules:
        if module.startswith("generators."):
            del sys.modules[module]


def test_a_source_and_a_fixture(stages, tmp_path):
    """Outputs are in place and known, the cache has what DVC's would, what was said is told."""
    built = stages(a_v1=5)
    of_source = work.build(built["source@source_a"])
    assert of_source.told.startswith("source source_a: 271 bytes, sha256 ")
    assert not list(tmp_path.glob(".dvc/cache/**/*")), "a source is in the cache"
    found = work.build(built["fixture@a_v1"])
    assert found.told.splitlines()[0] == "a ramp of 5"
    assert found.told.splitlines()[1].startswith("fixture a_v1: ")
    assert set(found.outs) == {"tests/fixtures/a_v1.npz", "tests/fixtures/a_v1.json"}
    for path, file in {**of_source.outs, **found.outs}.items():
        data = (tmp_path / path).read_bytes()
        assert file == File(md5=md5(data), size=len(data)), path
    object_ = cache.object_path(tmp_path, found.outs["tests/fixtures/a_v1.npz"].md5)
    assert object_.read_bytes() == (tmp_path / "tests/fixtures/a_v1.npz").read_bytes()
    assert object_.stat().st_mode & 0o777 == 0o444


def test_a_damaged_object_in_the_cache(stages, tmp_path):
    """It is replaced by what it should be."""
    built = stages(a_v1=5)
    work.build(built["source@source_a"])
    outs = work.build(built["fixture@a_v1"]).outs
    object_ = cache.object_path(tmp_path, outs["tests/fixtures/a_v1.npz"].md5)
    data = object_.read_bytes()
    object_.chmod(0o644)
    object_.write_bytes(data[:-1])
    work.build(built["fixture@a_v1"])
    assert object_.read_bytes() == data


def test_a_source_is_opened_once(stages, monkeypatch):
    """For all fixtures that follow each other, until another one is asked for, or it changes."""
    built = stages(a_v1=5, a_v2=6, b_v1=5)
    opened = []
    original = source_file.opened

    def noted(*arguments):
        opened.append(arguments[1].name)
        return original(*arguments)

    monkeypatch.setattr(source_file, "opened", noted)
    for name in ("source@source_a", "source@source_b", "fixture@a_v1", "fixture@a_v2"):
        work.build(built[name])
    assert opened == ["source_a"]
    work.build(built["fixture@b_v1"])
    work.build(built["fixture@a_v1"])
    assert opened == ["source_a", "source_b", "source_a"]


def test_a_generator_that_refuses(stages, tmp_path):
    """Its error is the stage's own; nothing is written."""
    built = stages(a_v1=ramps.REFUSED)
    work.build(built["source@source_a"])
    with pytest.raises(CheckError) as caught:
        work.build(built["fixture@a_v1"])
    assert caught.value.parts == {
        "subject": "fixture a_v1",
        "expected": "what the generator can work with",
        "found": "13 values",
        "remedy": "edit params.yaml fixtures.a_v1",
    }
    assert not list(tmp_path.glob("tests/fixtures/*"))


def test_a_generator_with_a_fault(stages):
    """Where it is, is shown to whoever has to mend it."""
    built = stages(a_v1=ramps.FAULTY)
    work.build(built["source@source_a"])
    with pytest.raises(CheckError) as caught:
        work.build(built["fixture@a_v1"])
    said = caught.value.parts
    assert said["subject"] == "fixture a_v1"
    assert "generators/ramp_v1.py" in said["found"]
    assert said["found"].splitlines()[-1].strip().startswith("TypeError: ")
    assert said["remedy"] == "correct the generator, or what it is given"


def test_a_generator_that_wants_too_much_memory(stages):
    """It is no fault of the generator's; what may help is said."""
    built = stages(a_v1=ramps.HUGE)
    work.build(built["source@source_a"])
    with pytest.raises(MissingError) as caught:
        work.build(built["fixture@a_v1"])
    assert caught.value.parts == {
        "subject": "fixture a_v1",
        "expected": "the memory that its generator and its checks need",
        "found": "less",
        "remedy": "fixtures build --jobs 1 a_v1, which gives it all that there is; or free some",
    }


def test_a_source_of_other_bytes(stages, tmp_path, monkeypatch):
    """Nothing is cut from it."""
    monkeypatch.setattr(kept, "_SETTLED_S", 3600)
    built = stages(a_v1=5)
    work.build(built["source@source_a"])
    path = tmp_path / "build/sources/source_a.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckError, match="dvc repro --force source@source_a"):
        work.build(built["fixture@a_v1"])
