"""Tests of `registry.report.folder`."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import UsageError
from registry.report import folder
from registry.report.folder import Manifest, Part
from tests.kit.files import contents


def report(output: Path) -> Manifest:
    """A small report."""
    output.mkdir(parents=True)
    page = Part(inputs="1", files=folder.write(output, {"a_v1/index.html": b"page"}))
    shared = Part(inputs="2", files=folder.write(output, {"index.html": b"index"}))
    manifest = Manifest(shared=shared, pages={"a_v1": page})
    (output / folder.MANIFEST).write_bytes(manifest.encode())
    return manifest


def test_round_trip(tmp_path):
    """A manifest that was written is read again."""
    written = report(tmp_path / "out")
    assert folder.read(tmp_path / "out") == written


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir])
def test_nothing_there(tmp_path, make):
    """A folder that is absent or empty can become a report."""
    make(tmp_path / "out")
    assert folder.read(tmp_path / "out") is None


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"notes.txt": b"mine"}, "notes.txt and without a report's manifest.json"),
        ({"manifest.json": b"{}"}, "manifest.json and without a report's manifest.json"),
        ({"manifest.json": b"["}, "manifest.json and without a report's manifest.json"),
        ({"manifest.json": b'{"kind": "app"}'}, "without a report's manifest.json"),
    ],
)
def test_a_folder_of_something_else(tmp_path, files, found):
    """A folder that is no report is refused, and nothing in it is touched."""
    (tmp_path / "out").mkdir()
    folder.write(tmp_path / "out", files)
    with pytest.raises(UsageError, match=found):
        folder.read(tmp_path / "out")
    assert contents(tmp_path / "out") == files, "files were touched"


def test_a_file_of_somebody_else_in_a_report(tmp_path):
    """A report in which somebody put a file is refused, for the file would be lost."""
    report(tmp_path / "out")
    (tmp_path / "out" / "a_v1" / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"a_v1/notes\.txt, which is no file of the report"):
        folder.read(tmp_path / "out")


def test_a_file_in_the_folders_place(tmp_path):
    """A file is not replaced by a folder."""
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="found:    a file"):
        folder.read(tmp_path / "out")


def test_intact(tmp_path):
    """A part whose files are as they were written is intact."""
    manifest = report(tmp_path / "out")
    assert folder.intact(tmp_path / "out", manifest.pages["a_v1"])


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"pagf")])
def test_not_intact(tmp_path, damage):
    """A file that is missing or changed shows, and other parts are not touched by it."""
    manifest = report(tmp_path / "out")
    damage(tmp_path / "out" / "a_v1" / "index.html")
    assert not folder.intact(tmp_path / "out", manifest.pages["a_v1"])
    assert folder.intact(tmp_path / "out", manifest.shared)


@pytest.mark.parametrize("links", [True, False])
def test_keeping_a_part(tmp_path, monkeypatch, links):
    """A part is taken over whole, with links or, where there are none, without."""
    manifest = report(tmp_path / "out")
    if not links:

        def refuse(*_):
            raise OSError("no links here")

        monkeypatch.setattr("os.link", refuse)
    (tmp_path / "new").mkdir()
    folder.keep(tmp_path / "out", tmp_path / "new", manifest.pages["a_v1"])
    assert contents(tmp_path / "new") == {"a_v1/index.html": b"page"}


def test_replacing(tmp_path):
    """The new folder takes the old one's place, of which nothing is left, nor beside it."""
    report(tmp_path / "out")
    with folder.replacing(tmp_path / "out") as staging:
        (staging / "new.html").write_bytes(b"new")
        assert (tmp_path / "out" / "index.html").read_bytes() == b"index", "replaced too early"
    assert contents(tmp_path) == {"out/new.html": b"new"}


def test_a_failure_before_the_end(tmp_path):
    """If writing fails, the old report stays whole and nothing is left beside it."""
    report(tmp_path / "out")
    before = contents(tmp_path)

    def write() -> None:
        with folder.replacing(tmp_path / "out") as staging:
            (staging / "half.html").touch()
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        write()
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "something is left"


def test_a_failure_at_the_very_end(tmp_path, monkeypatch):
    """If the new folder cannot be put in place, the old one is put back."""
    report(tmp_path / "out")
    before = contents(tmp_path)
    rename = Path.rename

    def fail(path, target):
        if path.name.endswith(".new"):
            raise PermissionError("no")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(PermissionError), folder.replacing(tmp_path / "out"):
        pass
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "something is left"
