"""Tests of `registry.training.model`."""

from __future__ import annotations

import pytest
import torch

from registry.training.datamodule import FixtureDataModule
from registry.training.model import PtychoAutoencoder


@pytest.fixture
def make(v1):
    """A model for v1, untrained, and its first batch."""

    def build(gridsize=1):
        torch.manual_seed(0)
        batches = FixtureDataModule(v1, gridsize=gridsize, batch_size=2, seed=0)
        batches.setup()
        model = PtychoAutoencoder(
            gridsize=gridsize,
            frame_shape=(64, 64),
            object_level=batches.data.object_level,
        )
        model.probe.copy_(batches.data.probe)
        return model, next(iter(batches.train_dataloader()))

    return build


@pytest.mark.parametrize("gridsize", [1, 2])
def test_amplitudes_in_patches_out(make, gridsize):
    """A group of C amplitudes gives C complex patches of the frames' size."""
    model, batch = make(gridsize)
    patches = model(batch["amplitude"])
    assert patches.shape == (2, gridsize**2, 64, 64), "another shape"
    assert patches.dtype == torch.complex64, "not complex"
    assert model.predicted_amplitude(patches, batch).shape == batch["amplitude"].shape


@pytest.mark.parametrize("gridsize", [1, 2])
def test_an_untrained_model_says_the_constant_object(make, gridsize):
    """Training starts from the object that is the same everywhere and carries the power."""
    model, batch = make(gridsize)
    patches = model(batch["amplitude"]).detach()
    assert torch.allclose(patches, torch.full_like(patches, 0.729, dtype=patches.dtype), atol=1e-3)


def test_groups_are_merged(make):
    """At gridsize 2 the patches of a group shape each other's amplitudes; at 1 they do not."""
    model, batch = make(2)
    patches = torch.ones(2, 4, 64, 64, dtype=torch.complex64)
    alone = model.predicted_amplitude(patches, batch)
    patches[:, 1] = 2
    together = model.predicted_amplitude(patches, batch)
    changed = (together - alone).abs().amax(dim=(-2, -1))
    assert (changed[:, 0] > 0.01).all(), "a neighbour's patch makes no difference"


def test_merging_uses_the_offsets(make):
    """Other coordinates give other amplitudes: that is how a misaligned fixture shows."""
    model, batch = make(2)
    patches = torch.randn(2, 4, 64, 64, dtype=torch.complex64)
    moved = {**batch, "dx": batch["dx"].flip(1), "dy": batch["dy"].flip(1)}
    difference = model.predicted_amplitude(patches, moved) - model.predicted_amplitude(
        patches, batch
    )
    assert difference.abs().max() > 0.01, "coordinates make no difference"
