"""Tests of `registry.report.training`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry import digests
from registry.report.training import read_declaration, reconstruction, runs
from tests.kit.envelope import results
from tests.report.kit import ENVELOPE, NAME, OTHER, measured, train


def declare(name, *gridsizes):
    """An envelope with runs of one fixture."""
    run = {f"{name}_g{size}": {"fixture": name, "gridsize": size} for size in gridsizes}
    return {**ENVELOPE, "runs": run}


def test_a_run(root):
    """Verdicts on budgets, what came of it, losses and the reconstruction's digest."""
    path = train(root, NAME)
    (run,) = runs(root, NAME, ENVELOPE)
    assert (run.gridsize, run.folder) == (1, f"envelope/results/{NAME}_g1.json")
    assert [(f.what, f.measured, f.budget, bool(f.error)) for f in run.figures] == [
        ("train_target_s", "23.5 s", "25 s", False),
        ("train_limit_s", "23.5 s", "45 s", False),
        ("train_spread_percent", "0.0 %", "10 %", False),
        ("peak_rss_mb", "1200.0 MB", "1000 MB", True),
        ("artifacts_mb", "50.0 MB", "100 MB", False),
        ("repeats", "identical", "identical", False),
    ], "not the verdicts"
    (problem,) = run.problems
    assert problem.startswith("out of date: changed since, sha256 "), "not said to be"
    assert run.quality.items() >= {"last_loss": 0.08, "amplitude_correlation": 0.75}.items()
    assert (run.losses[0], run.losses[31][0], len(run.losses)) == ((1, 2.0), 32, 32)
    assert run.reconstruction == digests.sha256_file(path), "no digest"


def test_the_sweep(root):
    """A line for each point, at its gridsize, beside the run of that gridsize if there is one."""
    train(root, OTHER, 2)
    point = results({"train_wall_s": 50.0})
    measured(root, "sweep", *(
        replace(point, settings={**point.settings, "gridsize": size, "n_images": images})
        for size in (1, 2)
        for images in (16, 64)
    ))  # fmt: skip
    one, two = runs(root, OTHER, declare(OTHER, 2))
    assert (one.gridsize, one.folder, one.quality) == (1, "envelope/results/sweep.json", {})
    assert [(f.what, f.measured, f.error.found.split(",")[0]) for f in one.figures] == [
        ("2 epochs, 16 images", "50.0 s, 500.0 MB, 2.0 MB", "50.0 s"),
        ("2 epochs, 64 images", "50.0 s, 500.0 MB, 2.0 MB", "50.0 s"),
    ]
    assert [problem[:28] for problem in one.problems] == ["out of date: changed since, "]
    assert one.figures[0].budget == "45 s, 1000 MB, 100 MB"
    assert two.quality["last_loss"] == 0.08, "the run is gone"
    assert [figure.what for figure in two.figures[-2:]] == [
        "2 epochs, 16 images",
        "2 epochs, 64 images",
    ]
    assert runs(root, NAME, declare(OTHER, 2)) == [], "on another fixture's page"


@pytest.mark.parametrize("declared", [None, {}, {"runs": 3}, {**ENVELOPE, "runs": {}}])
def test_no_declaration(root, declared):
    """What is not declared has no budget, and is not shown."""
    train(root, NAME)
    assert runs(root, NAME, declared) == []


def test_the_reconstruction(root):
    """Object and scanned pixels are those of the file, cut to the scanned area."""
    train(root, NAME)
    (run,) = runs(root, NAME, ENVELOPE)
    obj, scanned = reconstruction(root, run)
    assert (obj.shape, obj.dtype.str, int(scanned.sum())) == ((30, 20), "<c8", 600)
    assert obj[0, 0] == np.exp(1j * np.linspace(0, 3, 1200))[5 * 30 + 5].astype(np.complex64)


def test_runs_by_gridsize(root):
    """In order; what nobody measured is not there."""
    train(root, NAME, 2)
    assert [run.gridsize for run in runs(root, NAME, declare(NAME, 2, 1))] == [2]
    train(root, NAME, 1)
    assert [run.gridsize for run in runs(root, NAME, declare(NAME, 2, 1))] == [1, 2]


def test_a_reconstruction_that_is_not_there(root):
    """The rest is shown."""
    train(root, NAME).unlink()
    (run,) = runs(root, NAME, ENVELOPE)
    assert (run.reconstruction, len(run.losses)) == ("", 32)


@pytest.mark.parametrize("name", [f"{NAME}_g1", "sweep"])
@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "[]", "\xff"])
def test_files_that_are_no_results(root, name, text):
    """Files of another form are named, and raise nothing."""
    measured(root, name).write_bytes(text.encode("latin-1"))
    sweep = {**ENVELOPE["sweep"], "fixture": NAME}
    (run,) = runs(root, NAME, {**ENVELOPE, "sweep": sweep})
    assert (run.quality, run.losses, run.figures) == ({}, [], [])
    assert run.problems[0].startswith(f"{name}: results: "), "not named"


def test_losses_that_are_no_numbers(root):
    """NaN and infinity have no place on a chart."""
    losses = [float("nan"), 0.5, float("inf")]
    measured(root, f"{NAME}_g1", results(losses=losses))
    (run,) = runs(root, NAME, ENVELOPE)
    assert run.losses == [(2, 0.5)]


@pytest.mark.parametrize(
    "arrays",
    [
        {"object": np.ones((4, 4), np.complex64)},
        {"object": np.ones((4, 4)), "scanned": np.ones((4, 4), bool)},
        {"object": np.ones((4, 4), np.complex64), "scanned": np.ones((4, 5), bool)},
    ],
    ids=["not scanned", "real", "shape"],
)
def test_a_reconstruction_of_another_form(root, arrays):
    """Arrays that cannot be a reconstruction are not drawn."""
    path = train(root, NAME)
    np.savez(path, **arrays)
    measured(root, f"{NAME}_g1", results(reconstruction=digests.sha256_file(path)))
    (run,) = runs(root, NAME, ENVELOPE)
    assert run.reconstruction, "it is these results' own"
    assert reconstruction(root, run) is None


@pytest.mark.parametrize("is_before", [True, False])
def test_a_reconstruction_that_has_changed(root, is_before):
    """A file that is not of these results, or no longer the one that was found, is not drawn."""
    path = train(root, NAME)
    (run,) = runs(root, NAME, ENVELOPE)
    other = {"object": np.ones((4, 4), np.complex64), "scanned": np.ones((4, 4), bool)}
    np.savez(path, **other)
    if is_before:
        (run,) = runs(root, NAME, ENVELOPE)
        assert run.reconstruction == ""
    assert reconstruction(root, run) is None


@pytest.mark.parametrize("text", [None, "a: [", "- 1\n", ""])
def test_a_declaration_that_is_none(tmp_path, text):
    """What is wrong with params.yaml is for check-params to say."""
    if text is not None:
        (tmp_path / "params.yaml").write_text(text)
    assert read_declaration(tmp_path / "params.yaml") == {}
