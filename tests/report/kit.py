"""What tests of the report do to a registry, and read of a report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from registry import digests, files
from registry.identity import npz
from registry.training import envelope
from registry.training.results import Results
from tests.kit.envelope import results
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
    "runs": {f"{NAME}_g1": {"fixture": NAME, "gridsize": 1}},
    "sweep": {"fixture": OTHER, "gridsize": [1, 2], "max_epochs": [1], "n_images": [16, 64]},
}


def train(root: Path, name: str, gridsize: int = 1) -> Path:
    """Leave what `fixtures envelope` leaves of a run; the path of its reconstruction."""
    run = f"{name}_g{gridsize}"
    obj = np.exp(1j * np.linspace(0, 3, 40 * 30)).reshape(40, 30).astype(np.complex64)
    scanned = np.zeros((40, 30), bool)
    scanned[5:35, 5:25] = True
    path = root / envelope.reconstruction_path(run)
    data = npz.encode({"object": obj, "scanned": scanned})
    files.write_atomic(path, data)
    measured(
        root,
        run,
        results(
            {"train_wall_s": 23.5, "train_peak_rss_bytes": 1.2e9, "artifact_bytes": 50e6},
            settings={"fixture": name, "gridsize": gridsize, "loss": "mae", **ENVELOPE["options"]},
            machine="a processor, <b>2</b> cores",
            reconstruction=digests.sha256(data),
            quality={
                "first_loss": 2.0,
                "last_loss": 0.08,
                "amplitude_error": 0.25,
                "amplitude_error_ratio": 0.5,
                "stitched_r_factor": 0.125,
                "amplitude_correlation": 0.75,
                "phase_error_rad": 0.375,
            },
            losses=[2 * 0.9**step for step in range(32)],
        ),
    )
    return path


def measured(root: Path, run: str, *found: Results) -> Path:
    """Write results of a run or of the sweep; the path of their file."""
    path = root / envelope.results_path(run)
    files.write_atomic(path, json.dumps([asdict(each) for each in found]).encode())
    return path


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
