"""Tests of `registry.training.module`."""

from __future__ import annotations

import pytest
import torch

from registry.errors import CheckError, UsageError
from registry.ptychography.forward import object_patches
from registry.training.datamodule import FixtureDataModule
from registry.training.model import PtychoUNet
from registry.training.module import PtychoModule


@pytest.fixture
def make(v1):
    """A module for v1, untrained, and its first batch."""

    def build(gridsize=1, neighbours=0, **options):
        torch.manual_seed(0)
        batches = FixtureDataModule(
            v1, gridsize=gridsize, batch_size=2, seed=0, neighbours=neighbours
        )
        batches.setup()
        network = PtychoUNet(
            gridsize=gridsize, frame_shape=(64, 64), object_level=batches.data.object_level
        )
        network.probe.copy_(batches.data.probe)
        module = PtychoModule(network, **options)
        module.log = lambda *arguments, **flags: None
        return module, next(iter(batches.train_dataloader()))

    return build


def test_neighbours_count(make):
    """The loss compares with the frames around the group, which the network does not see."""
    module, batch = make(neighbours=2)
    sound = float(module.loss(batch).detach())
    batch["amplitude"][:, 2] *= 3
    assert float(module.loss(batch).detach()) > 1.2 * sound, "a neighbour makes no difference"


def test_each_frame_is_held_against_its_own_patch(make, v1):
    """True patches leave photon noise alone; one of another frame costs, a neighbour's too."""
    module, batch = make(2, neighbours=2)
    x, y = v1["xcoords"], v1["ycoords"]
    patches = torch.tensor(object_patches(v1["objectGuess"], x, y, (64, 64)), dtype=torch.complex64)
    module.network.forward = lambda amplitude, dx, dy: patches[batch["index"]]
    sound = float(module.loss(batch))
    assert sound < 0.1, "noise does not explain this"
    for member in range(6):
        with_another = patches[batch["index"]]
        with_another[:, member] = patches[(batch["index"][:, member] + 32) % 64]
        module.network.forward = lambda amplitude, dx, dy, found=with_another: found
        assert float(module.loss(batch)) > 1.5 * sound, f"frame {member} makes no difference"


@pytest.mark.parametrize("loss", ["mae", "nll"])
def test_every_weight_is_trained(make, loss):
    """After a step away from the start, the loss has a gradient for every weight."""
    module, batch = make(2, loss=loss, photon_scale=100.0)
    torch.nn.init.normal_(module.network.head.weight, std=0.01)
    module.training_step(batch, 0).backward()
    idle = [name for name, item in module.named_parameters() if not item.grad.abs().max() > 0]
    assert not idle, f"without a gradient: {idle}"


def test_supervised_without_truth(make):
    """A supervised loss on a fixture without Y is an error that names one with it."""
    module, batch = make(loss="supervised")
    with pytest.raises(UsageError, match="fixture with Y") as caught:
        module.training_step(batch, 0)
    assert "minimal_dataset_v1_supervised" in caught.value.remedy, "nothing to go on"


def test_a_loss_that_is_not_finite(make):
    """NaN stops the training at once, and the message says in which step."""
    module, batch = make()
    batch["amplitude"][0, 0, 0, 0] = float("nan")
    with pytest.raises(CheckError) as caught:
        module.training_step(batch, 0)
    assert caught.value.subject == "training: loss of step 1"
    assert caught.value.found == "nan"


def test_an_unknown_loss():
    """A loss that does not exist is refused with the list of those that do."""
    network = PtychoUNet(gridsize=1, frame_shape=(64, 64), object_level=1.0)
    with pytest.raises(UsageError) as caught:
        PtychoModule(network, loss="mse")
    assert caught.value.expected == "one of mae, nll, supervised"


def test_each_stage_logs_its_own_loss(make):
    """Validation and testing log the loss of training, by their names; prediction gives patches."""
    module, batch = make()
    logged = {}
    module.log = lambda name, value, **_: logged.setdefault(name, float(value.detach()))
    module.training_step(batch, 0)
    module.validation_step(batch, 0)
    module.test_step(batch, 0)
    assert list(logged) == ["loss", "val_loss", "test_loss"]
    assert len(set(logged.values())) == 1, "other losses of the same batch"
    patches = module.network(batch["amplitude"], batch["dx"], batch["dy"])
    assert torch.equal(module.predict_step(batch, 0), patches), "other patches"
