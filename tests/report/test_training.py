"""Tests of `registry.report.training`."""

from __future__ import annotations

import numpy as np
import pytest

from registry.report.training import read_declaration, reconstruction, runs
from tests.report.kit import ENVELOPE, NAME, OTHER, train


def test_what_the_stage_left(tmp_path):
    """Verdicts on budgets, what came of it, losses and the reconstruction's digest."""
    train(tmp_path, NAME)
    (run,) = runs(tmp_path, NAME, ENVELOPE)
    assert (run.gridsize, run.folder) == (1, f"envelope/results/{NAME}_g1")
    assert [(f.what, f.measured, f.budget, bool(f.error)) for f in run.figures] == [
        ("train_target_s", "23.5 s", "25 s", False),
        ("train_limit_s", "23.5 s", "45 s", False),
        ("train_spread_percent", "0 %", "10 %", False),
        ("peak_rss_mb", "1200.0 MB", "1000 MB", True),
        ("artifacts_mb", "50.0 MB", "100 MB", False),
        ("repeats", "identical", "identical", False),
    ], "not the verdicts"
    assert run.quality["last_loss"] == 0.08, "not what came of it"
    assert "resolution_px" not in run.quality, "a figure that was not measured"
    assert (run.losses[0], run.losses[31][0], len(run.losses)) == ((0.0, 2.0), 31.0, 32)
    assert len(run.reconstruction) == 64, "no digest"


def test_results_that_are_out_of_date(root):
    """Results of something else than what is declared are said to be."""
    train(root, NAME)
    options = {**ENVELOPE["options"], "max_epochs": 3}
    (run,) = runs(root, NAME, {**ENVELOPE, "options": options})
    (problem,) = run.problems
    assert problem.startswith("out of date: changed since: max_epochs 3, measured with 2")


@pytest.mark.parametrize("declared", [None, {}, {"runs": 3}, {**ENVELOPE, "runs": {}}])
def test_no_budgets(tmp_path, declared):
    """Where no budget is declared, what came of it is shown all the same."""
    train(tmp_path, NAME)
    (run,) = runs(tmp_path, NAME, declared)
    assert (run.figures, run.problems) == ([], [])
    assert run.quality["last_loss"] == 0.08, "not shown"


def test_the_reconstruction(tmp_path):
    """Object and scanned pixels are those of the file, cut to the scanned area."""
    train(tmp_path, NAME)
    (run,) = runs(tmp_path, NAME, None)
    obj, scanned = reconstruction(tmp_path, run)
    assert (obj.shape, obj.dtype.str, int(scanned.sum())) == ((30, 20), "<c8", 600)
    assert obj[0, 0] == np.exp(1j * np.linspace(0, 3, 1200))[5 * 30 + 5].astype(np.complex64)


def test_runs_of_this_fixture_alone(tmp_path):
    """Gridsizes in order; a fixture whose name begins alike is another one."""
    for name, gridsize in ((NAME, 2), (NAME, 1), (OTHER, 1), (f"{NAME}_good", 1)):
        train(tmp_path, name, gridsize)
    found = runs(tmp_path, NAME, None)
    assert [run.folder.rsplit("/")[-1] for run in found] == [f"{NAME}_g1", f"{NAME}_g2"]
    assert [run.gridsize for run in runs(tmp_path, OTHER, None)] == [1]


def test_nothing_was_trained(tmp_path):
    """Without results there are no runs."""
    assert runs(tmp_path, NAME, None) == []


@pytest.mark.parametrize("file", ["metrics.json", "loss.csv", "reconstruction.npz"])
def test_a_file_that_is_not_there(tmp_path, file):
    """What was not left is not shown, and the rest is."""
    (train(tmp_path, NAME) / file).unlink()
    (run,) = runs(tmp_path, NAME, None)
    shown = [bool(part) for part in (run.quality, run.losses, run.reconstruction)]
    assert shown.count(False) == 1, "not the others"
    assert run.problems == [], "an absent file is no problem"


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "step,los\n1,2\n", "step,loss\n1,x\n", "\xff"])
def test_files_that_are_no_results(tmp_path, text):
    """Files of another form are named, or have nothing to show, and raise nothing."""
    folder = train(tmp_path, NAME)
    for file in ("metrics.json", "loss.csv", "reconstruction.npz"):
        (folder / file).write_bytes(text.encode("latin-1"))
    (run,) = runs(tmp_path, NAME, None)
    assert (run.quality, run.losses) == ({}, [])
    assert all(":" in problem for problem in run.problems), "the file is not named"
    assert reconstruction(tmp_path, run) is None, "a reconstruction of nothing"


def test_losses_that_are_no_numbers(tmp_path):
    """NaN and infinity have no place on a chart."""
    (train(tmp_path, NAME) / "loss.csv").write_text("step,loss\n0,nan\n1,0.5\n2,inf\n")
    (run,) = runs(tmp_path, NAME, None)
    assert run.losses == [(1.0, 0.5)]


@pytest.mark.parametrize(
    "arrays",
    [
        {"object": np.ones((4, 4), np.complex64)},
        {"object": np.ones((4, 4)), "scanned": np.ones((4, 4), bool)},
        {"object": np.ones((4, 4), np.complex64), "scanned": np.ones((4, 5), bool)},
    ],
    ids=["not scanned", "real", "shape"],
)
def test_a_reconstruction_of_another_form(tmp_path, arrays):
    """Arrays that cannot be a reconstruction are not drawn."""
    np.savez(train(tmp_path, NAME) / "reconstruction.npz", **arrays)
    (run,) = runs(tmp_path, NAME, None)
    assert reconstruction(tmp_path, run) is None


def test_a_reconstruction_that_has_changed(tmp_path):
    """A file that is no longer the one that was found is not drawn."""
    folder = train(tmp_path, NAME)
    (run,) = runs(tmp_path, NAME, None)
    other = {"object": np.ones((4, 4), np.complex64), "scanned": np.ones((4, 4), bool)}
    np.savez(folder / "reconstruction.npz", **other)
    assert reconstruction(tmp_path, run) is None


@pytest.mark.parametrize("text", [None, "a: [", "- 1\n", ""])
def test_a_declaration_that_is_none(tmp_path, text):
    """What is wrong with params.yaml is for check-params to say."""
    if text is not None:
        (tmp_path / "params.yaml").write_text(text)
    assert read_declaration(tmp_path / "params.yaml") == {}
