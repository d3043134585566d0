"""A fixture as Lightning's users have their data: batches for each stage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler

from registry import loading
from registry.errors import UsageError
from registry.fixture import Fixture
from registry.training.data import Batch, GroupDataset, Normalised, in_order, normalise


class EpochShuffle(Sampler[int]):
    """A permutation that depends on seed and epoch alone, so that a resumed run sees the same."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        generator = np.random.Generator(np.random.PCG64([self._seed, self.epoch]))
        yield from generator.permutation(self._size).tolist()

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of each epoch."""
        self.epoch = epoch


class FixtureDataModule(lightning.LightningDataModule):
    """A fixture's scan groups, in batches.

    Training has ``n_images`` positions, evenly spaced over the fixture's. Of those that are left,
    validation has every second one, the first among them, and testing the others. Prediction has
    all of the fixture, in order.

    Parameters
    ----------
    fixture : str or Fixture
        By its name, as `registry.load` takes it, or loaded.
    gridsize : int
        A group has its square of neighbouring positions.
    batch_size : int
        Groups in a batch.
    n_images : int or None
        Positions to train on; all where None. Then there is nothing to validate and test on.
    seed : int
        Of the order in which training sees its groups.
    neighbours : int
        Frames around a group that batches of training, validation and testing have besides.
    root : path, optional
        Where the registry is, as for `registry.load`.

    Attributes
    ----------
    data : Normalised
        After ``setup``: amplitudes, probe and positions, and what they were divided by.
    train, val, test, predict : GroupDataset or None
        After ``setup``. None where the positions are too few, or too far apart, for groups.
    unseen : GroupDataset or None
        All that is left by training, validation's and testing's positions together.
    """

    data: Normalised
    train: GroupDataset
    val: GroupDataset | None
    test: GroupDataset | None
    unseen: GroupDataset | None
    predict: GroupDataset

    def __init__(
        self,
        fixture: str | Fixture,
        *,
        gridsize: int = 1,
        batch_size: int = 4,
        n_images: int | None = None,
        seed: int = 42,
        neighbours: int = 0,
        root: Path | str | None = None,
    ) -> None:
        super().__init__()
        name = fixture if isinstance(fixture, str) else fixture.name
        self.save_hyperparameters(
            {
                "fixture": name,
                "gridsize": gridsize,
                "batch_size": batch_size,
                "n_images": n_images,
                "seed": seed,
                "neighbours": neighbours,
            }
        )
        self._fixture = fixture
        self._root = root
        self._gridsize = gridsize
        self._batch_size = batch_size
        self._n_images = n_images
        self._seed = seed
        self._neighbours = neighbours
        self._is_set_up = False

    def prepare_data(self) -> None:
        """Fetch the fixture's bytes, where they are not here yet."""
        if isinstance(self._fixture, str):
            loading.load(self._fixture, self._root)

    def setup(self, stage: str | None = None) -> None:
        """Make the datasets, whatever the stage; the second time there is nothing to do.

        Raises
        ------
        UsageError
            The fixture is of another form, or has fewer positions than are asked for.
        """
        if self._is_set_up:
            return
        if isinstance(self._fixture, str):
            self._fixture = loading.load(self._fixture, self._root)
        subject = f"training on {self._fixture.name}"
        self.data = normalise(self._fixture.arrays, subject)
        total = len(self.data.x)
        count = total if self._n_images is None else self._n_images
        if not 1 <= count <= total:
            raise UsageError(
                f"{subject}: n-images",
                expected=f"1 to {total}, the fixture's positions",
                found=str(count),
                remedy=f"--n-images {total}, or a fixture with more positions",
            )
        everything = np.arange(total, dtype=np.int64)
        seen = np.arange(count, dtype=np.int64) * total // count
        left = np.setdiff1d(everything, seen)
        self.train = self._around(seen, subject)
        self.predict = GroupDataset(self.data, self._gridsize, everything, subject)
        self.unseen, self.val, self.test = map(self._if_any, (left, left[::2], left[1::2]))
        self._is_set_up = True

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled anew in each epoch."""
        shuffle = EpochShuffle(len(self.train), self._seed)
        return DataLoader(self.train, batch_size=self._batch_size, sampler=shuffle)

    def val_dataloader(self) -> Any:
        """In order; an empty list where there is nothing to validate on."""
        return self._in_order(self.val)

    def test_dataloader(self) -> Any:
        """In order; an empty list where there is nothing to test on."""
        return self._in_order(self.test)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """All of the fixture, in order."""
        return in_order(self.predict, self._batch_size)

    def _in_order(self, dataset: GroupDataset | None) -> Any:
        return [] if dataset is None else in_order(dataset, self._batch_size)

    def _if_any(self, positions: NDArray[np.int64]) -> GroupDataset | None:
        with contextlib.suppress(UsageError):
            return self._around(positions, "what is not trained on")
        return None

    def _around(self, positions: NDArray[np.int64], subject: str) -> GroupDataset:
        return GroupDataset(
            self.data, self._gridsize, positions, subject, neighbours=self._neighbours
        )
