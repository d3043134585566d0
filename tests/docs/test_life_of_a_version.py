"""docs/life-of-a-version.md: one version to its end, and a release that is rolled back."""

from __future__ import annotations

import pytest

import registry
from registry.declare.deprecation import FixtureDeprecationWarning
from registry.errors import UsageError
from registry.identity import pins
from tests.kit.files import object_in
from tests.kit.repository import FOLDER

PAGE = "docs/life-of-a-version.md"
NAME = "minimal_dataset_v1_n32"


@pytest.mark.slow
def test_a_whole_life(clone, blocks):
    """The page's commands, in their order; at each step what is published is what is there."""
    publish, deprecated, retired, unpin, collect, *roll_back = (
        block.text for block in blocks(PAGE)
    )
    before_release = clone.git("rev-parse", "HEAD").strip()
    clone.declare("fixtures", f"  {NAME}:\n    <<: *minimal_dataset_v1\n    n_subset: 32\n")
    clone.sh(f"dvc repro --quiet fixture@{NAME}")
    ended = clone.fixtures("verify")
    assert f"to mend:  once it is as it should stay: fixtures publish {NAME}\n" in ended.out

    clone.sh(publish)
    assert clone.changed() == [], "something was left to commit"
    assert f"ok      {NAME}  (11 links hold)" in clone.sh("fixtures verify")
    release = clone.git("rev-parse", "HEAD").strip()
    md5 = pins.find(clone.path, NAME).md5
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

    places = (clone.path / ".dvc" / "cache", clone.path.parent / "fixture-registry-remote")
    objects = [object_in(place, md5) for place in places]
    assert all(path.exists() for path in objects), "its bytes went with its pin"
    printed = clone.sh(collect)
    assert printed.count(f"  {NAME}  ") == 4, "not shown twice in two places"
    assert printed.endswith("\nremoved: 2 copies, 2,989,672 bytes\n")
    assert not any(path.exists() for path in objects), "its bytes are still there"
    clone.sh("fixtures verify")

    clone.git("tag", "v1.0.0", before_release)
    clone.git("tag", "v1.1.0", release)
    clone.git("reset", "--quiet", "--hard", "v1.1.0")
    a_release_is_rolled_back(clone, *roll_back)


def a_release_is_rolled_back(clone, restore, retired, release):
    """The next release is as the one before, but for the ledger, and what is retired."""
    clone.sh(restore)
    ended = clone.fixtures("verify")
    assert ended.code == 1, "what was published is not missed"
    assert f"error: fixture {NAME}" in ended.out, ended.out
    with (clone.path / "params.yaml").open("a") as params:
        params.write(f"\n{retired}")
    clone.sh(release)
    assert clone.changed() == [], "something was left to commit"
    changed = clone.git("diff", "--name-only", "v1.0.0", "v1.1.1").split()
    assert changed == ["params.yaml", "published.sum"]
    with pytest.raises(UsageError, match="its frames belong to other positions") as caught:
        registry.load(NAME, clone.path)
    assert caught.value.remedy == "use minimal_dataset_v1"


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
