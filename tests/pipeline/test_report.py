"""The report as a DVC stage of its own."""

from __future__ import annotations

import pytest

from tests.kit.clone import CODE

pytestmark = pytest.mark.slow


def test_a_bare_repro_leaves_it_alone(clone):
    """What builds fixtures needs nothing of what draws them."""
    (clone.path / "registry/report/pages.py").write_text("'another page'\n")
    ended = clone.dvc("repro")
    assert (ended.code, ended.stages) == (0, [CODE]), ended.out
    assert not (clone.path / "build" / "report").exists(), "a report that nobody asked for"


def test_the_stage(clone):
    """It writes the report, is skipped while nothing has changed, and git ignores what it wrote."""
    ended = clone.dvc("repro", "report/dvc.yaml")
    assert ended.code == 0, ended.out
    assert ended.stages == [CODE, "report/dvc.yaml:report"], "other stages, or not this one"
    index = clone.path / "build" / "report" / "index.html"
    assert "Every link of every chain holds." in index.read_text(), "no report, or a broken one"
    again = clone.dvc("repro", "report/dvc.yaml")
    assert (again.code, again.stages) == (0, [CODE]), again.out
    changed = clone.git("status", "--porcelain", "--untracked-files=all").splitlines()
    assert [line[3:] for line in changed] == ["report/dvc.lock"], "more than the stage's lock"


def test_a_fresh_clone_pulls(clone, tmp_path):
    """A report in the lock and not in the clone keeps `dvc pull` from nothing."""
    assert clone.dvc("repro", "report/dvc.yaml").code == 0
    clone.commit()
    assert clone.dvc("push").code == 0
    fresh = type(clone)(tmp_path / "fresh", clone.environment)
    clone.git("clone", "--quiet", ".", str(fresh.path))
    ended = fresh.dvc("pull")
    assert ended.code == 0, ended.out
    assert fresh.fixtures("verify").code == 0, "not every fixture came"
    assert not (fresh.path / "build" / "report").exists(), "the report was stored"
