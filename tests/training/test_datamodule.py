"""Tests of `registry.training.datamodule`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import registry
from registry.errors import UsageError
from registry.training.data import normalise
from registry.training.datamodule import FixtureDataModule
from tests.kit.repository import REPOSITORY


@pytest.fixture
def module(v1):
    """Batches of v1, by options."""

    def make(fixture=v1, **options):
        options = {"gridsize": 1, "batch_size": 4, "seed": 3, **options}
        batches = FixtureDataModule(fixture, **options)
        batches.setup("fit")
        return batches

    return make


def _positions(dataset):
    return dataset.groups[:, 0].tolist()


def test_every_image_once_in_an_epoch(module):
    """An epoch of 64 images at batch 4 has 16 steps and sees every image once."""
    batches = list(module().train_dataloader())
    seen = torch.cat([batch["index"] for batch in batches]).flatten().tolist()
    assert len(batches) == 16, "another number of steps"
    assert sorted(seen) == list(range(64)), "an image left out, or seen twice"
    assert seen != list(range(64)), "not shuffled"


def test_a_batch_size_that_does_not_divide(module):
    """The last batch holds what is left."""
    sizes = [len(batch["index"]) for batch in module(batch_size=48).train_dataloader()]
    assert sizes == [48, 16], "images left out"


def _order(module, epoch, **options):
    loader = module(**options).train_dataloader()
    loader.sampler.set_epoch(epoch)
    return [n for batch in loader for n in batch["index"][:, 0].tolist()]


def test_the_order_depends_on_seed_and_epoch_alone(module):
    """Whatever ran before: same seed and epoch, same order; another of either, another order."""
    first = _order(module, 1)
    assert _order(module, 1) == first, "not repeatable"
    assert _order(module, 2) != first, "every epoch has the same order"
    assert _order(module, 1, seed=4) != first, "the seed changes nothing"


def test_a_group_belongs_together(module, v1):
    """Amplitudes, coordinates and indices of a group are those of the same positions."""
    batch = next(iter(module(gridsize=2).train_dataloader()))
    index = batch["index"].numpy()
    scale = normalise(v1.arrays, "v1").scale
    assert batch["amplitude"].shape == (4, 4, 64, 64), "not gridsize squared channels"
    assert np.allclose(batch["amplitude"].numpy() * scale, v1["diffraction"][index], rtol=1e-6)
    assert np.array_equal(batch["x"].numpy(), v1["xcoords"][index]), "other columns"
    assert np.array_equal(batch["y"].numpy(), v1["ycoords"][index]), "other rows"


def test_offsets_are_relative_to_the_middle(module):
    """Offsets within a group are those of its coordinates, centred on the group's middle."""
    for batch in module(gridsize=2).train_dataloader():
        for full, offset in (("x", "dx"), ("y", "dy")):
            ends = batch[offset].amin(1) + batch[offset].amax(1)
            assert torch.allclose(ends, torch.zeros_like(ends), atol=1e-12), "not centred"
            moved = batch[full] - batch[offset]
            assert torch.allclose(moved, moved[:, :1].expand_as(moved)), "other distances"


def test_fewer_images_are_evenly_spaced(module):
    """32 of 64 images are every second; the others are those that training never sees."""
    batches = module(n_images=32)
    assert batches.train.groups.flatten().tolist() == list(range(0, 64, 2)), "other images"
    assert batches.unseen.groups.flatten().tolist() == list(range(1, 64, 2)), "others unseen"


def test_groups_are_made_of_the_images_used(module):
    """With fewer images, neighbours are sought among those."""
    groups = module(n_images=16, gridsize=2).train.groups
    assert set(groups.flatten().tolist()) <= set(range(0, 64, 4)), "an unseen image in a group"


def test_nothing_unseen(module):
    """Where every image is used, or too few are left for a group, nothing is unseen."""
    assert module().unseen is None, "unseen images though all are used"
    assert module(n_images=62, gridsize=2).unseen is None, "a group of two"


@pytest.mark.parametrize("count", [0, 65])
def test_more_images_than_there_are(module, count):
    """A number of images that the fixture does not have is an error with both numbers."""
    with pytest.raises(UsageError) as caught:
        module(n_images=count)
    assert str(caught.value).splitlines()[:3] == [
        "training on minimal_dataset_v1: n-images",
        "  expected: 1 to 64, the fixture's positions",
        f"  found:    {count}",
    ]


def test_truth_where_there_is_one(supervised, v1):
    """Y, where the fixture has it, comes with its frames; where not, it is absent."""
    batches = FixtureDataModule(supervised, gridsize=2)
    batches.setup()
    batch = next(iter(batches.train_dataloader()))
    expected = supervised["Y"][batch["index"].numpy()]
    assert np.array_equal(batch["truth"].numpy(), expected), "other patches"
    assert normalise(v1.arrays, "v1").truth is None, "a truth from nowhere"


def test_what_each_stage_has():
    """Of 128 positions 64 are trained on; the others are validated and tested on in turn."""
    n128 = registry.load("minimal_dataset_v1_n128", REPOSITORY)
    batches = FixtureDataModule(n128, n_images=64, batch_size=16)
    batches.setup()
    assert _positions(batches.train) == list(range(0, 128, 2)), "other images"
    assert _positions(batches.val) == list(range(1, 128, 4)), "others for validation"
    assert _positions(batches.test) == list(range(3, 128, 4)), "others for testing"
    assert _positions(batches.predict) == list(range(128)), "not all are predicted"
    for stage, count in (("val", 2), ("test", 2), ("predict", 8)):
        loader = getattr(batches, f"{stage}_dataloader")()
        seen = [n for batch in loader for n in batch["index"][:, 0].tolist()]
        assert seen == _positions(getattr(batches, stage)), f"{stage} is not in order"
        assert len(loader) == count, f"other batches for {stage}"


def test_nothing_to_validate_on(module):
    """Where training has every image, Lightning is given no batches, which it takes for none."""
    batches = module()
    assert (batches.val_dataloader(), batches.test_dataloader()) == ([], [])


def test_by_name(v1):
    """A fixture that is named is loaded when Lightning says so, verified as anywhere."""
    batches = FixtureDataModule("minimal_dataset_v1", root=REPOSITORY)
    assert dict(batches.hparams) == {
        "fixture": "minimal_dataset_v1",
        "gridsize": 1,
        "batch_size": 4,
        "n_images": None,
        "seed": 42,
        "neighbours": 0,
    }
    batches.prepare_data()
    assert not hasattr(batches, "data"), "prepare_data keeps what another process would not have"
    batches.setup("fit")
    made = batches.train
    assert np.array_equal(batches.data.x, v1["xcoords"]), "another fixture"
    batches.setup("test")
    assert batches.train is made, "made anew for each stage"


def test_neighbours_come_behind_the_group(module, v1):
    """Offsets stay those from the middle of the group; prediction has no neighbours."""
    alone, found = module(gridsize=2), module(gridsize=2, neighbours=2)
    first, wider = alone.train[5], found.train[5]
    assert wider["amplitude"].shape == (6, 64, 64), "no neighbours"
    for key, value in first.items():
        assert np.array_equal(wider[key][:4], value), f"{key} of the group is another one"
    assert np.allclose(np.diff(wider["x"] - wider["dx"]), 0), "another middle for neighbours"
    assert found.predict.groups.shape == (64, 4), "neighbours where nothing is compared"
