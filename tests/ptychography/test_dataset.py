"""Tests of `registry.ptychography.dataset`."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections import UserDict
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from registry.errors import MissingError, UsageError
from registry.ptychography import FixtureDataset
from tests.kit.repository import REPOSITORY


@pytest.fixture
def torch():
    """The torch module; tests that need it are skipped where it is not installed."""
    return pytest.importorskip("torch")


@pytest.fixture
def arrays():
    """Arrays of three positions, named as in a fixture and read-only as in a loaded one."""
    frames = np.arange(3 * 2 * 4, dtype="<f4").reshape(3, 2, 4)
    found = {
        "diff3d": frames,
        "diffraction": frames,
        "Y": (frames + 0.5j).astype("<c8"),
        "objectGuess": np.array([[1 + 2j, 3], [4, 5], [6, 7]], dtype="<c8"),
        "probeGuess": np.array([[1j, 2, 3, 4], [5, 6, 7, 8]], dtype="<c8"),
        "scan_index": np.array([7, 8, 9], dtype="<i8"),
        "xcoords": np.array([34.412, 35.5, 36.1], dtype="<f8"),
        "ycoords": np.array([40.1, 41.2, 42.3], dtype="<f8"),
        "xcoords_start": np.array([34.0, 35.0, 36.0], dtype="<f8"),
        "ycoords_start": np.array([40.0, 41.0, 42.0], dtype="<f8"),
    }
    for array in found.values():
        array.flags.writeable = False
    return found


def test_length(torch, arrays):
    """A dataset is as long as its fixture has positions."""
    assert len(FixtureDataset(arrays)) == 3


def test_shapes_and_dtypes_of_an_item(torch, arrays):
    """Images get a channel axis, coordinates are single numbers, no dtype is changed."""
    item = FixtureDataset(arrays)[1]
    found = {key: (tuple(tensor.shape), tensor.dtype) for key, tensor in item.items()}
    expected = {
        "diffraction": ((1, 2, 4), torch.float32),
        "Y": ((1, 2, 4), torch.complex64),
        "xcoords": ((), torch.float64),
        "ycoords": ((), torch.float64),
        "xcoords_start": ((), torch.float64),
        "ycoords_start": ((), torch.float64),
        "scan_index": ((), torch.int64),
        "index": ((), torch.int64),
    }
    assert found == expected


def test_values_of_an_item(torch, arrays):
    """An item holds the numbers of its own position, to the last bit."""
    item = FixtureDataset(arrays)[1]
    assert item["diffraction"].tolist() == [[[8, 9, 10, 11], [12, 13, 14, 15]]]
    assert item["Y"][0, 0, 0].item() == 8 + 0.5j
    assert item["xcoords"].item() == 35.5
    assert item["ycoords"].item() == 41.2
    assert item["scan_index"].item() == 8
    assert item["index"].item() == 1


def test_arrays_that_the_fixture_lacks_are_absent(torch, arrays):
    """A fixture without optional arrays gives items without them."""
    kept = {name: arrays[name] for name in ("diffraction", "xcoords", "ycoords")}
    assert sorted(FixtureDataset(kept)[0]) == ["diffraction", "index", "xcoords", "ycoords"]


def test_probe_and_object(torch, arrays):
    """What all positions share is an attribute, with shape and dtype as in the fixture."""
    dataset = FixtureDataset(arrays)
    assert dataset.probe.dtype == torch.complex64
    assert dataset.probe.tolist() == [[1j, 2, 3, 4], [5, 6, 7, 8]]
    assert dataset.object.dtype == torch.complex64
    assert dataset.object.tolist() == [[1 + 2j, 3], [4, 5], [6, 7]]


def test_tensors_are_copies(torch, arrays):
    """Writing into what a dataset gave changes neither the fixture nor what it gives next."""
    arrays = {name: array.copy() for name, array in arrays.items()}
    dataset = FixtureDataset(arrays)
    item, probe = dataset[0], dataset.probe
    for tensor in (*item.values(), probe):
        tensor.fill_(99)
    assert dataset[0]["diffraction"][0, 0].tolist() == [0, 1, 2, 3]
    assert dataset[0]["xcoords"].item() == 34.412
    assert dataset.probe[0, 0].item() == 1j
    assert arrays["diffraction"].max() == 23


def test_a_negative_index_counts_from_the_end(torch, arrays):
    """The last item is also number -1, and knows its position."""
    item = FixtureDataset(arrays)[-1]
    assert item["index"].item() == 2
    assert item["diffraction"].tolist() == [[[16, 17, 18, 19], [20, 21, 22, 23]]]


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_beyond_the_ends(torch, arrays, index):
    """There is no item beyond either end; so a loop over a dataset ends, too."""
    dataset = FixtureDataset(arrays)
    with pytest.raises(IndexError, match="out of range"):
        dataset[index]
    assert len(list(dataset)) == 3


@pytest.mark.parametrize("workers", [0, 1])
def test_with_a_data_loader(torch, arrays, workers):
    """The loader of torch batches it, in this process and in another."""
    loader = torch.utils.data.DataLoader(
        FixtureDataset(arrays),
        batch_size=2,
        num_workers=workers,
        # what every platform has, and what sends the dataset through pickle
        multiprocessing_context="spawn" if workers else None,
    )
    batches = list(loader)
    assert [tuple(batch["diffraction"].shape) for batch in batches] == [(2, 1, 2, 4), (1, 1, 2, 4)]
    assert torch.cat([batch["index"] for batch in batches]).tolist() == [0, 1, 2]
    assert torch.cat([batch["xcoords"] for batch in batches]).tolist() == [34.412, 35.5, 36.1]


def test_over_a_loaded_fixture(torch):
    """A pinned fixture goes in as it was loaded."""
    import registry

    dataset = FixtureDataset(registry.load("minimal_dataset_v1_n16", REPOSITORY))
    assert len(dataset) == 16
    assert dataset[15]["diffraction"].shape == (1, 64, 64)
    assert dataset.probe.shape == (64, 64)
    assert len(copy.deepcopy(dataset)) == 16


def test_a_fixture_without_frames(torch, arrays):
    """Arrays without diffraction are refused, and the message lists what there is."""
    with pytest.raises(UsageError) as caught:
        FixtureDataset({"probeGuess": arrays["probeGuess"]})
    assert caught.value.found == "probeGuess"
    assert "diffraction" in caught.value.expected


@dataclass(frozen=True)
class Recorded(UserDict):
    """Arrays with a record of their contract, as a loaded fixture has it."""

    data: dict
    sidecar: SimpleNamespace


@pytest.mark.parametrize("contract", ["data_001_v2", "data_001_intensity_v1", "mine_v1"])
def test_contracts_with_rows_first(torch, arrays, contract):
    """Frames are taken one by one, whatever they are, and of a contract that nobody knows, too."""
    sidecar = SimpleNamespace(contract=f"{contract}.schema.json")
    assert len(FixtureDataset(Recorded(arrays, sidecar))) == 3


def test_the_legacy_layout(torch, arrays):
    """Frames that come last are refused by their contract, whatever their shape."""
    sidecar = SimpleNamespace(contract="data_001_legacy_v1.schema.json")
    with pytest.raises(UsageError) as caught:
        FixtureDataset(Recorded(arrays, sidecar))
    assert caught.value.found == (
        "(3, 2, 4) of contract data_001_legacy_v1.schema.json, which is (H, W, N)"
    )


def test_without_torch(arrays, monkeypatch):
    """Where torch is not installed, the error names what to install."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingError) as caught:
        FixtureDataset(arrays)
    assert caught.value.subject == "torch"
    assert caught.value.remedy == "pip install 'fixture-registry[train]'"


def test_importing_it_does_not_import_torch():
    """The class can be had, and its module imported, without torch."""
    program = (
        "import sys; from registry.ptychography import FixtureDataset; "
        "print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "False\n"
