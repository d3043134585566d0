"""Cutting 64 frames from a large HDF5 scan, against reading the same frames with bare h5py."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench import scratch
from bench.results import Section, at_most, milliseconds, table
from bench.timing import ROOT, Times, interleave, ratio

TITLE = "64 frames from an HDF5 scan of some gigabytes"
_GIGABYTES = (1, 2, 4)
_SIDE = 512  # pixels of a frame, uint16: half a megabyte
_WINDOW = 64
_POSITIONS = 64
_SAMPLE = 256
_PHOTONS = 1e5
_ROUNDS = 30
_COLD_ROUNDS = 7
_MEMORY_MB = 300.0
_TIMES_FLOOR = 2.0
_FLOOR = "bare h5py (floor)"
_OURS = "cutting"
_HEADER = [
    "GB", f"{_FLOOR} ms", f"{_OURS} ms", "× floor",
    "from disk: floor ms", f"{_OURS} ms", "× floor",
]  # fmt: skip
_STAGE_HEADER = [
    "GB", "SHA-256 s", "source stage s", "fixture stage s", "a process of bare h5py s",
    "source stage, peak MB", "fixture stage, peak MB",
]  # fmt: skip
_WAVELENGTH_M, _DISTANCE_M, _PIXEL_M = 1e-10, 2.0, 75e-6
_OBJECT_PIXEL_M = _WAVELENGTH_M * _DISTANCE_M / (_WINDOW * _PIXEL_M)
_STEP_PX = 3.0
_EDGE_PX = 45.0
# A file that was written just now may be written again without its times showing it.
_SETTLED_S = 2.5

# One stage as DVC runs it; its peak memory is read inside it, for a parent's would be inherited.
_STAGE = """
import importlib, re, sys
from pathlib import Path
code = importlib.import_module(f"registry.build.{sys.argv[1]}").main(sys.argv[2:])
status = Path("/proc/self/status").read_text()
print("VmHWM", re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])
sys.exit(code)
"""
_BARE = """
import sys
import h5py, numpy
with h5py.File(sys.argv[1], "r") as file:
    data = file["entry_1/data_1/data"]
    frames = numpy.stack([data[int(n)] for n in sys.argv[2].split(",")])
"""


def run(name: str) -> Section:
    """Make scans of each size, one after the other, and cut from them."""
    rows, stage_rows = [], []
    for gigabytes in _GIGABYTES:
        with scratch.folder() as folder:
            path = folder / "scan.cxi"
            scale = _write(path, gigabytes)
            warm, cold = _times(path, scale, cold=False), _times(path, scale, cold=True)
            stages = _stages(folder, path, scale)
        rows.append(
            [
                str(gigabytes),
                *(milliseconds(median(warm[what])) for what in (_FLOOR, _OURS)),
                f"{ratio(warm, _OURS, _FLOOR):.2f}",
                *(milliseconds(median(cold[what])) for what in (_FLOOR, _OURS)),
                f"{ratio(cold, _OURS, _FLOOR):.2f}",
            ]
        )
        stage_rows.append([str(gigabytes), *(f"{figure:.2f}" for figure in stages)])
    peak = max(stages[-2:])
    largest = f"{_GIGABYTES[-1]} GB"
    return Section(
        name=name,
        title=TITLE,
        parts=[
            f"Frames of {_SIDE} × {_SIDE} uint16, a chunk each, in CXI's layout, {_POSITIONS} "
            "evenly spaced ones. Cutting is what the generators do: opening the file, positions "
            f"and probe, the frames, {_WINDOW} × {_WINDOW} pixels of them, amplitudes, and the "
            "fixture's arrays. The floor opens the file and stacks the same frames. "
            f"{_ROUNDS} rounds with the file in the page cache, {_COLD_ROUNDS} with its pages "
            "dropped before each; medians.",
            table(_HEADER, rows),
            "Both stages as DVC runs them, from start to end of a process, with all checks. The "
            "digest is in neither: it is streamed in the source's stage, timed by itself, and kept "
            f"for the fixture's. Of the frames, {_SAMPLE} are declared as the sample by which "
            "outliers are judged. The last process imports h5py and reads the frames, and no more.",
            table(_STAGE_HEADER, stage_rows),
        ],
        verdicts=[
            at_most(f"peak memory of either stage, {largest}", _MEMORY_MB, peak, "MB"),
            at_most(f"cutting from {largest}", _TIMES_FLOOR, ratio(warm, _OURS, _FLOOR), "× floor"),
            at_most(
                f"cutting from {largest}, from disk",
                _TIMES_FLOOR,
                ratio(cold, _OURS, _FLOOR),
                "× floor",
            ),
        ],
    )


def _write(path: Path, gigabytes: int) -> float:
    """Write a scan that passes every check; counts per unit of amplitude squared."""
    import h5py

    from generators import simulate_v1
    from registry.ptychography.forward import model_amplitude

    count = gigabytes * 10**9 // (_SIDE * _SIDE * 2)
    rng = np.random.default_rng(gigabytes)
    side = int(np.ceil(np.sqrt(count)))
    row, column = np.divmod(np.arange(count), side)
    x, y = (_EDGE_PX + _STEP_PX * axis + rng.uniform(-1, 1, count) for axis in (column, row))
    size = int(_STEP_PX * side + 2 * _EDGE_PX)
    field = rng.random((2, size, size))
    for axis in (1, 2):
        field = np.stack([np.roll(field, shift, axis) for shift in range(5)]).mean(axis=0)
    obj = (0.5 + field[0]) * np.exp(6j * field[1])
    probe = simulate_v1._defocused_probe()
    few = model_amplitude(obj, probe, x[:16], y[:16])
    scale = _PHOTONS / float((few**2).sum() / 16)
    start = (_SIDE - _WINDOW) // 2
    middle = slice(start, start + _WINDOW)
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "entry_1/data_1/data", (count, _SIDE, _SIDE), np.uint16, chunks=(1, _SIDE, _SIDE)
        )
        frames = np.zeros((128, _SIDE, _SIDE), np.uint16)
        for first in range(0, count, len(frames)):
            part = slice(first, min(count, first + len(frames)))
            rate = scale * model_amplitude(obj, probe, x[part], y[part]) ** 2
            frames[: len(rate), middle, middle] = rng.poisson(rate)
            data[part] = frames[: len(rate)]
        metres = np.stack([x, y, np.zeros(count)], axis=1) * _OBJECT_PIXEL_M
        file["entry_1/sample_1/geometry_1/translation"] = metres
        detector = "entry_1/instrument_1/detector_1"
        file[f"{detector}/distance"] = _DISTANCE_M
        file[f"{detector}/x_pixel_size"] = file[f"{detector}/y_pixel_size"] = _PIXEL_M
        # Planck's constant times the speed of light, over the wavelength
        file["entry_1/instrument_1/source_1/energy"] = 1.986445857e-25 / _WAVELENGTH_M
        file["entry_1/instrument_1/source_1/probe"] = probe
        file["object"] = obj.astype(np.complex64)
    with path.open("rb") as written:
        os.fsync(written.fileno())
    return scale


def _declared(scale: float) -> dict[str, Any]:
    return {
        "format": "cxi",
        "objectGuess": "object",
        "measurement": "intensity",
        "normalisation": scale,
        "noise": "measured",
        "zero_frequency": "centre",
        "crop": _WINDOW,
        "x_sign": 1,
        "y_sign": 1,
        "object": "file",
        "origin": "corner",
        "sample": _SAMPLE,
    }


def _indices(path: Path) -> list[int]:
    import h5py

    with h5py.File(path, "r") as file:
        count = len(file["entry_1/data_1/data"])
    return [n * (count - 1) // (_POSITIONS - 1) for n in range(_POSITIONS)]


def _times(path: Path, scale: float, *, cold: bool) -> Times:
    """Seconds of the floor and of cutting, with the file's pages in memory or not."""
    indices = _indices(path)
    subjects = {_FLOOR: partial(_bare, path, indices), _OURS: partial(_cut, path, scale, indices)}
    if not cold:
        return interleave(subjects, rounds=_ROUNDS)
    times: Times = {what: [] for what in subjects}
    for number in range(_COLD_ROUNDS):
        for what in list(subjects)[:: 1 - 2 * (number % 2)]:
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            start = time.perf_counter()
            subjects[what]()
            times[what].append(time.perf_counter() - start)
    return times


def _bare(path: Path, indices: list[int]) -> object:
    import h5py

    with h5py.File(path, "r") as file:
        data = file["entry_1/data_1/data"]
        return np.stack([data[n] for n in indices])


def _cut(path: Path, scale: float, indices: list[int]) -> object:
    """What both generators do with the file for a fixture, without a sample and without checks."""
    from generators import detector_v1, scan_v2, subset_v1
    from registry.ptychography.readers import open_scan

    declared = _declared(scale)
    keys = {"objectGuess": declared["objectGuess"]}
    with open_scan(path, format="cxi", keys=keys, subject="scan") as scan:
        assert scan.probe is not None
        assert scan.x is not None
        assert scan.y is not None
        probe, wide, _ = scan_v2.probe_modes(declared, scan.probe, _WINDOW)
        to_pixels, _ = scan_v2.positions_in_pixels(declared, scan, wide, _WINDOW)
        x, y = to_pixels((scan.x, scan.y))
        source = {
            "diffraction": detector_v1.Amplitudes(scan, {**declared, "bin": 1}),
            "objectGuess": scan.obj,
            "probeGuess": probe[0],
            "xcoords": x,
            "ycoords": y,
        }
        params = {"strategy": "evenly_spaced", "n_subset": _POSITIONS}
        arrays, record = subset_v1.generate(params, source, {"layout": "canonical"})
    assert record["subset_indices"] == indices, "not the floor's frames"
    return arrays


def _stages(folder: Path, path: Path, scale: float) -> tuple[float, ...]:
    """Seconds of the digest, of both stages without it, and of bare h5py; peak MB of both."""
    for part in ("generators", "schemas"):
        shutil.copytree(ROOT / part, folder / part)
    from registry.build.scratch import flags
    from registry.digests import sha256_file

    time.sleep(_SETTLED_S)
    entry = {"generator": "scan_v2", "licence": "none", "path": str(path)}
    declared = flags({**entry, "sha256": sha256_file(path), **_declared(scale)}, folder)
    cut = {"generator": "subset_v1", "source": "large", "strategy": "evenly_spaced",
           "n_subset": _POSITIONS, "created": "2026-11-24T00:00:00+00:00"}  # fmt: skip
    source, source_mb, digest = _stage(folder, "source", "large", *declared)
    fixture, fixture_mb, kept = _stage(folder, "fixture", "large_v1", *flags(cut, folder))
    indices = ",".join(map(str, _indices(path)))
    start = time.perf_counter()
    scratch.run(folder, "-c", _BARE, str(path), indices)
    bare = time.perf_counter() - start
    return digest, source - digest, fixture - kept, bare, source_mb, fixture_mb


def _stage(folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Seconds from start to end, peak MB, and seconds for the digest, as it says itself."""
    start = time.perf_counter()
    printed = scratch.run(folder, "-c", _STAGE, *arguments)
    took = time.perf_counter() - start
    lines = printed.splitlines()
    (digest,) = [line for line in lines if "SHA-256" in line]
    peak = lines[-1].removeprefix("VmHWM ")
    return took, int(peak) / 1024, float(digest.rsplit(" in ")[-1].removesuffix(" s"))
