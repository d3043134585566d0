"""Tests of `registry.training.checkpoint`."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from registry.errors import CheckError, MissingError, UsageError
from registry.training import checkpoint
from registry.training.checkpoint import Training
from registry.training.model import PtychoUNet

TRAINING = Training(
    fixture="minimal_dataset_v1",
    sha256="fdad843f7389903aeb85c2e3df73b033380a6b8be360c5a997d7f5a8b0204054",
    gridsize=1,
    n_images=64,
    batch_size=4,
    seed=42,
    loss="mae",
    lr=3e-3,
    trainer={},
)


@pytest.fixture
def saved(tmp_path):
    """A checkpoint as Lightning and `checkpoint.record` make it."""
    network = PtychoUNet(gridsize=1, frame_shape=(64, 64), object_level=0.7)
    content = {"state_dict": {f"network.{key}": item for key, item in network.state_dict().items()}}
    checkpoint.record(content, TRAINING, network)
    path = tmp_path / "model.ckpt"
    torch.save(content, path)
    return path


def test_what_was_recorded_comes_back(saved):
    """The fixture's digest and every option are read from the checkpoint."""
    training, content = checkpoint.read(saved)
    assert training == TRAINING, "another record"
    assert checkpoint.network_of(content, "checkpoint a").settings["object_level"] == 0.7


def test_no_checkpoint(tmp_path):
    """A path without a file says what to do."""
    with pytest.raises(MissingError, match="no such file") as caught:
        checkpoint.read(tmp_path / "model.ckpt")
    assert "fixtures train NAME" in caught.value.remedy, "nothing to go on"


def test_a_folder_is_no_checkpoint(tmp_path):
    """The output folder itself, named by mistake, is told from a missing file."""
    with pytest.raises(MissingError, match="a folder"):
        checkpoint.read(tmp_path)


def test_a_truncated_checkpoint(saved):
    """Half a file is refused, without torch's own words running on."""
    saved.write_bytes(saved.read_bytes()[:100_000])
    with pytest.raises(CheckError) as caught:
        checkpoint.read(saved)
    assert caught.value.expected == "a checkpoint written by 'fixtures train'"
    assert len(caught.value.found) < 120, "a novel"


def test_a_foreign_checkpoint(tmp_path):
    """A torch file of something else is refused by what it lacks."""
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(CheckError, match="fixture_registry"):
        checkpoint.read(tmp_path / "other.ckpt")


def test_a_checkpoint_cannot_run_code(tmp_path):
    """A pickle that would run code when it is read is refused, and does not."""
    flag = tmp_path / "ran"

    class Hostile:
        def __reduce__(self):
            return (type(flag).touch, (flag,))

    torch.save({"fixture_registry": Hostile()}, tmp_path / "hostile.ckpt")
    with pytest.raises(CheckError):
        checkpoint.read(tmp_path / "hostile.ckpt")
    assert not flag.exists(), "the checkpoint ran code"


def test_weights_of_another_model(saved):
    """Weights that do not fit are an error about versions, not a traceback."""
    content = torch.load(saved)
    content["state_dict"].pop("network.head.weight")
    with pytest.raises(CheckError) as caught:
        checkpoint.network_of(content, "checkpoint a")
    assert caught.value.expected == "the weights of this version's model"


def test_the_same_fixture(v1):
    """The fixture of the training is accepted."""
    checkpoint.same_fixture(TRAINING, v1, "checkpoint a")


def test_another_fixture(n16):
    """Another fixture is refused with both digests and the flag that allows it."""
    with pytest.raises(UsageError) as caught:
        checkpoint.same_fixture(TRAINING, n16, "checkpoint a")
    assert caught.value.expected.startswith("minimal_dataset_v1 with SHA-256 fdad843f7389")
    assert caught.value.found.startswith("minimal_dataset_v1_n16 with SHA-256 ")
    assert "--allow-other-fixture" in caught.value.remedy, "no way to insist"


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("gridsize", 2),
        ("n_images", 32),
        ("batch_size", 8),
        ("seed", 1),
        ("loss", "nll"),
        ("lr", 0.1),
    ],
)
def test_resuming_under_other_options(changed, value):
    """Any option that shapes a training has to be the same when it goes on."""
    with pytest.raises(UsageError) as caught:
        checkpoint.same_options(TRAINING, replace(TRAINING, **{changed: value}), "training a")
    assert caught.value.found == f"{changed} {value}", "not the option that differs"


def test_resuming_under_the_same_options():
    """The same options are accepted."""
    checkpoint.same_options(TRAINING, replace(TRAINING), "training a")
