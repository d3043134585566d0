"""What tests of the report do to a registry, and read of a report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from registry import digests
from registry.identity import npz
from registry.training.results import Quality, Repeat, Results
from tests.kit.repository import FOLDER

NAME, OTHER = "minimal_dataset_v1_n16", "minimal_dataset_v1"
UNBUILT = "never_built_v1"
# Text that would be a script, were it not escaped.
HOSTILE = "<script>alert('no')</script> & <b>bold</b>"


@dataclass(frozen=True)
class Report:
    """A report, and the registry that it is on."""

    root: Path
    folder: Path
    exit_code: int

    def page(self, name: str) -> str:
        """HTML of a fixture's page."""
        return (self.folder / name / "index.html").read_text(encoding="utf-8")


def declare(root: Path, **sections: object) -> None:
    """Add to sections of ``params.yaml``."""
    path = root / "params.yaml"
    document = yaml.safe_load(path.read_bytes())
    for name, section in sections.items():
        document[name] = {**document.get(name, {}), **section}
    path.write_text(yaml.safe_dump(document, sort_keys=False))


# As in params.yaml, the memory's budget but for the run that `train` leaves.
ENVELOPE = {
    "options": {"max_epochs": 2, "batch_size": 4, "seed": 42, "repeats": 1},
    "budgets": {
        "train_target_s": 25,
        "train_limit_s": 45,
        "train_spread_percent": 10,
        "peak_rss_mb": 1000,
        "artifacts_mb": 100,
    },
    "calibration_s": 0.4,
    "runs": {f"{NAME}_g1": {"fixture": NAME, "gridsize": 1}},
}
RESULTS = Results(
    settings={"fixture": NAME, "gridsize": 1, "loss": "mae", **ENVELOPE["options"]},
    quality=Quality(
        first_loss=2.0,
        last_loss=0.08,
        amplitude_error=0.25,
        amplitude_error_ratio=0.5,
        stitched_r_factor=0.125,
        amplitude_correlation=0.75,
        phase_error_rad=0.375,
        resolution_px=None,
    ),
    repeats_identical=True,
    machine="a processor, <b>2</b> cores",
    repeats=(
        Repeat(
            train_s=23.5,
            infer_s=3.0,
            calibration_s=0.4,
            train_phases_s={"fit": 20.0},
            infer_phases_s={"infer": 2.0},
            train_peak_rss_bytes=1_200_000_000,
            infer_peak_rss_bytes=900_000_000,
            artifact_bytes=50_000_000,
        ),
    ),
)


def train(root: Path, name: str, gridsize: int = 1) -> Path:
    """Leave what the training stage leaves of a fixture; its folder."""
    folder = root / "envelope" / "results" / f"{name}_g{gridsize}"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_bytes(RESULTS.encode())
    rows = "".join(f"{step},{2 * 0.9**step}\n" for step in range(32))
    (folder / "loss.csv").write_text(f"step,loss\n{rows}")
    obj = np.exp(1j * np.linspace(0, 3, 40 * 30)).reshape(40, 30).astype(np.complex64)
    scanned = np.zeros((40, 30), bool)
    scanned[5:35, 5:25] = True
    (folder / "reconstruction.npz").write_bytes(npz.encode({"object": obj, "scanned": scanned}))
    return folder


def repin(root: Path, name: str, **fields: Any) -> None:
    """Change fields of a sidecar, and pin the result as DVC would."""
    path = root / FOLDER / f"{name}.json"
    text = json.dumps({**json.loads(path.read_bytes()), **fields}, indent=2).encode()
    path.write_bytes(text)
    lock = yaml.safe_load((root / "dvc.lock").read_bytes())
    for out in lock["stages"][f"fixture@{name}"]["outs"]:
        if out["path"].endswith(".json"):
            out.update(md5=digests.md5(text), size=len(text))
    (root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
