"""The envelope for real: one run is measured, and shown by DVC."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.kit.clone import CODE

pytestmark = pytest.mark.slow

RUN = "n16_g2"


@pytest.fixture(scope="module")
def measured(built_clone, tmp_path_factory):
    """A clone in which one run was measured once."""
    clone = built_clone.copy(tmp_path_factory.mktemp("envelope") / "clone")
    clone.edit("repeats: 5", "repeats: 1")
    clone.commit()
    ended = clone.fixtures("envelope", RUN)
    assert f"\n{RUN}  " in ended.out, ended
    return clone


def test_what_a_run_leaves(measured):
    """Figures of one repeat, a loss for each of the 8 steps, and a reconstruction."""
    ((found,),) = [json.loads((measured.path / f"envelope/results/{RUN}.json").read_bytes())]
    (took,) = found["repeats"]
    # what torch and lightning alone need, and what no training of 16 frames does
    for name in ("train", "infer"):
        assert 2e8 < took[f"{name}_peak_rss_bytes"] < 4e9, "not the peak of a training"
        assert 0.5 < took[f"{name}_cpu_s"] < took[f"{name}_wall_s"] * 1.5, "not its seconds"
    assert 1e5 < took["artifact_bytes"] < 1e8, "not a checkpoint and a reconstruction"
    assert took["artifact_files"] >= 6, "not the files that docs/training.md lists"
    assert len(found["losses"]) == 8, "not 8 steps"
    assert found["losses"][-1] == found["quality"]["last_loss"], "other losses"
    with np.load(measured.path / f"envelope/reconstructions/{RUN}.npz") as arrays:
        assert arrays["object"].dtype == np.complex64, "not a reconstruction"


def test_what_git_sees(measured):
    """Text of this run alone has changed, and no reconstruction.

    Its losses are others on another machine than that of the results that git has.
    """
    seen = set(measured.changed()) - {f"envelope/losses/{RUN}.svg"}
    assert seen == {f"envelope/metrics/{RUN}.json", f"envelope/results/{RUN}.json"}, seen


def test_dvc_shows_metrics(clone):
    """Of every declared run, without a complaint, in the columns of a small terminal."""
    ended = clone.dvc("metrics", "show")
    header, *rows = [line for line in ended.out.splitlines() if line]
    assert header.split() == ["Path", "corr", "files_mb", "rss_mb", "train_s"], ended.out
    assert {row.split()[0] for row in rows} == {
        f"envelope/metrics/{name}.json" for name in ("v1_g1", "v1_g2", RUN, "supervised_g1")
    }, ended.out
    assert max(map(len, (header, *rows))) <= 80, ended.out


def test_dvc_shows_plots_offline(clone):
    """A page of pictures that lie beside it, without a script or an address; git sees none."""
    assert clone.dvc("--cd", "envelope", "plots", "show").code == 0
    ended = clone.dvc("plots", "show")
    assert ended.code == 0, ended.out
    assert clone.changed() == [], "something was left behind"
    page = clone.path / "dvc_plots" / "index.html"
    text = page.read_text()
    assert not re.search(r"<script|https?:", text), "something from the web"
    pictures = re.findall(r'src="([^"]+)"', text)
    assert len(pictures) == 4, "not every run"
    assert all(b"<svg" in (page.parent / picture).read_bytes() for picture in pictures)


def test_dvc_status_is_silent(built_clone):
    """After `make fixtures` it names the one stage that always runs, and no other."""
    ended = built_clone.dvc("status")
    assert ended.out.split() == [f"{CODE}:", "always", "changed"], ended.out
