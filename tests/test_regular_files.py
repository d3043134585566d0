"""Only regular files are opened for reading: a pipe or a device in their place holds nobody up.

Each test has a time limit, which ends it: a command that waited for a pipe, or read a device to its
end, would never end by itself.
"""

from __future__ import annotations

import ast
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from registry.cli import main
from tests.kit.files import ZEROS, make_device
from tests.kit.repository import FOLDER, REPOSITORY

NAME = "minimal_dataset_v1_n16"
NPZ, SIDECAR = f"{FOLDER}/{NAME}.npz", f"{FOLDER}/{NAME}.json"
CUT = ("--strategy", "evenly_spaced", "--n-subset", "16")
LIMIT_S = 30

# Where files are opened otherwise, and why.
ELSEWHERE = {
    "registry/files.py": "the definition",
    "registry/temporary.py": "it makes them",
    "registry/storage/download.py": "its own unfinished file, to be written",
    "registry/storage/clone.py": "its own configuration, to be written",
    "registry/storage/remote.py": "its own unfinished file",
    "registry/console.py": "a stream",
    "registry/cli/pull.py": "workspace files",
    "registry/mutants/children.py": "the log of its own child, to be written",
    "registry/mutants/journal.py": "its own journal, to be written",
    "registry/mutants/stored.py": "a member of an archive that is open",
    "registry/ptychography/readers/npz.py": "a member of an archive that is open",
    "registry/identity/foreign_npz.py": "a member of an archive that is open",
    "registry/ptychography/readers/hdf5.py": "HDF5 opens by path what `open_file` has tested",
}
READING = {"open", "read_bytes", "read_text", "fromfile", "memmap", "copyfile", "copy", "copy2"}
MODULES = {"files", "webbrowser", "npz", "foreign_npz"}


def calls(path: Path) -> set[str]:
    """Names of functions that open a file by its path, as far as a module calls them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(node.func, ast.Name):
            name = "open" if node.func.id == "open" else ""
        is_ours = isinstance(owner, ast.Name) and owner.id in MODULES
        of_array = name == "copy" and not (isinstance(owner, ast.Name) and owner.id == "shutil")
        if name in READING and not is_ours and not of_array:
            found.add(name)
        if isinstance(owner, ast.Name) and (owner.id, name) in {("np", "load"), ("h5py", "File")}:
            found.add(f"{owner.id}.{name}")
    return found


def test_files_are_opened_in_one_place():
    """Of all modules only those that have a reason open a file by its path."""
    found = {
        path.relative_to(REPOSITORY).as_posix(): calls(path)
        for path in (REPOSITORY / "registry").rglob("*.py")
    }
    opening = {path for path, names in found.items() if names}
    assert opening - ELSEWHERE.keys() == set(), "use registry.files"


@pytest.fixture(params=["pipe", "device"])
def replace(request):
    """Put a pipe, or a device that never ends, in a file's place."""

    def put(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if request.param == "pipe":
            os.mkfifo(path)
            return path
        make_device(path, ZEROS)
        return path

    return put


class StillWaiting(BaseException):
    """Nothing catches it that a command may meet."""


@pytest.fixture(autouse=True)
def _limit():
    """Who waits for a pipe, or reads a device to its end, is told to stop."""

    def stop(*_):
        raise StillWaiting

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def ends(root, monkeypatch, capsys):
    """Run ``fixtures`` in the registry; it ends by itself with an error of four parts."""
    (root / ".dvc").mkdir()
    monkeypatch.chdir(root)

    def run(*arguments: str | Path, code: tuple[int, ...] = (1, 2, 3)) -> str:
        ended = main([*map(str, arguments)])
        said = "".join(capsys.readouterr())
        assert ended in code, said
        if code != (0,):
            assert all(part in said for part in ("expected:", "found:", "to mend:")), said
        return said

    return run


@pytest.mark.parametrize(
    ("file", "arguments"),
    [
        ("params.yaml", ("check-params",)),
        ("params.yaml", ("add", "new_v1", "--from", "run1084_twin", *CUT)),
        ("params.yaml", ("suggest", "run1084_twin")),
        ("params.yaml", ("export", "--croissant")),
        ("dvc.lock", ("list",)),
        ("dvc.lock", ("show", NAME)),
        ("dvc.lock", ("verify",)),
        (SIDECAR, ("show", NAME)),
        (SIDECAR, ("verify", NAME)),
        (SIDECAR, ("export", NAME, "--in-toto")),
        (NPZ, ("verify", NAME)),
        (NPZ, ("diff", NAME, "minimal_dataset_v1")),
        (NPZ, ("profile", NPZ)),
        ("schemas/params.schema.json", ("check-params",)),
        ("schemas/sidecar_v3.schema.json", ("verify", NAME)),
        ("schemas/data_001_v1.schema.json", ("verify", NAME)),
        ("generators/subset_v1.py", ("verify", NAME)),
        ("generators/subset_v1.schema.json", ("check-params",)),
        ("generators/sums_v1.py", ("add", "new_v1", "--from", "run1084_twin", *CUT)),
        ("data/scan.npz", ("profile", "data/scan.npz")),
        ("data/scan.npz", ("suggest", "data/scan.npz")),
        ("data/scan.npz", ("add", "new_v1", "--from", "data/scan.npz", *CUT)),
        ("data/scan.npz", ("diff", "data/scan.npz", NAME)),
        # imports torch
        pytest.param(
            "data/model.ckpt",
            ("infer", "data/model.ckpt", NAME, "--output-dir", "out"),
            marks=pytest.mark.slow,
        ),
        ("data/ours", ("merge-lock", "dvc.lock", "data/ours", "dvc.lock")),
        ("data/base", ("merge-lock", "data/base", "dvc.lock", "dvc.lock")),
        ("data/ours", ("merge-params", "params.yaml", "data/ours", "params.yaml")),
        ("data/base", ("merge-params", "data/base", "params.yaml", "params.yaml")),
        ("data/x.npz.dvc", ("show", "x")),
        ("build/report/manifest.json", ("report", NAME)),
        (NPZ, ("pull", NAME)),
        (SIDECAR, ("pull", NAME)),
    ],
)  # fmt: skip
def test_a_command_ends(file, arguments, root, replace, ends):
    """Whichever file of the registry, or of the command line, it is."""
    if file.endswith(".dvc"):
        (root / "data").mkdir()
        (root / "data/x.json.dvc").write_text("outs:\n- path: x.json\n  md5: 0\n  size: 1\n")
    replace(root / file)
    ends(*arguments)


@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("side", [0, 1])
def test_git_diff_ends(suffix, side, root, replace, ends):
    """So does git's driver, which shows an error and goes on."""
    path = f"{FOLDER}/{NAME}.{suffix}"
    pair = [root / path, root / path]
    pair[side] = replace(root / f"data/old.{suffix}")
    blob = "0" * 40
    said = ends("git-diff", path, pair[0], blob, "100644", pair[1], blob, "100644", code=(0,))
    assert "error: " in said, said


def test_a_broken_configuration_counts_as_empty(root, replace, ends):
    """DVC's configuration is asked for the cache only; as a broken one, it has no say."""
    (root / ".dvc").mkdir(exist_ok=True)
    replace(root / ".dvc/config.local")
    (root / NPZ).unlink()
    ends("diff", NAME, "minimal_dataset_v1")


@pytest.mark.parametrize("file", [".dvc/config", ".dvc/config.local", "user/config"])
def test_a_remote_whose_configuration_is_no_file(file, root, replace, ends, monkeypatch):
    """DVC's own reader would wait for it: it is not asked, and the file is named."""
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(root / "user"))
    monkeypatch.delenv("FIXTURES_OFFLINE")
    path = replace(root / file)
    (root / NPZ).unlink()
    said = ends("pull", NAME)
    assert str(path) in said, said


def test_a_pull_over_what_is_no_file(root, replace, ends):
    """What the cache has takes the place of a pipe or a device in the workspace."""
    from registry.identity import pins
    from registry.storage import cache

    pin = pins.find(root, NAME)
    data = (root / NPZ).read_bytes()
    cache.put(root, pin.md5, data)
    replace(root / NPZ)
    ends("pull", NAME, code=(0,))
    assert (root / NPZ).read_bytes() == data, "not the cache's bytes"


def test_an_object_that_is_no_file(root, replace, ends):
    """A pipe or a device in the cache counts as no object, for `pull` and for `registry.load`."""
    from registry.identity import pins
    from registry.storage import cache

    replace(cache.object_path(root, pins.find(root, NAME).md5))
    (root / NPZ).unlink()
    ends("pull", NAME)
    replace(cache.object_path(root, pins.find(root, NAME).md5))
    ends("diff", NAME, "minimal_dataset_v1")


def test_a_sidecar_beside_a_file(root, replace, ends, tmp_path):
    """What lies beside a file is looked at only where it is a file."""
    np.savez(root / "a.npz", x=np.zeros(3))
    replace(root / "a.json")
    said = ends("diff", "a.npz", "a.npz", code=(0,))
    assert "no sidecar beside it" in said, said


@pytest.mark.parametrize("name", ["a.cxi", "a.npz", "a.npz.bz2"])
def test_readers_end(name, tmp_path, replace):
    """Every reader of scans tests what it is given, before a library opens it by its path."""
    from registry.errors import CheckError
    from registry.ptychography.readers import open_scan

    path = replace(tmp_path / name)
    with (
        pytest.raises(CheckError) as error,
        open_scan(path, format="cxi" if name == "a.cxi" else "npz", subject="scan"),
    ):
        pass
    assert (error.value.subject, error.value.found) == ("scan", "something else")


def test_a_file_url(tmp_path, replace):
    """A download of what is no file ends."""
    from registry.errors import MissingError
    from registry.storage import download

    path = replace(tmp_path / "scan.npz")
    with pytest.raises(MissingError) as error:
        download.fetch(path.as_uri(), sha256="0" * 64, folder=tmp_path / "new")
    assert error.value.found == "not a regular file"


def test_a_source_that_is_declared(tmp_path, replace):
    """So does the stage of a source whose file is none."""
    from registry.build import declared_file
    from registry.errors import MissingError

    path = replace(tmp_path / "scan.npz")
    with pytest.raises(MissingError, match="its file at"):
        declared_file.verified("source x", {"path": str(path), "sha256": "0" * 64})
