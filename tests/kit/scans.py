"""Scans as a reader yields them, made of arrays, and simulated where frames are needed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from generators import simulate_v1
from registry.ptychography.forward import model_amplitude
from registry.ptychography.readers import ScanFile
from tests.kit.repository import FOLDER, REPOSITORY

PER_POSITION = ("diffraction", "xcoords", "ycoords", "xcoords_start", "ycoords_start")


def sound_scan() -> dict[str, np.ndarray]:
    """Arrays of a sound scan in the canonical layout, whose 64 frames have 64 x 64 pixels."""
    with np.load(REPOSITORY / FOLDER / "minimal_dataset_v1.npz") as file:
        return {name: file[name] for name in file.files if name != "diff3d"}


def chosen(scan: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """So many of the positions of a scan, evenly spaced."""
    indices = np.arange(count) * (len(scan["xcoords"]) - 1) // (count - 1)
    return {name: array[indices] if name in PER_POSITION else array for name, array in scan.items()}


@dataclass
class Frames:
    """Raw frames in memory, which remember what was read of them."""

    stack: np.ndarray
    read_indices: list[int] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, H, W)."""
        return self.stack.shape

    @property
    def dtype(self) -> np.dtype:
        """As stored."""
        return self.stack.dtype

    def read(self, indices) -> np.ndarray:
        """Frames at these positions."""
        self.read_indices += [int(n) for n in indices]
        return self.stack[np.asarray(indices)]


def scan_file(frames: np.ndarray | None = None, **fields) -> ScanFile:
    """A scan with these arrays and no others."""
    names = ("probe", "obj", "x", "y", "x_start", "y_start", "scan_index", "mask", "dark",
             "wavelength_m", "distance_m", "detector_pixel_m")  # fmt: skip
    values = {**dict.fromkeys(names), "position_unit": "px", "format": "npz", "provenance": {}}
    return ScanFile(frames=None if frames is None else Frames(frames), **{**values, **fields})


@dataclass(frozen=True)
class Truth:
    """Object (Y, X), probe (H, W), positions (N,) [px] and amplitudes (N, H, W) of one scan."""

    obj: np.ndarray
    probe: np.ndarray
    x: np.ndarray
    y: np.ndarray
    amplitude: np.ndarray


def twin(side: int = 6) -> Truth:
    """Part of the twin of Run1084: side x side positions with jitter, far enough from the edges."""
    probe = simulate_v1._defocused_probe()
    obj = simulate_v1._star_object(1084)
    rng = np.random.default_rng(3)
    grid = 42.0 + 7.0 * np.arange(side)
    x, y = (axis.ravel() + rng.uniform(-2, 2, side * side) for axis in np.meshgrid(grid, grid))
    return Truth(obj, probe, x, y, model_amplitude(obj, probe, x, y))


def fine(side: int = 5) -> Truth:
    """A scan of 128 x 128 pixels whose probe is small in both spaces, so that 64 x 64 hold it."""
    rows, columns = 230, 240
    y, x = np.mgrid[:rows, :columns].astype(float)
    waves = [(0.11, 0.05), (-0.07, 0.13), (0.16, -0.09), (0.02, 0.18)]
    phase = sum(np.cos(u * x + v * y + n) for n, (u, v) in enumerate(waves))
    obj = (0.8 + 0.1 * np.sin(0.12 * x - 0.1 * y)) * np.exp(0.4j * phase)
    v, u = np.mgrid[-64:64, -64:64].astype(float)
    probe = np.exp(-(u**2 + 1.3 * v**2) / (2 * 8.0**2) + 0.004j * (u**2 + 0.6 * v**2))
    rng = np.random.default_rng(5)
    grid = 75.0 + 18.0 * np.arange(side)
    px, py = (axis.ravel() + rng.uniform(-4, 4, side * side) for axis in np.meshgrid(grid, grid))
    return Truth(obj, probe, px, py, model_amplitude(obj, probe, px, py))
