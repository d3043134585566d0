"""Tests of `fixtures report`. What is on the pages: tests/report."""

from __future__ import annotations

import sys

import pytest
import yaml

from registry.report import build

NAME = "minimal_dataset_v1_n16"
OTHER = "minimal_dataset_v1"
DATA = f"tests/fixtures/pytorch_integration/{NAME}.npz"


@pytest.fixture
def root(root):
    """The registry, with what is pinned declared, and nothing else."""
    document = yaml.safe_load((root / "params.yaml").read_bytes())
    document["fixtures"] = {name: document["fixtures"][name] for name in (OTHER, NAME)}
    (root / "params.yaml").write_text(yaml.safe_dump(document))
    return root


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """Pages without pictures, made in this process."""
    monkeypatch.setattr(build, "_cores", lambda: 1)
    monkeypatch.setattr("registry.ptychography.pictures.probe_and_object", lambda arrays: [])
    monkeypatch.setattr("registry.ptychography.pictures.frames", lambda arrays, scale: [])
    monkeypatch.setattr("registry.ptychography.pictures.positions", lambda *arguments: None)
    monkeypatch.setattr("registry.ptychography.limits.fit", lambda *arguments: (None, "cheap"))


def test_all_fixtures(fixtures, root):
    """Without arguments all that is pinned is in build/report of the registry."""
    ended = fixtures("report")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == (
        f"ok      {OTHER}  (drawn)\n"
        f"ok      {NAME}  (drawn)\n"
        f"{root / 'build' / 'report' / 'index.html'}: 2 fixtures\n"
    )
    assert (root / "build" / "report" / NAME / "index.html").is_file(), "no page"


def test_some_fixtures_elsewhere(fixtures, tmp_path):
    """The report has the fixtures that are named, in the folder that is named."""
    ended = fixtures("report", NAME, "--output", str(tmp_path / "out"))
    assert ended.code == 0, ended.err
    assert ended.out.endswith("index.html: 1 fixture\n"), "not one fixture"
    assert not (tmp_path / "out" / OTHER).exists(), "a page that nobody asked for"


def test_the_second_run(fixtures):
    """What is unchanged is said to be."""
    fixtures("report")
    ended = fixtures("report")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"ok      {OTHER}  (unchanged)\nok      {NAME}  (unchanged)\n")


def test_a_broken_fixture(fixtures, root):
    """It is in the report as broken; the message is on stderr, and the exit code is 1."""
    data = bytearray((root / DATA).read_bytes())
    data[500_000] ^= 1
    (root / DATA).write_bytes(data)
    ended = fixtures("report")
    assert ended.code == 1, "a broken fixture is a failed check"
    assert f"BROKEN  {NAME}  (drawn)\n" in ended.out
    assert ended.err.startswith(f"error: fixture {NAME}: broken link sidecar -> bytes\n")
    page = root / "build" / "report" / NAME / "index.html"
    assert "This fixture is broken" in page.read_text(), "not on its page"


def test_a_missing_fixture(fixtures, root):
    """A fixture that is not here is in the report as missing, and the exit code says so."""
    (root / DATA).unlink()
    ended = fixtures("report")
    assert ended.code == 3, "not the exit code of what is missing"
    assert f"MISSING {NAME}  (drawn)\n" in ended.out


def test_an_unknown_name(fixtures, root):
    """A wrong name is wrong use, and nothing is written."""
    ended = fixtures("report", "nope")
    assert (ended.code, ended.out) == (2, ""), "not wrong use, or something on stdout"
    assert ended.err.startswith("error: fixture nope\n"), "the name is not in the message"
    assert not (root / "build").exists(), "something was written"


def test_a_folder_that_is_no_report(fixtures, root, tmp_path):
    """A folder with something else in it is not overwritten."""
    (tmp_path / "mine.txt").touch()
    ended = fixtures("report", "--output", str(tmp_path))
    assert ended.code == 2, "not wrong use"
    assert f"error: report folder {tmp_path}\n" in ended.err
    assert "name another folder with --output, or move what is there" in ended.err


def test_without_the_extra(fixtures, monkeypatch):
    """Without matplotlib the message says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = fixtures("report")
    assert (ended.code, ended.out) == (3, ""), "not the exit code of what is missing"
    assert "to mend:  pip install 'fixture-registry[report]'" in ended.err
