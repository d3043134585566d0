"""Tests of `fixtures list`."""

from __future__ import annotations

import hashlib
import json

import pytest

NAME = "minimal_dataset_v1_n16"
DATA = f"tests/fixtures/pytorch_integration/{NAME}.npz"
LINE = "{:<22}  {:<9}  {:<13}  {:<12}  {:<9}  {:<7}  {}\n"
HEADER = LINE.format("fixture", "positions", "strategy", "source", "size", "physics", "bytes here")
TWIN = ("evenly_spaced", "run1084_twin")


def test_a_line_for_each_fixture(fixtures):
    """Name, number of positions, strategy, source and size, in the lock's order."""
    ended = fixtures("list")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out == (
        HEADER
        + LINE.format("minimal_dataset_v1", "64", *TWIN, "2,544,436", "checked", "yes")
        + LINE.format("minimal_dataset_v1_n16", "16", *TWIN, "970,036", "checked", "yes")
    ), "not the table"


def test_bytes_that_are_not_here(fixtures, root):
    """What has to be pulled is marked, and that is no error."""
    (root / DATA).unlink()
    ended = fixtures("list")
    assert ended.code == 0, "listing is no verification"
    assert ended.out.splitlines()[2].endswith("checked  MISSING: fixtures pull"), (
        "not marked as absent"
    )


@pytest.mark.parametrize(
    ("verdict", "reason", "defect", "shown"),
    [
        ("not checked", "no object", None, "not checked"),
        ("undecided", "z = 1.3", None, "undecided"),
        ("checked", "", {"name": "nan", "description": "x", "refused_by": ["y"]}, "defect: nan"),
    ],
)
def test_physics_in_doubt_and_defects(fixtures, root, verdict, reason, defect, shown):
    """A fixture whose arrays need not belong together is told from the others, and why."""
    path, lock = root / DATA.replace(".npz", ".json"), root / "dvc.lock"
    document = json.loads(path.read_bytes())
    document.update({"verdict": verdict, **({"defect": defect} if defect else {})})
    document.update({"reason": reason} if reason else {})
    data, before = json.dumps(document).encode(), path.read_bytes()
    path.write_bytes(data)
    text = lock.read_text().replace(hashlib.md5(before).hexdigest(), hashlib.md5(data).hexdigest())
    lock.write_text(text.replace(f"size: {len(before)}\n", f"size: {len(data)}\n"))
    ended = fixtures("list")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    _, good, line, *reasons = ended.out.splitlines()
    assert reasons == ([f"{NAME}:  physics {verdict}: {reason}"] if reason else []), "not why"
    assert good.endswith("checked" + " " * (len(shown) - 7 + 2) + "yes"), "the other is marked, too"
    assert line.endswith(f"{shown}  yes"), "not marked"


def test_a_document(fixtures, root):
    """The same for programs, with digests; and why a fixture is not described."""
    (root / DATA.replace(".npz", ".json")).unlink()
    (root / DATA).unlink()
    with (root / "params.yaml").open("a") as file:
        file.write("\ndeprecated:\n  minimal_dataset_v1: {reason: too many}\n")
    ended = fixtures("list", "--json")
    assert (ended.code, ended.err) == (3, "")
    document = json.loads(ended.out)
    assert document["root"] == str(root)
    good, absent = document["fixtures"]
    assert good == {
        "name": "minimal_dataset_v1",
        "path": DATA.replace("_n16", ""),
        "size": 2544436,
        "here": True,
        "deprecated": "deprecated: too many",
        "sha256": "fdad843f7389903aeb85c2e3df73b033380a6b8be360c5a997d7f5a8b0204054",
        "content_sha256": "47e2595135624a7e5593a2b9dae4acf7075b5e8e483d8f8799e9abf227627896",
        "field": "ptychography",
        "verdict": "checked",
        "doubt": "",
        "defect": None,
        "source": "run1084_twin",
        "subset_size": 64,
        "subset_strategy": "evenly_spaced",
    }
    error = absent.pop("error")
    assert absent == {
        "name": NAME, "path": DATA, "size": 970036, "here": False, "deprecated": None,
    }  # fmt: skip
    assert (error["subject"], error["exit_code"]) == (f"fixture {NAME}: sidecar", 3)


def test_a_document_of_nothing(fixtures, root):
    """It is a document all the same."""
    (root / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    assert json.loads(fixtures("list", "--json").out)["fixtures"] == []


def test_a_broken_sidecar(fixtures, root):
    """The others are listed all the same, and the exit code tells."""
    path = root / DATA.replace(".npz", ".json")
    path.write_text(path.read_text().replace("CC0-1.0", "MIT"))
    ended = fixtures("list")
    assert ended.code == 1, "a broken sidecar is a failed check"
    _, other, line = ended.out.splitlines()
    assert other.endswith("yes"), "the good fixture is not listed"
    assert line.endswith("sidecar BROKEN: fixtures verify"), "the broken one is not marked"


def test_a_missing_sidecar(fixtures, root):
    """A sidecar that is not there is exit code 3."""
    (root / DATA.replace(".npz", ".json")).unlink()
    assert fixtures("list").code == 3, "not the exit code of what is missing"


def test_a_deprecated_fixture(fixtures, root):
    """A line beneath the table has the reason and the successor."""
    with (root / "params.yaml").open("a") as file:
        file.write(f"\ndeprecated:\n  {NAME}: {{reason: too few, successor: minimal_dataset_v1}}\n")
    ended = fixtures("list")
    assert (ended.code, ended.err) == (0, ""), "not a clean end"
    assert ended.out.splitlines()[3:] == [f"{NAME}:  deprecated: too few; use minimal_dataset_v1"]
