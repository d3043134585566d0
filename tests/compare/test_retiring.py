"""Tests of `registry.compare.retiring`."""

from __future__ import annotations

import pytest
import yaml

from registry.compare import retiring
from registry.errors import UsageError
from registry.identity import certificate, pins
from tests.kit.certificates import write
from tests.kit.repository import FOLDER, excerpt

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"
RETIRED = f"retired:\n  {NAME}: {{reason: too small, since: '2026-11-27'}}\n"


@pytest.fixture
def retired(root):
    """A registry that retires one of its two versions, whose pin is still there."""
    lock = (root / "dvc.lock").read_bytes()
    excerpt(root, (OTHER,))
    (root / "dvc.lock").write_bytes(lock)
    with (root / "params.yaml").open("a") as params:
        params.write(RETIRED)
    return root


def test_a_retired_version(retired):
    """Its stage leaves the lock, its files the workspace, and nothing else changes."""
    before = (retired / "dvc.lock").read_text()
    other = yaml.safe_load(before)["stages"][f"fixture@{OTHER}"]
    for name in (NAME, OTHER):
        write(retired, name)
    pin = pins.find(retired, NAME)
    assert retiring.unpin(retired, NAME) == pin, "not what was taken away"
    assert list(pins.read(retired)) == certificate.names(retired) == [OTHER]
    after = (retired / "dvc.lock").read_text()
    assert yaml.safe_load(after)["stages"] == {f"fixture@{OTHER}": other}
    assert all(line in before for line in after.splitlines())
    assert sorted(path.name for path in (retired / FOLDER).iterdir()) == [
        f"{OTHER}.json", f"{OTHER}.npz",
    ]  # fmt: skip


def test_files_that_are_gone_already(retired):
    """A clone without bytes retires a version, too."""
    (retired / FOLDER / f"{NAME}.npz").unlink()
    retiring.unpin(retired, NAME)
    assert list(pins.read(retired)) == [OTHER]


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda text: text.replace(RETIRED, ""), "no such entry"),
        (lambda text: text.replace(f"  {OTHER}:", f"  {NAME}: {{}}\n  {OTHER}:"),
         "its entry in fixtures, too"),
    ],
)  # fmt: skip
def test_a_version_that_is_not_retired(retired, edit, found):
    """Whose entry is still there, or who is retired nowhere, keeps its pin and its files."""
    path = retired / "params.yaml"
    path.write_text(edit(path.read_text()))
    with pytest.raises(UsageError) as caught:
        retiring.unpin(retired, NAME)
    assert caught.value.found == found
    assert list(pins.read(retired)) == [OTHER, NAME]
    assert (retired / FOLDER / f"{NAME}.npz").exists()


def test_a_name_that_is_not_pinned(retired):
    """There is nothing to take away."""
    with pytest.raises(UsageError, match="fixture nope_v1"):
        retiring.unpin(retired, "nope_v1")
