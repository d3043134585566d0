"""Tests of `fixtures build`: what it says. What it leaves: pipeline/test_fixtures_build.py."""

from __future__ import annotations

import shutil

import pytest

from tests.kit import ramps


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A registry with fixtures that come out, and some that do not."""
    root = ramps.lay(tmp_path_factory.mktemp("ramps") / "registry")
    ramps.declare(root, {"a_v1": 5, "a_v2": ramps.REFUSED})
    return root


@pytest.fixture
def laid(template, tmp_path, monkeypatch):
    """A copy of it, the working directory."""
    root = shutil.copytree(template, tmp_path / "laid")
    monkeypatch.chdir(root)
    return root


def test_an_unknown_name(fixtures, laid):
    """What is like it is told; no process is started."""
    ended = fixtures("build", "a_v1", "a_v3")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(
        "error: build a_v3\n"
        "  expected: a fixture or a source that params.yaml declares; perhaps a_v2 or a_v1\n"
    )
    assert not (laid / "dvc.lock").exists()


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_a_number_of_jobs_that_is_none(fixtures, laid, text):
    """It is a wrong use."""
    ended = fixtures("build", f"--jobs={text}")
    assert ended.code == 2
    assert f"argument --jobs: expected a whole number from 1 on, found '{text}'" in ended.err


def test_what_python_would_take_for_ours(fixtures, laid):
    """A file of the registry's that its stages would run in place of this package."""
    (laid / "registry.py").touch()
    ended = fixtures("build")
    assert (ended.code, ended.out) == (2, "")
    assert "rename that file, or move the registry into a folder below it" in ended.err


@pytest.mark.slow
def test_what_is_said(fixtures, laid):
    """A line for each stage as it ends, an error where it fails, and how many did what."""
    ended = fixtures("build")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0].startswith("[1/3] source source_a: 271 bytes, sha256 ")
    built, failed = sorted(lines[1:3], key=lambda line: "FAILED" in line)
    assert built[5:].startswith(" fixture a_v1: 288 bytes, sha256 ")
    assert failed[5:] == " FAILED   fixture a_v2"
    assert lines[3] == "3 stages: 2 built, 0 up to date, 1 failed"
    assert ended.err == (
        "error: fixture a_v2\n"
        "  expected: what the generator can work with\n"
        "  found:    13 values\n"
        "  to mend:  edit params.yaml fixtures.a_v2\n"
    )
    (laid / "build/sources/source_a.json").unlink()
    (laid / "generators/nothing_v1.py").write_text("import numpy\n")
    ended = fixtures("build")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "[3/3] FAILED   source source_a",
        "3 stages: 0 built, 0 up to date, 1 failed, 2 skipped",
    ]
    assert "AttributeError" in ended.err
    assert "skipped  fixture a_v1: without source source_a it cannot be built\n" in ended.err
