"""Every option that names an output: what is there and no regular file is never replaced."""

from __future__ import annotations

import os
import stat
from functools import partial

import pytest

from tests.kit.files import NULL, make_device

NAME = "minimal_dataset_v1_n16"
# Each with the option last.
FILES = {
    "export": ("export", NAME, "--croissant", "--output"),
    "diff": ("diff", NAME, NAME, "--html"),
}
FOLDERS = {
    "report": ("report", NAME, "--output"),
    "train": ("train", NAME, "--max-epochs", "1", "--output-dir"),
    "infer": ("infer", "model.ckpt", NAME, "--output-dir"),
}
OF_FILES = pytest.mark.parametrize("command", FILES.values(), ids=FILES)
OF_FOLDERS = pytest.mark.parametrize("command", FOLDERS.values(), ids=FOLDERS)
REMEDY = "  to mend:  name another file; of a link, the file that it leads to\n"


@OF_FILES
def test_a_device_is_written_to(command, fixtures, tmp_path):
    """The null device is still one afterwards, and nothing lies beside it."""
    path = tmp_path / "out" / "null"
    path.parent.mkdir()
    make_device(path, NULL)
    ended = fixtures(*command, str(path))
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert stat.S_ISCHR(path.lstat().st_mode), "the device was replaced"
    assert list(path.parent.iterdir()) == [path], "something else was made"


@OF_FILES
@pytest.mark.parametrize("target", ["file", "nowhere"])
def test_a_link_is_refused(command, target, fixtures, tmp_path):
    """It is neither replaced nor written through, whether it leads anywhere or not."""
    (tmp_path / "file").write_text("precious")
    path = tmp_path / "link"
    path.symlink_to(target)
    ended = fixtures(*command, str(path))
    assert (ended.code, f"error: output {path}\n" in ended.err) == (2, True), ended
    assert "  found:    a link\n" + REMEDY in ended.err, ended.err
    assert path.readlink().name == target, "the link was replaced"
    assert (tmp_path / "file").read_text() == "precious", "the link was written through"
    assert not (tmp_path / "nowhere").exists(), "the link was written through"


@OF_FILES
def test_a_pipe_is_refused(command, fixtures, tmp_path):
    """Nobody waits for its reader."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    ended = fixtures(*command, str(path))
    assert (ended.code, "  found:    a pipe\n" in ended.err) == (2, True), ended
    assert stat.S_ISFIFO(path.lstat().st_mode), "the pipe was replaced"


@OF_FILES
def test_a_folder_is_refused(command, fixtures, tmp_path):
    """It stays, with what is in it."""
    (tmp_path / "folder" / "in").mkdir(parents=True)
    ended = fixtures(*command, str(tmp_path / "folder"))
    assert (ended.code, "  found:    a folder\n" in ended.err) == (2, True), ended
    assert (tmp_path / "folder" / "in").is_dir()


@OF_FILES
def test_a_file_is_replaced(command, fixtures, tmp_path):
    """As ever."""
    (tmp_path / "file").write_text("old")
    assert fixtures(*command, str(tmp_path / "file")).code == 0
    assert (tmp_path / "file").read_text() != "old"


@OF_FOLDERS
@pytest.mark.parametrize(
    "make", [os.mkfifo, partial(make_device, number=NULL)], ids=["pipe", "device"]
)
def test_what_is_no_folder_is_refused(command, make, fixtures, tmp_path):
    """A pipe or a device in the place of an output folder stays."""
    path = tmp_path / "out"
    make(path)
    before = path.lstat().st_mode
    ended = fixtures(*command, str(path))
    assert ended.code == 2, ended
    assert "  found:    a file" in ended.err, ended.err
    assert path.lstat().st_mode == before, "it was replaced"


def test_a_report_in_a_linked_folder(fixtures, tmp_path):
    """It is written where the link leads, and the link stays."""
    (tmp_path / "real").mkdir()
    path = tmp_path / "link"
    path.symlink_to("real")
    assert fixtures("report", NAME, "--output", str(path)).code == 0
    assert path.is_symlink(), "the link was replaced"
    assert (tmp_path / "real" / "index.html").is_file(), "the report is elsewhere"


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("train", "model.ckpt"),
        ("train", "train.json"),
        ("train", "dvclive/plots/metrics/loss.tsv"),
        ("infer", "reconstruction.npz"),
        ("infer", "phase.png"),
        ("infer", "infer.json"),
    ],
)
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_files_in_an_output_folder(command, file, kind, fixtures, tmp_path):
    """What a command would write in its folder is held to the same."""
    path = tmp_path / "out" / file
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere") if kind == "link" else os.mkfifo(path)
    ended = fixtures(*FOLDERS[command], str(tmp_path / "out"))
    assert (ended.code, f"error: output {path}\n" in ended.err) == (2, True), ended
    assert f"  found:    a {kind}\n" in ended.err, ended.err
    assert not (tmp_path / "elsewhere").exists(), "the link was written through"


@pytest.mark.parametrize(
    ("command", "file"), [("merge-lock", "dvc.lock"), ("merge-params", "params.yaml")]
)
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_the_result_of_a_merge(command, file, kind, fixtures, root, tmp_path):
    """So is what git's merge driver takes as its own side."""
    path = tmp_path / "ours"
    path.symlink_to(root / file) if kind == "link" else os.mkfifo(path)
    before = (root / file).read_bytes()
    ended = fixtures(command, file, str(path), file)
    assert ended.code in (2, 3), ended
    assert (root / file).read_bytes() == before, "the link was written through"
    assert path.is_symlink() == (kind == "link"), "it was replaced"
