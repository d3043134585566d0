"""Tests of `fixtures list`."""

from __future__ import annotations

NAME = "minimal_dataset_v1_n16"
DATA = f"tests/fixtures/pytorch_integration/{NAME}.npz"
HEADER = "fixture                 positions  strategy       source        size       bytes here\n"


def test_a_line_for_each_fixture(fixtures):
    """Name, number of positions, strategy, source and size, in the lock's order."""
    ended = fixtures("list")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == (
        HEADER
        + "minimal_dataset_v1      64         evenly_spaced  run1084_twin  2,544,436  yes\n"
        + "minimal_dataset_v1_n16  16         evenly_spaced  run1084_twin  970,036    yes\n"
    ), "not the table"


def test_bytes_that_are_not_here(fixtures, root):
    """What has to be pulled is marked, and that is no error."""
    (root / DATA).unlink()
    ended = fixtures("list")
    assert ended.code == 0, "listing is no verification"
    assert ended.out.splitlines()[2].endswith("970,036    no: dvc pull"), "not marked as absent"


def test_a_broken_sidecar(fixtures, root):
    """The others are listed all the same, and the exit code tells."""
    path = root / DATA.replace(".npz", ".json")
    path.write_text(path.read_text().replace("CC0-1.0", "MIT"))
    ended = fixtures("list")
    assert ended.code == 1, "a broken sidecar is a failed check"
    _, other, line = ended.out.splitlines()
    assert other.endswith("yes"), "the good fixture is not listed"
    assert line.endswith("sidecar broken: verify it"), "the broken one is not marked"


def test_a_missing_sidecar(fixtures, root):
    """A sidecar that is not there is exit code 3."""
    (root / DATA.replace(".npz", ".json")).unlink()
    assert fixtures("list").code == 3, "not the exit code of what is missing"
