"""Tests of `registry.training.workflow`: in this process, on fixtures sound and not."""

from __future__ import annotations

import csv
import json
import tempfile
import warnings
from dataclasses import replace as replaced

import numpy as np
import pytest
import torch

import registry
from registry.errors import ChainError, CheckError, MissingError, UsageError
from registry.fixture import Fixture
from registry.identity import npz
from registry.ptychography import forward as reference
from registry.training import module as training_module
from registry.training import reconstruction, workflow
from registry.training import sweeps as sweeps_module
from registry.training.forward import far_field
from registry.training.options import Options
from tests.kit.repository import REPOSITORY
from tests.training.regression import CORRELATION, ERROR_RATIO, failures


@pytest.mark.parametrize("gridsize", [1, 2])
def test_repeats_are_identical(trained, n16, tmp_path, gridsize):
    """Same seed, same machine, one thread: losses and reconstruction to the last bit."""
    options = {"gridsize": gridsize, "max_epochs": 1}
    first, second = (trained(n16, folder, **options) for folder in ("a", "b"))
    for run in first + second:
        del run["seconds"]
    assert first == second, "other losses or errors"
    for name in ("reconstruction.npz", "amplitude.png", "phase.png", "csv/version_0/metrics.csv"):
        a, b = ((tmp_path / folder / name).read_bytes() for folder in ("a", "b"))
        assert a == b, f"another {name}"


def test_another_seed(trained, n16):
    """Another seed gives other weights: the one that is given is used."""
    runs = [trained(n16, f"seed{seed}", seed=seed, max_epochs=1)[0]["last_loss"] for seed in (1, 2)]
    assert runs[0] != runs[1], "the seed changes nothing"


def test_another_learning_rate(trained, n16):
    """It reaches the optimizer: the first step's loss is the same, the last one's is not."""
    runs = [trained(n16, f"lr{lr}", lr=lr, max_epochs=1)[0]["losses"] for lr in (1e-3, 1e-2)]
    assert runs[0][0] == runs[1][0], "another start"
    assert runs[0][-1] != runs[1][-1], "the rate changes nothing"


@pytest.mark.slow
def test_a_resumed_training_ends_as_an_uninterrupted_one(trained, n16):
    """One epoch and then two more are three epochs, to the last bit."""
    whole, _ = trained(n16, "whole", max_epochs=3)
    trained(n16, "parts", max_epochs=1)
    resumed, _ = trained(n16, "parts", max_epochs=3, resume=True)
    for key in ("first_loss", "last_loss", "steps", "amplitude_error"):
        assert resumed[key] == whole[key], f"another {key}"
    assert whole["steps"] == 12, "not three epochs of four steps"


def test_neighbours_take_part(trained, n16, monkeypatch):
    """Training compares with frames around a group: without them it goes another way."""
    found, _ = trained(n16, "with", max_epochs=1)
    monkeypatch.setattr(workflow, "NEIGHBOURS", 0)
    alone, _ = trained(n16, "without", max_epochs=1)
    assert found["losses"] != alone["losses"], "neighbours make no difference"


@pytest.mark.slow
@pytest.mark.parametrize("gridsize", [1, 2])
def test_unseen_frames(trained, gridsize):
    """What is learned on 64 frames holds on 64 others of the same scan."""
    n128 = registry.load("minimal_dataset_v1_n128", REPOSITORY)
    found, _ = trained(n128, n_images=64, gridsize=gridsize)
    assert found["training"]["n_images"] == 64, "another number"
    assert found["amplitude_error_ratio"] <= ERROR_RATIO, "nothing was learned"
    assert found["unseen_amplitude_error_ratio"] <= ERROR_RATIO, "learned by heart"
    assert found["unseen_object"] != found["object"], "the same frames"
    for which in ("object", "unseen_object"):
        assert found[which]["amplitude_correlation"] >= CORRELATION, f"{which}: no likeness"


@pytest.mark.slow
@pytest.mark.parametrize("gridsize", [1, 2])
def test_notices_misaligned_frames(trained, regression, v1, altered, gridsize):
    """The defect of requirements 1, first frames with evenly spaced positions, fails the check.

    The same training on the sound fixture passes, with a margin: docs/training.md has the figures,
    and those of other seeds.
    """
    with np.load(REPOSITORY / "build" / "sources" / "run1084_twin.npz") as source:
        first = np.moveaxis(source["diffraction"], -1, 0)[:64].astype(np.float32)
    good = [
        json.loads((regression(gridsize) / "run" / name).read_text())
        for name in ("train.json", "infer.json")
    ]
    options = {key: good[0]["training"][key] for key in ("gridsize", "seed", "batch_size")}
    bad = trained(
        altered(v1, diffraction=first, diff3d=first), max_epochs=good[0]["max_epochs"], **options
    )
    assert "correlation" in failures(*bad), "the defect is not noticed"
    assert bad[1]["stitched_r_factor"] > good[1]["stitched_r_factor"], "not even worse"
    if gridsize == 2:
        assert bad[0]["amplitude_error_ratio"] > good[0]["amplitude_error_ratio"], (
            "neighbours that contradict each other cost nothing"
        )


def _use(monkeypatch, transform):
    """Put another transform in the place of the far field, wherever the workflow uses it."""
    monkeypatch.setattr(sweeps_module, "far_field", transform)
    for module in (training_module, reconstruction):
        monkeypatch.setattr(
            module, "diffraction_amplitude", lambda probe, patches: transform(probe, patches).abs()
        )


def _no_shift(monkeypatch):
    _use(monkeypatch, lambda probe, patch: torch.fft.fft2(probe * patch, norm="ortho"))
    monkeypatch.setattr(
        sweeps_module, "exit_wave", lambda field: torch.fft.ifft2(field, norm="ortho")
    )


def _scale(monkeypatch):
    _use(monkeypatch, lambda probe, patch: 2 * far_field(probe, patch))


def _conjugated(monkeypatch):
    _use(monkeypatch, lambda probe, patch: far_field(probe.conj(), patch))


# Eight steps.
QUICK = {"max_epochs": 2, "gridsize": 2}


def test_a_sound_forward_model(trained, n16):
    """Sixteen frames are enough to pass the check."""
    assert failures(*trained(n16, **QUICK)) == [], "a sound forward model is refused"


@pytest.mark.parametrize("broken", [_no_shift, _scale, _conjugated])
def test_notices_a_broken_forward_model(trained, n16, monkeypatch, broken):
    """A missing fftshift, a wrong scale and a conjugated probe each fail the same check."""
    broken(monkeypatch)
    assert failures(*trained(n16, **QUICK)), "a broken forward model is not noticed"


def test_nan_stops_the_training(trained, n16, altered, tmp_path):
    """Frames with NaN, which no registry hands out, end in an error, not in a checkpoint."""
    frames = n16["diffraction"].copy()
    frames[0, 0, 0] = np.nan
    with pytest.raises(CheckError) as caught:
        trained(altered(n16, diffraction=frames))
    assert caught.value.subject.startswith("training: loss of step "), "not about the loss"
    assert not (tmp_path / "run" / "model.ckpt").exists(), "a checkpoint of NaN"


def test_a_variant_in_another_form(trained, n16):
    """Legacy layout and intensities are refused by their contract, whatever their shapes."""
    sidecar = replaced(n16.sidecar, contract="data_001_legacy_v1.schema.json")
    legacy = Fixture(name=n16.name, arrays=n16.arrays, sidecar=sidecar, path=n16.path)
    with pytest.raises(UsageError, match="contract") as caught:
        trained(legacy)
    assert caught.value.found == "data_001_legacy_v1.schema.json"


def test_a_loss_that_the_fixture_cannot_give(trained, n16, tmp_path):
    """Without Y there is no supervised loss, and nothing is written."""
    with pytest.raises(UsageError) as caught:
        trained(n16, loss="supervised")
    assert "minimal_dataset_v1_supervised" in caught.value.remedy, "nothing to go on"
    assert not (tmp_path / "run").exists(), "a folder of nothing"


def test_nll_needs_a_photon_count(trained, n16, altered):
    """A measured scan has no photon scale, so no Poisson likelihood."""
    sidecar = replaced(n16.sidecar, details={"noise": "measured", "photon_scale": None})
    measured = Fixture(name=n16.name, arrays=n16.arrays, sidecar=sidecar, path=n16.path)
    with pytest.raises(UsageError, match="noise measured, without one"):
        trained(measured, loss="nll")


def test_a_sidecar_without_noise(trained, n16, altered):
    """What is the field's own is not looked at by loading; here it is."""
    sidecar = replaced(n16.sidecar, details={"noise": ["poisson"]})
    spoilt = Fixture(name=n16.name, arrays=n16.arrays, sidecar=sidecar, path=n16.path)
    with pytest.raises(ChainError, match="noise and photon_scale as in schemas/ptychography_v1"):
        trained(spoilt)


def test_nll_learns(trained, n16):
    """The Poisson likelihood is a loss that falls."""
    found, _ = trained(n16, loss="nll", max_epochs=3)
    assert found["last_loss"] < found["first_loss"], "nothing was learned"


def test_an_output_folder_in_use(trained, n16):
    """A second training into the same folder is refused, and the first one kept."""
    trained(n16, max_epochs=1)
    with pytest.raises(UsageError) as caught:
        trained(n16, max_epochs=1)
    assert caught.value.remedy == "--resume to go on with it, or another --output-dir"


def test_resuming_nothing(trained, n16):
    """There is nothing to resume in a folder without a checkpoint."""
    with pytest.raises(MissingError, match="no such file"):
        trained(n16, resume=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_cuda_device(trained, n16):
    """Asked for a device that is not there, the message says what torch sees."""
    with pytest.raises(MissingError, match="which sees none") as caught:
        trained(n16, device="cuda")
    assert caught.value.remedy == "--device cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_cuda_device(trained, v1):
    """On a GPU the same training reaches the same figures."""
    assert failures(*trained(v1, device="cuda")) == [], "a sound fixture is refused"


def test_the_reconstruction_is_what_the_figures_are_of(trained, n16, tmp_path):
    """The R-factor in infer.json is that of the object in reconstruction.npz."""
    _, inferred = trained(n16)
    arrays = npz.parse((tmp_path / "run" / "reconstruction.npz").read_bytes(), subject="a")
    model = reference.model_amplitude(
        arrays["object"], n16["probeGuess"], n16["xcoords"], n16["ycoords"]
    )
    frames = n16["diffraction"].astype(float)
    expected = np.abs(frames - model).sum() / frames.sum()
    assert inferred["stitched_r_factor"] == pytest.approx(expected, rel=1e-12)


def test_a_checkpoint_is_made_beside_its_place(trained, n16, tmp_path, monkeypatch):
    """Renamed, it is whole at any moment; from the system's folder it might have to be copied."""

    def refuse(*_, **__):
        raise AssertionError("a temporary file elsewhere")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    trained(n16, max_epochs=1)
    assert (tmp_path / "run" / "model.ckpt").is_file(), "no checkpoint"


def test_validation_while_training(trained, n16, tmp_path):
    """Where positions are left, each epoch ends with the loss of half of them."""
    trained(n16, n_images=12, max_epochs=2)
    with (tmp_path / "run" / "csv" / "version_0" / "metrics.csv").open(newline="") as file:
        found = [row["val_loss"] for row in csv.DictReader(file) if row["val_loss"]]
    assert len(found) == 2, "not once in each epoch"
    assert 0 < float(found[1]) < float(found[0]), "nothing was learned"


@pytest.mark.parametrize("n_images", [None, 12])
def test_nothing_to_worry_about(n16, tmp_path, n_images):
    """No warning of Lightning's or torch's own reaches who only trains."""
    options = Options(output_dir=tmp_path, n_images=n_images, max_epochs=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        workflow.train(n16, options)
    assert [str(warning.message) for warning in caught] == [], "warnings"
