"""Tests of `registry.report.build`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from registry.errors import CheckError, MissingError
from registry.report import build as module
from registry.report import folder
from registry.report.build import build
from tests.kit.files import contents, flip
from tests.report.kit import FOLDER, NAME, OTHER, UNBUILT, declare, repin


@pytest.fixture
def one_core(monkeypatch):
    """Pages drawn in this process, which has matplotlib already."""
    monkeypatch.setattr(module, "_cores", lambda: 1)


@pytest.fixture
def cheap(monkeypatch):
    """Pages without pictures, for tests of what is kept and what is not."""
    monkeypatch.setattr(module, "_cores", lambda: 1)
    monkeypatch.setattr("registry.ptychography.pictures.probe_and_object", lambda arrays: [])
    monkeypatch.setattr("registry.ptychography.pictures.frames", lambda arrays, scale: [])
    monkeypatch.setattr("registry.ptychography.pictures.positions", lambda *arguments: None)
    monkeypatch.setattr("registry.ptychography.limits.fit", lambda *arguments: (None, "cheap"))


def names(found):
    """Fixtures of a report, and those whose page was made."""
    return [item.name for item in found.facts], found.drawn


def test_a_report(report):
    """A page for each, the shared files, and a manifest that has all of them."""
    found = contents(report.folder)
    manifest = folder.read(report.folder)
    assert list(manifest.pages) == [NAME, OTHER, UNBUILT]
    assert set(manifest.shared.files) == {"checks.html", "index.html", "report.css", "report.js"}
    listed = {**manifest.shared.files}
    for part in manifest.pages.values():
        listed.update(part.files)
    assert {*listed, "manifest.json"} == set(found), "files that the manifest does not know"
    assert report.exit_code == 1, "broken and missing fixtures are a failed check"


def test_the_same_bytes_on_any_number_of_cores(report, tmp_path, one_core):
    """Another folder, another place and one process give the same report, byte for byte."""
    other = shutil.copytree(report.root, tmp_path / "elsewhere")
    build(other, [], tmp_path / "out")
    assert contents(tmp_path / "out") == contents(report.folder)


def test_nothing_changed(report):
    """The second run draws nothing, writes nothing, and does not import what draws."""
    times = {path: path.stat().st_mtime_ns for path in report.folder.rglob("*")}
    program = (
        "import sys\nfrom pathlib import Path\nfrom registry.report.build import build\n"
        "found = build(Path(sys.argv[1]), [], Path(sys.argv[2]))\n"
        "print(found.drawn, found.exit_code, {'matplotlib', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, report.root, report.folder],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[] 1 set()\n", "something was drawn, or imported"
    assert {path: path.stat().st_mtime_ns for path in report.folder.rglob("*")} == times


def test_one_fixture_changed(root, tmp_path, cheap):
    """Only its page is made anew; the result is that of a full build."""
    build(root, [], tmp_path / "out")
    repin(root, NAME, licence="MIT")
    assert names(build(root, [], tmp_path / "out")) == ([NAME, OTHER], [NAME])
    build(root, [], tmp_path / "full")
    assert contents(tmp_path / "out") == contents(tmp_path / "full")
    assert "MIT" in (tmp_path / "out" / NAME / "index.html").read_text(), "not the new page"


@pytest.mark.parametrize("damage", ["change", "remove"])
@pytest.mark.parametrize("file", [f"{NAME}/index.html", "index.html", "report.css"])
def test_a_damaged_report(root, tmp_path, cheap, damage, file):
    """A file that was changed or removed comes back, and no other page is made for it."""
    build(root, [], tmp_path / "out")
    before = contents(tmp_path / "out")
    if damage == "remove":
        (tmp_path / "out" / file).unlink()
    else:
        flip(tmp_path / "out" / file)
    drawn = build(root, [], tmp_path / "out").drawn
    assert drawn == ([NAME] if NAME in file else []), "other pages were made"
    assert contents(tmp_path / "out") == before


def test_a_removed_fixture(root, tmp_path, cheap):
    """The page of a fixture that is gone goes, too, and no page has it as its next one."""
    build(root, [], tmp_path / "out")
    found = build(root, [OTHER], tmp_path / "out")
    assert names(found) == ([OTHER], [OTHER]), "its neighbour still leads to it"
    assert not (tmp_path / "out" / NAME).exists(), "a stale page"
    assert NAME not in (tmp_path / "out" / "index.html").read_text(), "a card without a page"


def test_pages_that_are_no_neighbours(root, tmp_path, cheap):
    """Stay as they are when another one comes or goes."""
    declare(root, fixtures={UNBUILT: {"generator": "subset_v1", "source": "run1084_twin"}})
    build(root, [], tmp_path / "out")
    found = build(root, [NAME, OTHER], tmp_path / "out")
    assert names(found) == ([NAME, OTHER], [OTHER]), "not just the one beside it"


def test_what_explains_the_checks(root, tmp_path, cheap):
    """Comes with the report where the registry has it, and is made anew where it changed."""
    build(root, [NAME], tmp_path / "out")
    assert not (tmp_path / "out" / "checks.html").exists(), "a page of nothing"
    (root / "docs").mkdir()
    (root / "docs" / "checks.md").write_text("# Checks\n\nText.\n")
    build(root, [NAME], tmp_path / "out")
    text = (tmp_path / "out" / "checks.html").read_text()
    assert '<h1 id="checks">Checks</h1>\n<p>Text.</p>' in text
    (root / "docs" / "checks.md").write_text("# Checks\n\nOther text.\n")
    assert build(root, [NAME], tmp_path / "out").drawn == [], "the same anchors, another page"
    assert "Other text." in (tmp_path / "out" / "checks.html").read_text(), "stale"


def test_another_order(root, tmp_path, cheap):
    """Cards stand in the order that was asked for."""
    build(root, [NAME, OTHER], tmp_path / "out")
    build(root, [OTHER, NAME], tmp_path / "out")
    text = (tmp_path / "out" / "index.html").read_text()
    assert text.index(f"{OTHER}/index.html") < text.index(f"{NAME}/index.html")


def test_a_new_version_of_the_program(root, tmp_path, cheap, monkeypatch):
    """Pages that another version made are made anew."""
    build(root, [NAME], tmp_path / "out")
    monkeypatch.setattr(module.program, "text", lambda fields: "another")
    assert build(root, [NAME], tmp_path / "out").drawn == [NAME]


def test_a_failure_in_the_middle(root, tmp_path, cheap, monkeypatch):
    """If a page cannot be made, the old report stays as it was, whole."""
    build(root, [NAME], tmp_path / "out")
    before = contents(tmp_path / "out")

    def fail(*_):
        raise RuntimeError("no")

    monkeypatch.setattr("registry.report.pages.shared", fail)
    with pytest.raises(RuntimeError):
        build(root, [], tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "registry"], "left over"


def test_bytes_that_change_while_it_is_made(root, tmp_path, cheap, monkeypatch):
    """What is drawn is verified when it is drawn, not only before."""
    gather = module.facts.gather

    def then_flip(*arguments):
        found = gather(*arguments)
        flip(root / FOLDER / f"{NAME}.npz")
        return found

    monkeypatch.setattr(module.facts, "gather", then_flip)
    with pytest.raises(CheckError, match="broken link sidecar -> bytes"):
        build(root, [NAME], tmp_path / "out")
    assert not (tmp_path / "out").exists(), "a report on changed bytes"


def test_an_error_from_another_process(root, tmp_path, monkeypatch):
    """An error in a process that draws arrives as the message that it is."""
    monkeypatch.setattr(module, "_cores", lambda: 2)
    gather = module.facts.gather

    def then_remove(*arguments):
        found = gather(*arguments)
        for name in (NAME, OTHER):
            (root / FOLDER / f"{name}.npz").unlink()
        return found

    monkeypatch.setattr(module.facts, "gather", then_remove)
    with pytest.raises(MissingError, match=f"fixture {NAME}: bytes"):
        build(root, [], tmp_path / "out")


def die(*_):
    """End this process as the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed(root, tmp_path, monkeypatch):
    """A process that is ended from outside is a message, and no report."""
    monkeypatch.setattr(module, "_cores", lambda: 2)
    monkeypatch.setattr(module, "_page", die)
    with pytest.raises(MissingError, match="2 processes to draw their pages"):
        build(root, [], tmp_path / "out")
    assert not (tmp_path / "out").exists(), "half a report"


@pytest.mark.parametrize("absent", ["matplotlib", "jinja2"])
def test_without_the_extra(root, tmp_path, monkeypatch, absent):
    """What is not installed is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(MissingError, match=f"found:    no {absent}\n") as caught:
        build(root, [], tmp_path / "out")
    assert caught.value.remedy == "pip install 'fixture-registry[report]'"


def test_a_name_that_cannot_be_a_folder(root, tmp_path):
    """A name from a declaration never leads out of the report."""
    declare(root, fixtures={"../../evil_v1": {}})
    with pytest.raises(CheckError, match="a name with its version"):
        build(root, [], tmp_path / "out")
    assert not (tmp_path / "out").exists(), "something was written"


def test_nothing_is_pinned(root, tmp_path):
    """A report on nothing is a report."""
    (root / "dvc.lock").write_text("schema: '2.0'\n")
    (root / "params.yaml").unlink()
    found = build(root, [], tmp_path / "out")
    assert (names(found), found.exit_code) == (([], []), 0)
    assert json.loads((tmp_path / "out" / "manifest.json").read_bytes())["pages"] == {}
