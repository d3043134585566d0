"""Results of the envelope that were made up."""

from __future__ import annotations

from registry.training.measuring import Outcome
from registry.training.results import Results

SETTINGS = {
    "fixture": "scan_v1", "gridsize": 1, "loss": "mae", "max_epochs": 2, "batch_size": 4,
    "seed": 42, "repeats": 3, "sha256": "0" * 64, "code": "1",
}  # fmt: skip
FIGURES = {
    "torch_wall_s": 2.0, "train_wall_s": 10.0, "train_cpu_s": 9.0, "train_peak_rss_bytes": 500e6,
    "infer_wall_s": 5.0, "infer_peak_rss_bytes": 400e6, "artifact_bytes": 2e6, "artifact_files": 7,
}  # fmt: skip


def results(*repeats: dict[str, float], **other) -> Results:
    """Results of repeats that took this in place of the usual."""
    return Results(**{
        "settings": SETTINGS,
        "machine": "a machine",
        "repeats": [FIGURES | each for each in repeats or ({},)],
        "identical": True,
        "reconstruction": "0" * 64,
        "quality": {"amplitude_correlation": 0.75},
        "losses": [0.4, 0.2],
        **other,
    })  # fmt: skip


def outcome(losses=(0.4, 0.2), reconstruction=b"npz", **figures: float) -> Outcome:
    """What a workflow would leave that took this in place of the usual."""
    return Outcome(
        figures=FIGURES | figures,
        learned={"losses": list(losses), "last_loss": losses[-1], "amplitude_error": 0.5},
        inferred={
            "fixture": "scan_v1",
            "amplitude_error": 0.04,
            "object": {"amplitude_correlation": 0.75, "resolution_px": None, "rings": [1.0]},
        },
        reconstruction=reconstruction,
    )
