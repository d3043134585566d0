"""docs/life-of-a-version.md: one version is published, deprecated, retired and rolled back."""

from __future__ import annotations

import pytest

import registry
from registry.declare.deprecation import FixtureDeprecationWarning
from registry.errors import UsageError
from tests.kit.repository import FOLDER

PAGE = "docs/life-of-a-version.md"
NAME = "minimal_dataset_v1_n32"


@pytest.mark.slow
def test_a_whole_life(clone, blocks):
    """The page's commands, in their order; at each step what is published is what is there."""
    publish, deprecated, retired, unpin, roll_back = (block.text for block in blocks(PAGE))
    clone.declare("fixtures", f"  {NAME}:\n    <<: *minimal_dataset_v1\n    n_subset: 32\n")
    clone.sh(f"dvc repro --quiet fixture@{NAME}")
    ended = clone.fixtures("verify")
    assert f"to mend:  once it is as it should stay: fixtures publish {NAME}\n" in ended.out

    clone.sh(publish)
    assert clone.changed() == [], "something was left to commit"
    assert f"ok      {NAME}  (11 links hold)" in clone.sh("fixtures verify")
    digest = registry.load(NAME, clone.path).sidecar.sha256_checksum
    assert digest in (clone.path / "published.sum").read_text()

    params = clone.path / "params.yaml"
    before = params.read_text()
    params.write_text(before + deprecated)
    clone.sh("fixtures check-params")
    with pytest.warns(FixtureDeprecationWarning, match="the frames at its edge are dark"):
        registry.load(NAME, clone.path)

    entry = before[before.index(f"  {NAME}:") :]
    assert entry.rstrip().endswith("n_subset: 32"), "not the last entry"
    params.write_text(before.replace(entry, "\n") + retired)
    ended = clone.fixtures("verify")
    assert "  found:    it is retired there\n" in ended.out, "its pin is still there"
    clone.sh(unpin)
    assert clone.changed() == [], "something was left to commit"
    assert NAME not in (clone.path / "dvc.lock").read_text()
    assert not (clone.path / FOLDER / f"{NAME}.json").exists()
    assert digest in (clone.path / "published.sum").read_text(), "its line is gone"
    with pytest.raises(UsageError, match="it was retired on 2026-11-27") as caught:
        registry.load(NAME, clone.path)
    assert caught.value.remedy == "use minimal_dataset_v1_n16"

    clone.sh(roll_back)
    clone.sh("fixtures verify")
    assert registry.load(NAME, clone.path).sidecar.sha256_checksum == digest


@pytest.mark.slow
def test_a_name_that_was_retired(clone, blocks):
    """Declared again it is what it was, or it is refused."""
    _, _, retired, *_ = (block.text for block in blocks(PAGE))
    name = "minimal_dataset_v1_supervised"
    params = clone.path / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("    Y: true\n", "    Y: false\n"))
    ended = clone.dvc("repro", f"fixture@{name}")
    assert ended.code != 0
    assert "published and immutable" in ended.out
    params.write_text(before + retired.replace(NAME, name))
    ended = clone.fixtures("check-params")
    assert "expected a name that is no longer declared: remove its entry from fixtures" in ended.out
