"""The report as a DVC stage of its own. That others run without it: test_code_identity.py."""

from __future__ import annotations

import pytest

from tests.kit.clone import CODE

pytestmark = pytest.mark.slow


def test_the_stage(clone, tmp_path):
    """It is skipped while nothing has changed, and neither git nor a remote gets what it wrote."""
    ended = clone.dvc("repro", "report/dvc.yaml")
    assert ended.code == 0, ended.out
    assert ended.stages == [CODE, "report/dvc.yaml:report"], "other stages, or not this one"
    index = clone.path / "build" / "report" / "index.html"
    assert "Every link of every chain holds." in index.read_text(), "no report, or a broken one"
    again = clone.dvc("repro", "report/dvc.yaml")
    assert (again.code, again.stages) == (0, [CODE]), again.out
    assert clone.changed() == ["report/dvc.lock"], "more than the stage's lock"

    # a report in the lock and not in the clone keeps `dvc pull` from nothing
    clone.commit()
    assert clone.dvc("push").code == 0
    fresh = type(clone)(tmp_path / "fresh", clone.environment)
    clone.git("clone", "--quiet", ".", str(fresh.path))
    ended = fresh.dvc("pull")
    assert ended.code == 0, ended.out
    assert fresh.built() == clone.built(), "not every fixture came"
    assert not (fresh.path / "build" / "report").exists(), "the report was stored"
