"""Load → infer: a fixture's object, by a checkpoint. Needs torch and numpy, and no Lightning."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from registry import files
from registry.errors import UsageError
from registry.fixture import Fixture
from registry.training import checkpoint, quality, requirements
from registry.training.clock import Clock
from registry.training.data import GroupDataset, in_order, normalise
from registry.training.reconstruction import pictures, reconstruct

FILE = "infer.json"
WRITTEN = ("reconstruction.npz", "amplitude.png", "phase.png", FILE)


def infer(
    path: Path,
    fixture: Fixture,
    output_dir: Path,
    *,
    device: str = "cpu",
    allow_other_fixture: bool = False,
) -> dict[str, Any]:
    """Reconstruct a fixture's object with a checkpoint.

    Writes ``reconstruction.npz`` (``object`` (Y, X) complex64 and ``scanned`` (Y, X) bool),
    ``amplitude.png``, ``phase.png`` and ``infer.json``, all or none.

    Returns
    -------
    dict
        The content of ``infer.json``.

    Raises
    ------
    UsageError
        The checkpoint was trained on another fixture.
    MissingError, CheckError
        No checkpoint, a damaged one, or no CUDA device.
    """
    clock = Clock()
    subject = f"checkpoint {path.name}"
    requirements.contract(fixture, f"inference on {fixture.name}")
    requirements.folder(output_dir, f"inference on {fixture.name}: --output-dir")
    files.require_output(*(output_dir / name for name in WRITTEN))
    requirements.device(device)
    training, content = checkpoint.read(path)
    if not allow_other_fixture:
        checkpoint.same_fixture(training, fixture, subject)
    network = checkpoint.network_of(content, subject)
    data = normalise(fixture.arrays, f"inference on {fixture.name}")
    everything = np.arange(len(data.x), dtype=np.int64)
    groups = GroupDataset(data, training.gridsize, everything, f"inference on {fixture.name}")
    if network.probe.shape != data.probe.shape:
        raise UsageError(
            f"{subject}: frames",
            expected=f"frames {tuple(network.probe.shape)}, as in training",
            found=str(tuple(data.probe.shape)),
            remedy="use a fixture with frames of that size",
        )
    # another fixture's probe and power are its own
    network.probe.copy_(data.probe)
    obj = fixture["objectGuess"]
    clock.lap("load")
    found = reconstruct(
        network.to(device), in_order(groups, training.batch_size), (obj.shape[0], obj.shape[1])
    )
    clock.lap("infer")
    frames = fixture["diffraction"].astype(np.float64)
    probe, x, y = fixture["probeGuess"], fixture["xcoords"], fixture["ycoords"]
    constant = quality.constant_object_error(frames, probe)
    error = found.amplitude_error * data.scale
    result = {
        "training": asdict(training),
        "fixture": fixture.name,
        "sha256": fixture.sidecar.sha256_checksum,
        "amplitude_error": error,
        "constant_object_error": constant,
        "amplitude_error_ratio": error / constant,
        "stitched_r_factor": quality.r_factor(frames, found.obj, probe, x, y),
        "object": asdict(quality.compare(found.obj, obj, found.scanned)),
    }
    clock.lap("compare")
    written = {"reconstruction.npz": found.encode(), **pictures(found)}
    clock.lap("draw")
    document = {**result, "seconds": clock.laps}
    written[FILE] = (json.dumps(document, indent=2) + "\n").encode()
    files.write_together({output_dir / name: data for name, data in written.items()})
    return document
