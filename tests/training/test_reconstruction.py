"""Tests of `registry.training.reconstruction`."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from registry.identity import npz
from registry.ptychography.forward import object_patches
from registry.training.data import in_order
from registry.training.datamodule import FixtureDataModule
from registry.training.model import PtychoUNet
from registry.training.quality import compare
from registry.training.reconstruction import Reconstruction, pictures, reconstruct


@pytest.fixture(scope="module")
def perfect(v1):
    """Reconstructions by a model that knows the patch under each frame, by gridsize."""

    def run(gridsize):
        import torch

        batches = FixtureDataModule(v1, gridsize=gridsize, batch_size=5, seed=0, neighbours=2)
        batches.setup()
        model = PtychoUNet(gridsize=gridsize, frame_shape=(64, 64), object_level=0.7)
        model.probe.copy_(batches.data.probe)
        patches = torch.tensor(
            object_patches(v1["objectGuess"], v1["xcoords"], v1["ycoords"], (64, 64))
        ).to(torch.complex64)
        # in the order of the batches: the groups in order, without their neighbours
        order = iter(batches.train.groups[:, : gridsize**2].split(5))
        model.forward = lambda amplitude, dx, dy: patches[next(order)]
        return reconstruct(model, in_order(batches.train, 5), v1["objectGuess"].shape)

    return {gridsize: run(gridsize) for gridsize in (1, 2)}


@pytest.mark.parametrize("gridsize", [1, 2])
def test_perfect_patches_give_the_object(perfect, v1, gridsize):
    """Stitched, patches of the object are the object, but for what interpolation smooths."""
    found = perfect[gridsize]
    of_object = compare(found.obj, v1["objectGuess"], found.scanned)
    assert found.scanned.sum() > 2500, "next to nothing is scanned"
    assert of_object.amplitude_correlation > 0.97, "another amplitude"
    assert of_object.phase_error_rad < 0.1, "another phase"


def test_perfect_patches_give_the_frames(perfect, v1):
    """The amplitude error of perfect patches is that of photon noise, far below a constant's."""
    power = float(np.square(v1["diffraction"].astype(float)).mean()) ** 0.5
    assert perfect[1].amplitude_error * power < 0.0611 / 5, "noise does not explain this"


def test_nothing_where_no_patch_reaches(perfect):
    """The corner that the scan never sees is zero and not scanned."""
    found = perfect[1]
    assert not found.scanned[200:, 200:].any(), "scanned"
    assert not found.obj[200:, 200:].any(), "an object out of nothing"


@pytest.mark.parametrize("before", [0, 2])
def test_sums_are_made_in_one_order(n16, before):
    """Torch is asked for that while a model runs, and keeps to what it was told once it has run."""
    import torch

    batches = FixtureDataModule(n16, batch_size=16, seed=0)
    batches.setup()
    model = PtychoUNet(gridsize=1, frame_shape=(64, 64), object_level=0.7)
    model.probe.copy_(batches.data.probe)
    asked = []
    model.register_forward_hook(lambda *_: asked.append(torch.get_deterministic_debug_mode()))
    torch.set_deterministic_debug_mode(before)
    try:
        reconstruct(model, in_order(batches.train, 16), n16["objectGuess"].shape)
        assert torch.get_deterministic_debug_mode() == before
    finally:
        torch.set_deterministic_debug_mode(0)
    assert asked == [1]


def test_encoded_as_a_canonical_archive(perfect):
    """The archive has the object and what of it was scanned, and the same bytes each time."""
    data = perfect[1].encode()
    arrays = npz.parse(data, subject="reconstruction")
    assert sorted(arrays) == ["object", "scanned"], "other arrays"
    assert np.array_equal(arrays["object"], perfect[1].obj), "another object"
    assert perfect[1].encode() == data, "other bytes"


def test_pictures_show_the_scanned_area():
    """Pictures are cut to the scanned area, fourfold, and transparent where nothing was scanned."""
    obj = np.ones((20, 20), np.complex64)
    obj[5, 5], obj[6, 6] = 3, 2j
    scanned = np.zeros((20, 20), bool)
    scanned[5:9, 5:10] = True
    scanned[8, 9] = False
    found = pictures(Reconstruction(obj=obj, scanned=scanned, amplitude_error=0.0))
    amplitude, phase = (
        np.asarray(Image.open(io.BytesIO(found[name]))) for name in ("amplitude.png", "phase.png")
    )
    assert amplitude.shape == phase.shape == (16, 20, 4), "another area, or another zoom"
    assert amplitude[0, 0].tolist() == [255, 255, 255, 255], "the largest is not white"
    assert amplitude[0, 4].tolist() == [0, 0, 0, 255], "the smallest is not black"
    assert amplitude[-1, -1, 3] == 0, "what was not scanned is shown"
    assert phase[4, 4].tolist() != phase[0, 4].tolist(), "a quarter turn looks like none"


def test_a_flat_amplitude_is_a_picture_too():
    """A constant reconstruction has no range to spread over the greys."""
    obj, scanned = np.ones((8, 8), np.complex64), np.ones((8, 8), bool)
    found = pictures(Reconstruction(obj=obj, scanned=scanned, amplitude_error=0.0))
    assert Image.open(io.BytesIO(found["amplitude.png"])).size == (32, 32)
