"""Tests of `registry.training.model`."""

from __future__ import annotations

import pytest
import torch

from registry.training.datamodule import FixtureDataModule
from registry.training.forward import diffraction_amplitude
from registry.training.model import PtychoUNet


@pytest.fixture
def make(v1):
    """A network for v1, untrained, and its first batch."""

    def build(gridsize=1, **options):
        torch.manual_seed(0)
        batches = FixtureDataModule(v1, gridsize=gridsize, batch_size=2, seed=0, **options)
        batches.setup()
        network = PtychoUNet(
            gridsize=gridsize,
            frame_shape=(64, 64),
            object_level=batches.data.object_level,
        )
        network.probe.copy_(batches.data.probe)
        return network, next(iter(batches.train_dataloader()))

    return build


def _patches(network, batch):
    return network(batch["amplitude"], batch["dx"], batch["dy"]).detach()


@pytest.mark.parametrize(("gridsize", "neighbours"), [(1, 0), (2, 0), (1, 3)])
def test_amplitudes_in_patches_out(make, gridsize, neighbours):
    """A group of C amplitudes, and its neighbours, give as many complex patches of their size."""
    network, batch = make(gridsize, neighbours=neighbours)
    patches = _patches(network, batch)
    assert patches.shape == (2, gridsize**2 + neighbours, 64, 64), "another shape"
    assert patches.dtype == torch.complex64, "not complex"


def test_untrained_it_says_what_a_few_sweeps_do(make, monkeypatch):
    """Training starts from the constant object that carries the power, and what sweeps add."""
    network, batch = make()
    before = diffraction_amplitude(network.probe, _patches(network, batch))
    monkeypatch.setattr(
        "registry.training.model.sweeps",
        lambda obj, *_: iter([obj]),
    )
    constant = _patches(network, batch)
    assert torch.allclose(constant, torch.full_like(constant, 0.729), atol=1e-3)
    error = (diffraction_amplitude(network.probe, constant) - batch["amplitude"]).abs().mean()
    assert (before - batch["amplitude"]).abs().mean() < error / 2, "sweeps make no difference"


def test_neighbours_are_not_looked_at(make):
    """Other amplitudes of neighbours change no patch; those of the group change all."""
    network, batch = make(2, neighbours=2)
    torch.nn.init.normal_(network.head.weight, std=0.1)
    sound = _patches(network, batch)
    assert sound.shape[1] == 6
    for member, looked_at in ((0, True), (3, True), (4, False), (5, False)):
        amplitude = batch["amplitude"].clone()
        amplitude[:, member] *= 1.5
        changed = (_patches(network, {**batch, "amplitude": amplitude}) - sound).abs().amax((2, 3))
        assert bool((changed > 1e-3).all()) == looked_at, f"frame {member}"


def test_a_group_has_one_object(make):
    """Patches of one group agree where they overlap: they are cut from one object."""
    network, batch = make(2)
    torch.nn.init.normal_(network.head.weight, std=0.1)
    whole = torch.zeros(2, 4)
    batch = {**batch, "dx": whole + torch.tensor([0, 3, 0, 3]), "dy": whole}
    patches = _patches(network, batch)
    assert torch.allclose(patches[:, 0, :, 3:], patches[:, 1, :, :-3], atol=1e-6), "two objects"
    assert torch.equal(patches[:, 0], patches[:, 2]), "the same place twice, and two objects"


def test_coordinates_matter(make):
    """Other offsets give another object: that is how a misaligned fixture shows."""
    network, batch = make(2)
    moved = {**batch, "dx": batch["dx"].flip(1), "dy": batch["dy"].flip(1)}
    assert (_patches(network, moved) - _patches(network, batch)).abs().max() > 0.01


def test_frames_that_are_not_square(make):
    """Rows and columns keep their own sizes, offsets of any size too."""
    torch.manual_seed(0)
    network = PtychoUNet(gridsize=1, frame_shape=(32, 64), object_level=1.0)
    network.probe.copy_(torch.randn(32, 64, dtype=torch.complex64))
    for offset in (0.0, 0.5, 2.0, 7.9):
        patches = network(
            torch.rand(1, 2, 32, 64),
            torch.tensor([[0, offset]], dtype=torch.float64),
            torch.tensor([[0, -offset]], dtype=torch.float64),
        )
        assert patches.shape == (1, 2, 32, 64), f"another shape at {offset}"
