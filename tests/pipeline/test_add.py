"""`fixtures add` under the real DVC: what it declares is what a person would have."""

from __future__ import annotations

import pytest

from registry.declare import params
from tests.kit.clone import CODE
from tests.kit.repository import FOLDER

pytestmark = pytest.mark.slow

NAME = "minimal_dataset_v1_n20"
CREATED = "2026-11-24T00:00:00+00:00"
BY_HAND = f"""\
  {NAME}:
    <<: *minimal_dataset_v1
    strategy: grid
    n_subset: 20
    created: "{CREATED}"
"""


def test_by_hand_and_by_command(clone):
    """Both ways give the same entry, and the same bytes of fixture and sidecar."""
    flags = ("--strategy", "grid", "--n-subset", "20", "--created", CREATED)
    ended = clone.fixtures("add", NAME, "--like", "minimal_dataset_v1", *flags, "--build")
    assert ended.code == 0, ended.out
    assert ended.stages == [CODE, f"fixture@{NAME}"], "something else was built"
    command, built = params.load(clone.path).fixtures[NAME], clone.built()
    pin = clone.pins()[f"fixture@{NAME}"]
    assert f"{NAME}.npz" in built, "it was not built"

    clone.git("checkout", "--quiet", "params.yaml", "dvc.lock")
    for suffix in (".npz", ".json"):
        (clone.path / FOLDER / f"{NAME}{suffix}").unlink()
    after = "  minimal_dataset_v1_n16:\n"
    clone.edit(after, BY_HAND + after)
    assert clone.dvc("repro", f"fixture@{NAME}").code == 0
    assert params.load(clone.path).fixtures[NAME] == command, "another entry"
    assert clone.built() == built, "other bytes"
    assert clone.pins()[f"fixture@{NAME}"] == pin, "another pin"
