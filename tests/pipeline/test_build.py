"""What `dvc repro` builds, keeps and refuses. That it builds the same: docs/test_regenerate.py."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sys

import numpy as np
import pytest

from tests.kit.clone import CODE
from tests.kit.repository import FOLDER
from tests.kit.scans import chosen, sound_scan

pytestmark = pytest.mark.slow

NAME = "minimal_dataset_v1_n16"
FIXTURE = """\
  {name}:
    generator: subset_v1
    source: {source}
    strategy: grid
    n_subset: 16
    created: "2026-11-23T00:00:00+00:00"
"""
SOURCE = """\
  mine:
    generator: file_v1
    path: ../private/scan.npz
    sha256: "{digest}"
    noise: poisson
    photon_scale: {photon_scale}
    licence: MIT
"""


@pytest.fixture(scope="module")
def extended(built_clone, tmp_path_factory):
    """A clone with one fixture more, and one of a private scan beside it; and what DVC said."""
    clone = built_clone.copy(tmp_path_factory.mktemp("extended") / "registry")
    path = clone.path.parent / "private" / "scan.npz"
    path.parent.mkdir()
    np.savez(path, **chosen(sound_scan(), 32))
    sidecar = json.loads((clone.path / FOLDER / "minimal_dataset_v1.json").read_bytes())
    scale = sidecar["ptychography"]["photon_scale"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    clone.declare("sources", SOURCE.format(digest=digest, photon_scale=scale))
    clone.declare("fixtures", FIXTURE.format(name="extra_v1", source="run1084_twin"))
    clone.declare("fixtures", FIXTURE.format(name="mine_v1", source="mine"))
    ended = clone.dvc("repro")
    assert ended.code == 0, ended.out
    return clone, ended


@pytest.fixture
def mine(extended, tmp_path):
    """That clone and its private file, to be changed at will."""
    clone, _ = extended
    shutil.copytree(clone.path.parent / "private", tmp_path / "private")
    return clone.copy(tmp_path / "registry"), tmp_path / "private" / "scan.npz"


def test_new_entries(built_clone, extended):
    """Each is built, all else stays, nothing published changes, and no path leaves the machine."""
    clone, ended = extended
    assert ended.stages == [CODE, "source@mine", "fixture@extra_v1", "fixture@mine_v1"], (
        "something else was built"
    )
    after = clone.pins()
    assert after.pop("fixture@extra_v1"), "the new fixture is not pinned"
    assert after.pop("fixture@mine_v1"), "nor that of the file"
    assert after == built_clone.pins(), "another pin changed"
    assert clone.fixtures("publish").code == 0
    ended = clone.fixtures("verify", "--against", "HEAD")
    assert ended.code == 0, ended.out
    for name in ("extra_v1", "mine_v1"):
        assert f"ok      {name}  (11 links hold)" in ended.out, f"{name} is not verified"
    assert "private" not in (clone.path / FOLDER / "mine_v1.json").read_text(), "a path"


def test_what_is_refused(clone):
    """All stays as it was: files, pins and, once the entries are as before, what there is to do."""
    before, lock = clone.built(), (clone.path / "dvc.lock").read_bytes()
    # DVC would build either without a word
    clone.edit("    n_subset: 16\n", "    n_subset: 17\n")
    clone.edit("    Y: true\n", "    Y: true\n    strategy: first\n")
    ended = clone.dvc("repro", "--keep-going")
    assert ended.code != 0, "DVC ended well"
    assert f"error: fixture {NAME}: published and immutable\n" in ended.out
    assert "declare the change as minimal_dataset_v2_n16 in params.yaml" in ended.out
    assert (
        "coverage: expected a subset that spans more than 50% of the source in x and y; found "
    ) in ended.out, f"the criterion is not named: {ended.out}"
    assert "with strategy first; use strategy: evenly_spaced (or grid)" in ended.out
    assert clone.built() == before, "a file changed, or a new one is there"
    assert (clone.path / "dvc.lock").read_bytes() == lock, "a pin changed"

    clone.git("checkout", "params.yaml")
    ended = clone.dvc("repro")
    assert (ended.code, ended.stages) == (0, [CODE]), "the way back is not short"
    assert clone.built() == before, "a fixture changed where nothing was to do"
    assert (clone.path / "dvc.lock").read_bytes() == lock, "the lock changed"


def test_a_disk_that_is_full(clone):
    """Where the system takes no more bytes, the stage fails and the last good files stay."""
    before = clone.built()
    limit = 200_000  # less than the fixture, more than anything else that is written

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    # the same as was published: anything else is refused before it is written
    flags = ["--generator", "subset_v1", "--source", "run1084_twin", "--strategy", "evenly_spaced",
             "--n_subset", "16", "--diff3d", "--created", "2026-11-23T00:00:00+00:00"]  # fmt: skip
    command = [sys.executable, "-m", "registry.build.fixture", f"{FOLDER}/{NAME}", *flags]
    ended = clone.run(*command, preexec_fn=limited)
    assert ended.code == 3, ended.out
    path = f"{FOLDER}/{NAME}.npz"
    assert ended.out == (
        f"error: file {path}\n"
        "  expected: a file that can be read, or written whole\n"
        "  found:    File too large\n"
        "  to mend:  free some space, then run the command again; nothing half-written was left "
        "behind\n"
    ), "not the message"
    assert clone.built() == before, "a file changed, or half a file is there"


def test_another_file_in_its_place(mine):
    """A file with another SHA-256 is refused; the last good fixture and its pin stay."""
    clone, path = mine
    before, pins = clone.built(), clone.pins()
    path.write_bytes(path.read_bytes() + b"x")
    ended = clone.dvc("repro", "--force", "source@mine", "fixture@mine_v1")
    assert ended.code != 0, "another file was taken for the declared one"
    assert "expected: scan.npz with SHA-256 " in ended.out, "not what is wrong"
    assert "fixture@mine_v1" not in ended.stages, "a fixture was cut from it"
    assert clone.built() == before, "a file changed"
    assert clone.pins() == pins, "a pin changed"


def test_a_clone_that_lacks_a_private_source(mine, tmp_path):
    """It pulls everything, verifies everything, and builds everything else."""
    clone, path = mine
    assert clone.fixtures("publish").code == 0
    clone.commit()
    ended = clone.dvc("push")
    assert ended.code == 0, ended.out
    # a colleague's clone of it, somewhere else, without the scan
    path.unlink()
    other = type(clone)(tmp_path / "other", clone.environment)
    clone.git("clone", "--quiet", str(clone.path), str(other.path))

    ended = other.dvc("pull")
    assert ended.code == 0, ended.out
    assert other.built() == clone.built(), "not every fixture was pulled"
    ended = other.fixtures("verify", "--against", "HEAD")
    assert ended.code == 0, ended.out
    assert "ok      mine_v1  (11 links hold)" in ended.out, "the private fixture is not verified"

    other.declare("fixtures", FIXTURE.format(name="another_v1", source="run1084_twin"))
    ended = other.dvc("repro", "--keep-going")
    assert ended.code != 0, "the missing source went unnoticed"
    assert "error: source mine\n" in ended.out, "the missing source is not named"
    assert "expected: its file at ../private/scan.npz" in ended.out, "the missing file is not named"
    assert "fixture@another_v1" in ended.stages, "the others were not built"
    assert "fixture@mine_v1" not in ended.stages, "a fixture was built from nothing"
    assert other.fixtures("publish", "another_v1").code == 0
    assert other.fixtures("verify", "--against", "HEAD").code == 0, "something no longer verifies"
