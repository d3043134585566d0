"""What `dvc repro` builds, keeps and refuses to build."""

from __future__ import annotations

import resource
import sys

import numpy as np
import pytest

from tests.kit.clone import CODE
from tests.kit.repository import FOLDER

pytestmark = pytest.mark.slow

NAME = "minimal_dataset_v1_n16"
STAGE = f"fixture@{NAME}"
NEW = """\
  {name}:
    generator: subset_v1
    source: {source}
    strategy: grid
    n_subset: 20
    created: "2026-11-23T00:00:00+00:00"
"""


def test_everything_is_up_to_date(clone):
    """A second run builds nothing, and changes neither lock nor fixtures."""
    lock, before = (clone.path / "dvc.lock").read_bytes(), clone.built()
    ended = clone.dvc("repro")
    assert (ended.code, ended.stages) == (0, [CODE]), ended.out
    assert (clone.path / "dvc.lock").read_bytes() == lock, "the lock changed"
    assert clone.built() == before, "a fixture changed"


def test_built_again_it_is_the_same(clone):
    """Forced, a fixture is built again, and every byte is as it was."""
    before, pins = clone.built(), clone.pins()
    ended = clone.dvc("repro", "--force", "--single-item", STAGE)
    assert (ended.code, ended.stages) == (0, [STAGE]), ended.out
    assert clone.built() == before, "fixture or sidecar changed"
    assert clone.pins() == pins, "a pin changed"
    assert clone.git("status", "--porcelain") == "", "git sees a change"


def test_a_new_fixture(clone):
    """One more entry builds one more fixture; all others stay, and nothing published changes."""
    before = clone.pins()
    clone.declare("fixtures", NEW.format(name="extra_v1", source="run1084_twin"))
    ended = clone.dvc("repro")
    assert ended.code == 0, ended.out
    assert ended.stages == [CODE, "fixture@extra_v1"], "something else was built"
    after = clone.pins()
    assert after.pop("fixture@extra_v1"), "the new fixture is not pinned"
    assert after == before, "another pin changed"
    assert clone.fixtures("publish").code == 0
    ended = clone.fixtures("verify", "--against", "HEAD")
    assert ended.code == 0, ended.out
    assert "ok      extra_v1  (11 links hold)" in ended.out, "the new fixture is not verified"


def test_a_fixture_that_fails(clone):
    """A bad entry leaves the last good fixture, its sidecar and its pin, and says what is wrong."""
    before, pins = clone.built(), clone.pins()
    clone.edit(f"  {NAME}:\n", f"  {NAME}:\n    strategy: first\n")
    ended = clone.dvc("repro")
    assert ended.code != 0, "DVC ended well"
    assert (
        "coverage: expected a subset that spans more than 50% of the source in x and y; found "
    ) in ended.out, f"the criterion is not named: {ended.out}"
    assert "with strategy first; use strategy: evenly_spaced (or grid)" in ended.out
    assert clone.built() == before, "a file changed, or a new one is there"
    assert clone.pins() == pins, "a pin changed"
    clone.git("checkout", "params.yaml")
    ended = clone.dvc("repro")
    assert (ended.code, ended.stages) == (0, [CODE]), "the way back is not short"


def test_a_published_version_that_was_changed(clone):
    """DVC would rebuild it without a word; the stage refuses, and all stays as it was."""
    pins, built = clone.pins(), clone.built()
    clone.edit("    n_subset: 16\n", "    n_subset: 17\n")
    ended = clone.dvc("repro")
    assert ended.code != 0, "a published version was built as something else"
    assert f"error: fixture {NAME}: published and immutable\n" in ended.out
    assert "declare the change as minimal_dataset_v2_n16 in params.yaml" in ended.out
    assert (clone.pins(), clone.built()) == (pins, built), "something was replaced"


def test_a_change_that_was_committed_on_a_branch(clone):
    """The version, its pin and its line: all agree with each other, and not with main."""
    clone.git("checkout", "--quiet", "-b", "a-change")
    clone.edit("    n_subset: 16\n", "    n_subset: 17\n")
    ledger = clone.path / "published.sum"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(line for line in lines if not line.startswith(f"{NAME} ")))
    assert clone.dvc("repro").code == 0
    assert clone.fixtures("publish").code == 0
    clone.commit()
    ended = clone.fixtures("verify")
    assert ended.code == 1, "a published version changed, and nobody minds"
    assert f"ok      {NAME}  (11 links hold)" in ended.out, "the new chain does not hold"
    assert f"error: fixture {NAME}: published and immutable\n" in ended.out
    assert "CHANGED  published.sum, in " in ended.out


def test_a_disk_that_is_full(clone):
    """Where the system takes no more bytes, the stage fails and the last good files stay."""
    before = clone.built()
    limit = 200_000  # less than the fixture, more than anything else that is written

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    # the same as was published: anything else is refused before it is written
    flags = ["--generator", "subset_v1", "--source", "run1084_twin", "--strategy", "evenly_spaced",
             "--n_subset", "16", "--diff3d", "--created", "2026-11-23T00:00:00+00:00"]  # fmt: skip
    command = [sys.executable, "-m", "registry.build.fixture", NAME, *flags]
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


MINE = """\
  mine:
    generator: file_v1
    path: {path}
    sha256: "{digest}"
    noise: measured
    licence: MIT
"""


@pytest.fixture
def private(clone, tmp_path):
    """The clone with a private source: a scan beside it, declared with a fixture cut from it."""
    import hashlib

    path = tmp_path / "private" / "scan.npz"
    path.parent.mkdir()
    with np.load(clone.path / FOLDER / "minimal_dataset_v1.npz") as file:
        scan = {name: file[name] for name in file.files if name != "diff3d"}
    chosen = np.arange(0, 64, 2)
    for name in ("diffraction", "xcoords", "ycoords", "xcoords_start", "ycoords_start"):
        scan[name] = scan[name][chosen]
    np.savez(path, **scan)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    clone.declare("sources", MINE.format(path=path, digest=digest))
    clone.declare("fixtures", NEW.format(name="mine_v1", source="mine"))
    return path


def test_a_source_of_ones_own(clone, private):
    """A file, declared with its SHA-256, becomes a fixture; its path stays on this machine."""
    ended = clone.dvc("repro")
    assert ended.code == 0, ended.out
    assert ended.stages == [CODE, "source@mine", "fixture@mine_v1"], "something else was built"
    assert clone.fixtures("publish").code == 0
    assert clone.fixtures("verify", "mine_v1").code == 0, "the new fixture does not verify"
    sidecar = clone.path / FOLDER / "mine_v1.json"
    assert str(private.parent) not in sidecar.read_text(), "the path is in the sidecar"


def test_another_file_in_its_place(clone, private):
    """A file with another SHA-256 is refused; the last good fixture and its pin stay."""
    assert clone.dvc("repro").code == 0
    before, pins = clone.built(), clone.pins()
    private.write_bytes(private.read_bytes() + b"x")
    ended = clone.dvc("repro", "--force", "source@mine", "fixture@mine_v1")
    assert ended.code != 0, "another file was taken for the declared one"
    assert "expected: scan.npz with SHA-256 " in ended.out, "not what is wrong"
    assert "fixture@mine_v1" not in ended.stages, "a fixture was cut from it"
    assert clone.built() == before, "a file changed"
    assert clone.pins() == pins, "a pin changed"


def test_a_clone_that_lacks_a_private_source(clone, private, tmp_path):
    """It pulls everything, verifies everything, and builds everything else."""
    assert clone.dvc("repro").code == 0
    assert clone.fixtures("publish").code == 0
    clone.commit()
    ended = clone.dvc("push")
    assert ended.code == 0, ended.out
    # a colleague's clone of it, somewhere else, without the scan
    private.unlink()
    other = type(clone)(tmp_path / "other", clone.environment)
    clone.git("clone", "--quiet", str(clone.path), str(other.path))

    ended = other.dvc("pull")
    assert ended.code == 0, ended.out
    assert other.built() == clone.built(), "not every fixture was pulled"
    ended = other.fixtures("verify", "--against", "HEAD")
    assert ended.code == 0, ended.out
    assert "ok      mine_v1  (11 links hold)" in ended.out, "the private fixture is not verified"

    other.declare("fixtures", NEW.format(name="extra_v1", source="run1084_twin"))
    ended = other.dvc("repro", "--keep-going")
    assert ended.code != 0, "the missing source went unnoticed"
    assert "error: source mine\n" in ended.out, "the missing source is not named"
    assert f"expected: its file at {private}" in ended.out, "the missing file is not named"
    assert "fixture@extra_v1" in ended.stages, "the others were not built"
    assert "fixture@mine_v1" not in ended.stages, "a fixture was built from nothing"
    assert other.fixtures("publish", "extra_v1").code == 0
    assert other.fixtures("verify", "--against", "HEAD").code == 0, "something no longer verifies"
