"""A fixture as Lightning's users have their data: batches for each stage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import lightning
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler

from registry.errors import UsageError
from registry.training.data import Batch, GroupDataset, in_order, normalise


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
    """Batches for training, and for inference.

    Parameters
    ----------
    arrays : mapping
        A loaded fixture.
    gridsize : int
    n_images : int or None
        Images that training sees, evenly spaced over the fixture's; all where None.
    batch_size : int
    seed : int
    subject : str
        For messages.
    """

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.generic]],
        *,
        gridsize: int,
        batch_size: int,
        n_images: int | None = None,
        seed: int = 0,
        subject: str = "fixture",
    ) -> None:
        super().__init__()
        self.data = normalise(arrays, subject)
        total = len(self.data.x)
        count = total if n_images is None else n_images
        if not 1 <= count <= total:
            raise UsageError(
                f"{subject}: n-images",
                expected=f"1 to {total}, the fixture's positions",
                found=str(count),
                remedy=f"--n-images {total}, or a fixture with more positions",
            )
        seen = np.arange(count, dtype=np.int64) * total // count
        unseen = np.setdiff1d(np.arange(total, dtype=np.int64), seen)
        self.train = GroupDataset(self.data, gridsize, seen, subject)
        # frames that training never saw; None where they are too few, or too far apart, for groups
        self.unseen: GroupDataset | None = None
        with contextlib.suppress(UsageError):
            self.unseen = GroupDataset(self.data, gridsize, unseen, subject)
        self._batch_size = batch_size
        self._seed = seed

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled anew in each epoch."""
        shuffle = EpochShuffle(len(self.train), self._seed)
        return DataLoader(self.train, batch_size=self._batch_size, sampler=shuffle)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """Every image that training sees, in order."""
        return in_order(self.train, self._batch_size)
