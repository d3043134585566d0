"""One small scan, and files that hold it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from registry.ptychography.readers import apart, open_scan

N, H, W = 12, 8, 10


class SmallScan:
    """Arrays of a scan that no reader can mistake for others: all sizes differ."""

    def __init__(self) -> None:
        random = np.random.RandomState(5)
        self.frames = random.poisson(30.0, (N, H, W)).astype("<f4")
        self.probe = self._complex(random, (3, H, W))
        self.obj = self._complex(random, (21, 23))
        self.x = random.uniform(5.0, 16.0, N)
        self.y = random.uniform(4.0, 15.0, N)
        self.mask = random.uniform(size=(H, W)) > 0.2
        self.dark = random.uniform(size=(H, W))

    @staticmethod
    def _complex(random: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
        return random.normal(size=shape) + 1j * random.normal(size=shape)

    def legacy(self) -> dict[str, np.ndarray]:
        """Arrays as PtychoPINN's old files have them: (H, W, N), double precision."""
        return {
            "diffraction": np.ascontiguousarray(self.frames.transpose(1, 2, 0)).astype("<f8"),
            "objectGuess": self.obj,
            "probeGuess": self.probe[0],
            "xcoords": self.x,
            "ycoords": self.y,
            "xcoords_start": self.x + 1,
            "ycoords_start": self.y - 1,
        }

    def canonical(self) -> dict[str, np.ndarray]:
        """Arrays as the data contract has them."""
        return {
            "diff3d": self.frames,
            "objectGuess": self.obj.astype("<c8"),
            "probeGuess": self.probe[0].astype("<c8"),
            "xcoords": self.x,
            "ycoords": self.y,
            "scan_index": np.arange(N) // 7,
        }


@pytest.fixture(scope="session")
def small():
    """The scan."""
    return SmallScan()


@pytest.fixture
def in_this_process(monkeypatch):
    """HDF5 is read where a test can see how, and change what the reader does."""

    @contextmanager
    def opened(opener, *, subject: str, size: int, fresh: bool):
        with opener() as found:
            yield SimpleNamespace(call=lambda function, *rest, size=0: function(found, *rest))

    monkeypatch.setattr(apart, "opened", opened)


@pytest.fixture
def reads(monkeypatch, in_this_process):
    """Start to note what is read of HDF5 datasets: the name, and what of the first axis."""
    h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")
    found: list[tuple[str, slice]] = []
    plain = h5py.Dataset.__getitem__

    def noted(dataset, selection: tuple[slice, ...]) -> np.ndarray:
        found.append((dataset.name, selection[0]))
        return plain(dataset, selection)

    def start() -> list[tuple[str, slice]]:
        monkeypatch.setattr(h5py.Dataset, "__getitem__", noted)
        return found

    return start


@pytest.fixture
def refused(tmp_path):
    """Open a file that has to be refused, and return the error; nothing may be written."""

    def attempt(path: Path, index: int, options: dict[str, object]) -> None:
        with open_scan(path, subject="source s", **options) as scan:
            assert scan.frames is not None, "no frames to read"
            scan.frames.read([index])

    def refused(path: Path, kind: type[Exception], read: int = 0, **options):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(kind) as error:
            attempt(path, read, options)
        assert sorted(tmp_path.rglob("*")) == before, "a file came into being, or went"
        four = (error.value.subject, error.value.expected, error.value.found, error.value.remedy)
        assert all(four), f"a part of the message is empty: {four}"
        assert error.value.subject.startswith("source s"), "the subject is not named"
        return error.value

    return refused
